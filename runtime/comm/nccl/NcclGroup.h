//===- NcclGroup.h - Rank processes, each with a GPU of its own ----------------------------===//
//
// The processes find, watch and stop each other as those of tcp do, whose group is inside: before
// NCCL is asked for anything, all ranks have compared plan, options and libraries, and whoever
// lacks something has said so to all. Then rank 0 gives NCCL's unique id to everyone, and NCCL
// connects.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/comm/tcp/TcpGroup.h"

namespace tpc::nccl {

struct NcclApi;

struct NcclGroupOptions {
  tcp::TcpGroupOptions tcp;
  /// Versions that all ranks must have in common beside NCCL's: {"cuBLASLt", "13.0.2"}, …
  std::vector<tcp::Agreed> libraries = {};
  /// One algorithm, one protocol and a fixed number of channels, so that a run repeats bit for bit
  /// on the same machines. Sets NCCL_ALGO and NCCL_PROTO in this process's environment; the
  /// channels are 16, unless NCCL's variables for them are set.
  bool deterministic = false;
  const NcclApi *api = nullptr; ///< a test's own; null: openNccl()
};

/// Returns when all ranks have come and NCCL has connected them: one communicator per axis of the
/// mesh. The calling thread has the context of this rank's GPU current, and makes all later calls,
/// except for abort. Unavailable where NCCL or a GPU is missing, or tpc was built without NCCL's
/// header. The group must be destroyed after all CUDA graphs that hold its collectives.
Result<std::unique_ptr<ProcessGroup>> joinNcclGroup(NcclGroupOptions options);

} // namespace tpc::nccl
