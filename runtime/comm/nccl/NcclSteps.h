//===- NcclSteps.h - A collective as the calls that NCCL makes of it -----------------------===//
//
// NCCL gathers and scatters whole buffers. A tensor [outer, mid, inner] whose middle dim is split
// is `outer` of them: one call for each slice, all in one group, which NCCL launches
// together; that needs no memory to pack into.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/comm/Communicator.h"

#include <vector>

namespace tpc::nccl {

/// all_reduce: `count` elements of both buffers. all_gather: `count` elements are sent, and n times
/// as many received. reduce_scatter: the inverse.
struct NcclStep {
  const void *send;
  void *receive;
  size_t count;
  DType dtype;
};

/// In the order of the call's tensors; the same number on all ranks.
std::vector<NcclStep> stepsOf(const CollectiveCall &call, int ranks);

} // namespace tpc::nccl
