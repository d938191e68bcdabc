//===- Decoder.h - What the decoding of every family of instructions shares ----------------===//
#pragma once

#include "tests/fake_gpu/Program.h"

#include <span>

namespace tpc::fake_gpu {

/// The dot-separated parts behind an opcode's name. What nobody takes is an error, so that no
/// modifier is ignored by accident.
class Modifiers {
public:
  explicit Modifiers(const std::vector<std::string> &opcode)
      : parts_(opcode.begin() + 1, opcode.end()) {}

  bool take(std::string_view part);
  /// The first of `parts` that is there, or "".
  std::string takeAny(std::span<const std::string_view> parts);
  /// Drops all parts that begin with `prefix`.
  void dropPrefixed(std::string_view prefix);
  /// The next type from the left.
  Type takeType();
  std::string rest() const;

private:
  std::vector<std::string> parts_;
};

class Decoder {
public:
  Decoder(const Function &function, const std::vector<Variable> &variables);

  Result<Program> decode();

  // For the families:
  const Instruction &instruction() const { return *instruction_; }
  const std::string &name() const { return instruction_->opcode[0]; }
  size_t operandCount() const { return instruction_->operands.size(); }
  const Operand &operand(size_t index);
  Type registerType(int reg) const { return program_.function.registers[reg]; }

  /// The place of operand `index`, read as `bytes` wide: wider registers are cut.
  uint32_t source(size_t index, unsigned bytes);
  uint32_t source(const Operand &operand, unsigned bytes);
  /// The place to write `bytes` per lane to: what is wider is extended behind the op.
  uint32_t destination(size_t index, unsigned bytes, bool isSigned = false);
  uint32_t destination(const Operand &operand, unsigned bytes, bool isSigned = false);
  uint32_t predicate(const Operand &operand);
  uint32_t constant(uint64_t bits, unsigned bytes);
  uint32_t temporary(unsigned bytes);
  uint32_t carry();
  Op &emit(Op::Run run, Op::Kind kind = Op::Kind::Pure);
  void fail(const std::string &what);
  bool failed() const { return !error_.ok(); }
  const Variable *findVariable(std::string_view name) const;
  const Variable *findParameter(std::string_view name) const;
  /// Notes the width of an access.
  void access(Space space, unsigned bytes);
  /// An address operand: the place of its base, its byte offset, and whether the base has 64 bits.
  struct Address {
    uint32_t base;
    int64_t offset;
    bool wide;
  };
  Address address(const Operand &operand);
  /// What the name of a variable stands for where it is an operand.
  uint64_t addressOf(const Variable &variable);

  Modifiers modifiers{{std::string()}};

private:
  void placeVariables();
  void decodeInstruction(uint32_t index);
  void resolveBranches();
  uint32_t special(const std::string &name);

  Program program_;
  const std::vector<Variable> &moduleVariables_;
  const Instruction *instruction_ = nullptr;
  uint32_t instructionIndex_ = 0;
  std::vector<uint32_t> places_;   ///< of registers
  std::vector<uint32_t> firstOps_; ///< of instructions
  std::map<std::pair<uint64_t, unsigned>, uint32_t> constants_;
  struct Extension {
    uint32_t from, to;
    unsigned bytes, toBytes;
    bool isSigned;
  };
  std::vector<Extension> extensions_; ///< to be emitted behind the current op
  std::map<std::string, uint32_t> specials_;
  std::vector<std::pair<uint32_t, std::string>> branches_, indexBranches_;
  Status error_;

  friend bool decodeControl(Decoder &decoder);
};

/// The families: each decodes the instruction if it knows it, and says whether it does.
bool decodeInteger(Decoder &decoder);
bool decodeBits(Decoder &decoder);
bool decodeFloat(Decoder &decoder);
bool decodeCompare(Decoder &decoder);
bool decodeMove(Decoder &decoder);
bool decodeConvert(Decoder &decoder);
bool decodeMemory(Decoder &decoder);
bool decodeAtomic(Decoder &decoder);
bool decodeWarp(Decoder &decoder);
bool decodeMatrix(Decoder &decoder);
bool decodeControl(Decoder &decoder);

} // namespace tpc::fake_gpu
