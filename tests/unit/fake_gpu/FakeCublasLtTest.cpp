// The fake cuBLASLt multiplies as the real one is documented to, on the streams of the fake driver.
#include "tests/fake_gpu/driver/FakeGpu.h"

#include <cublasLt.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <vector>

namespace tpc::fake_gpu {
namespace {

/// One of f32, bf16 and f64.
double loadHost(const void *data, cudaDataType type, size_t i) {
  if (type == CUDA_R_64F)
    return static_cast<const double *>(data)[i];
  if (type == CUDA_R_32F)
    return static_cast<const float *>(data)[i];
  return std::bit_cast<float>(static_cast<uint32_t>(static_cast<const uint16_t *>(data)[i]) << 16);
}

/// Where the host finds what a pointer of the GPU points to.
void *view(const void *data) { return hostView(reinterpret_cast<CUdeviceptr>(data)); }
double load(const void *data, cudaDataType type, size_t i) { return loadHost(view(data), type, i); }

/// `value` has few bits, so that every type holds it.
void store(void *device, cudaDataType type, size_t i, double value) {
  void *data = view(device);
  if (type == CUDA_R_64F)
    static_cast<double *>(data)[i] = value;
  else if (type == CUDA_R_32F)
    static_cast<float *>(data)[i] = static_cast<float>(value);
  else
    static_cast<uint16_t *>(data)[i] =
        static_cast<uint16_t>(std::bit_cast<uint32_t>(static_cast<float>(value)) >> 16);
}

size_t sizeOf(cudaDataType type) { return type == CUDA_R_64F ? 8 : type == CUDA_R_32F ? 4 : 2; }

struct Case {
  cublasComputeType_t compute = CUBLAS_COMPUTE_32F_PEDANTIC;
  cudaDataType in = CUDA_R_32F, out = CUDA_R_32F;
  bool transA = false, transB = false;
  int m = 24, n = 17, k = 40, batch = 1;
  int pad = 8; ///< of every leading dimension
  double alpha = 1, beta = 0;
  uint32_t epilogue = CUBLASLT_EPILOGUE_DEFAULT;
};

class FakeCublasLt : public testing::Test {
protected:
  void SetUp() override {
    ASSERT_EQ(cuInit(0), CUDA_SUCCESS);
    reset();
    CUcontext context = nullptr;
    ASSERT_EQ(cuDevicePrimaryCtxRetain(&context, 0), CUDA_SUCCESS);
    ASSERT_EQ(cuCtxSetCurrent(context), CUDA_SUCCESS);
    ASSERT_EQ(cuStreamCreate(&stream_, CU_STREAM_NON_BLOCKING), CUDA_SUCCESS);
    ASSERT_EQ(cublasLtCreate(&handle_), CUBLAS_STATUS_SUCCESS);
  }
  void TearDown() override {
    reset();
    cublasLtDestroy(handle_);
    for (CUdeviceptr address : allocations_)
      cuMemFree(address);
    cuStreamDestroy(stream_);
    cuDevicePrimaryCtxRelease(0);
    takeReports();
  }

  void *allocate(size_t bytes) {
    CUdeviceptr address = 0;
    EXPECT_EQ(cuMemAlloc(&address, bytes), CUDA_SUCCESS);
    allocations_.push_back(address);
    return reinterpret_cast<void *>(address);
  }

  /// A matrix of small multiples of 1/4.
  void *filled(cudaDataType type, size_t elements, unsigned seed) {
    void *data = allocate(elements * sizeOf(type));
    for (size_t i = 0; i < elements; ++i)
      store(data, type, i, static_cast<double>((i * 7 + seed) % 13) / 4 - 1.5);
    return data;
  }

  cublasLtMatrixLayout_t layout(cudaDataType type, int rows, int columns, const Case &c) {
    cublasLtMatrixLayout_t made = nullptr;
    EXPECT_EQ(cublasLtMatrixLayoutCreate(&made, type, rows, columns, rows + c.pad),
              CUBLAS_STATUS_SUCCESS);
    int32_t batch = c.batch;
    int64_t stride = int64_t{rows + c.pad} * columns;
    cublasLtMatrixLayoutSetAttribute(made, CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, &batch,
                                     sizeof batch);
    cublasLtMatrixLayoutSetAttribute(made, CUBLASLT_MATRIX_LAYOUT_STRIDED_BATCH_OFFSET, &stride,
                                     sizeof stride);
    layouts_.push_back(made);
    return made;
  }

  /// Computes and compares all elements of D.
  void expectProduct(const Case &c) {
    int aRows = c.transA ? c.k : c.m, aColumns = c.transA ? c.m : c.k;
    int bRows = c.transB ? c.n : c.k, bColumns = c.transB ? c.k : c.n;
    auto elements = [&](int rows, int columns) {
      return static_cast<size_t>(rows + c.pad) * columns * c.batch;
    };
    void *a = filled(c.in, elements(aRows, aColumns), 1);
    void *b = filled(c.in, elements(bRows, bColumns), 5);
    void *d = filled(c.out, elements(c.m, c.n), 3);
    void *bias = filled(c.out, static_cast<size_t>(c.m), 2);
    std::vector<char> before(elements(c.m, c.n) * sizeOf(c.out));
    std::memcpy(before.data(), view(d), before.size());

    cublasLtMatmulDesc_t operation = nullptr;
    cudaDataType scale = c.in == CUDA_R_64F ? CUDA_R_64F : CUDA_R_32F;
    ASSERT_EQ(cublasLtMatmulDescCreate(&operation, c.compute, scale), CUBLAS_STATUS_SUCCESS);
    auto set = [&](cublasLtMatmulDescAttributes_t attribute, auto value) {
      ASSERT_EQ(cublasLtMatmulDescSetAttribute(operation, attribute, &value, sizeof value),
                CUBLAS_STATUS_SUCCESS);
    };
    set(CUBLASLT_MATMUL_DESC_TRANSA, c.transA ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_TRANSB, c.transB ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_EPILOGUE, c.epilogue);
    set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias);
    auto la = layout(c.in, aRows, aColumns, c), lb = layout(c.in, bRows, bColumns, c),
         ld = layout(c.out, c.m, c.n, c);
    float alphaFloat = static_cast<float>(c.alpha), betaFloat = static_cast<float>(c.beta);
    bool isDouble = scale == CUDA_R_64F;
    ASSERT_EQ(cublasLtMatmul(handle_, operation,
                             isDouble ? static_cast<const void *>(&c.alpha) : &alphaFloat, a, la, b,
                             lb, isDouble ? static_cast<const void *>(&c.beta) : &betaFloat, d, ld,
                             d, ld, nullptr, nullptr, 0, reinterpret_cast<cudaStream_t>(stream_)),
              CUBLAS_STATUS_SUCCESS);
    cublasLtMatmulDescDestroy(operation); // enqueued work has what it needs
    for (cublasLtMatrixLayout_t made : layouts_)
      cublasLtMatrixLayoutDestroy(made);
    layouts_.clear();
    EXPECT_EQ(std::memcmp(before.data(), view(d), before.size()), 0)
        << "it ran before anybody waited";
    ASSERT_EQ(cuStreamSynchronize(stream_), CUDA_SUCCESS);

    double unit = c.out == CUDA_R_16BF ? 0x1p-8 : c.out == CUDA_R_32F ? 0x1p-22 : 0x1p-50;
    for (int batch = 0; batch < c.batch; ++batch)
      for (int column = 0; column < c.n; ++column)
        for (int row = 0; row < c.m + c.pad; ++row) {
          size_t i = (static_cast<size_t>(batch) * c.n + column) * (c.m + c.pad) + row;
          double old = loadHost(before.data(), c.out, i);
          if (row >= c.m) {
            ASSERT_EQ(load(d, c.out, i), old) << "outside of the matrix";
            continue;
          }
          double x = 0;
          for (int k = 0; k < c.k; ++k) {
            size_t ia = static_cast<size_t>(batch) * (aRows + c.pad) * aColumns +
                        static_cast<size_t>(c.transA ? row : k) * (aRows + c.pad) +
                        static_cast<size_t>(c.transA ? k : row);
            size_t ib = static_cast<size_t>(batch) * (bRows + c.pad) * bColumns +
                        static_cast<size_t>(c.transB ? k : column) * (bRows + c.pad) +
                        static_cast<size_t>(c.transB ? column : k);
            x += load(a, c.in, ia) * load(b, c.in, ib);
          }
          x = c.alpha * x + c.beta * old;
          if (c.epilogue & CUBLASLT_EPILOGUE_BIAS)
            x += load(bias, c.out, static_cast<size_t>(row));
          if (c.epilogue & CUBLASLT_EPILOGUE_GELU)
            x = 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
          ASSERT_NEAR(load(d, c.out, i), x, unit * std::max(1.0, std::fabs(x)))
              << row << ", " << column;
        }
  }

  CUstream stream_ = nullptr;
  cublasLtHandle_t handle_ = nullptr;
  std::vector<CUdeviceptr> allocations_;
  std::vector<cublasLtMatrixLayout_t> layouts_;
};

TEST_F(FakeCublasLt, MultipliesAllTypesAndTransposes) {
  for (bool transA : {false, true})
    for (bool transB : {false, true}) {
      Case c;
      c.transA = transA;
      c.transB = transB;
      expectProduct(c);
      c.compute = CUBLAS_COMPUTE_32F_FAST_TF32; // the operands have few bits
      expectProduct(c);
      c.compute = CUBLAS_COMPUTE_32F;
      c.in = c.out = CUDA_R_16BF;
      expectProduct(c);
      c.out = CUDA_R_32F;
      expectProduct(c);
      c.in = c.out = CUDA_R_64F;
      c.compute = CUBLAS_COMPUTE_64F;
      expectProduct(c);
    }
}

TEST_F(FakeCublasLt, AccumulatesAndScales) {
  Case c;
  c.beta = 1;
  expectProduct(c);
  c.alpha = -0.5;
  c.beta = 2;
  expectProduct(c);
  c.compute = CUBLAS_COMPUTE_32F;
  c.in = CUDA_R_16BF;
  expectProduct(c);
}

TEST_F(FakeCublasLt, MultipliesBatches) {
  Case c;
  c.batch = 3;
  c.transA = true;
  expectProduct(c);
  c.compute = CUBLAS_COMPUTE_32F;
  c.epilogue = CUBLASLT_EPILOGUE_BIAS;
  expectProduct(c);
}

TEST_F(FakeCublasLt, AddsBiasAndGelu) {
  for (uint32_t epilogue :
       {CUBLASLT_EPILOGUE_BIAS, CUBLASLT_EPILOGUE_GELU, CUBLASLT_EPILOGUE_GELU_BIAS}) {
    Case c;
    c.compute = CUBLAS_COMPUTE_32F;
    c.epilogue = epilogue;
    expectProduct(c);
    c.in = c.out = CUDA_R_16BF;
    c.beta = 1;
    expectProduct(c);
  }
}

/// A plain product of 64 x 64 f32 matrices with what may be wrong about it.
struct Plain {
  cublasLtMatmulDesc_t operation = nullptr;
  cublasLtMatrixLayout_t layout = nullptr;
  explicit Plain(int64_t lead, cudaDataType type = CUDA_R_32F) {
    cublasLtMatmulDescCreate(&operation, CUBLAS_COMPUTE_32F, CUDA_R_32F);
    cublasLtMatrixLayoutCreate(&layout, type, 64, 64, lead);
  }
  ~Plain() {
    cublasLtMatmulDescDestroy(operation);
    cublasLtMatrixLayoutDestroy(layout);
  }
  cublasStatus_t run(cublasLtHandle_t handle, CUstream stream, void *data, void *result,
                     const cublasLtMatmulAlgo_t *algo = nullptr, void *workspace = nullptr,
                     size_t bytes = 0) const {
    float one = 1, zero = 0;
    return cublasLtMatmul(handle, operation, &one, data, layout, data, layout, &zero, result,
                          layout, result, layout, algo, workspace, bytes,
                          reinterpret_cast<cudaStream_t>(stream));
  }
  std::vector<cublasLtMatmulHeuristicResult_t>
  proposals(cublasLtHandle_t handle, uint64_t workspace, uint32_t alignment = 256) const {
    cublasLtMatmulPreference_t preference = nullptr;
    cublasLtMatmulPreferenceCreate(&preference);
    cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
                                         &workspace, sizeof workspace);
    cublasLtMatmulPreferenceSetAttribute(preference, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES,
                                         &alignment, sizeof alignment);
    std::vector<cublasLtMatmulHeuristicResult_t> results(8);
    int found = 0;
    cublasLtMatmulAlgoGetHeuristic(handle, operation, layout, layout, layout, layout, preference, 8,
                                   results.data(), &found);
    cublasLtMatmulPreferenceDestroy(preference);
    results.resize(static_cast<size_t>(found));
    return results;
  }
};

TEST_F(FakeCublasLt, ChecksShapesAndTypes) {
  void *data = filled(CUDA_R_32F, 64 * 64, 1), *result = filled(CUDA_R_32F, 64 * 64, 1);
  EXPECT_EQ(Plain(64).run(handle_, stream_, data, result), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(Plain(63).run(handle_, stream_, data, result), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(Plain(64, CUDA_R_64F).run(handle_, stream_, data, result), CUBLAS_STATUS_NOT_SUPPORTED);
}

TEST_F(FakeCublasLt, ProposesWhatWorkspaceAndAlignmentAllow) {
  EXPECT_EQ(Plain(64).proposals(handle_, 32 << 20).size(), 3u);
  EXPECT_EQ(Plain(64).proposals(handle_, 1 << 20).size(), 2u);
  EXPECT_EQ(Plain(65).proposals(handle_, 32 << 20).size(), 1u);
  EXPECT_EQ(Plain(64).proposals(handle_, 32 << 20, 4).size(), 1u);
}

TEST_F(FakeCublasLt, HoldsAlgorithmsToTheirNeeds) {
  void *data = filled(CUDA_R_32F, 64 * 64 + 1, 1), *result = filled(CUDA_R_32F, 64 * 64, 1);
  Plain product(64);
  auto proposals = product.proposals(handle_, 32 << 20);
  ASSERT_EQ(proposals.size(), 3u);
  size_t bytes = proposals[0].workspaceSize;
  ASSERT_GT(bytes, 0u);
  auto *workspace = static_cast<char *>(allocate(bytes));
  std::memset(view(workspace), 0, bytes);
  EXPECT_EQ(product.run(handle_, stream_, data, result, &proposals[0].algo, workspace, bytes - 1),
            CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(product.run(handle_, stream_, data, result, &proposals[0].algo, workspace + 128, bytes),
            CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(product.run(handle_, stream_, data, result, &proposals[0].algo, workspace, bytes),
            CUBLAS_STATUS_SUCCESS);
  ASSERT_EQ(cuStreamSynchronize(stream_), CUDA_SUCCESS);
  EXPECT_EQ(static_cast<char *>(view(workspace))[bytes - 1], char(0xff))
      << "what a workspace holds is lost";
  void *odd = static_cast<float *>(data) + 1;
  EXPECT_EQ(product.run(handle_, stream_, odd, result, &proposals[1].algo),
            CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(product.run(handle_, stream_, odd, result, &proposals[2].algo), CUBLAS_STATUS_SUCCESS);
  cublasLtMatmulHeuristicResult_t checked;
  Plain unaligned(65);
  EXPECT_EQ(cublasLtMatmulAlgoCheck(handle_, unaligned.operation, unaligned.layout,
                                    unaligned.layout, unaligned.layout, unaligned.layout,
                                    &proposals[0].algo, &checked),
            CUBLAS_STATUS_NOT_SUPPORTED);
  cublasLtMatmulAlgo_t garbage = {};
  EXPECT_EQ(product.run(handle_, stream_, data, result, &garbage), CUBLAS_STATUS_INVALID_VALUE);
}

TEST_F(FakeCublasLt, WantsTheMemoryThatItWasPromised) {
  void *data = filled(CUDA_R_32F, 64 * 64, 1), *result = filled(CUDA_R_32F, 64 * 64, 1);
  Plain product(64);
  EXPECT_EQ(product.run(handle_, stream_, data, result, nullptr, nullptr, 256),
            CUBLAS_STATUS_INVALID_VALUE);
  uint32_t epilogue = CUBLASLT_EPILOGUE_BIAS;
  cublasLtMatmulDescSetAttribute(product.operation, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue,
                                 sizeof epilogue);
  EXPECT_EQ(product.run(handle_, stream_, data, result), CUBLAS_STATUS_INVALID_VALUE);
}

TEST_F(FakeCublasLt, HoldsAlgorithmsToTheBiasTheyWereChosenFor) {
  void *data = filled(CUDA_R_32F, 64 * 64, 1), *result = filled(CUDA_R_32F, 64 * 64, 1);
  auto *bias = static_cast<float *>(filled(CUDA_R_32F, 65, 2)), *odd = bias + 1;
  Plain product(64);
  uint32_t epilogue = CUBLASLT_EPILOGUE_BIAS;
  cublasLtMatmulDescSetAttribute(product.operation, CUBLASLT_MATMUL_DESC_EPILOGUE, &epilogue,
                                 sizeof epilogue);
  auto put = [&](const float *place) {
    cublasLtMatmulDescSetAttribute(product.operation, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &place,
                                   sizeof place);
  };
  put(bias);
  auto wide = product.proposals(handle_, 0);
  ASSERT_EQ(wide.size(), 2u);
  put(odd);
  auto narrow = product.proposals(handle_, 0);
  ASSERT_EQ(narrow.size(), 1u);
  EXPECT_EQ(product.run(handle_, stream_, data, result, &wide[0].algo),
            CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(product.run(handle_, stream_, data, result, &narrow[0].algo), CUBLAS_STATUS_SUCCESS);
}

TEST_F(FakeCublasLt, InPlaceMeansOneLayout) {
  void *data = filled(CUDA_R_32F, 64 * 64, 1), *result = filled(CUDA_R_32F, 64 * 64, 1);
  Plain product(64), other(64);
  float one = 1;
  auto accumulate = [&](const void *c) {
    return cublasLtMatmul(handle_, product.operation, &one, data, product.layout, data,
                          product.layout, &one, c, other.layout, result, product.layout, nullptr,
                          nullptr, 0, reinterpret_cast<cudaStream_t>(stream_));
  };
  EXPECT_EQ(accumulate(result), CUBLAS_STATUS_INVALID_VALUE);
  EXPECT_EQ(accumulate(data), CUBLAS_STATUS_SUCCESS);
}

TEST_F(FakeCublasLt, WaitsForTheGpuWhenAHandleGoes) {
  void *data = filled(CUDA_R_32F, 64 * 64, 1), *result = filled(CUDA_R_32F, 64 * 64, 1);
  cublasLtHandle_t other = nullptr;
  ASSERT_EQ(cublasLtCreate(&other), CUBLAS_STATUS_SUCCESS);
  ASSERT_EQ(Plain(64).run(handle_, stream_, data, result), CUBLAS_STATUS_SUCCESS);
  EXPECT_FALSE(inUse().isIdle);
  EXPECT_EQ(cublasLtDestroy(other), CUBLAS_STATUS_SUCCESS);
  EXPECT_TRUE(inUse().isIdle);
}

TEST_F(FakeCublasLt, FindsWhatIsNotAllocated) {
  void *data = filled(CUDA_R_32F, 64 * 64, 1), *small = filled(CUDA_R_32F, 64 * 64 - 1, 1);
  ASSERT_EQ(Plain(64).run(handle_, stream_, data, small), CUBLAS_STATUS_SUCCESS);
  EXPECT_EQ(cuStreamSynchronize(stream_), CUDA_ERROR_ILLEGAL_ADDRESS);
  EXPECT_EQ(Plain(64).run(handle_, stream_, data, data), CUBLAS_STATUS_EXECUTION_FAILED);
}

TEST_F(FakeCublasLt, IsCapturedAndReplayed) {
  void *data = filled(CUDA_R_32F, 64 * 64, 1);
  void *result = filled(CUDA_R_32F, 64 * 64, 1);
  ASSERT_EQ(cuStreamBeginCapture(stream_, CU_STREAM_CAPTURE_MODE_GLOBAL), CUDA_SUCCESS);
  {
    Plain product(64);
    ASSERT_EQ(product.run(handle_, stream_, data, result), CUBLAS_STATUS_SUCCESS);
  }
  CUgraph graph = nullptr;
  CUgraphExec exec = nullptr;
  ASSERT_EQ(cuStreamEndCapture(stream_, &graph), CUDA_SUCCESS);
  ASSERT_EQ(cuGraphInstantiate(&exec, graph, 0), CUDA_SUCCESS);
  for (int i = 0; i < 2; ++i) {
    store(result, CUDA_R_32F, 5, NAN);
    ASSERT_EQ(cuGraphLaunch(exec, stream_), CUDA_SUCCESS);
    ASSERT_EQ(cuStreamSynchronize(stream_), CUDA_SUCCESS);
    EXPECT_TRUE(std::isfinite(load(result, CUDA_R_32F, 5)));
  }
  cuGraphExecDestroy(exec);
  cuGraphDestroy(graph);
}

} // namespace
} // namespace tpc::fake_gpu
