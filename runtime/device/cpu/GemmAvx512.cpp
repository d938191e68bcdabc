//===- GemmAvx512.cpp - Products for AVX-512 -----------------------------------------------===//
#include "runtime/device/cpu/GemmKernelsImpl.h"
#include "runtime/device/cpu/SimdAvx512.h"

namespace tpc {

// 24 sums, three registers of B, and one of A at a time.
GemmKernels gemmKernelsAvx512(DType operands) {
  return gemmKernelsFor<Avx512F32, Avx512F64, 8, 3>(operands);
}

} // namespace tpc
