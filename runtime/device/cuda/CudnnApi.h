//===- CudnnApi.h - The functions of cuDNN that attention needs ----------------------------===//
//
// cuDNN is opened when the first plan asks for it. Its backend API is a handful of functions over
// descriptors, which is stable within cuDNN 9.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <cudnn_backend.h>

namespace tpc::cuda {

/// Encoded as cudnnGetVersion() does: major * 10000 + minor * 100 + patch.
constexpr size_t cudnnVersion(size_t major, size_t minor, size_t patch) {
  return major * 10000 + minor * 100 + patch;
}

/// "9.19.0"
std::string cudnnVersionText(size_t version);

struct CudnnApi {
  size_t version = 0; ///< of the library that was opened
  decltype(&cudnnGetErrorString) getErrorString;
  decltype(&cudnnGetLastErrorString) getLastErrorString;
  decltype(&cudnnCreate) create;
  decltype(&cudnnDestroy) destroy;
  decltype(&cudnnSetStream) setStream;
  decltype(&cudnnBackendCreateDescriptor) createDescriptor;
  decltype(&cudnnBackendDestroyDescriptor) destroyDescriptor;
  decltype(&cudnnBackendSetAttribute) setAttribute;
  decltype(&cudnnBackendGetAttribute) getAttribute;
  decltype(&cudnnBackendFinalize) finalize;
  decltype(&cudnnBackendExecute) execute;

  /// Ok, or what cuDNN said while it did `what`: Unavailable if it doesn't support what was asked
  /// for or can't run here, Internal if tpc asked wrongly.
  Status check(cudnnStatus_t status, const std::string &what) const;
};

/// Opened at the first call, for the whole process. Unavailable where there is no cuDNN of at least
/// version 9.10.2: earlier ones have known errors in the backward pass of attention.
Result<const CudnnApi *> cudnn();

} // namespace tpc::cuda
