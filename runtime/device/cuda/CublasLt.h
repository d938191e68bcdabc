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

  /// Opened by the first call, for the whole process: of CUDA 13, or of CUDA 12 if there is no
  /// other or the driver (its version as cuDriverGetVersion gives it) is too old for the newer one.
  /// What is used of them is the same.
  static Result<const CublasLt *> get(int driverVersion);

  /// "cublasLtMatmul: CUBLAS_STATUS_NOT_SUPPORTED" as a status, or ok.
  Status check(cublasStatus_t status, const char *what) const;
};

} // namespace tpc::cuda
