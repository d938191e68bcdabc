//===- Gemm.cpp - Matrix products against a naive product in float64 -----------------------===//
#include "tests/conformance/device/DeviceTest.h"

#include <atomic>
#include <thread>

namespace tpc {
namespace {

/// Operands of the shape's dtype with random contents; leading dimensions and strides have gaps.
struct GemmTest {
  GemmShape shape;
  Tensor a, b, c;
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
    c = Tensor::random(s.dtype, s.batch * shape.strideC, 3);
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
          double sum = s.accumulate ? expected[at] : 0, size = std::abs(sum);
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

  void check(int threads) {
    auto device = makeDevice(threads);
    Tensor result = c;
    Status status = device->gemm(shape, a.data(), b.data(), result.data());
    ASSERT_TRUE(status.ok()) << status.message();
    std::vector<double> got = result.values();
    double unit = shape.dtype == DType::F64 ? 0x1p-53 : 0x1p-24;
    double rounding = shape.dtype == DType::BF16 ? 0x1p-8 : 0;
    for (size_t i = 0; i < got.size(); ++i) {
      double bound = (shape.k + 2) * unit * magnitude[i] + rounding * std::abs(expected[i]);
      ASSERT_LE(std::abs(got[i] - expected[i]), bound) << "element " << i;
    }
  }

  std::vector<uint8_t> bytes(int threads) {
    auto device = makeDevice(threads);
    Tensor result = c;
    EXPECT_TRUE(device->gemm(shape, a.data(), b.data(), result.data()).ok());
    return result.bytes();
  }
};

GemmShape shapeOf(int64_t m, int64_t n, int64_t k, int flags, DType dtype, int64_t batch = 1) {
  GemmShape shape{};
  shape.m = m;
  shape.n = n;
  shape.k = k;
  shape.batch = batch;
  shape.transposeA = flags & 1;
  shape.transposeB = flags & 2;
  shape.accumulate = flags & 4;
  shape.dtype = dtype;
  return shape;
}

class GemmOfType : public testing::TestWithParam<DType> {};

TEST_P(GemmOfType, OddShapesTransposesAndStrides) {
  for (int flags = 0; flags < 8; ++flags)
    for (int64_t extent : {1, 7, 33})
      for (int gap : {0, 3}) {
        SCOPED_TRACE(testing::Message() << "flags " << flags << " extent " << extent);
        GemmTest(shapeOf(extent, 2 * extent + 1, extent + 4, flags, GetParam()), gap).check(2);
      }
}

TEST_P(GemmOfType, Batches) {
  for (int flags = 0; flags < 8; ++flags)
    GemmTest(shapeOf(17, 19, 23, flags, GetParam(), 5), 1).check(2);
}

TEST_P(GemmOfType, EmptySumIsZeroOrWhatWasThere) {
  GemmTest(shapeOf(3, 4, 0, 0, GetParam(), 2), 1).check(1);
  GemmTest(shapeOf(3, 4, 0, 4, GetParam(), 2), 1).check(1);
}

TEST_P(GemmOfType, LongSums) { GemmTest(shapeOf(5, 6, 2500, 4, GetParam()), 0).check(1); }

TEST_P(GemmOfType, SameBitsForAnyNumberOfThreads) {
  for (int flags : {0, 1, 2, 4}) {
    GemmTest test(shapeOf(300, 520, 130, flags, GetParam()), 0);
    std::vector<uint8_t> one = test.bytes(1);
    EXPECT_EQ(one, test.bytes(2));
    EXPECT_EQ(one, test.bytes(3));
  }
}

TEST_P(GemmOfType, ManyTiles) { GemmTest(shapeOf(300, 520, 130, 2, GetParam()), 5).check(3); }

INSTANTIATE_TEST_SUITE_P(Cpu, GemmOfType, testing::Values(DType::F32, DType::F64, DType::BF16),
                         dtypeName);

TEST(Gemm, RanksInOneProcessDoNotDisturbEachOther) {
  GemmTest test(shapeOf(130, 140, 150, 0, DType::F32), 0);
  std::vector<uint8_t> expected = test.bytes(1);
  std::vector<std::thread> ranks;
  std::atomic<int> wrong{0};
  for (int rank = 0; rank < 8; ++rank)
    ranks.emplace_back([&] {
      auto device = makeDevice(2);
      for (int step = 0; step < 20; ++step) {
        Tensor result = test.c, a = test.a, b = test.b;
        if (!device->gemm(test.shape, a.data(), b.data(), result.data()).ok() ||
            result.bytes() != expected)
          ++wrong;
      }
    });
  for (std::thread &rank : ranks)
    rank.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Gemm, RefusesShortRows) {
  GemmShape shape = shapeOf(2, 2, 2, 0, DType::F32);
  shape.lda = 1;
  shape.ldb = shape.ldc = 2;
  float x[4] = {};
  EXPECT_FALSE(makeDevice(1)->gemm(shape, x, x, x).ok());
}

} // namespace
} // namespace tpc
