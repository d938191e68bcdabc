#include "tests/fake_gpu/PtxLexer.h"

#include <algorithm>
#include <cctype>

namespace tpc::fake_gpu {
namespace {

bool isWordStart(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) || c == '_' || c == '$' || c == '%' ||
         c == '.';
}

bool isWordPart(char c) { return isWordStart(c) || std::isdigit(static_cast<unsigned char>(c)); }

} // namespace

void Lexer::skipBlanks() {
  while (!rest_.empty()) {
    size_t length = 0;
    if (rest_.starts_with("//")) {
      length = std::min(rest_.find('\n'), rest_.size());
    } else if (rest_.starts_with("/*")) {
      size_t end = rest_.find("*/", 2);
      length = end == std::string_view::npos ? rest_.size() : end + 2;
    } else if (std::isspace(static_cast<unsigned char>(rest_[0])) || rest_[0] == '\0') {
      length = 1;
    } else {
      return;
    }
    line_ += std::count(rest_.begin(), rest_.begin() + length, '\n');
    rest_.remove_prefix(length);
  }
}

void Lexer::advance() {
  skipBlanks();
  token_ = {Token::Kind::End, {}, line_};
  if (rest_.empty())
    return;
  size_t length = 1;
  char first = rest_[0];
  if (isWordStart(first)) {
    token_.kind = Token::Kind::Word;
    while (length < rest_.size() &&
           (isWordPart(rest_[length]) || rest_.substr(length).starts_with("::") ||
            (rest_[length] == ':' && rest_[length - 1] == ':')))
      ++length;
  } else if (std::isdigit(static_cast<unsigned char>(first))) {
    token_.kind = Token::Kind::Number;
    while (length < rest_.size() &&
           (std::isalnum(static_cast<unsigned char>(rest_[length])) || rest_[length] == '.'))
      ++length;
  } else if (first == '"') {
    token_.kind = Token::Kind::String;
    length = std::min(rest_.find('"', 1), rest_.size() - 1) + 1;
  } else {
    token_.kind = Token::Kind::Punctuation;
  }
  token_.text = rest_.substr(0, length);
  rest_.remove_prefix(length);
}

} // namespace tpc::fake_gpu
