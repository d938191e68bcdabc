//===- RandomTest.cpp - Philox, PyTorch's generator, and what is drawn with them -----------===//
#include "runtime/io/Initialise.h"
#include "runtime/io/Philox.h"
#include "runtime/io/TorchGenerator.h"

#include <cmath>
#include <gtest/gtest.h>

namespace tpc {
namespace {

// The known-answer vectors that the authors of Philox published with Random123.
TEST(Philox, KnownVectors) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox4x32({ones, ones, ones, ones}, {ones, ones}),
            (PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, KeyIsSeedAndName) {
  // FNV-1a of the empty string is its offset basis.
  EXPECT_EQ(philoxKey(7, ""), (PhiloxKey{7, 0xCBF29CE4u ^ 0x84222325u}));
  EXPECT_NE(philoxKey(7, "h.0.mlp"), philoxKey(7, "h.1.mlp"));
  EXPECT_EQ(philoxCounter((uint64_t{5} << 32) + 6, 3, 2), (PhiloxBlock{6, 5, 3, 2}));
}

// The first and the 10000th number of MT19937 with its default seed, from the C++ standard.
TEST(TorchGenerator, IsTheStandardEngine) {
  TorchGenerator generator(5489);
  std::vector<int64_t> values(10'000);
  generator.integers(values, int64_t{1} << 27);
  EXPECT_EQ(values.back(), 4123659995 % (int64_t{1} << 27));
}

std::vector<float> drawLinear(TorchGenerator &generator, size_t out, size_t in) {
  std::vector<float> weight(out * in);
  double bound = std::sqrt(3.0) * std::sqrt(2.0 / 6.0) / std::sqrt(static_cast<double>(in));
  generator.uniform(weight, static_cast<float>(-bound), static_cast<float>(bound));
  return weight;
}

/// y[rows, out] = x[rows, in] . w[out, in]
std::vector<double> linear(const std::vector<double> &x, const std::vector<float> &w, size_t rows,
                           size_t out, size_t in) {
  std::vector<double> y(rows * out);
  for (size_t r = 0; r < rows; ++r)
    for (size_t o = 0; o < out; ++o)
      for (size_t i = 0; i < in; ++i)
        y[r * out + o] += x[r * in + i] * w[o * in + i];
  return y;
}

TEST(TorchGenerator, RepeatsThePublishedMlp) {
  TorchGenerator parameters(1234), inputs(1234);
  std::vector<float> fc1 = drawLinear(parameters, 128, 128), fc2 = drawLinear(parameters, 128, 128);
  std::vector<float> x(8 * 128);
  inputs.normal(x, 0, 1);
  std::vector<double> hidden = linear({x.begin(), x.end()}, fc1, 8, 128, 128);
  for (double &value : hidden)
    value = std::max(value, 0.0);
  std::vector<double> y = linear(hidden, fc2, 8, 128, 128);
  double loss = 0;
  for (double value : y)
    loss += value;
  EXPECT_NEAR(loss, 0.969451904296875, 2e-5); // a sum of 1024 outputs of either sign
  EXPECT_NEAR(y[0], -0.0446, 5.1e-5);
  EXPECT_NEAR(y[1], 0.0869, 5.1e-5);
  EXPECT_NEAR(y[2], 0.2034, 5.1e-5);
  EXPECT_NEAR(y[8 * 128 - 1], 0.2375, 5.1e-5);
}

TEST(TorchGenerator, SkippingIsDrawing) {
  for (size_t count : {16, 21, 32, 100}) {
    TorchGenerator drawn(3), skipped(3);
    std::vector<float> values(count), next(4), same(4);
    drawn.normal(values, 0, 1);
    drawn.uniform(values, 0, 1);
    drawn.uniform(next, 0, 1);
    skipped.skipNormal(count);
    skipped.skipUniform(count);
    skipped.uniform(same, 0, 1);
    EXPECT_EQ(next, same);
  }
}

TEST(TorchGenerator, LastSixteenAreDrawnAnew) {
  // 20 values: 20 draws, then 16 more for elements 4 to 19.
  TorchGenerator generator(9), uniform(9);
  std::vector<float> values(20), first(20), again(16);
  generator.normal(values, 0, 1);
  uniform.uniform(first, 0, 1);
  uniform.uniform(again, 0, 1);
  auto radius = [](float u) { return std::sqrt(-2 * std::log(1.0 - u)); };
  EXPECT_NEAR(values[0], radius(first[0]) * std::cos(2 * M_PI * first[8]), 1e-6);
  EXPECT_NEAR(values[4], radius(again[0]) * std::cos(2 * M_PI * again[8]), 1e-6);
  EXPECT_NEAR(values[19], radius(again[7]) * std::sin(2 * M_PI * again[15]), 1e-6);
}

/// What each rank of a tensor split on dim `dim` gets, gathered again.
std::vector<float> gathered(Initialiser initialiser, InitSpec init, int64_t ranks, size_t dim) {
  Mesh mesh{{{"tp", ranks}}};
  Sharding sharding = Sharding::replicated({13, 10});
  if (ranks > 1)
    sharding.dims[dim] = splitDim(sharding.globalShape()[dim], 0, mesh);
  std::vector<float> global(130, std::nanf(""));
  std::vector<CoordinateMap> maps;
  for (int64_t rank = 0; rank < ranks; ++rank)
    maps.emplace_back(sharding, mesh, rank);
  InitialTensor tensor{"w", {13, 10}, init, 1, {}};
  std::vector<std::vector<float>> locals;
  for (CoordinateMap &map : maps)
    locals.emplace_back(map.localElements(), std::nanf(""));
  for (int64_t rank = 0; rank < ranks; ++rank)
    tensor.targets.push_back({&maps[rank], DType::F32, locals[rank].data()});
  InitialTensor tie{"tied", {13, 10}, init, 0, {}};
  EXPECT_TRUE(initialise(initialiser, 42, std::vector{tensor, tie}).ok());
  for (int64_t rank = 0; rank < ranks; ++rank)
    for (int64_t i = 0; i < maps[rank].localElements(); ++i) {
      int64_t element = maps[rank].globalElement(i);
      if (element >= 0)
        global[element] = locals[rank][i];
      else
        EXPECT_EQ(locals[rank][i], 0) << "pad " << i;
    }
  return global;
}

TEST(Initialise, DoesNotDependOnTheMesh) {
  for (Initialiser initialiser : {Initialiser::Philox, Initialiser::Torch})
    for (InitSpec init : {InitSpec{InitSpec::Normal, 1, 2}, InitSpec{InitSpec::Uniform, -1, 3},
                          InitSpec{InitSpec::Constant, 5, 0}, InitSpec{InitSpec::Ones, 0, 0}}) {
      std::vector<float> whole = gathered(initialiser, init, 1, 0);
      for (int64_t ranks : {2, 3, 8})
        for (size_t dim : {0, 1})
          EXPECT_EQ(whole, gathered(initialiser, init, ranks, dim));
    }
}

TEST(Initialise, TorchDrawsTiesAndDropsThem) {
  TorchGenerator generator(42);
  std::vector<float> expected(130);
  generator.skipUniform(130);
  generator.uniform(expected, -1, 3);
  EXPECT_EQ(gathered(Initialiser::Torch, {InitSpec::Uniform, -1, 3}, 2, 0), expected);
}

TEST(Initialise, PhiloxDrawsWordsOfTheElement) {
  std::vector<float> values = gathered(Initialiser::Philox, {InitSpec::Uniform, 0, 1}, 2, 1);
  PhiloxBlock block = philox4x32({2, 0, 0, 0}, philoxKey(42, "w")); // elements 8 to 11
  for (int i = 0; i < 4; ++i)
    EXPECT_EQ(values[8 + i], static_cast<float>((block[i] >> 8) * 0x1p-24));
}

TEST(Initialise, PhiloxHasTheRightMoments) {
  CoordinateMap map(Sharding::replicated({100'000}), Mesh{{{"tp", 1}}}, 0);
  std::vector<double> values(100'000);
  auto moments = [&](InitSpec init) {
    InitialTensor tensor{"w", {100'000}, init, 0, {{&map, DType::F64, values.data()}}};
    EXPECT_TRUE(initialise(Initialiser::Philox, 1, {&tensor, 1}).ok());
    double mean = 0, square = 0;
    for (double value : values)
      mean += value / 1e5;
    for (double value : values)
      square += (value - mean) * (value - mean) / 1e5;
    return std::pair(mean, std::sqrt(square));
  };
  auto [normalMean, normalStd] = moments({InitSpec::Normal, 0.5, 2});
  EXPECT_NEAR(normalMean, 0.5, 0.03);
  EXPECT_NEAR(normalStd, 2, 0.03);
  auto [uniformMean, uniformStd] = moments({InitSpec::Uniform, -1, 1});
  EXPECT_NEAR(uniformMean, 0, 0.01);
  EXPECT_NEAR(uniformStd, 1 / std::sqrt(3.0), 0.01);
}

TEST(Initialise, SaysWhatItCannotDraw) {
  CoordinateMap map(Sharding::replicated({4}), Mesh{{{"tp", 1}}}, 0);
  float values[4];
  InitialTensor tensor{"b", {4}, {InitSpec::Normal, 0, 1}, 0, {{&map, DType::F32, values}}};
  Status status = initialise(Initialiser::Torch, 1, {&tensor, 1});
  EXPECT_EQ(status.code(), Code::InvalidInput);
  EXPECT_TRUE(initialise(Initialiser::Philox, 1, {&tensor, 1}).ok());
}

} // namespace
} // namespace tpc
