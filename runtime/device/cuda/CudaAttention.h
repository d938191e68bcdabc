//===- CudaAttention.h - Attention by cuDNN, where it can ------------------------------------===//
//
// What cuDNN does not do (another type than bf16, a shape or workspace that does not suit it, or no
// cuDNN at all), the generated kernels of the instruction do.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/cuda/CudaContext.h"

#include "runtime/device/Device.h"

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace tpc::cuda {

class CudnnAttention;
class CudnnAttentionPlan;

/// All attention of the ranks on one GPU, under its context.
class Attention {
public:
  /// Opens cuDNN. The context is the calling thread's.
  Attention(std::shared_ptr<Context> context, bool deterministic);
  ~Attention();

  /// "cuDNN 9.19.0", or "no cuDNN".
  std::string describe() const;
  /// Lets cuDNN make its plans, before anything is captured.
  void prepare(const AttentionCall &call);
  /// Whether cuDNN took the call.
  Result<bool> run(const AttentionCall &call, CUstream stream);
  /// Why the kernels of instructions run where cuDNN was asked first.
  std::vector<std::string> refusals() const;

private:
  /// Null where the kernels do it. What refuses a plan refuses nothing that the kernels can't do,
  /// whatever the reason.
  const CudnnAttentionPlan *planFor(const AttentionCall &call);

  const std::shared_ptr<Context> context_;
  const bool deterministic_;
  mutable std::mutex mutex_;
  Result<std::unique_ptr<CudnnAttention>> cudnn_;
  std::set<std::string> refusals_;
};

} // namespace tpc::cuda
