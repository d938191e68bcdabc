//===- NcclApi.h - The functions of NCCL that collectives need -----------------------------===//
//
// NCCL is opened when the first group asks for it. The table can also be filled by a test, which
// has no GPU.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <nccl.h>

namespace tpc::nccl {

struct NcclApi {
  int version = 0; ///< as ncclGetVersion gives it: 22809 is 2.28.9
  decltype(&ncclGetErrorString) getErrorString;
  decltype(&ncclGetLastError) getLastError;
  decltype(&ncclGetUniqueId) getUniqueId;
  decltype(&ncclCommInitRankConfig) commInitRankConfig;
  decltype(&ncclCommSplit) commSplit;
  decltype(&ncclCommGetAsyncError) commGetAsyncError;
  decltype(&ncclCommFinalize) commFinalize;
  decltype(&ncclCommDestroy) commDestroy;
  decltype(&ncclCommAbort) commAbort;
  decltype(&ncclGroupStart) groupStart;
  decltype(&ncclGroupEnd) groupEnd;
  decltype(&ncclAllReduce) allReduce;
  decltype(&ncclAllGather) allGather;
  decltype(&ncclReduceScatter) reduceScatter;
  decltype(&ncclSend) send;
  decltype(&ncclRecv) recv;

  /// "2.28.9"
  std::string versionText() const;
  /// What went wrong while NCCL did `what`. `comm` may be null.
  Status error(ncclResult_t result, ncclComm_t comm, Code code, const std::string &what) const;
};

/// Opened at the first call, for the whole process. Unavailable where there is no NCCL of version
/// 2.21 or later within 2.
Result<const NcclApi *> openNccl();

} // namespace tpc::nccl
