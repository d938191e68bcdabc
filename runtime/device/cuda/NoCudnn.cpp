//===- NoCudnn.cpp - Attention of a build without cuDNN's headers
//------------------------------===//
#include "runtime/device/cuda/CudaAttention.h"

namespace tpc::cuda {

class CudnnAttention {};

Attention::Attention(bool deterministic) : deterministic_(deterministic) {}
Attention::~Attention() = default;
void Attention::prepare(const AttentionCall &) {}
Result<bool> Attention::run(const AttentionCall &, CUstream) { return false; }

} // namespace tpc::cuda
