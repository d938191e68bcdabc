//===- TcpGroups.h - Groups of tcp ranks inside one test process -----------------------------===//
#pragma once

#include "runtime/comm/tcp/TcpGroup.h"

#include <vector>

namespace tpc::test {

using JoinedGroups = std::vector<Result<std::unique_ptr<ProcessGroup>>>;

/// Calls `join` on a thread for every rank of a mesh, with what it needs to find the others over
/// loopback.
JoinedGroups joinOnThreads(
    const Mesh &mesh, std::chrono::milliseconds timeout,
    const std::function<Result<std::unique_ptr<ProcessGroup>>(tcp::TcpGroupOptions)> &join);

/// The ranks of a mesh, connected over loopback, as threads of a test would use them.
std::vector<std::unique_ptr<ProcessGroup>>
makeTcpGroups(const Mesh &mesh, std::chrono::milliseconds timeout, int bufferBytes = 0);

} // namespace tpc::test
