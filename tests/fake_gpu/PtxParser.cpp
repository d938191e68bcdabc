#include "tests/fake_gpu/Integers.h"
#include "tests/fake_gpu/PtxLexer.h"
#include "tests/fake_gpu/PtxSyntax.h"

#include <cstdio>
#include <cstdlib>
#include <optional>

namespace tpc::fake_gpu {
namespace {

constexpr std::pair<std::string_view, Type> typeNames[] = {
    {"pred", Type::Pred},     {"b8", Type::B8},   {"b16", Type::B16},   {"b32", Type::B32},
    {"b64", Type::B64},       {"u8", Type::U8},   {"u16", Type::U16},   {"u32", Type::U32},
    {"u64", Type::U64},       {"s8", Type::S8},   {"s16", Type::S16},   {"s32", Type::S32},
    {"s64", Type::S64},       {"f16", Type::F16}, {"bf16", Type::BF16}, {"f16x2", Type::F16x2},
    {"bf16x2", Type::BF16x2}, {"f32", Type::F32}, {"f64", Type::F64}};

class Parser {
public:
  explicit Parser(std::string_view text) : lexer_(text) {}

  Result<SyntaxTree> parse() {
    while (error_.ok() && lexer_.peek().kind != Token::Kind::End)
      parseTopLevel();
    if (!error_.ok())
      return error_;
    return std::move(tree_);
  }

private:
  using Scope = std::map<std::string, int, std::less<>>;

  void fail(const std::string &what, unsigned line) {
    if (error_.ok())
      error_ = Status(Code::InvalidInput, "ptx line " + std::to_string(line) + ": " + what);
  }
  void fail(const std::string &what) { fail(what, lexer_.peek().line); }
  bool expect(std::string_view text) {
    if (lexer_.take(text))
      return true;
    fail("expected '" + std::string(text) + "' before '" + std::string(lexer_.peek().text) + "'");
    return false;
  }

  void skipTo(std::string_view end) {
    while (lexer_.peek().kind != Token::Kind::End && !lexer_.take(end))
      lexer_.next();
  }

  std::optional<uint64_t> number() {
    bool negative = lexer_.take("-");
    Token token = lexer_.next();
    if (token.kind != Token::Kind::Number) {
      fail("expected a number, found '" + std::string(token.text) + "'", token.line);
      return std::nullopt;
    }
    std::string text(token.text);
    char *end = nullptr;
    uint64_t value = std::strtoull(text.c_str(), &end, 0);
    if (*end != '\0' && std::string_view(end) != "U") {
      fail("unknown number '" + text + "'", token.line);
      return std::nullopt;
    }
    return negative ? 0 - value : value;
  }

  void parseTopLevel() {
    Token token = lexer_.next();
    std::string_view word = token.text;
    if (word == ".version") {
      parseVersion();
    } else if (word == ".target" || word == ".address_size") {
      lexer_.next();
      while (lexer_.take(","))
        lexer_.next();
    } else if (word == ".file" || word == ".pragma") {
      unsigned line = token.line;
      while (lexer_.peek().kind != Token::Kind::End && lexer_.peek().line == line)
        lexer_.next();
    } else if (word == ".section") {
      skipTo("}");
    } else if (word == ".visible" || word == ".weak") {
    } else if (word == ".extern") {
      external_ = true;
    } else if (word == ".entry") {
      parseEntry(token.line);
    } else if (word == ".func") {
      fail("functions that are called are not executed here; inline '" +
               std::string(lexer_.peek().text) + "'",
           token.line);
    } else if (auto space = spaceNamed(word)) {
      parseVariable(*space, tree_.variables);
    } else {
      fail("unknown directive '" + std::string(word) + "'", token.line);
    }
  }

  void parseVersion() {
    Token token = lexer_.next();
    unsigned major = 0, minor = 0;
    if (std::sscanf(std::string(token.text).c_str(), "%u.%u", &major, &minor) != 2)
      return fail("no version of the language: '" + std::string(token.text) + "'", token.line);
    tree_.version = 10 * major + minor;
  }

  static std::optional<Variable::Space> spaceNamed(std::string_view word) {
    if (word == ".shared")
      return Variable::Space::Shared;
    if (word == ".local")
      return Variable::Space::Local;
    if (word == ".const")
      return Variable::Space::Const;
    if (word == ".global")
      return Variable::Space::Global;
    return std::nullopt;
  }

  void parseVariable(Variable::Space space, std::vector<Variable> &into) {
    Variable variable;
    variable.space = space;
    unsigned element = 1;
    Type type = Type::None;
    while (error_.ok() && lexer_.peek().text.starts_with(".")) {
      std::string_view word = lexer_.next().text;
      if (word == ".align")
        variable.align = number().value_or(1);
      else if ((type = typeNamed(word.substr(1))) != Type::None)
        element = byteSize(type);
      else if (word != ".attribute")
        fail("unknown property '" + std::string(word) + "' of a variable");
    }
    variable.align = std::max<uint64_t>(variable.align, element);
    variable.name = lexer_.next().text;
    uint64_t count = 1;
    while (lexer_.take("[")) {
      if (lexer_.take("]")) {
        count = 0;
        continue;
      }
      count *= number().value_or(0);
      expect("]");
    }
    variable.size = count * element;
    if (external_ && space == Variable::Space::Shared)
      variable.space = Variable::Space::DynamicShared;
    external_ = false;
    if (lexer_.take("="))
      parseInitialiser(variable, element);
    expect(";");
    into.push_back(std::move(variable));
  }

  void parseInitialiser(Variable &variable, unsigned element) {
    bool braces = lexer_.take("{");
    do {
      Operand value = parseOperand();
      if (value.kind != Operand::Kind::Immediate)
        return fail("only numbers initialise a variable here");
      for (unsigned byte = 0; byte < element; ++byte)
        variable.data.push_back(static_cast<uint8_t>(value.bits >> (8 * byte)));
    } while (error_.ok() && braces && lexer_.take(","));
    if (braces)
      expect("}");
    if (variable.data.size() > variable.size)
      fail("more initial values than '" + variable.name + "' holds");
  }

  void parseEntry(unsigned line) {
    Function function;
    function.line = line;
    function.name = lexer_.next().text;
    function_ = &function;
    if (lexer_.take("(") && !lexer_.take(")")) {
      do
        parseParameter();
      while (error_.ok() && lexer_.take(","));
      expect(")");
    }
    while (error_.ok() && lexer_.peek().text.starts_with(".")) {
      std::string word(lexer_.next().text);
      std::array<uint32_t, 3> values{1, 1, 1};
      for (size_t i = 0; lexer_.peek().kind == Token::Kind::Number; ++i) {
        values[std::min<size_t>(i, 2)] = static_cast<uint32_t>(number().value_or(1));
        if (!lexer_.take(","))
          break;
      }
      if (word == ".reqntid")
        function.requiredThreads = values;
      else if (word == ".maxntid")
        function.maximalThreads = values;
      else if (word != ".minnctapersm" && word != ".maxnreg" && word != ".noreturn")
        fail("unknown directive '" + word + "' of a function");
    }
    if (expect("{")) {
      scopes_.assign(1, {});
      parseBody();
    }
    function_ = nullptr;
    tree_.functions.push_back(std::move(function));
  }

  /// `.param .u64 .ptr .global .align 64 name` or `.param .align 8 .b8 name[16]`.
  void parseParameter() {
    Variable param;
    param.space = Variable::Space::Param;
    unsigned element = 1;
    uint64_t align = 0;
    if (!expect(".param"))
      return;
    bool pointer = false;
    while (error_.ok() && lexer_.peek().text.starts_with(".")) {
      std::string_view word = lexer_.next().text;
      if (word == ".ptr")
        pointer = true;
      else if (word == ".align") {
        uint64_t value = number().value_or(1);
        if (!pointer) // behind .ptr it is the alignment of what is pointed to
          align = value;
      } else if (Type type = typeNamed(word.substr(1)); type != Type::None)
        element = byteSize(type);
      else if (!spaceNamed(word))
        fail("unknown property '" + std::string(word) + "' of a parameter");
    }
    param.name = lexer_.next().text;
    uint64_t count = 1;
    if (lexer_.take("[")) {
      count = number().value_or(1);
      expect("]");
    }
    param.size = count * element;
    param.align = align ? align : element;
    auto &params = function_->params;
    param.offset =
        params.empty() ? 0 : alignTo(params.back().offset + params.back().size, param.align);
    params.push_back(std::move(param));
  }

  void parseBody() {
    while (error_.ok()) {
      Token token = lexer_.next();
      if (token.kind == Token::Kind::End)
        return fail("the text ends inside of a function");
      if (token.is("{")) {
        scopes_.emplace_back();
      } else if (token.is("}")) {
        scopes_.pop_back();
        if (scopes_.empty())
          return;
      } else if (token.is(";")) {
      } else if (token.is(".reg")) {
        parseRegisters();
      } else if (token.is(".loc")) {
        while (lexer_.peek().line == token.line && lexer_.peek().kind != Token::Kind::End)
          lexer_.next();
      } else if (token.is(".pragma")) {
        skipTo(";");
      } else if (auto space = spaceNamed(token.text)) {
        parseVariable(*space, function_->variables);
      } else if (token.kind == Token::Kind::Word && lexer_.peek().is(":")) {
        lexer_.next();
        parseLabel(std::string(token.text), token.line);
      } else {
        parseInstruction(token);
      }
    }
  }

  void parseLabel(const std::string &name, unsigned line) {
    if (lexer_.take(".branchtargets")) {
      auto &targets = function_->branchTargets[name];
      do
        targets.emplace_back(lexer_.next().text);
      while (lexer_.take(","));
      expect(";");
      return;
    }
    if (!function_->labels.emplace(name, function_->instructions.size()).second)
      fail("label '" + name + "' stands twice", line);
  }

  void parseRegisters() {
    Type type = typeNamed(lexer_.next().text.substr(1));
    if (type == Type::None)
      return fail("unknown type of a register");
    do {
      std::string name(lexer_.next().text);
      if (!lexer_.take("<")) {
        addRegister(name, type);
        continue;
      }
      uint64_t count = number().value_or(0);
      if (count > 1u << 20)
        return fail("too many registers");
      for (uint64_t i = 0; i < count; ++i)
        addRegister(name + std::to_string(i), type);
      expect(">");
    } while (error_.ok() && lexer_.take(","));
    expect(";");
  }

  void addRegister(const std::string &name, Type type) {
    scopes_.back()[name] = static_cast<int>(function_->registers.size());
    function_->registers.push_back(type);
  }

  int findRegister(std::string_view name) const {
    for (auto scope = scopes_.rbegin(); scope != scopes_.rend(); ++scope)
      if (auto found = scope->find(name); found != scope->end())
        return found->second;
    return -1;
  }

  void parseInstruction(Token token) {
    Instruction instruction;
    if (token.is("@")) {
      instruction.guardNegated = lexer_.take("!");
      Token guard = lexer_.next();
      instruction.guard = findRegister(guard.text);
      if (instruction.guard < 0)
        return fail("unknown predicate '" + std::string(guard.text) + "'", guard.line);
      token = lexer_.next();
    }
    if (token.kind != Token::Kind::Word)
      return fail("expected an instruction, found '" + std::string(token.text) + "'", token.line);
    instruction.line = token.line;
    instruction.text = token.text;
    std::string_view rest = token.text;
    while (true) {
      size_t dot = rest.find('.');
      instruction.opcode.emplace_back(rest.substr(0, dot));
      if (dot == std::string_view::npos)
        break;
      rest.remove_prefix(dot + 1);
    }
    if (!lexer_.take(";")) {
      do
        instruction.operands.push_back(parseOperand());
      while (error_.ok() && lexer_.take(","));
      expect(";");
    }
    function_->instructions.push_back(std::move(instruction));
  }

  Operand parseOperand() {
    Operand operand;
    if (lexer_.take("{")) {
      operand.kind = Operand::Kind::Vector;
      do
        operand.parts.push_back(parseOperand());
      while (error_.ok() && lexer_.take(","));
      expect("}");
      return operand;
    }
    if (lexer_.take("[")) {
      operand = parseOperand();
      if (operand.kind == Operand::Kind::Immediate)
        operand.offset = static_cast<int64_t>(operand.bits);
      operand.kind = Operand::Kind::Address;
      if (lexer_.take("+"))
        operand.offset += static_cast<int64_t>(number().value_or(0));
      else if (lexer_.peek().is("-"))
        operand.offset += static_cast<int64_t>(number().value_or(0));
      expect("]");
      return operand;
    }
    if (lexer_.take("!")) {
      operand = parseOperand();
      operand.negated = true;
      return operand;
    }
    if (lexer_.peek().is("-") || lexer_.peek().kind == Token::Kind::Number)
      return parseImmediate();
    Token token = lexer_.next();
    if (token.kind != Token::Kind::Word) {
      fail("expected an operand, found '" + std::string(token.text) + "'", token.line);
      return operand;
    }
    operand.reg = findRegister(token.text);
    if (operand.reg >= 0 || token.is("_")) {
      operand.kind = operand.reg >= 0 ? Operand::Kind::Register : Operand::Kind::Sink;
      if (lexer_.take("|")) {
        operand.second = findRegister(lexer_.next().text);
        if (operand.second < 0)
          fail("unknown register behind '|'");
      }
      return operand;
    }
    operand.name = token.text;
    operand.kind = token.text.starts_with("%") ? Operand::Kind::Special : Operand::Kind::Symbol;
    return operand;
  }

  Operand parseImmediate() {
    Operand operand;
    operand.kind = Operand::Kind::Immediate;
    std::string_view text = lexer_.peek().text;
    bool isF = text.starts_with("0f") || text.starts_with("0F");
    bool isD = text.starts_with("0d") || text.starts_with("0D");
    if (!isF && !isD) {
      operand.bits = number().value_or(0);
      return operand;
    }
    operand.literal = isF ? 'f' : 'd';
    std::string digits(text.substr(2));
    char *end = nullptr;
    operand.bits = std::strtoull(digits.c_str(), &end, 16);
    if (*end != '\0' || digits.size() != (isF ? 8 : 16))
      fail("unknown number '" + std::string(text) + "'");
    lexer_.next();
    return operand;
  }

  Lexer lexer_;
  Status error_;
  SyntaxTree tree_;
  Function *function_ = nullptr;
  std::vector<Scope> scopes_;
  bool external_ = false;
};

} // namespace

Type typeNamed(std::string_view name) {
  for (auto [known, type] : typeNames)
    if (name == known)
      return type;
  return Type::None;
}

unsigned byteSize(Type type) {
  switch (type) {
  case Type::None:
  case Type::Pred:
  case Type::B8:
  case Type::U8:
  case Type::S8:
    return 1;
  case Type::B16:
  case Type::U16:
  case Type::S16:
  case Type::F16:
  case Type::BF16:
    return 2;
  case Type::B64:
  case Type::U64:
  case Type::S64:
  case Type::F64:
    return 8;
  default:
    return 4;
  }
}

bool isSigned(Type type) { return type >= Type::S8 && type <= Type::S64; }
bool isFloat(Type type) { return type >= Type::F16; }

Result<SyntaxTree> parsePtx(std::string_view text) { return Parser(text).parse(); }

} // namespace tpc::fake_gpu
