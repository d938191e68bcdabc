//===- AttentionAvx2.cpp - Attention kernels for AVX2 and FMA ------------------------------===//
#include "runtime/device/cpu/AttentionKernelsImpl.h"
#include "runtime/device/cpu/SimdAvx2.h"

namespace tpc {

AttentionKernels attentionKernelsAvx2(DType dtype) { return kernelsFor<Avx2F32, Avx2F64>(dtype); }

} // namespace tpc
