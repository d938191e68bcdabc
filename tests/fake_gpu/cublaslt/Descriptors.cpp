#include "tests/fake_gpu/cublaslt/Descriptors.h"

#include <cstring>
#include <memory>

using namespace tpc::fake_gpu;

namespace {

template <class T> cublasStatus_t set(T &field, const void *value, size_t bytes) {
  if (!value || bytes != sizeof(T))
    return CUBLAS_STATUS_INVALID_VALUE;
  std::memcpy(&field, value, bytes);
  return CUBLAS_STATUS_SUCCESS;
}

} // namespace

namespace tpc::fake_gpu {

int64_t elementSize(int32_t type) {
  return type == CUDA_R_64F ? 8 : type == CUDA_R_32F ? 4 : type == CUDA_R_16BF ? 2 : 0;
}

static bool typesAreKnown(const Operation &operation, const Matrices &m) {
  if (m.a.type != m.b.type || m.c.type != m.d.type)
    return false;
  switch (operation.compute) {
  case CUBLAS_COMPUTE_64F:
  case CUBLAS_COMPUTE_64F_PEDANTIC:
    return m.a.type == CUDA_R_64F && m.d.type == CUDA_R_64F && operation.scale == CUDA_R_64F;
  case CUBLAS_COMPUTE_32F_FAST_TF32:
    return m.a.type == CUDA_R_32F && m.d.type == CUDA_R_32F && operation.scale == CUDA_R_32F;
  case CUBLAS_COMPUTE_32F:
  case CUBLAS_COMPUTE_32F_PEDANTIC:
    return operation.scale == CUDA_R_32F &&
           ((m.a.type == CUDA_R_32F && m.d.type == CUDA_R_32F) ||
            (m.a.type == CUDA_R_16BF && (m.d.type == CUDA_R_16BF || m.d.type == CUDA_R_32F)));
  default:
    return false;
  }
}

cublasStatus_t checkProduct(const Operation &operation, const Matrices &m) {
  if (!typesAreKnown(operation, m) || operation.transC != CUBLAS_OP_N ||
      operation.pointerMode != CUBLASLT_POINTER_MODE_HOST)
    return CUBLAS_STATUS_NOT_SUPPORTED;
  for (const Layout *layout : {&m.a, &m.b, &m.c, &m.d}) {
    if (layout->order != CUBLASLT_ORDER_COL)
      return CUBLAS_STATUS_NOT_SUPPORTED;
    if (layout->rows == 0 || layout->columns == 0 ||
        layout->lead < static_cast<int64_t>(layout->rows) || layout->batch != m.d.batch)
      return CUBLAS_STATUS_INVALID_VALUE;
  }
  bool transA = operation.transA != CUBLAS_OP_N, transB = operation.transB != CUBLAS_OP_N;
  uint64_t rows = transA ? m.a.columns : m.a.rows, inner = transA ? m.a.rows : m.a.columns;
  uint64_t innerB = transB ? m.b.columns : m.b.rows, columns = transB ? m.b.rows : m.b.columns;
  if (rows != m.d.rows || columns != m.d.columns || inner != innerB || m.c.rows != m.d.rows ||
      m.c.columns != m.d.columns)
    return CUBLAS_STATUS_INVALID_VALUE;
  // The documentation lists these, and promises no algorithm for them: callers must do without.
  if (operation.compute == CUBLAS_COMPUTE_32F_PEDANTIC &&
      operation.epilogue != CUBLASLT_EPILOGUE_DEFAULT)
    return CUBLAS_STATUS_NOT_SUPPORTED;
  switch (operation.epilogue) {
  case CUBLASLT_EPILOGUE_DEFAULT:
  case CUBLASLT_EPILOGUE_RELU:
  case CUBLASLT_EPILOGUE_GELU:
    return CUBLAS_STATUS_SUCCESS;
  case CUBLASLT_EPILOGUE_BIAS:
  case CUBLASLT_EPILOGUE_RELU_BIAS:
  case CUBLASLT_EPILOGUE_GELU_BIAS:
  case CUBLASLT_EPILOGUE_GELU_AUX:
  case CUBLASLT_EPILOGUE_GELU_AUX_BIAS:
    return m.d.type == CUDA_R_64F ? CUBLAS_STATUS_NOT_SUPPORTED : CUBLAS_STATUS_SUCCESS;
  default:
    return CUBLAS_STATUS_NOT_SUPPORTED;
  }
}

} // namespace tpc::fake_gpu

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *handle, cublasComputeType_t compute,
                                        cudaDataType_t scale) {
  auto made = std::make_unique<Operation>();
  made->compute = compute;
  made->scale = scale;
  *handle = reinterpret_cast<cublasLtMatmulDesc_t>(made.release());
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t handle) {
  delete &of(handle);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t handle,
                                              cublasLtMatmulDescAttributes_t attribute,
                                              const void *value, size_t bytes) {
  Operation &operation = of(handle);
  switch (attribute) {
  case CUBLASLT_MATMUL_DESC_COMPUTE_TYPE:
    return set(operation.compute, value, bytes);
  case CUBLASLT_MATMUL_DESC_SCALE_TYPE:
    return set(operation.scale, value, bytes);
  case CUBLASLT_MATMUL_DESC_POINTER_MODE:
    return set(operation.pointerMode, value, bytes);
  case CUBLASLT_MATMUL_DESC_TRANSA:
    return set(operation.transA, value, bytes);
  case CUBLASLT_MATMUL_DESC_TRANSB:
    return set(operation.transB, value, bytes);
  case CUBLASLT_MATMUL_DESC_TRANSC:
    return set(operation.transC, value, bytes);
  case CUBLASLT_MATMUL_DESC_EPILOGUE:
    return set(operation.epilogue, value, bytes);
  case CUBLASLT_MATMUL_DESC_BIAS_POINTER:
    return set(operation.bias, value, bytes);
  case CUBLASLT_MATMUL_DESC_BIAS_BATCH_STRIDE:
    return set(operation.biasStride, value, bytes);
  case CUBLASLT_MATMUL_DESC_BIAS_DATA_TYPE:
    return set(operation.biasType, value, bytes);
  case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_POINTER:
    return set(operation.aux, value, bytes);
  case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_LD:
    return set(operation.auxLead, value, bytes);
  case CUBLASLT_MATMUL_DESC_EPILOGUE_AUX_BATCH_STRIDE:
    return set(operation.auxStride, value, bytes);
  default:
    return CUBLAS_STATUS_NOT_SUPPORTED;
  }
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *handle, cudaDataType type,
                                          uint64_t rows, uint64_t columns, int64_t lead) {
  *handle = reinterpret_cast<cublasLtMatrixLayout_t>(new Layout{type, rows, columns, lead});
  return elementSize(type) ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t handle) {
  delete &of(handle);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t handle,
                                                cublasLtMatrixLayoutAttribute_t attribute,
                                                const void *value, size_t bytes) {
  Layout &layout = of(handle);
  switch (attribute) {
  case CUBLASLT_MATRIX_LAYOUT_TYPE:
    return set(layout.type, value, bytes);
  case CUBLASLT_MATRIX_LAYOUT_ORDER:
    return set(layout.order, value, bytes);
  case CUBLASLT_MATRIX_LAYOUT_ROWS:
    return set(layout.rows, value, bytes);
  case CUBLASLT_MATRIX_LAYOUT_COLS:
    return set(layout.columns, value, bytes);
  case CUBLASLT_MATRIX_LAYOUT_LD:
    return set(layout.lead, value, bytes);
  case CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT:
    return set(layout.batch, value, bytes);
  case CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET:
    return set(layout.stride, value, bytes);
  default:
    return CUBLAS_STATUS_NOT_SUPPORTED;
  }
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *handle) {
  *handle = reinterpret_cast<cublasLtMatmulPreference_t>(new Preference);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t handle) {
  delete reinterpret_cast<Preference *>(handle);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t handle,
                                                    cublasLtMatmulPreferenceAttributes_t attribute,
                                                    const void *value, size_t bytes) {
  Preference &preference = *reinterpret_cast<Preference *>(handle);
  switch (attribute) {
  case CUBLASLT_MATMUL_PREF_SEARCH_MODE:
    return set(preference.searchMode, value, bytes);
  case CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES:
    return set(preference.workspace, value, bytes);
  case CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK:
    return set(preference.reductions, value, bytes);
  case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES:
    return set(preference.alignA, value, bytes);
  case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES:
    return set(preference.alignB, value, bytes);
  case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES:
    return set(preference.alignC, value, bytes);
  case CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES:
    return set(preference.alignD, value, bytes);
  default:
    return CUBLAS_STATUS_NOT_SUPPORTED;
  }
}
