//===- AllToAll.h - What the ranks send each other in an all_to_all ---------------------------===//
//
// What one rank sends to one rank (itself too) are outer * mid runs of contiguous bytes, of one
// size for all pairs. On the side of the dim that is split they lie apart, on the side of the dim
// that becomes whole those of one outer index lie behind each other.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/comm/Communicator.h"

namespace tpc {

/// Where the runs lie in a buffer; all in bytes.
struct RunPlaces {
  int64_t peer, outer, mid; ///< from one peer, outer or mid index to the next

  int64_t at(int64_t p, int64_t i, int64_t j) const { return p * peer + i * outer + j * mid; }
};

struct AllToAllRuns {
  int64_t outer, mid, bytes; ///< outer * mid runs of `bytes`
  RunPlaces input, output;   ///< the peer of the input receives, that of the output sends

  /// Calls `visit(offset, bytes)` for what is contiguous of the runs of a peer, in their order.
  template <typename Visit> void forEach(const RunPlaces &places, int64_t peer, Visit visit) const {
    const bool joined = places.mid == bytes;
    for (int64_t i = 0; i < outer; ++i)
      for (int64_t j = 0; j < (joined ? 1 : mid); ++j)
        visit(places.at(peer, i, j), joined ? mid * bytes : bytes);
  }
};

/// Copies what coordinate `from` sends to coordinate `to`, whose buffers the host touches.
void copyRuns(const AllToAllRuns &runs, const void *input, int from, void *output, int to);

AllToAllRuns allToAllRuns(const CollectiveTensor &tensor, int ranks);

} // namespace tpc
