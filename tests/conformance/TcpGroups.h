//===- TcpGroups.h - Groups of tcp ranks inside one test process -----------------------------===//
#pragma once

#include "runtime/comm/tcp/TcpGroup.h"

#include <vector>

namespace tpc::test {

/// The ranks of a mesh, connected over loopback, as threads of a test would use them.
std::vector<std::unique_ptr<ProcessGroup>>
makeTcpGroups(const Mesh &mesh, std::chrono::milliseconds timeout, int bufferBytes = 0);

} // namespace tpc::test
