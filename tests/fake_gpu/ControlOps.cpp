//===- ControlOps.cpp - Branches, exits, barriers ------------------------------------------===//

#include "tests/fake_gpu/Decoder.h"

namespace tpc::fake_gpu {
namespace {

/// Barriers of all threads of the block: bar.sync 0, barrier.cta.sync.aligned 0, and so on.
void decodeBarrier(Decoder &decoder) {
  Modifiers &left = decoder.modifiers;
  left.take("cta");
  left.take("aligned");
  if (!left.take("sync"))
    return decoder.fail("only barriers at which threads wait are known here");
  if (decoder.operandCount() != 1 || decoder.operand(0).kind != Operand::Kind::Immediate)
    return decoder.fail("only barriers with a constant number, for all threads, are known here");
  uint64_t id = decoder.operand(0).bits;
  if (id >= 16)
    return decoder.fail("a block has 16 barriers");
  decoder.emit(nullptr, Op::Kind::Barrier).immediate = id;
}

} // namespace

bool decodeControl(Decoder &decoder) {
  const std::string &name = decoder.name();
  if (name == "bra") {
    decoder.modifiers.take("uni");
    std::string label = decoder.operand(0).name;
    uint32_t index = decoder.emit(nullptr, Op::Kind::Branch).index;
    decoder.branches_.emplace_back(index, label);
  } else if (name == "brx") {
    decoder.modifiers.take("idx");
    decoder.modifiers.take("uni");
    uint32_t a = decoder.source(0, 4);
    std::string table = decoder.operand(1).name;
    if (decoder.instruction().guard >= 0)
      decoder.fail("a guard of an indexed branch is not known here");
    Op &op = decoder.emit(nullptr, Op::Kind::IndexBranch);
    op.a = a;
    decoder.indexBranches_.emplace_back(op.index, table);
  } else if (name == "ret" || name == "exit") {
    decoder.modifiers.take("uni");
    decoder.emit(nullptr, Op::Kind::Exit);
  } else if (name == "trap") {
    decoder.emit(nullptr, Op::Kind::Trap);
  } else if (name == "bar" || name == "barrier") {
    decodeBarrier(decoder);
  } else {
    return false;
  }
  return true;
}

} // namespace tpc::fake_gpu
