//===- GemmLayout.h - How a product is cut, and what it keeps in its workspace -------------===//
//
// Functions of the shape alone. Products of bf16 widen panels of their operands to float32, a block
// of k at a time, in a slot of the workspace that no other running tile uses.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/Device.h"

namespace tpc {

/// Extents of a tile of C.
struct GemmTile {
  int64_t m, n;
};
/// The tile of every product of this shape: as large as leaves enough tiles for many threads.
GemmTile gemmTile(const GemmShape &shape);

struct GemmLayout {
  explicit GemmLayout(const GemmShape &shape);

  GemmTile tile;
  int64_t blockK; ///< k is widened in blocks of this many, which are summed in order
  int64_t slots;  ///< tiles that run at once, at most
  /// Floats of a slot: a panel of A, one of B, and the tile of C unless C is float32 itself.
  int64_t panelA, panelB, sums;

  int64_t perSlot() const { return panelA + panelB + sums; }
};

} // namespace tpc
