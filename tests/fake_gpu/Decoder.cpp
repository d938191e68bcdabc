#include "tests/fake_gpu/Decoder.h"

#include "tests/fake_gpu/Integers.h"
#include "tests/fake_gpu/Warp.h"

#include <algorithm>

namespace tpc::fake_gpu {
namespace {

template <class To, class From> void convertLanes(Warp &warp, const Op &op) {
  const From *a = warp.at<From>(op.a);
  forLanes<To>(warp, op.d, [=](unsigned l) { return static_cast<To>(a[l]); });
}

template <class From> Op::Run convertTo(unsigned bytes) {
  switch (bytes) {
  case 1:
    return convertLanes<uint8_t, From>;
  case 2:
    return convertLanes<uint16_t, From>;
  case 4:
    return convertLanes<uint32_t, From>;
  default:
    return convertLanes<uint64_t, From>;
  }
}

Op::Run conversion(unsigned from, unsigned to, bool isSigned) {
  switch (from) {
  case 1:
    return isSigned ? convertTo<int8_t>(to) : convertTo<uint8_t>(to);
  case 2:
    return isSigned ? convertTo<int16_t>(to) : convertTo<uint16_t>(to);
  case 4:
    return isSigned ? convertTo<int32_t>(to) : convertTo<uint32_t>(to);
  default:
    return convertTo<uint64_t>(to);
  }
}

constexpr std::pair<std::string_view, SpecialRegister> specialNames[] = {
    {"%tid.x", SpecialRegister::TidX},
    {"%tid.y", SpecialRegister::TidY},
    {"%tid.z", SpecialRegister::TidZ},
    {"%ntid.x", SpecialRegister::NtidX},
    {"%ntid.y", SpecialRegister::NtidY},
    {"%ntid.z", SpecialRegister::NtidZ},
    {"%ctaid.x", SpecialRegister::CtaidX},
    {"%ctaid.y", SpecialRegister::CtaidY},
    {"%ctaid.z", SpecialRegister::CtaidZ},
    {"%nctaid.x", SpecialRegister::NctaidX},
    {"%nctaid.y", SpecialRegister::NctaidY},
    {"%nctaid.z", SpecialRegister::NctaidZ},
    {"%laneid", SpecialRegister::LaneId},
    {"%warpid", SpecialRegister::WarpId},
    {"%nwarpid", SpecialRegister::NWarpId},
    {"%lanemask_eq", SpecialRegister::LaneMaskEq},
    {"%lanemask_le", SpecialRegister::LaneMaskLe},
    {"%lanemask_lt", SpecialRegister::LaneMaskLt},
    {"%lanemask_ge", SpecialRegister::LaneMaskGe},
    {"%lanemask_gt", SpecialRegister::LaneMaskGt},
    {"%dynamic_smem_size", SpecialRegister::DynamicSharedSize},
    {"%total_smem_size", SpecialRegister::TotalSharedSize},
};

} // namespace

bool Modifiers::take(std::string_view part) {
  auto found = std::find(parts_.begin(), parts_.end(), part);
  if (found == parts_.end())
    return false;
  parts_.erase(found);
  return true;
}

std::string Modifiers::takeAny(std::span<const std::string_view> parts) {
  for (std::string_view part : parts)
    if (take(part))
      return std::string(part);
  return {};
}

void Modifiers::dropPrefixed(std::string_view prefix) {
  std::erase_if(parts_, [&](const std::string &part) { return part.starts_with(prefix); });
}

Type Modifiers::takeType() {
  for (auto part = parts_.begin(); part != parts_.end(); ++part)
    if (Type type = typeNamed(*part); type != Type::None) {
      parts_.erase(part);
      return type;
    }
  return Type::None;
}

std::string Modifiers::rest() const {
  std::string text;
  for (const std::string &part : parts_)
    text += "." + part;
  return text;
}

Decoder::Decoder(const Function &function, const std::vector<Variable> &variables)
    : moduleVariables_(variables) {
  program_.function = function;
  for (Type type : function.registers)
    places_.push_back(temporary(byteSize(type)));
}

uint32_t Decoder::temporary(unsigned bytes) {
  uint32_t place = program_.registerBytes;
  program_.registerBytes += bytes * warpSize;
  return place;
}

uint32_t Decoder::carry() {
  if (program_.carry == nowhere)
    program_.carry = temporary(1);
  return program_.carry;
}

void Decoder::fail(const std::string &what) {
  if (error_.ok())
    error_ = Status(Code::InvalidInput, "ptx line " + std::to_string(instruction_->line) + ", `" +
                                            instruction_->text + "`: " + what);
}

const Operand &Decoder::operand(size_t index) {
  static const Operand none;
  if (index < operandCount())
    return instruction_->operands[index];
  fail("operand " + std::to_string(index + 1) + " is missing");
  return none;
}

uint32_t Decoder::constant(uint64_t bits, unsigned bytes) {
  if (bytes < 8)
    bits &= (uint64_t{1} << (8 * bytes)) - 1;
  auto [entry, isNew] = constants_.try_emplace({bits, bytes}, 0);
  if (isNew) // relative to where constants will begin, marked by the highest bit
    entry->second = (1u << 31) | static_cast<uint32_t>(program_.constants.size());
  if (isNew)
    for (unsigned l = 0; l < warpSize; ++l)
      for (unsigned byte = 0; byte < bytes; ++byte)
        program_.constants.push_back(static_cast<uint8_t>(bits >> (8 * byte)));
  return entry->second;
}

uint32_t Decoder::special(const std::string &name) {
  for (auto [known, which] : specialNames) {
    if (known != name)
      continue;
    auto [entry, isNew] = specials_.try_emplace(name, 0);
    if (isNew) {
      entry->second = temporary(4);
      program_.specials.emplace_back(which, entry->second);
    }
    return entry->second;
  }
  fail("special register '" + name + "' is not known here");
  return 0;
}

const Variable *Decoder::findParameter(std::string_view name) const {
  for (const Variable &param : program_.function.params)
    if (param.name == name)
      return &param;
  return nullptr;
}

const Variable *Decoder::findVariable(std::string_view name) const {
  for (auto *list : {&program_.function.variables, &moduleVariables_})
    for (const Variable &variable : *list)
      if (variable.name == name)
        return &variable;
  return nullptr;
}

uint64_t Decoder::addressOf(const Variable &variable) {
  switch (variable.space) {
  case Variable::Space::Shared:
    return firstSharedAddress + variable.offset;
  case Variable::Space::DynamicShared:
    return firstSharedAddress + alignTo(program_.staticShared, 16);
  default:
    return variable.offset;
  }
}

uint32_t Decoder::source(size_t index, unsigned bytes) { return source(operand(index), bytes); }

uint32_t Decoder::source(const Operand &operand, unsigned bytes) {
  switch (operand.kind) {
  case Operand::Kind::Immediate: {
    if (operand.literal == 'f' && bytes == 8)
      return constant(std::bit_cast<uint64_t>(static_cast<double>(
                          std::bit_cast<float>(static_cast<uint32_t>(operand.bits)))),
                      8);
    if (operand.literal == 'd' && bytes == 4)
      return constant(
          std::bit_cast<uint32_t>(static_cast<float>(std::bit_cast<double>(operand.bits))), 4);
    return constant(operand.bits, bytes);
  }
  case Operand::Kind::Symbol:
    if (const Variable *variable = findVariable(operand.name))
      return constant(addressOf(*variable), bytes);
    fail("unknown name '" + operand.name + "'");
    return 0;
  case Operand::Kind::Special:
  case Operand::Kind::Register: {
    bool isSpecial = operand.kind == Operand::Kind::Special;
    if (isSpecial && operand.name == "WARP_SZ")
      return constant(warpSize, bytes);
    uint32_t place = isSpecial ? special(operand.name) : places_[operand.reg];
    Type type = isSpecial ? Type::B32 : registerType(operand.reg);
    if (type == Type::Pred) {
      fail("a predicate stands where a number is needed");
      return 0;
    }
    unsigned width = byteSize(type);
    if (width < bytes)
      fail("a register is narrower than the instruction's type");
    if (width <= bytes)
      return place;
    uint32_t cut = temporary(bytes);
    Op &op = emit(conversion(width, bytes, false));
    op.d = cut;
    op.a = place;
    return cut;
  }
  default:
    fail("an operand is neither a register nor a number");
    return 0;
  }
}

uint32_t Decoder::destination(size_t index, unsigned bytes, bool isSigned) {
  return destination(operand(index), bytes, isSigned);
}

uint32_t Decoder::destination(const Operand &operand, unsigned bytes, bool isSigned) {
  if (operand.kind == Operand::Kind::Sink)
    return temporary(bytes);
  if (operand.kind != Operand::Kind::Register) {
    fail("the result is not a register");
    return 0;
  }
  unsigned width = byteSize(registerType(operand.reg));
  if (registerType(operand.reg) == Type::Pred || width < bytes)
    fail("the result's register is narrower than the instruction's type");
  if (width <= bytes)
    return places_[operand.reg];
  uint32_t narrow = temporary(bytes);
  extensions_.push_back({narrow, places_[operand.reg], bytes, width, isSigned});
  return narrow;
}

uint32_t Decoder::predicate(const Operand &operand) {
  if (operand.kind == Operand::Kind::Immediate)
    return constant(operand.bits ? 0xff : 0, 1);
  if (operand.kind == Operand::Kind::Sink)
    return temporary(1);
  if (operand.kind != Operand::Kind::Register || registerType(operand.reg) != Type::Pred) {
    fail("an operand is not a predicate");
    return 0;
  }
  if (!operand.negated)
    return places_[operand.reg];
  struct Invert {
    uint8_t operator()(uint8_t a) const { return ~a; }
  };
  uint32_t inverse = temporary(1);
  Op &op = emit(unaryOp<Invert, uint8_t, uint8_t>);
  op.d = inverse;
  op.a = places_[operand.reg];
  return inverse;
}

Decoder::Address Decoder::address(const Operand &operand) {
  if (operand.kind != Operand::Kind::Address) {
    fail("an operand is not an address");
    return {0, 0, true};
  }
  if (operand.reg >= 0) {
    unsigned width = byteSize(registerType(operand.reg));
    if (width < 4)
      fail("an address has 32 or 64 bits");
    return {places_[operand.reg], operand.offset, width == 8};
  }
  if (operand.name.empty())
    return {constant(0, 8), operand.offset, true};
  const Variable *variable = findVariable(operand.name);
  if (!variable) {
    fail("unknown name '" + operand.name + "'");
    return {0, 0, true};
  }
  return {constant(addressOf(*variable), 8), operand.offset, true};
}

void Decoder::access(Space space, unsigned bytes) {
  if (space == Space::Shared || space == Space::Generic)
    program_.sharedGranule = std::min(program_.sharedGranule, bytes);
  if (space == Space::Global || space == Space::Generic)
    program_.globalGranule = std::min(program_.globalGranule, bytes);
}

Op &Decoder::emit(Op::Run run, Op::Kind kind) {
  Op op;
  op.run = run;
  op.kind = kind;
  op.index = static_cast<uint32_t>(program_.ops.size());
  op.instruction = instructionIndex_;
  op.first = false;
  if (instruction_->guard >= 0) {
    if (registerType(instruction_->guard) != Type::Pred)
      fail("the guard is not a predicate");
    op.guard = places_[instruction_->guard];
    op.guardNegated = instruction_->guardNegated;
  }
  return program_.ops.emplace_back(op);
}

void Decoder::placeVariables() {
  uint64_t shared = 0, local = 0;
  for (const Variable &variable : moduleVariables_)
    if (variable.space == Variable::Space::Shared)
      shared = std::max(shared, variable.offset + variable.size);
  for (Variable &variable : program_.function.variables) {
    bool isShared = variable.space == Variable::Space::Shared;
    if (!isShared && variable.space != Variable::Space::Local)
      continue;
    uint64_t &size = isShared ? shared : local;
    variable.offset = alignTo(size, variable.align);
    size = variable.offset + variable.size;
  }
  program_.staticShared = shared;
  program_.localBytes = alignTo(local, 16);
  if (!program_.function.params.empty()) {
    const Variable &last = program_.function.params.back();
    program_.parameterBytes = last.offset + last.size;
  }
}

void Decoder::decodeInstruction(uint32_t index) {
  instruction_ = &program_.function.instructions[index];
  instructionIndex_ = index;
  modifiers = Modifiers(instruction_->opcode);
  size_t before = program_.ops.size();
  bool known = decodeInteger(*this) || decodeFloat(*this) || decodeMove(*this) ||
               decodeConvert(*this) || decodeCompare(*this) || decodeBits(*this) ||
               decodeMemory(*this) || decodeAtomic(*this) || decodeWarp(*this) ||
               decodeMatrix(*this) || decodeControl(*this);
  if (!known)
    fail("this instruction is not known here");
  else if (std::string rest = modifiers.rest(); !rest.empty())
    fail("'" + rest + "' is not known here");
  std::vector<Extension> extensions = std::move(extensions_);
  extensions_.clear();
  for (const Extension &extension : extensions) {
    Op &op = emit(conversion(extension.bytes, extension.toBytes, extension.isSigned));
    op.d = extension.to;
    op.a = extension.from;
  }
  if (before == program_.ops.size()) // fences and the like: counted, and a place to branch to
    emit([](Warp &, const Op &) {});
  program_.ops[before].first = true;
}

void Decoder::resolveBranches() {
  auto place = [&](uint32_t op, const std::string &label) -> uint32_t {
    auto found = program_.function.labels.find(label);
    if (found != program_.function.labels.end())
      return firstOps_[found->second];
    instruction_ = &program_.function.instructions[program_.ops[op].instruction];
    fail("unknown label '" + label + "'");
    return 0;
  };
  for (auto &[op, label] : branches_)
    program_.ops[op].target = place(op, label);
  for (auto &[op, table] : indexBranches_) {
    std::vector<uint32_t> targets;
    for (const std::string &label : program_.function.branchTargets[table])
      targets.push_back(place(op, label));
    program_.ops[op].target = static_cast<uint32_t>(program_.branchTables.size());
    program_.branchTables.push_back(std::move(targets));
  }
  // Constants lie behind the registers: their number is known only now.
  program_.constantsAt = program_.registerBytes;
  program_.registerBytes += static_cast<uint32_t>(program_.constants.size());
  auto settle = [&](uint32_t &place) {
    if (place != nowhere && place >> 31)
      place = program_.constantsAt + (place & ~(1u << 31));
  };
  for (Op &op : program_.ops) {
    for (uint32_t *place : {&op.a, &op.b, &op.c, &op.sync})
      settle(*place);
    for (uint32_t &place : op.vector)
      settle(place);
  }
}

Result<Program> Decoder::decode() {
  placeVariables();
  for (uint32_t i = 0; i < program_.function.instructions.size() && error_.ok(); ++i) {
    firstOps_.push_back(static_cast<uint32_t>(program_.ops.size()));
    decodeInstruction(i);
  }
  // Labels may stand behind the last instruction, and a body may end without `ret`.
  firstOps_.push_back(static_cast<uint32_t>(program_.ops.size()));
  Instruction end;
  end.text = "the end of the function";
  end.opcode = {"ret"};
  program_.function.instructions.push_back(end);
  decodeInstruction(static_cast<uint32_t>(program_.function.instructions.size() - 1));
  if (error_.ok())
    resolveBranches();
  if (!error_.ok())
    return error_;
  return std::move(program_);
}

Result<Program> decode(const Function &function, const std::vector<Variable> &variables) {
  return Decoder(function, variables).decode();
}

std::string Program::where(const Op &op) const {
  const Instruction &instruction = function.instructions[op.instruction];
  return "ptx line " + std::to_string(instruction.line) + ", `" + instruction.text + "`";
}

} // namespace tpc::fake_gpu
