//===- OpenBlas.h - OpenBLAS, loaded when first needed -------------------------------------===//
//
// The library is loaded at run time, so that tpc links without it and the command line starts in
// milliseconds. It is always called with one thread: its own threading changes bits with the number
// of threads and burns CPU after each call; the device's pool splits products instead.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

namespace tpc {

/// Row-major C = alpha op(A) op(B) + beta C through cblas_{s,d}gemm.
struct OpenBlas {
  // Values of the CBLAS interface.
  static constexpr int rowMajor = 101, noTranspose = 111, transpose = 112;

  void (*sgemm)(int order, int transA, int transB, int m, int n, int k, float alpha, const float *a,
                int lda, const float *b, int ldb, float beta, float *c, int ldc);
  void (*dgemm)(int order, int transA, int transB, int m, int n, int k, double alpha,
                const double *a, int lda, const double *b, int ldb, double beta, double *c,
                int ldc);

  /// The one copy of the process, loaded by the first call.
  static Result<const OpenBlas *> get();
};

} // namespace tpc
