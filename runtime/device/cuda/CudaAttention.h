//===- CudaAttention.h - Attention by cuDNN, where it can ------------------------------------===//
//
// What cuDNN does not do (another type than bf16, a shape or workspace that does not suit it, or no
// cuDNN at all), the generated kernels of the instruction do.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/cuda/CudaContext.h"

#include "runtime/device/Device.h"

#include <optional>

namespace tpc::cuda {

class CudnnAttention;

/// All attention of the ranks on one GPU, under its context.
class Attention {
public:
  explicit Attention(bool deterministic);
  ~Attention();

  /// Lets cuDNN make its plans, before anything is captured.
  void prepare(const AttentionCall &call);
  /// Whether cuDNN took the call.
  Result<bool> run(const AttentionCall &call, CUstream stream);

private:
  bool open();

  const bool deterministic_;
  std::mutex mutex_;
  bool opened_ = false;
  std::unique_ptr<CudnnAttention> cudnn_; ///< null: not there
};

} // namespace tpc::cuda
