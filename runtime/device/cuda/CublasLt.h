//===- CublasLt.h - The functions of cuBLASLt that are used ----------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <cublasLt.h>

namespace tpc::cuda {

struct CublasLt {
  decltype(&cublasLtGetVersion) version;
  decltype(&cublasLtGetStatusString) statusString;
  decltype(&cublasLtCreate) create;
  decltype(&cublasLtDestroy) destroy;
  decltype(&cublasLtMatmulDescCreate) createOperation;
  decltype(&cublasLtMatmulDescDestroy) destroyOperation;
  decltype(&cublasLtMatmulDescSetAttribute) setOperation;
  decltype(&cublasLtMatrixLayoutCreate) createLayout;
  decltype(&cublasLtMatrixLayoutDestroy) destroyLayout;
  decltype(&cublasLtMatrixLayoutSetAttribute) setLayout;
  decltype(&cublasLtMatmulPreferenceCreate) createPreference;
  decltype(&cublasLtMatmulPreferenceDestroy) destroyPreference;
  decltype(&cublasLtMatmulPreferenceSetAttribute) setPreference;
  decltype(&cublasLtMatmulAlgoGetHeuristic) heuristic;
  decltype(&cublasLtMatmulAlgoCheck) checkAlgorithm;
  decltype(&cublasLtMatmul) matmul;

  /// Opened by the first call, for the whole process.
  static Result<const CublasLt *> get();

  /// "cublasLtMatmul: CUBLAS_STATUS_NOT_SUPPORTED" as a status, or ok.
  Status check(cublasStatus_t status, const char *what) const;
};

} // namespace tpc::cuda
