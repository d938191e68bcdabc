//===- BoundsTest.cpp - Bounds hold for float32, and not for much more ---------------------===//
//
// Ops are computed in float32 in the plainest way, which stays under the bound; the same with one
// operation less precise does not.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/verify/EvaluateStep.h"
#include "compiler/verify/Findings.h"
#include "dialects/nn/NN.h"
#include "dialects/tp/TP.h"
#include "runtime/device/Device.h"
#include "tests/unit/interpreter/TestModule.h"

#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

using namespace tpc;
using namespace tpc::verify;

namespace {

class BoundsTest : public testing::Test {
protected:
  BoundsTest() { context.loadDialect<nn::NNDialect, tp::TPDialect>(); }

  /// The results of the op named `name` in an entry of this text.
  std::vector<Bounded> evaluate(const std::string &body, const std::string &name,
                                const std::vector<Tensor> &operands, DeviceArithmetic device = {}) {
    module = mlir::parseSourceString<mlir::ModuleOp>(
        "nn.entry @e outputs [] {\n" + body + "\nnn.return\n}", &context);
    EXPECT_TRUE(module);
    mlir::Operation *op = nullptr;
    module->walk([&](mlir::Operation *candidate) {
      if (candidate->getName().getStringRef() == name)
        op = candidate;
    });
    Mesh mesh;
    auto results = evaluateStep(op, mesh, 0, operands, device);
    EXPECT_TRUE(succeeded(results));
    return std::move(*results);
  }

  Tensor random(interpreter::Shape shape, double scale = 1) {
    Tensor tensor(std::move(shape));
    for (double &value : tensor.data)
      value = static_cast<float>(scale * normal(generator));
    return tensor;
  }

  /// How many elements of `found` are off.
  static int64_t off(const Bounded &expected, const Tensor &found) {
    Findings findings;
    findings.compare({1, 0, 0, 0, "op", "op", ""}, expected, found, rounding());
    return findings.first() ? findings.first()->elements : 0;
  }
  static Rounding rounding() { return {0x1p-24, 0x1p-126, std::numeric_limits<float>::max()}; }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  std::mt19937 generator{3};
  std::normal_distribution<double> normal;
};

constexpr const char *kLinear = R"(
  %x = nn.read @x : tensor<5x300xf32>
  %w = nn.read @w : tensor<7x300xf32>
  %y = nn.linear %x, %w : (tensor<5x300xf32>, tensor<7x300xf32>) -> tensor<5x7xf32>
)";

TEST_F(BoundsTest, ProductsInFloat32AreUnderTheirBound) {
  Tensor x = random({5, 300}), w = random({7, 300});
  Bounded expected = evaluate(kLinear, "nn.linear", {x, w})[0];
  Tensor found({5, 7}), dropped({5, 7});
  for (int64_t i = 0; i < 5; ++i)
    for (int64_t j = 0; j < 7; ++j) {
      float sum = 0;
      for (int64_t k = 0; k < 300; ++k)
        sum += static_cast<float>(x[i * 300 + k]) * static_cast<float>(w[j * 300 + k]);
      found[i * 7 + j] = sum;
      dropped[i * 7 + j] = sum - x[i * 300] * w[j * 300];
    }
  EXPECT_EQ(off(expected, found), 0);
  EXPECT_GT(off(expected, dropped), 30);
}

constexpr const char *kAccumulated = R"(
  %a = nn.read @a : tensor<9x4xf32>
  %g = nn.read @g : tensor<9x1600xf32>
  %w = nn.read @w : tensor<1600x4xf32>
  %k = nn.kernel "k" (%a0 = %a : tensor<9x4xf32>, %g0 = %g : tensor<9x1600xf32>, %w0 = %w : tensor<1600x4xf32>) -> (tensor<9x4xf32>) {
    %p = nn.linear_input_grad %g0, %w0 : (tensor<9x1600xf32>, tensor<1600x4xf32>) -> tensor<9x4xf32>
    %s = nn.add %a0, %p : (tensor<9x4xf32>, tensor<9x4xf32>) -> tensor<9x4xf32>
    nn.yield %s : tensor<9x4xf32>
  }
)";

/// A gradient that is large against the product that is added to it: the device adds the product
/// part by part, and each addition rounds the gradient.
TEST_F(BoundsTest, ProductsThatAreAddedInPartsAreUnderTheirBound) {
  Tensor a = random({9, 4}), g = random({9, 1600}, 2e-4), w = random({1600, 4}, 1e-3);
  Bounded expected = evaluate(kAccumulated, "nn.kernel", {a, g, w})[0];
  Result<std::unique_ptr<Device>> device = createCpuDevice(1);
  ASSERT_TRUE(device.ok());
  GemmShape shape{.m = 9, .n = 4, .k = 1600, .accumulate = true, .lda = 1600, .ldb = 4, .ldc = 4};
  auto single = [](const Tensor &tensor) {
    return std::vector<float>(tensor.data.begin(), tensor.data.end());
  };
  std::vector<float> left = single(g), right = single(w), sum = single(a);
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  std::vector<Line> workspace(cpuGemmWorkspace(shape) / sizeof(Line) + 1);
  Workspace given{workspace.data(), workspace.size() * sizeof(Line)};
  ASSERT_TRUE(
      (*device)->gemm(Stream{}, shape, {left.data(), right.data(), sum.data()}, given).ok());
  Tensor found({9, 4}), wrong({9, 4});
  for (int64_t i = 0; i < found.size(); ++i) {
    found[i] = sum[i];
    wrong[i] = a[i];
  }
  EXPECT_EQ(off(expected, found), 0);
  EXPECT_GT(off(expected, wrong), 0) << "the product itself is not below the bound";
}

constexpr const char *kScatter = R"(
  %a = nn.read @a : tensor<3x4xf32>
  %i = nn.read @i : tensor<64xi32>
  %d = nn.read @d : tensor<64x4xf32>
  %k = nn.kernel "k" (%a0 = %a : tensor<3x4xf32>, %i0 = %i : tensor<64xi32>, %d0 = %d : tensor<64x4xf32>) -> (tensor<3x4xf32>) {
    %g = nn.embedding_grad %i0, %d0 like %a0 {rows = 3 : i64} : (tensor<64xi32>, tensor<64x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
    %s = nn.add %a0, %g : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
    nn.yield %s : tensor<3x4xf32>
  }
)";

/// A gradient that is large against the tokens' rows that are added to it, one after the other.
TEST_F(BoundsTest, ScattersThatAreAccumulatedAreUnderTheirBound) {
  Tensor a = random({3, 4}), ids({64}), d = random({64, 4}, 1e-3); // all tokens are row 0
  Bounded expected = evaluate(kScatter, "nn.kernel", {a, ids, d})[0];
  Tensor found = a;
  for (int64_t token = 0; token < 64; ++token)
    for (int64_t j = 0; j < 4; ++j)
      found[j] = static_cast<float>(found[j]) + static_cast<float>(d[token * 4 + j]);
  EXPECT_EQ(off(expected, found), 0);
  EXPECT_EQ(off(expected, a), 4) << "the scatter itself is not below the bound";
  for (int64_t i = 4; i < 12; ++i)
    found[i] *= 1 + 0x1p-21;
  EXPECT_EQ(off(expected, found), 8) << "what no token reads has no more error than one addition";
}

constexpr const char *kLayerNorm = R"(
  %x = nn.read @x : tensor<6x64xf32>
  %n, %r = nn.layer_normalize %x {eps = 1.0e-5 : f64} : (tensor<6x64xf32>) -> (tensor<6x64xf32>, tensor<6xf32>)
)";

TEST_F(BoundsTest, NormalizationsInFloat32AreUnderTheirBound) {
  Tensor x = random({6, 64});
  for (double &value : x.data) // a mean that is large against the spread
    value = static_cast<float>(value + 50);
  std::vector<Bounded> expected = evaluate(kLayerNorm, "nn.layer_normalize", {x});
  Tensor n({6, 64}), wrong({6, 64}), r({6});
  for (int64_t row = 0; row < 6; ++row) {
    float sum = 0, square = 0;
    for (int64_t i = 0; i < 64; ++i)
      sum += static_cast<float>(x[row * 64 + i]);
    float mean = sum / 64;
    for (int64_t i = 0; i < 64; ++i) {
      float c = static_cast<float>(x[row * 64 + i]) - mean;
      square += c * c;
    }
    float rstd = 1.0f / std::sqrt(square / 64 + 1e-5f),
          biased = 1.0f / std::sqrt(square / 63 + 1e-5f);
    r[row] = rstd;
    for (int64_t i = 0; i < 64; ++i) {
      n[row * 64 + i] = (static_cast<float>(x[row * 64 + i]) - mean) * rstd;
      wrong[row * 64 + i] = (static_cast<float>(x[row * 64 + i]) - mean) * biased;
    }
  }
  EXPECT_EQ(off(expected[0], n), 0);
  EXPECT_EQ(off(expected[1], r), 0);
  EXPECT_GT(off(expected[0], wrong), 300);
}

TEST_F(BoundsTest, ApproximateExponentialsAreUnderTheirBound) {
  const int64_t n = 4096;
  Tensor x({n});
  for (int64_t i = 0; i < n; ++i)
    x[i] = static_cast<float>(-80.0 + 160.0 * static_cast<double>(i) / n);
  auto bounds = [&](bool approximates) {
    return evaluate("%x = nn.read @x : tensor<4096xf32>\n"
                    "%y = nn.exp %x : (tensor<4096xf32>) -> tensor<4096xf32>",
                    "nn.exp", {x}, {.approximates = approximates})[0];
  };
  Bounded exact = bounds(false), approximate = bounds(true);
  bool isNeeded = false;
  for (int64_t i = 0; i < n; ++i)
    // The instruction at its worst, in either direction.
    for (double worst : {1 - 0x1p-22, 1 + 0x1p-22}) {
      float exponent = static_cast<float>(x[i]) * 0x1.715476p0f;
      double y = std::exp2(static_cast<double>(exponent)) * worst;
      double error = std::abs(y - exact.value[i]);
      EXPECT_LE(error, (*approximate.bound)[i]) << x[i];
      isNeeded |= error > (*exact.bound)[i];
    }
  EXPECT_TRUE(isNeeded);
}

/// silu and gelu, and their gradients, as their bodies are written, with both instructions at their
/// worst.
TEST_F(BoundsTest, ApproximateActivationsAreUnderTheirBound) {
  const int64_t n = 4096;
  Tensor x({n}), d({n});
  for (int64_t i = 0; i < n; ++i) {
    x[i] = static_cast<float>(-12.0 + 24.0 * static_cast<double>(i) / n);
    d[i] = 1;
  }
  const double scale = 2 * 0.7978845608028654, cubic = 0.044715 * scale;
  const auto scale32 = static_cast<float>(scale), cubic32 = static_cast<float>(cubic),
             slope32 = static_cast<float>(3 * cubic);
  const std::string type = "tensor<4096xf32>",
                    reads = "%x = nn.read @x : " + type + "\n%d = nn.read @d : " + type + "\n";
  for (bool isGelu : {false, true})
    for (bool isGradient : {false, true}) {
      const std::string name =
          std::string("nn.") + (isGelu ? "gelu" : "silu") + (isGradient ? "_grad" : "");
      SCOPED_TRACE(name);
      std::vector<Tensor> operands = {x};
      if (isGradient)
        operands.push_back(d);
      Bounded bounded = evaluate(reads + "%y = " + name + (isGradient ? " %x, %d" : " %x") +
                                     (isGelu ? " {tanh}" : "") + " : (" + type +
                                     (isGradient ? ", " + type : "") + ") -> " + type,
                                 name, operands, {.approximates = true})[0];
      for (int64_t i = 0; i < n; ++i)
        for (double exponential : {1 - 0x1p-22, 1 + 0x1p-22})
          for (double reciprocal : {1 - 0x1p-23, 1 + 0x1p-23}) {
            const auto v = static_cast<float>(x[i]);
            const float square = v * v;
            const float z = isGelu ? v * (scale32 + cubic32 * square) : v;
            const float exponent = -z * 0x1.715476p0f;
            const auto e =
                static_cast<float>(std::exp2(static_cast<double>(exponent)) * exponential);
            const auto s = static_cast<float>(reciprocal / static_cast<double>(1 + e));
            const float inner = isGelu ? v * (scale32 + slope32 * square) : v;
            const float y = isGradient ? s * (1 + (1 - s) * inner) : v * s;
            EXPECT_LE(std::abs(static_cast<double>(y) - bounded.value[i]), (*bounded.bound)[i])
                << v;
          }
    }
}

/// Only in bf16, and by no more than one rounding of each weight.
TEST_F(BoundsTest, AttentionThatNarrowsMayBeOffByAFactorsRounding) {
  for (std::string type : {"f32", "bf16"}) {
    std::string of = "tensor<1x5x2x4x" + type + ">";
    Tensor q = random({1, 5, 2, 4}), k = random({1, 5, 2, 4}), v = random({1, 5, 2, 4});
    std::string reads;
    for (const char *name : {"q", "k", "v"})
      reads += std::string("%") + name + " = nn.read @" + name + " : " + of + "\n";
    auto bounds = [&](bool narrows) {
      return evaluate(
          reads +
              "%o, %lse = nn.flash_attention %q, %k, %v {causal = true, scale = 0.5 : f64} : (" +
              of + ", " + of + ", " + of + ") -> (" + of + ", tensor<1x2x5xf32>)",
          "nn.flash_attention", {q, k, v}, {.attentionNarrows = narrows});
    };
    std::vector<Bounded> wide = bounds(false), narrow = bounds(true);
    double largest = 0;
    for (double value : v.data)
      largest = std::max(largest, std::fabs(value));
    for (int64_t i = 0; i < wide[0].value.size(); ++i) {
      double more = (*narrow[0].bound)[i] - (*wide[0].bound)[i];
      if (type == "f32") {
        EXPECT_EQ(more, 0);
      } else {
        EXPECT_GT(more, 0);
        EXPECT_LE(more, 0x1.1p-8 * largest);
      }
    }
    EXPECT_EQ(narrow[1].bound->data, wide[1].bound->data);
  }
}

TEST_F(BoundsTest, MovedElementsAreExact) {
  Tensor x = random({3, 4});
  Bounded expected = evaluate(R"(
    %x = nn.read @x : tensor<3x4xf32>
    %y = nn.transpose %x [1, 0] : (tensor<3x4xf32>) -> tensor<4x3xf32>
  )",
                              "nn.transpose", {x})[0];
  Tensor found = expected.value;
  EXPECT_EQ(off(expected, found), 0);
  found[5] = std::nextafterf(static_cast<float>(found[5]), 100.0f);
  EXPECT_EQ(off(expected, found), 1);
}

/// What an op does to the bounds of its operands shows in a kernel.
TEST_F(BoundsTest, BoundsOfAKernelGrowFromOpToOp) {
  Tensor x = random({8}), y = random({8});
  std::vector<Bounded> results = evaluate(R"(
    %x = nn.read @x : tensor<8xf32>
    %y = nn.read @y : tensor<8xf32>
    %r:2 = nn.kernel "k" (%a = %x : tensor<8xf32>, %b = %y : tensor<8xf32>) -> (tensor<8xf32>, tensor<8xf32>) {
      %s = nn.add %a, %b : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
      %d = nn.sub %s, %a : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
      nn.yield %s, %d : tensor<8xf32>, tensor<8xf32>
    }
  )",
                                          "nn.kernel", {x, y});
  for (int64_t i = 0; i < 8; ++i) {
    double sum = std::fabs((*results[0].bound)[i]);
    EXPECT_LE(sum, 0x1.1p-24 * (std::fabs(x[i]) + std::fabs(y[i])));
    EXPECT_GT((*results[1].bound)[i], sum);
    // The cancelled digits are allowed for.
    float cancelled =
        (static_cast<float>(x[i]) + static_cast<float>(y[i])) - static_cast<float>(x[i]);
    EXPECT_LE(std::fabs(cancelled - y[i]), (*results[1].bound)[i]);
  }
}

const char *const kProducts[] = {
    "nn.linear %0, %1 : (tensor<5x9xf32>, tensor<7x9xf32>) -> tensor<5x7xf32>",
    "nn.linear_weight_grad %0, %1 : (tensor<5x7xf32>, tensor<5x9xf32>) -> tensor<7x9xf32>",
    "nn.matmul %0, %1 {transpose_a} : (tensor<2x9x5xf32>, tensor<2x9x7xf32>) -> tensor<2x5x7xf32>",
    "nn.flash_attention %0, %1, %2 {causal = true, scale = 0.5 : f64} : (tensor<2x5x4x4xf32>, "
    "tensor<2x6x2x4xf32>, tensor<2x6x2x4xf32>) -> (tensor<2x5x4x4xf32>, tensor<2x4x5xf32>)",
    "nn.flash_attention_grad %0, %1, %2, %3, %4, %5 {causal = false, scale = 0.5 : f64} : "
    "(tensor<2x5x4x4xf32>, tensor<2x6x2x4xf32>, tensor<2x6x2x4xf32>, tensor<2x5x4x4xf32>, "
    "tensor<2x4x5xf32>, tensor<2x5x4x4xf32>) -> (tensor<2x5x4x4xf32>, tensor<2x6x2x4xf32>, "
    "tensor<2x6x2x4xf32>)"};

/// Operands that are off by what they may be give results that are off by no more than is said, and
/// by more than those of exact operands.
TEST_F(BoundsTest, ProductsPassOnWhatTheirOperandsAreOffBy) {
  for (const char *line : kProducts) {
    SCOPED_TRACE(line);
    interpreter::test::TestOp op(line);
    std::vector<Bounded> uncertain, exact;
    std::vector<Tensor> moved;
    for (mlir::Value operand : op.op()->getOperands()) {
      Tensor value = random(interpreter::shapeOf(operand)), error = value, other = value;
      for (int64_t i = 0; i < value.size(); ++i) {
        error[i] = 1e-3 * std::fabs(value[i]);
        other[i] += generator() % 2 ? error[i] : -error[i];
      }
      exact.push_back({value, std::nullopt});
      uncertain.push_back({std::move(value), std::move(error)});
      moved.push_back(std::move(other));
    }
    auto bounds = [&](const std::vector<Bounded> &operands) {
      std::vector<const Bounded *> pointers;
      for (const Bounded &operand : operands)
        pointers.push_back(&operand);
      return *evaluateOp(op.op(), Mesh{}, 0, pointers);
    };
    std::vector<Bounded> loose = bounds(uncertain), tight = bounds(exact);
    std::vector<Tensor> found = op.run(moved);
    for (size_t result = 0; result < found.size(); ++result) {
      EXPECT_EQ(off(loose[result], found[result]), 0) << "result " << result;
      EXPECT_GT(off(tight[result], found[result]), found[result].size() / 2) << "result " << result;
    }
  }
}

TEST_F(BoundsTest, NumbersThatAreNoneMeetTheirLike) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInf = std::numeric_limits<double>::infinity();
  Bounded expected{Tensor({5}, {kNan, kInf, 1e39, 1, 2}), std::nullopt};
  EXPECT_EQ(off(expected, Tensor({5}, {kNan, kInf, kInf, 1, 2})), 0);
  EXPECT_EQ(off(expected, Tensor({5}, {0, -kInf, -kInf, kNan, kInf})), 5);
}

} // namespace
