//===- GemmKernels.h - The inner part of products, per instruction set ---------------------===//
//
// One template (GemmKernelsImpl.h) is compiled once for AVX2 and once for AVX-512. An element of C
// is a sum of chains of fused multiply-adds, all in ascending order of k, whatever the width of a
// register and wherever the product is cut: both give the same bits.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/cpu/GemmLayout.h"

namespace tpc {

/// Where a part of an operand lies: element (lane, i) at lane * laneStride + i * kStride, of which
/// one is 1. A lane is a row of C for A, and a column for B.
struct GemmPart {
  const void *from;
  int64_t laneStride, kStride;
  int64_t lanes, k;
};

struct GemmKernels {
  /// Extents of a register block of C; divisors of kGemmGroup.
  int64_t rows, columns;
  /// An operand as panels [lanes / rows][k][rows], or [lanes / columns][k][columns], in the type
  /// that is computed in, with zeros behind the last lane.
  void (*packRows)(const GemmPart &part, void *to);
  void (*packColumns)(const GemmPart &part, void *to);
  /// C[m, n] = A B, or += if accumulate, for packed A and B. C has the type that is computed in.
  /// Meanwhile `next` is fetched, as far as there is time: what this thread is likely to pack next.
  void (*multiply)(int64_t m, int64_t n, int64_t k, const void *a, const void *b, void *c,
                   int64_t ldc, bool accumulate, const GemmPart &next);
};

/// For operands of a type; bf16 is computed in float32. Each needs a CPU that has the instructions
/// of its name (AVX2 with FMA; AVX-512 F).
GemmKernels gemmKernelsAvx2(DType operands);
GemmKernels gemmKernelsAvx512(DType operands);

} // namespace tpc
