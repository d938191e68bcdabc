//===- CudnnApi.cpp - The functions of cuDNN that attention needs --------------------------===//

#include "runtime/device/cuda/CudnnApi.h"

#include "runtime/support/SharedLibrary.h"

using namespace tpc;
using namespace tpc::cuda;

namespace {

constexpr size_t kOldest = cudnnVersion(9, 10, 2);

Result<CudnnApi> openCudnn() {
  // cuDNN opens the compiler of its kernels by name, in the version that it was built for. Where
  // that lies in a Python package, the loader alone doesn't find it.
  for (const char *compiler : {"libnvrtc.so.13", "libnvrtc.so.12"})
    (void)SharedLibrary::open(compiler, "cuDNN");
  TPC_ASSIGN_OR_RETURN(SharedLibrary library,
                       SharedLibrary::open("libcudnn.so.9", "attention in bf16"));
  CudnnApi api;
  decltype(&cudnnGetVersion) getVersion = nullptr;
  const LibrarySymbol symbols[] = {
      {"cudnnGetVersion", &getVersion},
      {"cudnnGetErrorString", &api.getErrorString},
      {"cudnnGetLastErrorString", &api.getLastErrorString},
      {"cudnnCreate", &api.create},
      {"cudnnDestroy", &api.destroy},
      {"cudnnSetStream", &api.setStream},
      {"cudnnBackendCreateDescriptor", &api.createDescriptor},
      {"cudnnBackendDestroyDescriptor", &api.destroyDescriptor},
      {"cudnnBackendSetAttribute", &api.setAttribute},
      {"cudnnBackendGetAttribute", &api.getAttribute},
      {"cudnnBackendFinalize", &api.finalize},
      {"cudnnBackendExecute", &api.execute},
  };
  TPC_RETURN_IF_ERROR(bindSymbols(library, symbols));
  api.version = getVersion();
  if (api.version < kOldest)
    return Status(Code::Unavailable,
                  library.path() + " is cuDNN " + cudnnVersionText(api.version) +
                      ", and attention needs " + cudnnVersionText(kOldest) + " or a later one",
                  "without cuDNN attention runs in the kernels of the plan");
  return api;
}

} // namespace

std::string tpc::cuda::cudnnVersionText(size_t version) {
  return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + "." +
         std::to_string(version % 100);
}

Status CudnnApi::check(cudnnStatus_t status, const std::string &what) const {
  if (status == CUDNN_STATUS_SUCCESS)
    return Status();
  char detail[1024] = {};
  getLastErrorString(detail, sizeof(detail));
  std::string message = "cuDNN " + cudnnVersionText(version) + " could not " + what + ": " +
                        getErrorString(status) +
                        (detail[0] ? std::string(" (") + detail + ")" : "");
  bool wrongCall = CUDNN_STATUS_CATEGORY(status) == 2000;
  return Status(wrongCall ? Code::Internal : Code::Unavailable, std::move(message));
}

Result<const CudnnApi *> tpc::cuda::cudnn() {
  static const Result<CudnnApi> api = openCudnn();
  if (!api.ok())
    return api.status();
  return &*api;
}
