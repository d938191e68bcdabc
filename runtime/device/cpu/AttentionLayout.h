//===- AttentionLayout.h - Where attention keeps what in its workspace ---------------------===//
//
// A function of the shape alone, and free of dependencies: the compiler plans the workspace with
// it. Lengths are in elements of the type computed in, and multiples of 16, so that every part
// starts on a cache line.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/Device.h"

namespace tpc {

/// Extents of a tile of scores. Multiples of every panel width and register block of the kernels.
constexpr int64_t attentionQueryBlock = 48, attentionKeyBlock = 96;

struct AttentionLayout {
  int64_t paddedKeys; ///< keyLength up to a multiple of 48
  int64_t paddedSize; ///< size up to a multiple of 16
  int64_t keyHeads;   ///< batch * kvHeads

  /// Forward, of each (batch, kv head): the keys transposed, then the values. Backward: no part.
  int64_t sharedPerHead;
  /// Of each running task. Forward: a query tile, an output tile. Backward: keys and values
  /// transposed, keys, sums of the gradients of keys and values, tiles of one query block.
  int64_t perSlot;
  int64_t slots; ///< tasks that can run at the same time

  AttentionLayout(const AttentionShape &shape, bool backward);
  int64_t elements() const { return keyHeads * sharedPerHead + slots * perSlot; }
};

} // namespace tpc
