//===- CudaAttention.cpp - Attention by cuDNN, where it can ----------------------------------===//
#include "runtime/device/cuda/CudaAttention.h"

#include "runtime/device/cuda/CudnnAttention.h"

using namespace tpc;
using namespace tpc::cuda;

static AttentionPass passOf(const AttentionCall &call, bool deterministic) {
  return !call.backward  ? AttentionPass::Forward
         : deterministic ? AttentionPass::DeterministicBackward
                         : AttentionPass::Backward;
}

Attention::Attention(bool deterministic) : deterministic_(deterministic) {}
Attention::~Attention() = default;

bool Attention::open() {
  if (!opened_) {
    opened_ = true;
    if (Result<std::unique_ptr<CudnnAttention>> cudnn = CudnnAttention::create(); cudnn.ok())
      cudnn_ = std::move(*cudnn);
  }
  return cudnn_ != nullptr;
}

void Attention::prepare(const AttentionCall &call) {
  std::lock_guard lock(mutex_);
  // A refusal is kept with the plans, and the kernels run instead.
  if (cudnnMayRun(call.shape) && open())
    (void)cudnn_->prepare(call.shape, passOf(call, deterministic_), call.workspaceBytes);
}

Result<bool> Attention::run(const AttentionCall &call, CUstream stream) {
  std::lock_guard lock(mutex_);
  if (!cudnnMayRun(call.shape) || !open())
    return false;
  Result<const CudnnAttentionPlan *> plan =
      cudnn_->prepare(call.shape, passOf(call, deterministic_), call.workspaceBytes);
  if (!plan.ok() && plan.status().code() == Code::Unavailable)
    return false;
  TPC_RETURN_IF_ERROR(plan.status());
  TPC_RETURN_IF_ERROR(cudnn_->run(**plan, call.operands, reinterpret_cast<cudaStream_t>(stream)));
  return true;
}
