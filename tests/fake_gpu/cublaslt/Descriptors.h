//===- Descriptors.h - What a product of cuBLASLt is described by --------------------------===//
#pragma once

#include <cublasLt.h>

#include <cstdint>

namespace tpc::fake_gpu {

struct Operation {
  int32_t compute, scale;
  int32_t transA = CUBLAS_OP_N, transB = CUBLAS_OP_N, transC = CUBLAS_OP_N;
  int32_t pointerMode = CUBLASLT_POINTER_MODE_HOST;
  uint32_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
  const void *bias = nullptr;
  int64_t biasStride = 0;
  int32_t biasType = -1; ///< that of D
  void *aux = nullptr;
  int64_t auxLead = 0, auxStride = 0;
};

/// Column-major, strides and leading dimensions in elements.
struct Layout {
  int32_t type;
  uint64_t rows, columns;
  int64_t lead;
  int32_t order = CUBLASLT_ORDER_COL;
  int32_t batch = 1;
  int64_t stride = 0;
};

struct Preference {
  uint32_t searchMode = 0;
  uint64_t workspace = 0;
  uint32_t reductions = CUBLASLT_REDUCTION_SCHEME_MASK;
  uint32_t alignA = 256, alignB = 256, alignC = 256, alignD = 256;
};

/// What lies in a cublasLtMatmulAlgo_t.
struct Algorithm {
  uint64_t magic;
  uint64_t id;
  uint64_t alignment; ///< in bytes, of all operands, their leading dimensions and strides
  uint64_t workspace; ///< bytes that it overwrites
  uint64_t unused[4];
};
constexpr uint64_t algorithmMagic = 0x7470634c74;
static_assert(sizeof(Algorithm) == sizeof(cublasLtMatmulAlgo_t));

inline Operation &of(cublasLtMatmulDesc_t handle) { return *reinterpret_cast<Operation *>(handle); }
inline Layout &of(cublasLtMatrixLayout_t handle) { return *reinterpret_cast<Layout *>(handle); }

int64_t elementSize(int32_t type);

/// The four matrices of a product.
struct Matrices {
  const Layout &a, &b, &c, &d;
};

/// Whether the library computes this at all: types, sizes, leading dimensions, epilogue.
cublasStatus_t checkProduct(const Operation &operation, const Matrices &matrices);

} // namespace tpc::fake_gpu
