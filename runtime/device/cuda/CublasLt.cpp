//===- CublasLt.cpp - The functions of cuBLASLt that are used --------------------------------===//
#include "runtime/device/cuda/CublasLt.h"

#include "runtime/support/SharedLibrary.h"

using namespace tpc;
using namespace tpc::cuda;

static Result<const CublasLt *> open() {
  static CublasLt table;
  TPC_ASSIGN_OR_RETURN(SharedLibrary library,
                       SharedLibrary::open("libcublasLt.so.13", "a product on the GPU"));
  const LibrarySymbol symbols[] = {
      {"cublasLtGetVersion", &table.version},
      {"cublasLtGetStatusString", &table.statusString},
      {"cublasLtCreate", &table.create},
      {"cublasLtDestroy", &table.destroy},
      {"cublasLtMatmulDescCreate", &table.createOperation},
      {"cublasLtMatmulDescDestroy", &table.destroyOperation},
      {"cublasLtMatmulDescSetAttribute", &table.setOperation},
      {"cublasLtMatrixLayoutCreate", &table.createLayout},
      {"cublasLtMatrixLayoutDestroy", &table.destroyLayout},
      {"cublasLtMatrixLayoutSetAttribute", &table.setLayout},
      {"cublasLtMatmulPreferenceCreate", &table.createPreference},
      {"cublasLtMatmulPreferenceDestroy", &table.destroyPreference},
      {"cublasLtMatmulPreferenceSetAttribute", &table.setPreference},
      {"cublasLtMatmulAlgoGetHeuristic", &table.heuristic},
      {"cublasLtMatmulAlgoCheck", &table.checkAlgorithm},
      {"cublasLtMatmul", &table.matmul},
  };
  TPC_RETURN_IF_ERROR(bindSymbols(library, symbols));
  return &table;
}

Result<const CublasLt *> CublasLt::get() {
  static const Result<const CublasLt *> table = open();
  return table;
}

Status CublasLt::check(cublasStatus_t status, const char *what) const {
  if (status == CUBLAS_STATUS_SUCCESS)
    return Status();
  return Status(Code::RankFailed, std::string(what) + ": " + statusString(status));
}
