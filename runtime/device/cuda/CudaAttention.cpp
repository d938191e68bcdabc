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

Attention::Attention(std::shared_ptr<Context> context, bool deterministic)
    : context_(std::move(context)), deterministic_(deterministic),
      cudnn_(CudnnAttention::create()) {}

Attention::~Attention() {
  // A thread without a context would get one of GPU number 0 from cuDNN, and a handle's end may
  // wait for the GPU.
  if (!context_->mayGiveBack() && cudnn_.ok())
    (void)cudnn_->release();
}

const CudnnAttentionPlan *Attention::planFor(const AttentionCall &call) {
  if (!cudnnMayRun(call.shape))
    return nullptr;
  if (!cudnn_.ok()) {
    refusals_.insert(cudnn_.status().message());
    return nullptr;
  }
  Result<const CudnnAttentionPlan *> plan =
      (*cudnn_)->prepare(call.shape, passOf(call, deterministic_), call.workspaceBytes);
  if (plan.ok())
    return *plan;
  refusals_.insert(plan.status().message());
  return nullptr;
}

std::string Attention::describe() const {
  return cudnn_.ok() ? "cuDNN " + (*cudnn_)->versionText() : "no cuDNN";
}

void Attention::prepare(const AttentionCall &call) {
  std::lock_guard lock(mutex_);
  planFor(call);
}

Result<bool> Attention::run(const AttentionCall &call, CUstream stream) {
  std::lock_guard lock(mutex_);
  const CudnnAttentionPlan *plan = planFor(call);
  if (!plan)
    return false;
  Status status = (*cudnn_)->run(*plan, call.operands, reinterpret_cast<cudaStream_t>(stream));
  if (!status.ok()) {
    Status cause = context_->driver().failureOfWork(stream, "attention by cuDNN");
    return cause.ok() ? status : cause;
  }
  return true;
}

std::vector<std::string> Attention::refusals() const {
  std::lock_guard lock(mutex_);
  return {refusals_.begin(), refusals_.end()};
}
