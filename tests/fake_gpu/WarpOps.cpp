//===- WarpOps.cpp - Shuffles, votes, reductions of a warp ---------------------------------===//

#include "tests/fake_gpu/Decoder.h"
#include "tests/fake_gpu/Integers.h"
#include "tests/fake_gpu/Warp.h"

namespace tpc::fake_gpu {
namespace {

enum class Shuffle { Up, Down, Butterfly, Index };

/// PTX ISA, shfl.sync: op.b lane or distance, op.c clamp and segment mask, op.vector[0] the
/// predicate, or nowhere.
template <Shuffle How> void shuffleOp(Warp &warp, const Op &op) {
  std::array<uint32_t, warpSize> values;
  std::memcpy(values.data(), warp.at<uint32_t>(op.a), sizeof values);
  std::array<uint32_t, warpSize> b, c;
  std::memcpy(b.data(), warp.at<uint32_t>(op.b), sizeof b);
  std::memcpy(c.data(), warp.at<uint32_t>(op.c), sizeof c);
  uint32_t *d = warp.at<uint32_t>(op.d);
  uint8_t *p = op.vector[0] == nowhere ? nullptr : warp.at<uint8_t>(op.vector[0]);
  forEachLane(warp.mask, [&](unsigned lane) {
    uint32_t distance = b[lane] & 31, clamp = c[lane] & 31, segment = (c[lane] >> 8) & 31;
    int last = static_cast<int>((lane & segment) | (clamp & ~segment));
    int from = How == Shuffle::Up     ? static_cast<int>(lane) - static_cast<int>(distance)
               : How == Shuffle::Down ? static_cast<int>(lane + distance)
               : How == Shuffle::Butterfly
                   ? static_cast<int>(lane ^ distance)
                   : static_cast<int>((lane & segment) | (distance & ~segment));
    bool inside = How == Shuffle::Up ? from >= last : from <= last;
    unsigned source = inside ? static_cast<unsigned>(from) : lane;
    if (!((warp.mask >> source) & 1))
      return warp.fail(op, "lane " + std::to_string(lane) + " reads from lane " +
                               std::to_string(source) + ", which does not take part");
    d[lane] = values[source];
    if (p)
      p[lane] = inside ? 0xff : 0;
  });
}

enum class Vote { All, Any, Uniform, Ballot };

template <Vote How> void voteOp(Warp &warp, const Op &op) {
  uint32_t bits = predicateBits(warp.at<uint8_t>(op.a)) & warp.mask;
  if (How == Vote::Ballot)
    return forLanes<uint32_t>(warp, op.d, [=](unsigned) { return bits; });
  bool holds = How == Vote::All   ? bits == warp.mask
               : How == Vote::Any ? bits != 0
                                  : bits == 0 || bits == warp.mask;
  forLanes<uint8_t>(warp, op.d, [=](unsigned) { return static_cast<uint8_t>(holds ? 0xff : 0); });
}

template <class F, class T> void reduceOp(Warp &warp, const Op &op) {
  const T *a = warp.at<T>(op.a);
  T result = a[std::countr_zero(warp.mask)];
  forEachLane(warp.mask & (warp.mask - 1), [&](unsigned l) { result = F()(result, a[l]); });
  forLanes<T>(warp, op.d, [=](unsigned) { return result; });
}

void activeMaskOp(Warp &warp, const Op &op) {
  uint32_t lanes = warp.mask;
  forLanes<uint32_t>(warp, op.d, [=](unsigned) { return lanes; });
}

void decodeShuffle(Decoder &decoder) {
  Modifiers &left = decoder.modifiers;
  Op::Run run = left.take("up")     ? shuffleOp<Shuffle::Up>
                : left.take("down") ? shuffleOp<Shuffle::Down>
                : left.take("bfly") ? shuffleOp<Shuffle::Butterfly>
                : left.take("idx")  ? shuffleOp<Shuffle::Index>
                                    : nullptr;
  left.takeType();
  if (!left.take("sync") || !run)
    return decoder.fail("only shfl.sync is known here");
  Operand predicate = decoder.operand(0);
  uint32_t p = nowhere;
  if (predicate.second >= 0) {
    predicate.kind = Operand::Kind::Register;
    predicate.reg = predicate.second;
    p = decoder.predicate(predicate);
  }
  uint32_t a = decoder.source(1, 4), b = decoder.source(2, 4), c = decoder.source(3, 4);
  uint32_t members = decoder.source(4, 4), d = decoder.destination(0, 4);
  Op &op = decoder.emit(run, Op::Kind::WarpSync);
  op.d = d;
  op.a = a;
  op.b = b;
  op.c = c;
  op.vector[0] = p;
  op.sync = members;
}

void decodeVote(Decoder &decoder) {
  Modifiers &left = decoder.modifiers;
  bool ballot = left.take("ballot");
  Op::Run run = ballot             ? voteOp<Vote::Ballot>
                : left.take("all") ? voteOp<Vote::All>
                : left.take("any") ? voteOp<Vote::Any>
                : left.take("uni") ? voteOp<Vote::Uniform>
                                   : nullptr;
  left.takeType();
  if (!left.take("sync") || !run)
    return decoder.fail("only vote.sync is known here");
  uint32_t a = decoder.predicate(decoder.operand(1)), members = decoder.source(2, 4);
  uint32_t d = ballot ? decoder.destination(0, 4) : decoder.predicate(decoder.operand(0));
  Op &op = decoder.emit(run, Op::Kind::WarpSync);
  op.d = d;
  op.a = a;
  op.sync = members;
}

void decodeReduction(Decoder &decoder) {
  Modifiers &left = decoder.modifiers;
  bool isSignedType = left.takeType() == Type::S32;
  auto of = [&](auto f) -> Op::Run {
    using F = decltype(f);
    return isSignedType ? reduceOp<F, int32_t> : reduceOp<F, uint32_t>;
  };
  Op::Run run = left.take("add")   ? of(Add())
                : left.take("min") ? of(Min())
                : left.take("max") ? of(Max())
                : left.take("and") ? of(And())
                : left.take("or")  ? of(Or())
                : left.take("xor") ? of(Xor())
                                   : nullptr;
  if (!left.take("sync") || !run)
    return decoder.fail("this reduction is not known here");
  uint32_t a = decoder.source(1, 4), members = decoder.source(2, 4);
  uint32_t d = decoder.destination(0, 4);
  Op &op = decoder.emit(run, Op::Kind::WarpSync);
  op.d = d;
  op.a = a;
  op.sync = members;
}

} // namespace

bool decodeWarp(Decoder &decoder) {
  const Instruction &instruction = decoder.instruction();
  const std::string &name = decoder.name();
  if (name == "shfl") {
    decodeShuffle(decoder);
  } else if (name == "vote") {
    decodeVote(decoder);
  } else if (name == "redux") {
    decodeReduction(decoder);
  } else if (name == "activemask") {
    decoder.modifiers.takeType();
    uint32_t d = decoder.destination(0, 4);
    decoder.emit(activeMaskOp).d = d;
  } else if (name == "bar" && instruction.opcode.size() > 1 && instruction.opcode[1] == "warp") {
    decoder.modifiers.take("warp");
    decoder.modifiers.take("sync");
    uint32_t members = decoder.source(0, 4);
    decoder.emit([](Warp &warp, const Op &) { ++warp.syncs; }, Op::Kind::WarpSync).sync = members;
  } else {
    return false;
  }
  return true;
}

} // namespace tpc::fake_gpu
