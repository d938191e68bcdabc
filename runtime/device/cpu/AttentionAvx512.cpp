//===- AttentionAvx512.cpp - Attention kernels for AVX-512 ---------------------------------===//
#include "runtime/device/cpu/AttentionKernelsImpl.h"
#include "runtime/device/cpu/SimdAvx512.h"

namespace tpc {

AttentionKernels attentionKernelsAvx512(DType dtype) {
  return kernelsFor<Avx512F32, Avx512F64>(dtype);
}

} // namespace tpc
