//===- LocalGroup.h - Ranks as threads of one process -----------------------------------------===//
//
// Each rank publishes its call, all meet, each reads the others' memory directly, all meet again.
// An all_reduce gives every rank a fixed chunk of each tensor to reduce for all. The tensors'
// memory must outlive all ranks' calls, failed ones included: after an abort others may still be
// reading.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/Mesh.h"
#include "runtime/comm/Communicator.h"

#include <chrono>
#include <memory>
#include <vector>

namespace tpc {

/// The communicators of one group, by coordinate. A rank that waits longer than `timeout` for the
/// others fails and aborts the group.
std::vector<std::unique_ptr<Communicator>> makeLocalGroup(int size,
                                                          std::chrono::milliseconds timeout);

/// All communicators of a mesh: [rank][axis], one group for each line of ranks along each axis.
std::vector<std::vector<std::unique_ptr<Communicator>>>
makeLocalCommunicators(const Mesh &mesh, std::chrono::milliseconds timeout);

} // namespace tpc
