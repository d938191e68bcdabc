//===- NcclApi.cpp - The functions of NCCL that collectives need ---------------------------===//

#include "runtime/comm/nccl/NcclApi.h"

#include "runtime/support/SharedLibrary.h"

using namespace tpc;
using namespace tpc::nccl;

namespace {

/// ncclConfig_t only grows at its end, and a library that knows less of it takes what it knows
/// (parseCommConfig of NCCL). 2.21 is of the time of CUDA 12.4.
constexpr int kOldest = NCCL_VERSION(2, 21, 0);

Result<NcclApi> open() {
  TPC_ASSIGN_OR_RETURN(SharedLibrary library, SharedLibrary::open("libnccl.so.2", "--comm nccl"));
  NcclApi api;
  decltype(&ncclGetVersion) getVersion = nullptr;
  const LibrarySymbol symbols[] = {
      {"ncclGetVersion", &getVersion},
      {"ncclGetErrorString", &api.getErrorString},
      {"ncclGetLastError", &api.getLastError},
      {"ncclGetUniqueId", &api.getUniqueId},
      {"ncclCommInitRankConfig", &api.commInitRankConfig},
      {"ncclCommSplit", &api.commSplit},
      {"ncclCommGetAsyncError", &api.commGetAsyncError},
      {"ncclCommFinalize", &api.commFinalize},
      {"ncclCommDestroy", &api.commDestroy},
      {"ncclCommAbort", &api.commAbort},
      {"ncclGroupStart", &api.groupStart},
      {"ncclGroupEnd", &api.groupEnd},
      {"ncclAllReduce", &api.allReduce},
      {"ncclAllGather", &api.allGather},
      {"ncclReduceScatter", &api.reduceScatter},
      {"ncclSend", &api.send},
      {"ncclRecv", &api.recv},
  };
  TPC_RETURN_IF_ERROR(bindSymbols(library, symbols));
  if (ncclResult_t result = getVersion(&api.version); result != ncclSuccess)
    return api.error(result, nullptr, Code::Unavailable, "say its version");
  if (api.version < kOldest)
    return Status(Code::Unavailable,
                  library.path() + " is NCCL " + api.versionText() +
                      ", and --comm nccl needs 2.21 or a later one",
                  "put a newer libnccl.so.2 into LD_LIBRARY_PATH");
  return api;
}

} // namespace

std::string NcclApi::versionText() const {
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

Status NcclApi::error(ncclResult_t result, ncclComm_t comm, Code code,
                      const std::string &what) const {
  std::string message =
      "NCCL " + versionText() + " could not " + what + ": " + getErrorString(result);
  if (const char *detail = getLastError(comm); detail && *detail)
    message += std::string(" (") + detail + ")";
  return Status(code, std::move(message),
                "NCCL_DEBUG=INFO makes NCCL say more, on standard output");
}

Result<const NcclApi *> tpc::nccl::openNccl() {
  static const Result<NcclApi> api = open();
  if (!api.ok())
    return api.status();
  return &*api;
}
