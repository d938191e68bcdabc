//===- GemmLayout.cpp - How a product is cut, and what it keeps in its workspace -----------===//
#include "runtime/device/cpu/GemmLayout.h"

#include <algorithm>

namespace tpc {

static int64_t tilesOf(int64_t extent, int64_t tile) { return (extent + tile - 1) / tile; }

GemmTile gemmTile(const GemmShape &shape) {
  // A tile's panels stay in the second-level cache, and are widened once for 256 rows or columns.
  constexpr int64_t widenedTile = 256;
  if (shape.dtype == DType::BF16)
    return {std::min(shape.m, widenedTile), std::min(shape.n, widenedTile)};
  // Every tile packs its operands anew, so tiles are halved only while there are few of them and
  // they are much longer than it takes to wake a thread.
  constexpr int64_t enoughTiles = 32, minTileFlops = 8'000'000, granule = 32;
  auto half = [](int64_t extent) { return tilesOf(extent / 2, granule) * granule; };
  GemmTile tile{shape.m, shape.n};
  while (shape.batch * tilesOf(shape.m, tile.m) * tilesOf(shape.n, tile.n) < enoughTiles &&
         tile.m * tile.n * shape.k >= minTileFlops) {
    int64_t &longer = tile.m >= tile.n ? tile.m : tile.n;
    if (longer < 2 * granule)
      break;
    longer = half(longer);
  }
  return tile;
}

GemmLayout::GemmLayout(const GemmShape &shape)
    : tile(gemmTile(shape)), blockK(shape.k), slots(0), panelA(0), panelB(0), sums(0) {
  if (shape.dtype != DType::BF16 || shape.m <= 0 || shape.n <= 0 || shape.batch <= 0)
    return;
  constexpr int64_t widenedBlock = 512, mostSlots = 16;
  // So that every part of a slot begins on a cache line.
  auto aligned = [](int64_t floats) { return tilesOf(floats, 16) * 16; };
  blockK = std::min(shape.k, widenedBlock);
  panelA = aligned(tile.m * blockK);
  panelB = aligned(tile.n * blockK);
  sums = shape.resultDtype == DType::F32 ? 0 : aligned(tile.m * tile.n);
  // In this order no product overflows.
  slots = std::min(tilesOf(shape.m, tile.m), mostSlots);
  slots = std::min(slots * std::min(tilesOf(shape.n, tile.n), mostSlots), mostSlots);
  slots = std::min(slots * std::min(shape.batch, mostSlots), mostSlots);
}

size_t cpuGemmWorkspace(const GemmShape &shape) {
  GemmLayout layout(shape);
  return static_cast<size_t>(layout.slots * layout.perSlot()) * sizeof(float);
}

} // namespace tpc
