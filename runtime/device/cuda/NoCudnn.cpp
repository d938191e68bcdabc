//===- NoCudnn.cpp - Attention of a build without cuDNN's headers -----------------------------===//
#include "runtime/device/cuda/CudaAttention.h"

namespace tpc::cuda {

class CudnnAttention {};

Attention::Attention(std::shared_ptr<Context> context, bool deterministic)
    : context_(std::move(context)), deterministic_(deterministic),
      cudnn_(Status(Code::Unavailable, "this tpc was built without cuDNN's headers")) {}
Attention::~Attention() = default;
std::string Attention::describe() const { return "no cuDNN"; }
std::vector<std::string> Attention::refusals() const { return {cudnn_.status().message()}; }
void Attention::prepare(const AttentionCall &) {}
Result<bool> Attention::run(const AttentionCall &, CUstream) { return false; }

} // namespace tpc::cuda
