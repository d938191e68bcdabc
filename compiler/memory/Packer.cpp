//===- Packer.cpp - Pieces of memory at offsets -------------------------------------------===//

#include "compiler/memory/Packer.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

using namespace tpc;

namespace {

uint64_t alignUp(uint64_t bytes, uint64_t alignment) {
  return (bytes + alignment - 1) / alignment * alignment;
}

/// Places the pieces in `order`, each in the smallest hole that takes it between the pieces that
/// are placed already and needed at the same time, or above them all.
Packing placeInOrder(std::span<const Piece> pieces, std::span<const uint32_t> order,
                     uint64_t alignment) {
  Packing packing;
  packing.offsets.resize(pieces.size());
  std::vector<uint32_t> placed; // in ascending order of offset
  for (uint32_t index : order) {
    const Piece &piece = pieces[index];
    uint64_t bytes = alignUp(piece.bytes, alignment);
    uint64_t best = UINT64_MAX, bestHole = UINT64_MAX;
    uint64_t top = 0; // end of the neighbours so far
    for (uint32_t other : placed) {
      if (!piece.meets(pieces[other]))
        continue;
      uint64_t offset = packing.offsets[other];
      if (offset >= top && offset - top >= bytes && offset - top < bestHole) {
        best = top;
        bestHole = offset - top;
      }
      top = std::max(top, offset + alignUp(pieces[other].bytes, alignment));
    }
    packing.offsets[index] = best == UINT64_MAX ? top : best;
    packing.bytes = std::max(packing.bytes, packing.offsets[index] + bytes);
    auto above = std::upper_bound(
        placed.begin(), placed.end(), packing.offsets[index],
        [&](uint64_t offset, uint32_t other) { return offset < packing.offsets[other]; });
    placed.insert(above, index);
  }
  return packing;
}

} // namespace

Packing tpc::pack(std::span<const Piece> pieces, uint64_t alignment) {
  // Large pieces first leaves the fewest holes as a rule; long-lived ones first where many small
  // pieces live inside few large ones; program order where the program is a stack.
  auto size = [&](uint32_t i) { return alignUp(pieces[i].bytes, alignment); };
  auto length = [&](uint32_t i) { return uint64_t(pieces[i].end) - pieces[i].begin; };
  std::vector<uint32_t> order(pieces.size());
  std::iota(order.begin(), order.end(), 0);
  const uint64_t lowerBound = findPeak(pieces, alignment).bytes;
  Packing best;
  bool first = true;
  auto attempt = [&](auto key) {
    if (!first && best.bytes == lowerBound)
      return;
    std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return key(a) < key(b); });
    Packing packing = placeInOrder(pieces, order, alignment);
    if (first || packing.bytes < best.bytes)
      best = std::move(packing);
    first = false;
  };
  attempt([&](uint32_t i) { return std::tuple(~size(i), pieces[i].begin, i); });
  attempt([&](uint32_t i) { return std::tuple(~length(i), ~size(i), i); });
  attempt([&](uint32_t i) { return std::tuple(uint64_t(pieces[i].begin), ~size(i), i); });
  return best;
}

Peak tpc::findPeak(std::span<const Piece> pieces, uint64_t alignment) {
  std::map<uint32_t, uint64_t> changes; // bytes that come and go, modulo 2^64
  for (const Piece &piece : pieces) {
    changes[piece.begin] += alignUp(piece.bytes, alignment);
    changes[piece.end + 1] -= alignUp(piece.bytes, alignment);
  }
  Peak peak;
  uint64_t live = 0;
  for (auto [instruction, change] : changes) {
    live += change;
    if (live > peak.bytes)
      peak = {instruction, live};
  }
  return peak;
}
