//===- LockstepGroup.h - Ranks that one thread drives ----------------------------------------===//
//
// One thread issues every instruction for all ranks before the next one. The call of the last rank
// of a group does the work for all of them: the stream of the first member waits for the streams of
// the others, gets the reductions and copies, and the others wait for it. Reductions are the plan's
// kernels, or plain loops where memory is the host's; both go in ascending order of the coordinate.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/Mesh.h"
#include "runtime/comm/Communicator.h"

#include <memory>
#include <vector>

namespace tpc {

/// The communicators of one group, by coordinate. The devices see each other's memory and must
/// outlive all calls.
std::vector<std::unique_ptr<Communicator>> makeLockstepGroup(std::span<Device *const> devices);

/// All communicators of a mesh, [rank][axis], of the devices of its ranks.
std::vector<std::vector<std::unique_ptr<Communicator>>>
makeLockstepCommunicators(const Mesh &mesh, std::span<Device *const> devices);

} // namespace tpc
