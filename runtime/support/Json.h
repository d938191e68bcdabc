//===- Json.h - Writing JSON ------------------------------------------------------------------===//
//
// Objects and arrays are written in the order of the calls. Floats are %.9g, which reads back as
// the same float32; what JSON has no number for (NaN, infinities) becomes null.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <type_traits>

namespace tpc {

inline std::string jsonString(std::string_view text) {
  std::string result = "\"";
  for (char c : text) {
    switch (c) {
    case '"':
      result += "\\\"";
      break;
    case '\\':
      result += "\\\\";
      break;
    case '\n':
      result += "\\n";
      break;
    case '\t':
      result += "\\t";
      break;
    default:
      if (static_cast<unsigned char>(c) < 0x20) {
        char escape[8];
        std::snprintf(escape, sizeof(escape), "\\u%04x", c);
        result += escape;
      } else {
        result += c;
      }
    }
  }
  return result + '"';
}

class JsonWriter {
public:
  JsonWriter &beginObject() { return open('{'); }
  JsonWriter &endObject() { return close('}'); }
  JsonWriter &beginArray() { return open('['); }
  JsonWriter &endArray() { return close(']'); }

  JsonWriter &key(std::string_view name) {
    separate();
    text_ += jsonString(name) + ": ";
    first_ = true;
    return *this;
  }
  JsonWriter &value(std::string_view text) { return raw(jsonString(text)); }
  JsonWriter &value(const char *text) { return raw(jsonString(text)); }
  JsonWriter &value(const std::string &text) { return raw(jsonString(text)); }
  JsonWriter &value(bool truth) { return raw(truth ? "true" : "false"); }
  JsonWriter &value(double number) {
    char digits[40];
    std::snprintf(digits, sizeof(digits), "%.9g", number);
    return raw(std::isfinite(number) ? digits : "null");
  }
  template <typename T>
    requires std::is_integral_v<T>
  JsonWriter &value(T number) {
    return raw(std::to_string(number));
  }
  /// `json` is written as it is.
  JsonWriter &raw(std::string_view json) {
    separate();
    text_ += json;
    return *this;
  }
  template <typename T> JsonWriter &member(std::string_view name, const T &v) {
    return key(name).value(v);
  }

  const std::string &text() const { return text_; }

private:
  JsonWriter &open(char bracket) {
    separate();
    text_ += bracket;
    first_ = true;
    return *this;
  }
  JsonWriter &close(char bracket) {
    text_ += bracket;
    first_ = false;
    return *this;
  }
  void separate() {
    if (!first_)
      text_ += ", ";
    first_ = false;
  }

  std::string text_;
  bool first_ = true;
};

} // namespace tpc
