//===- PtxSyntax.h - PTX text as a tree ----------------------------------------------------===//
//
// What the text says, without meaning: variables, functions, instructions with their operands.
// Registers are resolved to indices (scopes are flattened); opcodes are split at their dots. The
// syntax is that of the PTX ISA 8.0, as far as LLVM's NVPTX backend and nvcc write it.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace tpc::fake_gpu {

enum class Type : uint8_t {
  None,
  Pred,
  B8,
  B16,
  B32,
  B64,
  U8,
  U16,
  U32,
  U64,
  S8,
  S16,
  S32,
  S64,
  F16,
  BF16,
  F16x2,
  BF16x2,
  F32,
  F64,
};
/// The type that a part of an opcode or a directive names (without its dot), or None.
Type typeNamed(std::string_view name);
/// Bytes of a value; 1 for a predicate.
unsigned byteSize(Type type);
bool isSigned(Type type);
bool isFloat(Type type);

struct Operand {
  enum class Kind { Register, Immediate, Symbol, Special, Vector, Address, Sink };
  Kind kind = Kind::Sink;
  int reg = -1;         ///< Register: index into the function's registers; of an Address, or -1
  int second = -1;      ///< the register behind `|`, or -1
  bool negated = false; ///< `!%p`
  uint64_t bits = 0;    ///< Immediate
  char literal = 'i';   ///< Immediate: 'i' an integer, 'f' float32 bits, 'd' float64 bits
  std::string name;     ///< Symbol (or of an Address), Special
  int64_t offset = 0;   ///< Address
  std::vector<Operand> parts; ///< Vector
};

struct Instruction {
  unsigned line = 0;
  int guard = -1; ///< the register of `@%p`, or -1
  bool guardNegated = false;
  std::string text; ///< the whole opcode
  std::vector<std::string> opcode;
  std::vector<Operand> operands;
};

struct Variable {
  enum class Space { Shared, DynamicShared, Local, Const, Global, Param };
  Space space = Space::Global;
  std::string name;
  uint64_t size = 0, align = 1;
  uint64_t offset = 0;       ///< of a Param, Shared or Local: inside its region
  std::vector<uint8_t> data; ///< initial bytes, or none
};

struct Function {
  std::string name;
  unsigned line = 0;
  std::vector<Variable> params, variables;
  std::vector<Type> registers;
  std::vector<Instruction> instructions;
  std::map<std::string, uint32_t> labels; ///< to an index of instructions
  std::map<std::string, std::vector<std::string>> branchTargets;
  std::array<uint32_t, 3> requiredThreads{}, maximalThreads{}; ///< 0: not given
};

struct SyntaxTree {
  unsigned version = 0; ///< of the language: 81 of 8.1
  std::vector<Variable> variables;
  std::vector<Function> functions;
};

/// An error names the line.
Result<SyntaxTree> parsePtx(std::string_view text);

} // namespace tpc::fake_gpu
