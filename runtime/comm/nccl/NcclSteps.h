//===- NcclSteps.h - A collective as the calls that NCCL makes of it -----------------------===//
//
// NCCL gathers and scatters whole buffers. A tensor [outer, mid, inner] whose middle dim is split
// is `outer` of them: one call for each slice, all in one group, which NCCL launches
// together; that needs no memory to pack into. An all_to_all is a message for each run of
// contiguous bytes (runtime/comm/AllToAll.h), all in one group.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/comm/Communicator.h"

#include <vector>

namespace tpc::nccl {

/// all_reduce: `count` elements of both buffers. all_gather: `count` elements are sent, and n times
/// as many received. reduce_scatter: the inverse. all_to_all: `count` elements are sent to `peer`,
/// and as many received from it.
struct NcclStep {
  const void *send;
  void *receive;
  size_t count;
  DType dtype;
  int peer = -1;
};

/// In the order of the call's tensors; the same number on all ranks.
std::vector<NcclStep> stepsOf(const CollectiveCall &call, int ranks);

} // namespace tpc::nccl
