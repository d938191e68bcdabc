#include "tests/fake_gpu/cublaslt/Matmul.h"

#include "runtime/device/cpu/CpuGemm.h"
#include "tests/fake_gpu/Half.h"
#include "tests/fake_gpu/driver/FakeGpu.h"

#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

namespace tpc::fake_gpu {
namespace {

ThreadPool &pool() {
  static ThreadPool pool(static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
  return pool;
}

DType dtypeOf(int32_t type) {
  return type == CUDA_R_64F ? DType::F64 : type == CUDA_R_16BF ? DType::BF16 : DType::F32;
}

double load(const void *data, int32_t type, int64_t i) {
  switch (type) {
  case CUDA_R_64F:
    return static_cast<const double *>(data)[i];
  case CUDA_R_16BF:
    return BrainHalf::widen(static_cast<const uint16_t *>(data)[i]);
  default:
    return static_cast<const float *>(data)[i];
  }
}

void store(void *data, int32_t type, int64_t i, double value) {
  if (type == CUDA_R_64F)
    static_cast<double *>(data)[i] = value;
  else if (type == CUDA_R_16BF)
    static_cast<uint16_t *>(data)[i] = toBrainHalf(static_cast<float>(value));
  else
    static_cast<float *>(data)[i] = static_cast<float>(value);
}

size_t extent(const Layout &layout) {
  int64_t elements = (layout.batch - 1) * layout.stride +
                     (static_cast<int64_t>(layout.columns) - 1) * layout.lead +
                     static_cast<int64_t>(layout.rows);
  return static_cast<size_t>(elements * elementSize(layout.type));
}

/// f32 operands with 10 bits of mantissa, nearest with ties away from zero.
std::vector<float> roundedToTf32(const void *data, const Layout &layout) {
  std::vector<float> copy(extent(layout) / sizeof(float));
  std::memcpy(copy.data(), data, copy.size() * sizeof(float));
  for (float &x : copy) {
    auto bits = std::bit_cast<uint32_t>(x);
    if (std::isfinite(x))
      x = std::bit_cast<float>((bits + 0x1000u) & ~0x1fffu);
  }
  return copy;
}

/// A column-major product is the row-major one of the transposes, in the other order.
GemmShape rowMajor(const Product &product) {
  const Operation &operation = product.operation;
  GemmShape shape{};
  shape.m = static_cast<int64_t>(product.d.columns);
  shape.n = static_cast<int64_t>(product.d.rows);
  shape.k =
      static_cast<int64_t>(operation.transA == CUBLAS_OP_N ? product.a.columns : product.a.rows);
  shape.batch = product.d.batch;
  shape.transposeA = operation.transB != CUBLAS_OP_N;
  shape.transposeB = operation.transA != CUBLAS_OP_N;
  shape.lda = product.b.lead;
  shape.ldb = product.a.lead;
  shape.ldc = product.d.lead;
  shape.strideA = product.b.stride;
  shape.strideB = product.a.stride;
  shape.strideC = product.d.stride;
  shape.dtype = dtypeOf(product.a.type);
  shape.resultDtype = dtypeOf(product.d.type);
  return shape;
}

std::string run(const GemmShape &shape, const void *a, const void *b, void *c) {
  size_t bytes = (cpuGemmWorkspace(shape) + 63) / 64 * 64 + 64;
  std::unique_ptr<void, decltype(&std::free)> workspace(std::aligned_alloc(64, bytes), std::free);
  return cpuGemm(pool(), shape, a, b, c, workspace.get()).message();
}

double gelu(double x) { // the form of cuBLASLt: tanh
  return 0.5 * x * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
}

/// D = epilogue(alpha sums + beta C), from sums of the computing type.
void finish(const Product &product, const void *sums, int32_t sumType) {
  const Operation &operation = product.operation;
  auto rows = static_cast<int64_t>(product.d.rows);
  auto columns = static_cast<int64_t>(product.d.columns);
  bool hasBias = operation.epilogue & CUBLASLT_EPILOGUE_BIAS;
  int32_t biasType = operation.biasType < 0 ? product.d.type : operation.biasType;
  for (int64_t batch = 0; batch < product.d.batch; ++batch)
    for (int64_t column = 0; column < columns; ++column)
      for (int64_t row = 0; row < rows; ++row) {
        double x = product.alpha * load(sums, sumType, (batch * columns + column) * rows + row);
        if (product.beta != 0)
          x += product.beta * load(product.dataC, product.c.type,
                                   batch * product.c.stride + column * product.c.lead + row);
        if (hasBias)
          x += load(operation.bias, biasType, batch * operation.biasStride + row);
        if ((operation.epilogue & CUBLASLT_EPILOGUE_GELU_AUX) == CUBLASLT_EPILOGUE_GELU_AUX)
          store(operation.aux, product.d.type,
                batch * operation.auxStride + column * operation.auxLead + row, x);
        if (operation.epilogue & CUBLASLT_EPILOGUE_RELU)
          x = x > 0 ? x : 0;
        if (operation.epilogue & CUBLASLT_EPILOGUE_GELU)
          x = gelu(x);
        store(product.dataD, product.d.type,
              batch * product.d.stride + column * product.d.lead + row, x);
      }
}

std::string checkOperands(const Product &product) {
  struct Named {
    const char *name;
    const void *data;
    const Layout &layout;
  };
  for (const Named &matrix :
       {Named{"A", product.dataA, product.a}, Named{"B", product.dataB, product.b},
        Named{"C", product.beta != 0 ? product.dataC : nullptr, product.c},
        Named{"D", product.dataD, product.d}}) {
    if (!matrix.data)
      continue;
    std::string wrong =
        checkMemory(reinterpret_cast<CUdeviceptr>(matrix.data), extent(matrix.layout));
    if (!wrong.empty())
      return std::string("matrix ") + matrix.name + ": " + wrong;
  }
  if (product.operation.epilogue & CUBLASLT_EPILOGUE_BIAS) {
    std::string wrong =
        checkMemory(reinterpret_cast<CUdeviceptr>(product.operation.bias),
                    product.d.rows * static_cast<size_t>(elementSize(product.d.type)));
    if (!wrong.empty())
      return "bias: " + wrong;
  }
  return product.algorithm.workspace ? checkMemory(reinterpret_cast<CUdeviceptr>(product.workspace),
                                                   product.algorithm.workspace)
                                     : std::string();
}

/// The same product with all operands where the host finds them.
Product onHost(const Product &product) {
  Product copy = product;
  auto view = [](auto *&data) {
    using Data = std::remove_reference_t<decltype(data)>;
    data = static_cast<Data>(hostView(reinterpret_cast<CUdeviceptr>(data)));
  };
  view(copy.dataA);
  view(copy.dataB);
  view(copy.dataC);
  view(copy.dataD);
  view(copy.workspace);
  view(copy.operation.bias);
  view(copy.operation.aux);
  return copy;
}

} // namespace

std::string multiply(const Product &enqueued) {
  if (std::string wrong = checkOperands(enqueued); !wrong.empty())
    return wrong;
  Product product = onHost(enqueued);
  // What a workspace holds is lost, and nobody may count on it.
  if (product.algorithm.workspace)
    std::memset(product.workspace, 0xff, product.algorithm.workspace);
  GemmShape shape = rowMajor(product);
  const void *a = product.dataB, *b = product.dataA;
  std::vector<float> roundedA, roundedB;
  if (product.operation.compute == CUBLAS_COMPUTE_32F_FAST_TF32) {
    roundedA = roundedToTf32(a, product.b);
    roundedB = roundedToTf32(b, product.a);
    a = roundedA.data();
    b = roundedB.data();
  }
  bool inPlace = product.beta == 0 || product.dataC == product.dataD;
  bool simple = product.alpha == 1 && (product.beta == 0 || product.beta == 1) && inPlace &&
                product.operation.epilogue == CUBLASLT_EPILOGUE_DEFAULT;
  if (simple) {
    shape.accumulate = product.beta == 1;
    return run(shape, a, b, product.dataD);
  }
  int32_t sumType = product.d.type == CUDA_R_64F ? CUDA_R_64F : CUDA_R_32F;
  shape.ldc = shape.n;
  shape.strideC = shape.m * shape.n;
  shape.resultDtype = dtypeOf(sumType);
  std::vector<double> sums(static_cast<size_t>(shape.batch * shape.strideC)); // of either type
  if (std::string wrong = run(shape, a, b, sums.data()); !wrong.empty())
    return wrong;
  finish(product, sums.data(), sumType);
  return {};
}

} // namespace tpc::fake_gpu
