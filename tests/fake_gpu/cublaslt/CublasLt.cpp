// A double of cuBLASLt: handles, heuristics, and products on the streams of the fake driver.
#include "tests/fake_gpu/cublaslt/Matmul.h"
#include "tests/fake_gpu/driver/FakeGpu.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <set>

using namespace tpc::fake_gpu;

struct cublasLtContext {};

namespace {

/// Bytes that the algorithms with a workspace ask for.
constexpr uint64_t largeWorkspace = 4 << 20;
/// What is proposed for products with a vector, and then not done: cuBLAS 13.5.1 has such.
constexpr uint64_t refusedAlgorithm = 4;

/// The alignment that layouts allow: of leading dimensions and strides, in bytes.
uint64_t alignmentOf(const Layout &layout) {
  auto bits = static_cast<uint64_t>(layout.lead * elementSize(layout.type)) | 256;
  if (layout.batch > 1)
    bits |= static_cast<uint64_t>(layout.stride * elementSize(layout.type));
  return bits & (~bits + 1);
}

bool addsBias(const Operation &operation) { return operation.epilogue & CUBLASLT_EPILOGUE_BIAS; }

/// That of a bias, whose place says it to heuristics (cublasLt.h at
/// CUBLASLT_MATMUL_DESC_BIAS_POINTER).
uint64_t biasAlignment(const Operation &operation) {
  auto bits = (addsBias(operation) ? reinterpret_cast<uint64_t>(operation.bias) : 0) | 256;
  return bits & (~bits + 1);
}

/// The narrowest of all operands, at most 16 bytes: what vector loads need.
uint64_t alignmentOf(const Matrices &m) {
  return std::min(
      {alignmentOf(m.a), alignmentOf(m.b), alignmentOf(m.c), alignmentOf(m.d), uint64_t{16}});
}

cublasStatus_t checkAlgorithm(const Algorithm &algorithm, const Matrices &m) {
  if (algorithm.magic != algorithmMagic)
    return CUBLAS_STATUS_INVALID_VALUE;
  return alignmentOf(m) >= algorithm.alignment ? CUBLAS_STATUS_SUCCESS
                                               : CUBLAS_STATUS_NOT_SUPPORTED;
}

double scalar(const void *value, int32_t type) {
  return type == CUDA_R_64F ? *static_cast<const double *>(value)
                            : static_cast<double>(*static_cast<const float *>(value));
}

bool isAligned(const void *data, uint64_t alignment) {
  return reinterpret_cast<uint64_t>(data) % alignment == 0;
}

/// Those that a program leaves behind, which it must if the GPU hangs, stay known: they are no
/// leak.
std::mutex handlesMutex;
std::set<cublasLtHandle_t> &handles() {
  static auto &all = *new std::set<cublasLtHandle_t>;
  return all;
}

} // namespace

size_t cublasLtGetVersion() { return CUBLAS_VERSION; }

const char *cublasLtGetStatusString(cublasStatus_t status) {
  switch (status) {
  case CUBLAS_STATUS_SUCCESS:
    return "CUBLAS_STATUS_SUCCESS";
  case CUBLAS_STATUS_NOT_INITIALIZED:
    return "CUBLAS_STATUS_NOT_INITIALIZED";
  case CUBLAS_STATUS_INVALID_VALUE:
    return "CUBLAS_STATUS_INVALID_VALUE";
  case CUBLAS_STATUS_NOT_SUPPORTED:
    return "CUBLAS_STATUS_NOT_SUPPORTED";
  case CUBLAS_STATUS_EXECUTION_FAILED:
    return "CUBLAS_STATUS_EXECUTION_FAILED";
  default:
    return "unknown cuBLAS status";
  }
}

cublasStatus_t cublasLtCreate(cublasLtHandle_t *handle) {
  CUcontext context = nullptr;
  if (cuCtxGetCurrent(&context) != CUDA_SUCCESS || !context)
    return CUBLAS_STATUS_NOT_INITIALIZED;
  int driver = 0;
  if (cuDriverGetVersion(&driver) != CUDA_SUCCESS || driver / 1000 < CUBLAS_VER_MAJOR)
    return CUBLAS_STATUS_NOT_INITIALIZED;
  *handle = new cublasLtContext;
  std::lock_guard lock(handlesMutex);
  handles().insert(*handle);
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t handle) {
  cuCtxSynchronize(); // as the documentation says
  std::lock_guard lock(handlesMutex);
  handles().erase(handle);
  delete handle;
  return CUBLAS_STATUS_SUCCESS;
}

cublasStatus_t cublasLtMatmulAlgoGetHeuristic(cublasLtHandle_t handle,
                                              cublasLtMatmulDesc_t operation,
                                              cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                              cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                              cublasLtMatmulPreference_t preferenceHandle,
                                              int wanted, cublasLtMatmulHeuristicResult_t results[],
                                              int *found) {
  *found = 0;
  if (!handle || wanted < 1)
    return CUBLAS_STATUS_INVALID_VALUE;
  const Preference &preference = *reinterpret_cast<Preference *>(preferenceHandle);
  Matrices m{of(a), of(b), of(c), of(d)};
  if (cublasStatus_t status = checkProduct(of(operation), m); status != CUBLAS_STATUS_SUCCESS)
    return status;
  // Sums that are cut are rounded before a bias is added, so nobody who counts on its being added
  // first lets them be cut.
  if (addsBias(of(operation)) && m.d.type == CUDA_R_16BF &&
      preference.reductions != CUBLASLT_REDUCTION_SCHEME_NONE)
    return CUBLAS_STATUS_NOT_SUPPORTED;
  uint64_t alignment = std::min({alignmentOf(m), biasAlignment(of(operation)),
                                 uint64_t{preference.alignA}, uint64_t{preference.alignB},
                                 uint64_t{preference.alignC}, uint64_t{preference.alignD}});
  auto propose = [&](uint64_t id, uint64_t needed, uint64_t workspace) {
    if (*found == wanted || needed > alignment || workspace > preference.workspace)
      return;
    Algorithm algorithm{algorithmMagic, id, needed, workspace, {}};
    cublasLtMatmulHeuristicResult_t &result = results[(*found)++];
    result = {};
    std::memcpy(&result.algo, &algorithm, sizeof algorithm);
    result.workspaceSize = workspace;
    result.state = CUBLAS_STATUS_SUCCESS;
    result.wavesCount = 1;
  };
  propose(1, 16, largeWorkspace);
  propose(2, 16, 0);
  propose(3, static_cast<uint64_t>(elementSize(m.a.type)), 0);
  if (m.d.rows == 1 || m.d.columns == 1)
    propose(refusedAlgorithm, static_cast<uint64_t>(elementSize(m.a.type)), 0);
  return *found ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

cublasStatus_t cublasLtMatmulAlgoCheck(cublasLtHandle_t handle, cublasLtMatmulDesc_t operation,
                                       cublasLtMatrixLayout_t a, cublasLtMatrixLayout_t b,
                                       cublasLtMatrixLayout_t c, cublasLtMatrixLayout_t d,
                                       const cublasLtMatmulAlgo_t *algo,
                                       cublasLtMatmulHeuristicResult_t *result) {
  if (!handle || !algo || !result)
    return CUBLAS_STATUS_INVALID_VALUE;
  Matrices m{of(a), of(b), of(c), of(d)};
  Algorithm algorithm;
  std::memcpy(&algorithm, algo, sizeof algorithm);
  cublasStatus_t status = checkProduct(of(operation), m);
  if (status == CUBLAS_STATUS_SUCCESS)
    status = checkAlgorithm(algorithm, m);
  *result = {};
  result->algo = *algo;
  result->workspaceSize = algorithm.workspace;
  result->state = status;
  return status;
}

cublasStatus_t cublasLtMatmul(cublasLtHandle_t handle, cublasLtMatmulDesc_t operation,
                              const void *alpha, const void *dataA, cublasLtMatrixLayout_t a,
                              const void *dataB, cublasLtMatrixLayout_t b, const void *beta,
                              const void *dataC, cublasLtMatrixLayout_t c, void *dataD,
                              cublasLtMatrixLayout_t d, const cublasLtMatmulAlgo_t *algo,
                              void *workspace, size_t workspaceBytes, cudaStream_t stream) {
  if (!handle || !alpha || !beta || (workspaceBytes && !workspace))
    return CUBLAS_STATUS_INVALID_VALUE;
  if (addsBias(of(operation)) && !of(operation).bias)
    return CUBLAS_STATUS_INVALID_VALUE;
  // In place with one layout alone, since CUDA 13.0 Update 2.
  if (dataC == dataD && c != d)
    return CUBLAS_STATUS_INVALID_VALUE;
  Matrices m{of(a), of(b), of(c), of(d)};
  if (cublasStatus_t status = checkProduct(of(operation), m); status != CUBLAS_STATUS_SUCCESS)
    return status;
  Algorithm algorithm{algorithmMagic, 0, 1, 0, {}}; // without one, any that asks for nothing
  if (algo) {
    std::memcpy(&algorithm, algo, sizeof algorithm);
    if (cublasStatus_t status = checkAlgorithm(algorithm, m); status != CUBLAS_STATUS_SUCCESS)
      return status;
    if (algorithm.id == refusedAlgorithm)
      return CUBLAS_STATUS_NOT_SUPPORTED;
  }
  Product product{of(operation),
                  m.a,
                  m.b,
                  m.c,
                  m.d,
                  scalar(alpha, of(operation).scale),
                  scalar(beta, of(operation).scale),
                  dataA,
                  dataB,
                  dataC,
                  dataD,
                  workspace,
                  algorithm};
  for (const void *data :
       {dataA, dataB, product.beta != 0 ? dataC : dataD, static_cast<const void *>(dataD)})
    if (!isAligned(data, algorithm.alignment))
      return CUBLAS_STATUS_INVALID_VALUE;
  if (biasAlignment(of(operation)) < algorithm.alignment)
    return CUBLAS_STATUS_INVALID_VALUE;
  // The library holds its users to this since CUDA 12.9 Update 1.
  if (algorithm.workspace > workspaceBytes || (workspaceBytes && !isAligned(workspace, 256)))
    return CUBLAS_STATUS_INVALID_VALUE;
  CUresult result = enqueue(reinterpret_cast<CUstream>(stream), "product",
                            [product] { return multiply(product); });
  return result == CUDA_SUCCESS ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_EXECUTION_FAILED;
}
