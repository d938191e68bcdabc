//===- AllToAll.cpp - What the ranks send each other in an all_to_all -------------------------===//
#include "runtime/comm/AllToAll.h"

#include <cstddef>
#include <cstring>
#include <utility>

using namespace tpc;

void tpc::copyRuns(const AllToAllRuns &runs, const void *input, int from, void *output, int to) {
  for (int64_t i = 0; i < runs.outer; ++i)
    for (int64_t j = 0; j < runs.mid; ++j)
      std::memcpy(static_cast<std::byte *>(output) + runs.output.at(from, i, j),
                  static_cast<const std::byte *>(input) + runs.input.at(to, i, j),
                  static_cast<size_t>(runs.bytes));
}

AllToAllRuns tpc::allToAllRuns(const CollectiveTensor &tensor, int ranks) {
  const auto element = static_cast<int64_t>(byteSize(tensor.dtype));
  const int64_t mid = tensor.outward ? tensor.mid / ranks : tensor.mid;
  const int64_t bytes = (tensor.outward ? tensor.inner : tensor.inner / ranks) * element;
  // Inward: [outer, mid, peer, run] becomes [outer, peer, mid, run].
  AllToAllRuns runs{tensor.outer,
                    mid,
                    bytes,
                    {.peer = bytes, .outer = mid * ranks * bytes, .mid = ranks * bytes},
                    {.peer = mid * bytes, .outer = mid * ranks * bytes, .mid = bytes}};
  if (tensor.outward)
    std::swap(runs.input, runs.output);
  return runs;
}
