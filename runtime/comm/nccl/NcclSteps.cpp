//===- NcclSteps.cpp - A collective as the calls that NCCL makes of it ---------------------===//

#include "runtime/comm/nccl/NcclSteps.h"

#include "runtime/comm/AllToAll.h"

namespace tpc::nccl {

/// Between two ranks messages meet in the order in which they are sent and received.
static void addMessages(const CollectiveTensor &tensor, int ranks, std::vector<NcclStep> &steps) {
  const AllToAllRuns runs = allToAllRuns(tensor, ranks);
  for (int peer = 0; peer < ranks; ++peer)
    for (int64_t i = 0; i < runs.outer; ++i)
      for (int64_t j = 0; j < runs.mid; ++j)
        steps.push_back({static_cast<const char *>(tensor.input) + runs.input.at(peer, i, j),
                         static_cast<char *>(tensor.output) + runs.output.at(peer, i, j),
                         static_cast<size_t>(runs.bytes) / byteSize(tensor.dtype), tensor.dtype,
                         peer});
}

std::vector<NcclStep> stepsOf(const CollectiveCall &call, int ranks) {
  std::vector<NcclStep> steps;
  for (const CollectiveTensor &tensor : call.tensors) {
    if (call.kind == CollectiveKind::AllToAll) {
      addMessages(tensor, ranks, steps);
      continue;
    }
    const int64_t row = tensor.mid * tensor.inner;
    if (call.kind == CollectiveKind::AllReduce) {
      steps.push_back(
          {tensor.input, tensor.output, static_cast<size_t>(tensor.outer * row), tensor.dtype});
      continue;
    }
    const auto bytes = row * static_cast<int64_t>(byteSize(tensor.dtype));
    const bool gathers = call.kind == CollectiveKind::AllGather;
    for (int64_t slice = 0; slice < tensor.outer; ++slice) {
      const int64_t part = slice * bytes, whole = part * ranks;
      steps.push_back({static_cast<const char *>(tensor.input) + (gathers ? part : whole),
                       static_cast<char *>(tensor.output) + (gathers ? whole : part),
                       static_cast<size_t>(row), tensor.dtype});
    }
  }
  return steps;
}

} // namespace tpc::nccl
