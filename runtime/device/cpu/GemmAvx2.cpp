//===- GemmAvx2.cpp - Products for AVX2 and FMA --------------------------------------------===//
#include "runtime/device/cpu/GemmKernelsImpl.h"
#include "runtime/device/cpu/SimdAvx2.h"

namespace tpc {

// 12 sums, two registers of B and one of A: all 16 that there are, but one.
GemmKernels gemmKernelsAvx2(DType operands) {
  return gemmKernelsFor<Avx2F32, Avx2F64, 6, 2>(operands);
}

} // namespace tpc
