//===- DeviceChoice.h - What a run computes on, and how its ranks meet ------------------------===//
//
// The plan's target and --comm say it together. On CPU ranks are threads (local) or processes
// (tcp). On GPUs they are processes with a GPU each (nccl), or all of them share the first GPU,
// driven by one thread (local); that is never chosen by itself, except for one rank.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/cli/RunOptions.h"
#include "runtime/exec/RunSession.h"

namespace tpc {

enum class Comm : uint8_t { Local, Tcp, Nccl };

/// `launched`: whether a launcher started this process as one of the ranks.
Result<Comm> chooseComm(const PlanFile &plan, const RunOptions &options, bool launched);

/// Whether a run must give the same bits each time. `--comm local` promises it; where a single rank
/// of a GPU has nobody to communicate with and --comm is not given, as with nccl --deterministic
/// asks for it, since attention's backward pass is faster without.
bool mustRepeat(const RunOptions &options, Comm comm, int64_t ranks);

/// Refuses options that have no effect on the plan's target.
Status checkTarget(const PlanFile &plan, const RunOptions &options);

/// Where the algorithms stand that products of the plan use on this machine's GPU.
std::string algorithmsPath(const RunOptions &options);

struct DeviceChoice {
  DeviceFactory make;
  bool isGpu = false;
  bool lockstep = false;   ///< SessionOptions::lockstep
  std::string description; ///< of the GPU and its libraries; "" on cpu
  /// Why the plan's own kernels ran where a library was asked first; null on cpu.
  std::function<std::vector<std::string>()> refusals;
};

/// Opens the GPU of this process if the plan is for cuda: number `gpu` of this machine.
Result<DeviceChoice> chooseDevice(const PlanFile &plan, const RunOptions &options, Comm comm,
                                  int gpu);

} // namespace tpc
