//===- AllToAll.cpp - What the ranks send each other in an all_to_all -------------------------===//
#include "runtime/comm/AllToAll.h"

#include <utility>

using namespace tpc;

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
