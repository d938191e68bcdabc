//===- JsonReader.h - Reads JSON from front to back ----------------------------------------===//
//
// As much of JSON as headers of checkpoints need: objects, arrays, strings, unsigned integers;
// other values can be skipped. The first error stays, and every later call fails, so that a caller
// checks once.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tpc {

class JsonReader {
public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  /// body(key) reads the value.
  template <typename Body> bool object(Body &&body);
  /// body() reads an element.
  template <typename Body> bool array(Body &&body);
  bool string(std::string &value);
  bool integer(uint64_t &value);
  /// Any value that is not of interest.
  bool skip() { return skip(0); }
  /// Nothing but white space is left.
  bool atEnd();

  bool fail(const std::string &what);
  /// "" if all was well.
  const std::string &error() const { return error_; }

private:
  char peek();
  bool take(char c);
  bool skip(int depth);
  bool escape(std::string &value);
  bool hex4(uint32_t &value);

  std::string_view text_;
  size_t at_ = 0;
  std::string error_;
};

/// Whether the bytes are valid UTF-8: shortest forms, no surrogates, nothing above U+10FFFF.
bool isUtf8(std::string_view text);

template <typename Body> bool JsonReader::array(Body &&body) {
  if (!take('['))
    return false;
  if (peek() == ']')
    return take(']');
  do {
    if (!body())
      return false;
  } while (peek() == ',' && take(','));
  return take(']');
}

template <typename Body> bool JsonReader::object(Body &&body) {
  if (!take('{'))
    return false;
  if (peek() == '}')
    return take('}');
  do {
    std::string key;
    if (!string(key) || !take(':') || !body(key))
      return false;
  } while (peek() == ',' && take(','));
  return take('}');
}

} // namespace tpc
