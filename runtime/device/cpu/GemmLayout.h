//===- GemmLayout.h - How a product is cut, and what it keeps in its workspace -------------===//
//
// A function of the shape alone, and free of dependencies: the compiler plans the workspace with
// it.
//
// The shorter one of the operands is held: packed as a whole, a block of k (and of its lanes, if it
// is long) at a time, by each thread for itself. The other one is streamed: cut into groups of
// lanes, each packed by the thread that multiplies it. So no thread reads or overwrites what
// another one packed, and all that it needs stays in its second-level cache.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/Device.h"

namespace tpc {

/// Lanes that are packed together: of the streamed operand those of one task. A multiple of the
/// register blocks of all instruction sets.
constexpr int64_t kGemmGroup = 48;

/// A product adds its sum to C in parts, of at least this many terms each but for the last one;
/// every addition rounds at the size of C, which the bounds of `tpc verify` count. (Libraries for
/// GPUs add the whole sum once.)
constexpr int64_t kGemmLeastChain = 128;

struct GemmLayout {
  explicit GemmLayout(const GemmShape &shape);

  bool holdsA;      ///< rather than B
  int64_t blockK;   ///< k is summed in blocks of this many, in order
  int64_t held;     ///< lanes of the held operand that are packed at once
  int64_t streamed; ///< lanes of the streamed operand, of which each task takes kGemmGroup
  int64_t tasks;
  int64_t slots; ///< tasks that can run at the same time
  static constexpr int64_t mostSlots = 16;

  // Parts of the workspace, in elements of the type that is computed in, each on a cache line.
  int64_t heldPart; ///< of a slot; behind it a group of the streamed operand
  int64_t perSlot;
  int64_t sums; ///< all of C in float32, if C itself is rounded to bf16

  int64_t elements() const { return slots * perSlot + sums; }
};

} // namespace tpc
