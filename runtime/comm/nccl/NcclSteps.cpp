//===- NcclSteps.cpp - A collective as the calls that NCCL makes of it ---------------------===//

#include "runtime/comm/nccl/NcclSteps.h"

namespace tpc::nccl {

std::vector<NcclStep> stepsOf(const CollectiveCall &call, int ranks) {
  std::vector<NcclStep> steps;
  for (const CollectiveTensor &tensor : call.tensors) {
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
