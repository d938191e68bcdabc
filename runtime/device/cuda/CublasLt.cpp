//===- CublasLt.cpp - The functions of cuBLASLt that are used --------------------------------===//
#include "runtime/device/cuda/CublasLt.h"

#include "runtime/support/SharedLibrary.h"

using namespace tpc;
using namespace tpc::cuda;

static Result<SharedLibrary> openLibrary(int driverVersion) {
  constexpr const char *kNames[] = {"libcublasLt.so.13", "libcublasLt.so.12"};
  const bool isOld = driverVersion < 13000;
  Result<SharedLibrary> first = SharedLibrary::open(kNames[isOld], "a product on the GPU");
  if (first.ok())
    return first;
  Result<SharedLibrary> second = SharedLibrary::open(kNames[!isOld], "a product on the GPU");
  return second.ok() ? std::move(second) : std::move(first);
}

static Result<const CublasLt *> open(int driverVersion) {
  static CublasLt table;
  TPC_ASSIGN_OR_RETURN(SharedLibrary library, openLibrary(driverVersion));
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

Result<const CublasLt *> CublasLt::get(int driverVersion) {
  static const Result<const CublasLt *> table = open(driverVersion);
  return table;
}

Status CublasLt::check(cublasStatus_t status, const char *what) const {
  if (status == CUBLAS_STATUS_SUCCESS)
    return Status();
  return Status(Code::RankFailed, std::string(what) + ": " + statusString(status));
}
