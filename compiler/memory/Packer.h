//===- Packer.h - Pieces of memory at offsets ---------------------------------------------===//
//
// Places pieces that are needed for a stretch of a program in one arena, so that pieces needed at
// the same time never overlap. The problem is NP-hard; greedy best fit in a few fixed orders comes
// within a few percent of the lower bound on training programs, in a time that does not matter.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace tpc {

/// A piece that is needed from instruction `begin` to instruction `end`, both included.
struct Piece {
  uint64_t bytes;
  uint32_t begin, end;

  bool meets(const Piece &other) const { return begin <= other.end && other.begin <= end; }
};

struct Packing {
  std::vector<uint64_t> offsets; ///< per piece, multiples of the alignment
  uint64_t bytes = 0;            ///< of the arena, a multiple of the alignment
};

/// A function of its arguments alone. Pieces take whole multiples of `alignment`.
Packing pack(std::span<const Piece> pieces, uint64_t alignment);

/// Where the most bytes are needed at once: no packing can be smaller.
struct Peak {
  uint32_t instruction = 0;
  uint64_t bytes = 0; ///< pieces rounded up to the alignment
};
Peak findPeak(std::span<const Piece> pieces, uint64_t alignment);

} // namespace tpc
