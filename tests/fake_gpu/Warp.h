//===- Warp.h - The state of 32 lanes, and loops over them ---------------------------------===//
#pragma once

#include "tests/fake_gpu/Program.h"

#include <bit>
#include <cstring>

namespace tpc::fake_gpu {

struct BlockState;

/// A copy that cp.async began: done when it is waited for, not before.
struct AsyncCopy {
  uint32_t mask, group;
  unsigned bytes;
  std::array<uint32_t, warpSize> sourceBytes; ///< read from memory; the rest become zeros
  std::array<uint64_t, warpSize> destination, source;
};

struct Warp {
  uint8_t *registers = nullptr;
  uint32_t mask = 0;                                ///< the lanes that execute
  bool full = false;                                ///< all 32 do
  alignas(32) std::array<uint8_t, warpSize> lane{}; ///< 0xff for lanes that execute

  uint32_t live = 0; ///< lanes that have not exited
  uint32_t firstThread = 0;
  uint32_t syncs = 0; ///< counts what orders the memory accesses of the warp's lanes
  uint32_t openGroup = 0;
  std::vector<AsyncCopy> copies;
  BlockState *block = nullptr;

  /// Lanes that stand elsewhere.
  struct Group {
    uint32_t pc, mask;
    bool parked; ///< waits at a WarpSync or Barrier for other lanes
  };
  std::vector<Group> others;
  uint32_t pc = 0;
  uint32_t joinPc = nowhere; ///< the smallest pc of others that are not parked
  bool retrying = false;     ///< nobody runs any more: a parked group tries again
  bool done = false;
  uint64_t barrierId = 0, branches = 0;

  template <class T> T *at(uint32_t place) {
    return static_cast<T *>(__builtin_assume_aligned(registers + place, warpSize));
  }
  void setMask(uint32_t lanes);
  /// Lanes converge as soon as they stand at one instruction, since those at the smallest run
  /// first: called where pc >= joinPc.
  void reschedule();
  /// Lanes `taken` go to `target`, the others on.
  void branch(uint32_t taken, uint32_t target);
  /// The lanes that execute have exited or are parked: others run. False if none is left.
  bool nextGroup();
  void exit();
  void park();
  /// Takes in the lanes that are parked at this instruction.
  void unparkHere();
  /// The block fails: `what` is a sentence about the instruction.
  void fail(const Op &op, std::string what);
};

/// place[lane] = value(lane) for the lanes that execute. `value` must be defined for all lanes.
template <class T, class F> inline void forLanes(Warp &warp, uint32_t place, F value) {
  T *out = warp.at<T>(place);
  if (warp.full) {
#pragma GCC ivdep
    for (unsigned l = 0; l < warpSize; ++l)
      out[l] = value(l);
    return;
  }
  const uint8_t *active = warp.lane.data();
#pragma GCC ivdep
  for (unsigned l = 0; l < warpSize; ++l) {
    T result = value(l);
    out[l] = active[l] ? result : out[l];
  }
}

/// Calls f(lane) for each lane that executes, in order.
template <class F> inline void forEachLane(uint32_t mask, F f) {
  for (; mask; mask &= mask - 1)
    f(static_cast<unsigned>(std::countr_zero(mask)));
}

/// One bit per lane of a predicate, whether the lane executes or not.
uint32_t predicateBits(const uint8_t *predicate);

template <class F, class D, class A> void unaryOp(Warp &warp, const Op &op) {
  const A *a = warp.at<A>(op.a);
  forLanes<D>(warp, op.d, [=](unsigned l) { return static_cast<D>(F()(a[l])); });
}

template <class F, class D, class A, class B = A> void binaryOp(Warp &warp, const Op &op) {
  const A *a = warp.at<A>(op.a);
  const B *b = warp.at<B>(op.b);
  forLanes<D>(warp, op.d, [=](unsigned l) { return static_cast<D>(F()(a[l], b[l])); });
}

template <class F, class D, class A, class B = A, class C = A>
void ternaryOp(Warp &warp, const Op &op) {
  const A *a = warp.at<A>(op.a);
  const B *b = warp.at<B>(op.b);
  const C *c = warp.at<C>(op.c);
  forLanes<D>(warp, op.d, [=](unsigned l) { return static_cast<D>(F()(a[l], b[l], c[l])); });
}

} // namespace tpc::fake_gpu
