//===- JsonReader.cpp - Reads JSON from front to back --------------------------------------===//
#include "runtime/io/JsonReader.h"

namespace tpc {

bool JsonReader::fail(const std::string &what) {
  if (error_.empty())
    error_ = what + " at byte " + std::to_string(at_);
  return false;
}

char JsonReader::peek() {
  while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != text_.npos)
    ++at_;
  return at_ < text_.size() ? text_[at_] : '\0';
}

bool JsonReader::take(char c) {
  if (!error_.empty() || peek() != c || at_ == text_.size())
    return fail(std::string("expected '") + c + "'");
  ++at_;
  return true;
}

bool JsonReader::atEnd() {
  peek();
  return at_ == text_.size() || fail("something follows the end");
}

bool JsonReader::integer(uint64_t &value) {
  char first = peek();
  if (!error_.empty() || first < '0' || first > '9')
    return fail("expected an unsigned integer");
  size_t begin = at_;
  value = 0;
  for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_)
    if (__builtin_mul_overflow(value, uint64_t{10}, &value) ||
        __builtin_add_overflow(value, static_cast<uint64_t>(text_[at_] - '0'), &value))
      return fail("an integer above 2^64 - 1");
  if (first == '0' && at_ - begin > 1)
    return fail("an integer with a leading zero");
  if (at_ < text_.size() && std::string_view(".eE").find(text_[at_]) != text_.npos)
    return fail("expected an unsigned integer");
  return true;
}

static void appendUtf8(std::string &to, uint32_t code) {
  auto tail = [&](int shift) { to += static_cast<char>(0x80 | ((code >> shift) & 0x3F)); };
  if (code < 0x80) {
    to += static_cast<char>(code);
  } else if (code < 0x800) {
    to += static_cast<char>(0xC0 | (code >> 6));
    tail(0);
  } else if (code < 0x10000) {
    to += static_cast<char>(0xE0 | (code >> 12));
    tail(6);
    tail(0);
  } else {
    to += static_cast<char>(0xF0 | (code >> 18));
    tail(12);
    tail(6);
    tail(0);
  }
}

bool JsonReader::hex4(uint32_t &value) {
  value = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    char c = at_ < text_.size() ? text_[at_] : '\0';
    uint32_t digit = c >= '0' && c <= '9'   ? static_cast<uint32_t>(c - '0')
                     : c >= 'a' && c <= 'f' ? static_cast<uint32_t>(c - 'a' + 10)
                     : c >= 'A' && c <= 'F' ? static_cast<uint32_t>(c - 'A' + 10)
                                            : 16;
    if (digit == 16)
      return fail("a bad \\u escape");
    value = value * 16 + digit;
  }
  return true;
}

/// After a backslash.
bool JsonReader::escape(std::string &value) {
  constexpr std::string_view letters = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
  char c = at_ < text_.size() ? text_[at_++] : '\0';
  if (size_t index = letters.find(c); index != letters.npos) {
    value += meanings[index];
    return true;
  }
  uint32_t code, low;
  if (c != 'u')
    return fail("a bad escape");
  if (!hex4(code))
    return false;
  if (code >= 0xD800 && code < 0xDC00) {
    if (text_.substr(at_, 2) != "\\u")
      return fail("half of a surrogate pair");
    at_ += 2;
    if (!hex4(low))
      return false;
    if (low < 0xDC00 || low > 0xDFFF)
      return fail("half of a surrogate pair");
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  } else if (code >= 0xDC00 && code < 0xE000) {
    return fail("half of a surrogate pair");
  }
  appendUtf8(value, code);
  return true;
}

bool JsonReader::string(std::string &value) {
  value.clear();
  if (!take('"'))
    return false;
  while (at_ < text_.size()) {
    char c = text_[at_++];
    if (c == '"')
      return true;
    if (static_cast<unsigned char>(c) < 0x20)
      return fail("a control character in a string");
    if (c != '\\')
      value += c;
    else if (!escape(value))
      return false;
  }
  return fail("a string without an end");
}

bool JsonReader::skip(int depth) {
  constexpr int deepest = 64;
  if (depth == deepest)
    return fail("values that lie in more than 64 others");
  std::string text;
  char first = peek();
  if (first == '{')
    return object([&](const std::string &) { return skip(depth + 1); });
  if (first == '[')
    return array([&] { return skip(depth + 1); });
  if (first == '"')
    return string(text);
  // A number, true, false or null: which of them is nobody's business here.
  size_t begin = at_;
  auto isWord = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == 'E' || c == '.' || c == '-' ||
           c == '+';
  };
  while (error_.empty() && at_ < text_.size() && isWord(text_[at_]))
    ++at_;
  return at_ > begin || fail("expected a value");
}

bool isUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    auto lead = static_cast<unsigned char>(text[i++]);
    if (lead < 0x80)
      continue;
    int tails = lead >= 0xC2 && lead < 0xE0   ? 1
                : lead >= 0xE0 && lead < 0xF0 ? 2
                : lead >= 0xF0 && lead < 0xF5 ? 3
                                              : 0;
    if (tails == 0)
      return false;
    uint32_t code = lead & (0x3F >> tails);
    for (int tail = 0; tail < tails; ++tail, ++i) {
      auto c = i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
      if ((c & 0xC0) != 0x80)
        return false;
      code = code << 6 | (c & 0x3F);
    }
    uint32_t least = tails == 1 ? 0x80 : tails == 2 ? 0x800 : 0x10000;
    if (code < least || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
      return false;
  }
  return true;
}

} // namespace tpc
