//===- Gemm.cpp - Matrix products against a naive product in float64 -----------------------===//
#include "runtime/device/cpu/GemmKernels.h"
#include "tests/conformance/device/DeviceTest.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <random>
#include <thread>

namespace tpc {
namespace {

/// What a plan for cuda gives, or less: it only bounds what the library may choose.
constexpr size_t kGpuWorkspace = size_t(1) << 20;

/// On a cache line, and full of NaN: it has no meaning before.
class PoisonedWorkspace {
public:
  explicit PoisonedWorkspace(const GemmShape &shape, size_t bytes = 0)
      : bytes_((bytes ? bytes : cpuGemmWorkspace(shape)) + 64, 0xff) {}
  Workspace whole() {
    auto address = reinterpret_cast<uintptr_t>(bytes_.data());
    return {reinterpret_cast<void *>((address + 63) / 64 * 64), bytes_.size() - 64};
  }

private:
  std::vector<uint8_t> bytes_;
};

/// Operands of the shape's types with random contents; leading dimensions and strides have gaps.
struct GemmTest {
  GemmShape shape;
  Tensor a, b, c, bias;
  std::vector<double> expected, magnitude;

  GemmTest(GemmShape s, int gap) : shape(s) {
    int64_t rowsA = s.transposeA ? s.k : s.m, columnsA = s.transposeA ? s.m : s.k;
    int64_t rowsB = s.transposeB ? s.n : s.k, columnsB = s.transposeB ? s.k : s.n;
    shape.lda = columnsA + gap;
    shape.ldb = columnsB + 2 * gap;
    shape.ldc = s.n + 3 * gap;
    shape.strideA = rowsA * shape.lda + gap;
    shape.strideB = rowsB * shape.ldb + gap;
    shape.strideC = s.m * shape.ldc + gap;
    a = Tensor::random(s.dtype, s.batch * shape.strideA, 1);
    b = Tensor::random(s.dtype, s.batch * shape.strideB, 2);
    c = Tensor::random(s.resultDtype, s.batch * shape.strideC, 3);
    bias = Tensor::random(s.resultDtype, s.n, 4);
    if (!s.accumulate)
      c.set(0, std::nan("")); // must not survive
    compute();
  }

  void compute() {
    const GemmShape &s = shape;
    expected = c.values();
    magnitude.assign(expected.size(), 0);
    std::vector<double> valuesA = a.values(), valuesB = b.values();
    for (int64_t batch = 0; batch < s.batch; ++batch)
      for (int64_t i = 0; i < s.m; ++i)
        for (int64_t j = 0; j < s.n; ++j) {
          int64_t at = batch * s.strideC + i * s.ldc + j;
          double sum = s.accumulate ? expected[at] : s.bias ? bias.get(j) : 0, size = std::abs(sum);
          for (int64_t k = 0; k < s.k; ++k) {
            double left =
                valuesA[batch * s.strideA + (s.transposeA ? k * s.lda + i : i * s.lda + k)];
            double right =
                valuesB[batch * s.strideB + (s.transposeB ? j * s.ldb + k : k * s.ldb + j)];
            sum += left * right;
            size += std::abs(left * right);
          }
          expected[at] = sum;
          magnitude[at] = size;
        }
  }

  Status run(Device &device, Tensor &result) {
    OnDevice memory(device);
    PoisonedWorkspace poisoned(shape, device.isHostMemory() ? 0 : kGpuWorkspace);
    Workspace workspace = poisoned.whole();
    workspace.data = memory.give(workspace.data, workspace.bytes);
    TPC_RETURN_IF_ERROR(device.gemm(device.stream(0), shape,
                                    {memory.give(a), memory.give(b), memory.give(result),
                                     shape.bias ? memory.give(bias) : nullptr},
                                    workspace));
    return memory.take();
  }

  void check(int threads, DeviceKind kind = DeviceKind::Cpu) {
    Tensor result = c;
    Status status = run(*makeDevice(kind, threads), result);
    ASSERT_TRUE(status.ok()) << status.message();
    std::vector<double> got = result.values();
    double unit = shape.dtype == DType::F64 ? 0x1p-53 : 0x1p-24;
    double rounding = shape.resultDtype == DType::BF16 ? 0x1p-8 : 0;
    for (size_t i = 0; i < got.size(); ++i) {
      double bound = (shape.k + 2) * unit * magnitude[i] + rounding * std::abs(expected[i]);
      ASSERT_LE(std::abs(got[i] - expected[i]), bound) << "element " << i;
    }
  }

  std::vector<uint8_t> bytes(int threads, DeviceKind kind = DeviceKind::Cpu) {
    Tensor result = c;
    EXPECT_TRUE(run(*makeDevice(kind, threads), result).ok());
    return result.bytes();
  }
};

/// Of the operands and of the result.
struct GemmTypes {
  DType operands, result;
};

GemmShape shapeOf(int64_t m, int64_t n, int64_t k, int flags, GemmTypes types, int64_t batch = 1) {
  GemmShape shape{};
  shape.m = m;
  shape.n = n;
  shape.k = k;
  shape.batch = batch;
  shape.transposeA = flags & 1;
  shape.transposeB = flags & 2;
  shape.accumulate = flags & 4;
  shape.dtype = types.operands;
  shape.resultDtype = types.result;
  return shape;
}

class GemmOfType : public testing::TestWithParam<std::tuple<DeviceKind, GemmTypes>> {
protected:
  void SetUp() override { TPC_SKIP_WITHOUT(kind()); }
  DeviceKind kind() const { return std::get<0>(GetParam()); }
  GemmTypes types() const { return std::get<1>(GetParam()); }
};

TEST_P(GemmOfType, OddShapesTransposesAndStrides) {
  for (int flags = 0; flags < 8; ++flags)
    for (int64_t extent : {1, 7, 33})
      for (int gap : {0, 3}) {
        SCOPED_TRACE(testing::Message() << "flags " << flags << " extent " << extent);
        GemmTest(shapeOf(extent, 2 * extent + 1, extent + 4, flags, types()), gap).check(2, kind());
      }
}

TEST_P(GemmOfType, Batches) {
  for (int flags = 0; flags < 8; ++flags)
    GemmTest(shapeOf(17, 19, 23, flags, types(), 5), 1).check(2, kind());
}

/// Along the columns, before the sum is rounded; a product without one keeps its own algorithm.
TEST_P(GemmOfType, AddsABias) {
  if (types().operands == DType::F64)
    GTEST_SKIP() << "cuBLASLt adds none in f64, and no plan asks for it";
  for (int flags = 0; flags < 4; ++flags)
    for (auto [m, n, k] : {std::array<int64_t, 3>{1, 1, 1}, {7, 33, 12}, {64, 48, 300}}) {
      SCOPED_TRACE(testing::Message() << "flags " << flags << " m " << m);
      GemmShape shape = shapeOf(m, n, k, flags, types());
      shape.bias = true;
      GemmTest test(shape, 2);
      if (kind() == DeviceKind::Cuda)
        test.check(2, kind());
      else
        EXPECT_FALSE(test.run(*makeDevice(kind(), 1), test.c).ok()) << "a kernel adds it there";
    }
}

TEST_P(GemmOfType, EmptySumIsZeroOrWhatWasThere) {
  if (kind() == DeviceKind::Cuda)
    GTEST_SKIP() << "cuBLASLt refuses it, and no plan has one";
  GemmTest(shapeOf(3, 4, 0, 0, types(), 2), 1).check(1, kind());
  GemmTest(shapeOf(3, 4, 0, 4, types(), 2), 1).check(1, kind());
}

TEST_P(GemmOfType, LongSums) { GemmTest(shapeOf(5, 6, 2500, 4, types()), 0).check(1, kind()); }

TEST_P(GemmOfType, SameBitsForAnyNumberOfThreads) {
  for (int flags : {0, 1, 2, 4}) {
    GemmTest test(shapeOf(300, 520, 130, flags, types()), 0);
    std::vector<uint8_t> one = test.bytes(1, kind());
    EXPECT_EQ(one, test.bytes(2, kind()));
    EXPECT_EQ(one, test.bytes(3, kind()));
  }
}

TEST_P(GemmOfType, ManyTiles) { GemmTest(shapeOf(300, 520, 130, 2, types()), 5).check(3, kind()); }

constexpr GemmTypes kF32{DType::F32, DType::F32}, kF64{DType::F64, DType::F64};
constexpr GemmTypes kBF16ToF32{DType::BF16, DType::F32}, kBF16{DType::BF16, DType::BF16};

std::string typesName(const testing::TestParamInfo<std::tuple<DeviceKind, GemmTypes>> &info) {
  constexpr const char *names[] = {"F32", "F64", "BF16ToF32", "BF16"};
  return nameOf(std::get<0>(info.param)) + std::string(names[info.index % 4]);
}
INSTANTIATE_TEST_SUITE_P(Devices, GemmOfType,
                         testing::Combine(testing::Values(DeviceKind::Cpu, DeviceKind::Cuda),
                                          testing::Values(kF32, kF64, kBF16ToF32, kBF16)),
                         typesName);

/// The sum is rounded once: a result in bf16 is that in f32, rounded.
TEST(Gemm, BF16IsRoundedOnce) {
  for (int flags = 0; flags < 4; ++flags)
    for (int64_t extent : {1, 31, 257}) {
      GemmTest wide(shapeOf(extent, extent + 6, 3 * extent, flags, kBF16ToF32), 2);
      GemmTest narrow(shapeOf(extent, extent + 6, 3 * extent, flags, kBF16), 2);
      std::vector<uint8_t> sums = wide.bytes(2), rounded = narrow.bytes(2);
      const auto *sum = reinterpret_cast<const float *>(sums.data());
      const auto *result = reinterpret_cast<const uint16_t *>(rounded.data());
      for (int64_t i = 0; i < extent; ++i)
        for (int64_t j = 0; j < extent + 6; ++j) {
          int64_t at = i * wide.shape.ldc + j;
          ASSERT_EQ(result[at], floatToBfloat16(sum[at])) << "element " << at;
        }
    }
}

/// 257 has too many bits for bf16, and 257 - 256 has not.
TEST(Gemm, ABiasIsAddedBeforeTheRounding) {
  TPC_SKIP_WITHOUT(DeviceKind::Cuda);
  GemmShape shape = shapeOf(16, 16, 2, 2, kBF16);
  shape.bias = true;
  GemmTest test(shape, 0);
  for (int64_t i = 0; i < 16; ++i) {
    test.a.set(2 * i, 256);
    test.a.set(2 * i + 1, 1);
    test.b.set(2 * i, 1);
    test.b.set(2 * i + 1, 1);
    test.bias.set(i, -256);
  }
  Tensor result = test.c;
  Status status = test.run(*makeDevice(DeviceKind::Cuda, 1), result);
  ASSERT_TRUE(status.ok()) << status.message();
  EXPECT_EQ(result.values(), std::vector<double>(256, 1));
}

/// One product, with a bias at another place each time.
TEST(Gemm, EveryCallHasItsOwnBias) {
  TPC_SKIP_WITHOUT(DeviceKind::Cuda);
  GemmShape shape = shapeOf(8, 16, 32, 2, kF32);
  shape.bias = true;
  GemmTest first(shape, 0), second = first;
  second.bias = Tensor::random(DType::F32, 16, 9);
  second.compute();
  auto device = makeDevice(DeviceKind::Cuda, 1);
  OnDevice memory(*device);
  std::vector<uint8_t> scratch(kGpuWorkspace);
  Workspace workspace{memory.give(scratch.data(), scratch.size()), scratch.size()};
  void *a = memory.give(first.a), *b = memory.give(first.b);
  Tensor results[] = {first.c, second.c};
  GemmTest *tests[] = {&first, &second};
  for (int i : {0, 1}) {
    Status status =
        device->gemm(device->stream(0), first.shape,
                     {a, b, memory.give(results[i]), memory.give(tests[i]->bias)}, workspace);
    ASSERT_TRUE(status.ok()) << status.message();
  }
  ASSERT_TRUE(memory.take().ok());
  for (int i : {0, 1})
    for (size_t at = 0; at < tests[i]->expected.size(); ++at)
      ASSERT_NEAR(results[i].values()[at], tests[i]->expected[at],
                  34 * 0x1p-24 * tests[i]->magnitude[at]);
}

TEST(Gemm, KeepsNaNAndInfinityOfBF16) {
  for (GemmTypes types : {kBF16ToF32, kBF16}) {
    GemmTest test(shapeOf(3, 5, 7, 0, types), 0);
    test.a.set(0 * 7 + 2, std::nan(""));
    test.a.set(1 * 7 + 3, INFINITY);
    for (int64_t j = 0; j < 5; ++j)
      test.b.set(3 * 5 + j, 1);
    std::vector<uint8_t> bytes = test.bytes(1);
    for (int64_t j = 0; j < 5; ++j) {
      auto at = [&](int64_t row) {
        size_t i = row * 5 + j;
        return types.result == DType::F32
                   ? reinterpret_cast<const float *>(bytes.data())[i]
                   : bfloat16ToFloat(reinterpret_cast<const uint16_t *>(bytes.data())[i]);
      };
      EXPECT_TRUE(std::isnan(at(0)));
      EXPECT_EQ(at(1), INFINITY);
      EXPECT_TRUE(std::isfinite(at(2)));
    }
  }
}

/// Every bfloat16 comes back from float32; a float32 goes to the nearest one, ties to even.
TEST(BFloat16, RoundsToNearestEven) {
  for (uint32_t bits = 0; bits <= 0xffff; ++bits) {
    auto half = static_cast<uint16_t>(bits);
    float wide = bfloat16ToFloat(half);
    if (std::isnan(wide))
      EXPECT_TRUE(std::isnan(bfloat16ToFloat(floatToBfloat16(wide))));
    else
      ASSERT_EQ(floatToBfloat16(wide), half);
  }
  std::mt19937 engine(7);
  for (int i = 0; i < 1'000'000; ++i) {
    uint32_t image = engine();
    float x;
    std::memcpy(&x, &image, sizeof(x));
    if (i % 4 == 0) { // a tie
      image = (image & 0xffff0000u) | 0x8000u;
      std::memcpy(&x, &image, sizeof(x));
    }
    float y = bfloat16ToFloat(floatToBfloat16(x));
    if (std::isnan(x)) {
      ASSERT_TRUE(std::isnan(y));
      continue;
    }
    // Its neighbours: no bfloat16 lies nearer, and of two as near the result is even.
    auto low = static_cast<uint16_t>(image >> 16), high = static_cast<uint16_t>(low + 1);
    double below = bfloat16ToFloat(low), above = bfloat16ToFloat(high);
    if ((low & 0x7fff) >= 0x7f7f) {
      // Beyond the largest number the next one, were there one, would be 2^128.
      double next = std::copysign(0x1p128, x);
      bool goesUp = std::abs(x - below) >= std::abs(next - x);
      ASSERT_EQ(y, std::isinf(x) || goesUp ? std::copysign(INFINITY, x) : below);
      continue;
    }
    double toBelow = std::abs(x - below), toAbove = std::abs(above - x);
    double expected = toBelow < toAbove || (toBelow == toAbove && !(low & 1)) ? below : above;
    ASSERT_EQ(y, expected) << image;
  }
}

TEST(Gemm, RanksInOneProcessDoNotDisturbEachOther) {
  GemmTest test(shapeOf(130, 140, 150, 0, kF32), 0);
  std::vector<uint8_t> expected = test.bytes(1);
  std::vector<std::thread> ranks;
  std::atomic<int> wrong{0};
  for (int rank = 0; rank < 8; ++rank)
    ranks.emplace_back([&] {
      auto device = makeDevice(2);
      for (int step = 0; step < 20; ++step) {
        Tensor result = test.c, a = test.a, b = test.b;
        PoisonedWorkspace workspace(test.shape);
        if (!device->gemm({}, test.shape, {a.data(), b.data(), result.data()}, workspace.whole())
                 .ok() ||
            result.bytes() != expected)
          ++wrong;
      }
    });
  for (std::thread &rank : ranks)
    rank.join();
  EXPECT_EQ(wrong, 0);
}

/// Packs and multiplies with the kernels of one instruction set.
template <typename T>
std::vector<T> multiplied(const GemmKernels &kernels, int64_t m, int64_t n, int64_t k,
                          bool transposed, const std::vector<T> &a, const std::vector<T> &b) {
  auto up = [](int64_t lanes) { return (lanes + kGemmGroup - 1) / kGemmGroup * kGemmGroup; };
  std::vector<T> memory(up(m) * k + up(n) * k + 64);
  T *left = reinterpret_cast<T *>((reinterpret_cast<uintptr_t>(memory.data()) + 63) / 64 * 64);
  T *right = left + up(m) * k;
  GemmPart rows{a.data(), transposed ? 1 : k, transposed ? m : 1, m, k};
  kernels.packRows(rows, left);
  kernels.packColumns({b.data(), transposed ? k : 1, transposed ? 1 : n, n, k}, right);
  std::vector<T> c(m * n, T(1));
  kernels.multiply(m, n, k, left, right, c.data(), n, /*accumulate=*/true,
                   /*next=*/rows);
  return c;
}

template <typename T> void compareInstructionSets(DType dtype) {
  std::mt19937 engine(5);
  std::normal_distribution<T> normal;
  for (auto [m, n, k] : {std::array<int64_t, 3>{1, 1, 1}, {50, 97, 300}, {96, 48, 16}}) {
    std::vector<T> a(m * k), b(n * k);
    std::generate(a.begin(), a.end(), [&] { return normal(engine); });
    std::generate(b.begin(), b.end(), [&] { return normal(engine); });
    for (bool transposed : {false, true})
      EXPECT_EQ(multiplied(gemmKernelsAvx2(dtype), m, n, k, transposed, a, b),
                multiplied(gemmKernelsAvx512(dtype), m, n, k, transposed, a, b));
  }
}

TEST(Gemm, LongerThanWhatIsHeld) { GemmTest(shapeOf(3090, 3080, 2, 6, kF32), 1).check(2); }

TEST(Gemm, SameBitsForBothInstructionSets) {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx512f"))
    GTEST_SKIP() << "this CPU has no AVX-512";
  compareInstructionSets<float>(DType::F32);
  compareInstructionSets<double>(DType::F64);
}

TEST(Gemm, RefusesShortRows) {
  GemmShape shape = shapeOf(2, 2, 2, 0, kF32);
  shape.lda = 1;
  shape.ldb = shape.ldc = 2;
  float x[4] = {};
  EXPECT_FALSE(makeDevice(1)->gemm({}, shape, {x, x, x}, {}).ok());
}

} // namespace
} // namespace tpc
