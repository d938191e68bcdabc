//===- PtxLexer.h - PTX text as tokens -----------------------------------------------------===//
#pragma once

#include <string_view>

namespace tpc::fake_gpu {

struct Token {
  enum class Kind { End, Word, Number, Punctuation, String };
  Kind kind = Kind::End;
  std::string_view text;
  unsigned line = 1;
  bool is(std::string_view other) const { return text == other && kind != Kind::String; }
};

/// Words hold their dots, `%`, `$` and `::`, so that an opcode with its modifiers is one word.
class Lexer {
public:
  explicit Lexer(std::string_view text) : rest_(text) { advance(); }

  const Token &peek() const { return token_; }
  Token next() {
    Token token = token_;
    advance();
    return token;
  }
  bool take(std::string_view text) {
    if (!token_.is(text))
      return false;
    advance();
    return true;
  }

private:
  void advance();
  void skipBlanks();

  std::string_view rest_;
  unsigned line_ = 1;
  Token token_;
};

} // namespace tpc::fake_gpu
