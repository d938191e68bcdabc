//===- TcpGroup.h - Rank processes that run, watch and stop together -------------------------===//
//
// A thread of each process watches the others: rank 0 everyone, everyone rank 0. They show each
// other that they live several times in `timeout`; a process that ends closes its connection, which
// shows at once. The first failure goes through rank 0 to all ranks, with its words.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/comm/ProcessGroup.h"
#include "runtime/comm/tcp/Bootstrap.h"

#include <memory>

namespace tpc::tcp {

struct TcpGroupOptions {
  BootstrapOptions bootstrap;
  /// When the other end of it closes, the process that started this one has ended; -1: none.
  int lifeline = -1;
};

/// Returns when all ranks have come.
Result<std::unique_ptr<ProcessGroup>> joinTcpGroup(TcpGroupOptions options);

} // namespace tpc::tcp
