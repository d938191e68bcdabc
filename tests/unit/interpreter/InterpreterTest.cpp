//===- InterpreterTest.cpp - The interpreter against values computed by hand ---------------===//
//
// Small enough to check on paper; where a number is from PyTorch's documented formulas, the
// expression stands beside it.
//
//===---------------------------------------------------------------------------------------===//
#include "TestModule.h"

#include "runtime/support/BFloat16.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>
#include <random>

namespace tpc::interpreter::test {

namespace {

using testing::DoubleNear;
using testing::ElementsAre;
using testing::Pointwise;

constexpr double kInf = std::numeric_limits<double>::infinity();

void expectData(const Tensor &tensor, const std::vector<double> &expected) {
  EXPECT_THAT(tensor.data, Pointwise(DoubleNear(1e-12), expected));
}

TEST(Linear, Products) {
  // x = [1 2 3], weight = [[1 0 -1], [2 1 0]], bias = [10, 20]
  Tensor x({1, 3}, {1, 2, 3}), w({2, 3}, {1, 0, -1, 2, 1, 0}), b({2}, {10, 20});
  expectData(runLine("nn.linear %0, %1 : (tensor<1x3xf64>, tensor<2x3xf64>) -> tensor<1x2xf64>",
                     {x, w})[0],
             {-2, 4});
  expectData(runLine("nn.linear %0, %1 bias %2 : (tensor<1x3xf64>, tensor<2x3xf64>, tensor<2xf64>) "
                     "-> tensor<1x2xf64>",
                     {x, w, b})[0],
             {8, 24});
  Tensor dy({1, 2}, {1, 10});
  expectData(runLine("nn.linear_input_grad %0, %1 : (tensor<1x2xf64>, tensor<2x3xf64>) -> "
                     "tensor<1x3xf64>",
                     {dy, w})[0],
             {21, 10, -1});
  expectData(runLine("nn.linear_weight_grad %0, %1 : (tensor<1x2xf64>, tensor<1x3xf64>) -> "
                     "tensor<2x3xf64>",
                     {dy, x})[0],
             {1, 2, 3, 10, 20, 30});
}

TEST(Linear, MatmulTransposed) {
  Tensor a({2, 1}, {1, 2}), b({3, 2}, {1, 2, 3, 4, 5, 6});
  // a^T [1, 2] . b^T [2, 3]
  expectData(runLine("nn.matmul %0, %1 {transpose_a, transpose_b} : (tensor<2x1xf64>, "
                     "tensor<3x2xf64>) -> tensor<1x3xf64>",
                     {a, b})[0],
             {5, 11, 17});
}

TEST(Attention, CausalAndGrouped) {
  // One key only for query 0; equal scores for query 1, so the mean of the values. Two query heads
  // read one kv head.
  Tensor q({1, 2, 2, 1}, {0, 0, 0, 0}), k({1, 2, 1, 1}, {5, 7}), v({1, 2, 1, 1}, {10, 30});
  std::vector<Tensor> results = runLine(
      "nn.flash_attention %0, %1, %2 {causal = true, scale = 1.0 : f64} : (tensor<1x2x2x1xf64>, "
      "tensor<1x2x1x1xf64>, tensor<1x2x1x1xf64>) -> (tensor<1x2x2x1xf64>, tensor<1x2x2xf64>)",
      {q, k, v});
  expectData(results[0], {10, 10, 20, 20});
  expectData(results[1], {0, std::log(2), 0, std::log(2)});
}

TEST(Attention, FewerQueriesThanKeysSeeThePast) {
  // tq 1, tk 3: the only query is the last one.
  Tensor q({1, 1, 1, 1}, {0}), k({1, 3, 1, 1}, {0, 0, 0}), v({1, 3, 1, 1}, {1, 2, 6});
  expectData(runLine("nn.attention %0, %1, %2 {causal = true} : (tensor<1x1x1x1xf64>, "
                     "tensor<1x3x1x1xf64>, tensor<1x3x1x1xf64>) -> tensor<1x1x1x1xf64>",
                     {q, k, v})[0],
             {3});
}

TEST(Pointwise, Activations) {
  Tensor x({3}, {-1, 0, 2});
  auto run = [&](const char *op) {
    return runLine(std::string(op) + " : (tensor<3xf64>) -> tensor<3xf64>", {x})[0];
  };
  expectData(run("nn.relu %0"), {0, 0, 2});
  expectData(run("nn.square %0"), {1, 0, 4});
  expectData(run("nn.scale %0 {factor = 3.0 : f64}"), {-3, 0, 6});
  // torch.nn.functional.gelu([-1, 0, 2]), approximate='none' and 'tanh'; silu.
  EXPECT_THAT(run("nn.gelu %0").data,
              Pointwise(DoubleNear(1e-9), {-0.158655253931457, 0.0, 1.954499736103642}));
  EXPECT_THAT(run("nn.gelu %0 {tanh}").data,
              Pointwise(DoubleNear(1e-6), {-0.158808, 0.0, 1.954598}));
  expectData(run("nn.silu %0"), {-1 / (1 + std::exp(1)), 0, 2 / (1 + std::exp(-2))});
}

TEST(Pointwise, RepeatsSuffixes) {
  Tensor a({2, 2}, {1, 2, 3, 4}), b({2}, {10, 20});
  expectData(
      runLine("nn.sub %0, %1 : (tensor<2x2xf64>, tensor<2xf64>) -> tensor<2x2xf64>", {a, b})[0],
      {-9, -18, -7, -16});
  expectData(
      runLine("nn.div %0, %1 : (tensor<2xf64>, tensor<2x2xf64>) -> tensor<2x2xf64>", {b, a})[0],
      {10, 10, 10.0 / 3, 5});
}

TEST(Shape, MovesElements) {
  Tensor x({2, 3}, {1, 2, 3, 4, 5, 6});
  auto run = [&](const std::string &op, const char *type) {
    return runLine(op + " : (tensor<2x3xf64>) -> tensor<" + type + "xf64>", {x})[0];
  };
  expectData(run("nn.transpose %0 [1, 0]", "3x2"), {1, 4, 2, 5, 3, 6});
  expectData(run("nn.slice %0 dim 1 start 1 size 2", "2x2"), {2, 3, 5, 6});
  expectData(run("nn.pad %0 dim 0 start 1", "4x3"), {0, 0, 0, 1, 2, 3, 4, 5, 6, 0, 0, 0});
  expectData(run("nn.sum %0 dims [0]", "3"), {5, 7, 9});
  expectData(run("nn.sum %0 dims [1]", "2"), {6, 15});
  expectData(run("nn.mean %0 dims [1]", "2"), {2, 5});
  expectData(run("nn.merge_dims %0 dim 0", "6"), {1, 2, 3, 4, 5, 6});
  Tensor y({2, 1}, {7, 8});
  expectData(runLine("nn.concat %0, %1 dim 1 : (tensor<2x3xf64>, tensor<2x1xf64>) -> "
                     "tensor<2x4xf64>",
                     {x, y})[0],
             {1, 2, 3, 7, 4, 5, 6, 8});
  Tensor row({3}, {1, 2, 3});
  expectData(runLine("nn.broadcast %0 like %1 dims [0] : (tensor<3xf64>, tensor<2x3xf64>) -> "
                     "tensor<2x3xf64>",
                     {row, x})[0],
             {1, 2, 3, 1, 2, 3});
}

TEST(Norm, OfTwoNumbers) {
  // mean 2, variance 1, eps 3: rstd 1/2.
  Tensor x({1, 2}, {1, 3}), w({2}, {10, 100}), b({2}, {1, 2});
  expectData(runLine("nn.layer_norm %0 weight %1 bias %2 {eps = 3.0 : f64} : (tensor<1x2xf64>, "
                     "tensor<2xf64>, tensor<2xf64>) -> tensor<1x2xf64>",
                     {x, w, b})[0],
             {-4, 52});
  // mean square 5, eps 11: rstd 1/4.
  std::vector<Tensor> parts = runLine("nn.rms_normalize %0 {eps = 11.0 : f64} : (tensor<1x2xf64>) "
                                      "-> (tensor<1x2xf64>, tensor<1xf64>)",
                                      {x});
  expectData(parts[0], {0.25, 0.75});
  expectData(parts[1], {0.25});
}

TEST(Embedding, LooksUp) {
  Tensor ids({3}, {2, -1, 0}), table({3, 2}, {1, 2, 3, 4, 5, 6});
  expectData(runLine("nn.embedding %0, %1 : (tensor<3xi32>, tensor<3x2xf64>) -> tensor<3x2xf64>",
                     {ids, table})[0],
             {5, 6, 0, 0, 1, 2});
  Tensor same({3}, {1, 1, 0}), dy({3, 2}, {1, 10, 2, 20, 3, 30});
  expectData(runLine("nn.embedding_grad %0, %1 like %2 : (tensor<3xi32>, tensor<3x2xf64>, "
                     "tensor<3x2xf64>) -> tensor<3x2xf64>",
                     {same, dy, table})[0],
             {3, 30, 3, 30, 0, 0});
  expectData(
      runLine("nn.positions %0 : (tensor<2x3xi32>) -> tensor<2x3xi32>", {Tensor({2, 3}, 9)})[0],
      {0, 1, 2, 0, 1, 2});
}

TEST(Embedding, RopeTurnsPairs) {
  // d = 2: one pair, frequency 1; at position p it turns by p.
  Tensor x({1, 3, 1, 2}, {1, 0, 1, 0, 1, 0});
  std::string type = " : (tensor<1x3x1x2xf64>) -> tensor<1x3x1x2xf64>";
  Tensor y = runLine("nn.rope %0" + type, {x})[0];
  expectData(y, {1, 0, std::cos(1), std::sin(1), std::cos(2), std::sin(2)});
  expectData(runLine("nn.rope %0 {inverse}" + type, {y})[0], x.data);
}

TEST(CrossEntropy, AsPyTorch) {
  // Row 0: logits 0, ln 3; probabilities 1/4, 3/4. Row 1 is ignored.
  Tensor logits({2, 2}, {0, std::log(3), 5, 6}), labels({2}, {1, -100});
  auto run = [&](const std::string &attributes) {
    return runLine("nn.cross_entropy %0, %1 {" + attributes +
                       "} : (tensor<2x2xf64>, tensor<2xi32>) -> tensor<f64>",
                   {logits, labels})[0];
  };
  expectData(run(""), {-std::log(0.75)});
  expectData(run("label_smoothing = 0.2 : f64"), {-0.9 * std::log(0.75) - 0.1 * std::log(0.25)});
  labels = Tensor({2}, -100.0);
  expectData(run(""), {0});
}

TEST(CrossEntropy, ColumnsBeyondTheClassesDoNotCount) {
  Tensor logits({1, 3}, {1, 2, std::numeric_limits<double>::quiet_NaN()});
  expectData(runLine("nn.ce_row_max %0 {classes = 2 : i64} : (tensor<1x3xf64>) -> tensor<1xf64>",
                     {logits})[0],
             {2});
}

TEST(CrossEntropy, ARowWithoutAMaximumHasNone) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  Tensor logits({2, 3}, {1, kNan, 2, kNan, 1, 2});
  Tensor max = runLine("nn.ce_row_max %0 {classes = 3 : i64} : (tensor<2x3xf64>) -> tensor<2xf64>",
                       {logits})[0];
  EXPECT_TRUE(std::isnan(max[0]) && std::isnan(max[1]));
}

TEST(Training, Sgd) {
  // g = 1 + 0.1 * 10 = 2; step 1: m' = 2; later m' = 0.5 * 4 + 2.
  Tensor p({1}, {10}), g({1}, {1}), m({1}, {4}), lr = Tensor::scalar(0.5);
  auto run = [&](double step) {
    return runLine("nn.sgd %0, %1, %2, %3, %4 {momentum = 0.5 : f64, weight_decay = 0.1 : f64} : "
                   "(tensor<1xf64>, tensor<1xf64>, tensor<1xf64>, tensor<f64>, tensor<i32>) -> "
                   "(tensor<1xf64>, tensor<1xf64>)",
                   {p, g, m, lr, Tensor::scalar(step)});
  };
  expectData(run(1)[0], {9});
  expectData(run(1)[1], {2});
  expectData(run(2)[0], {8});
  expectData(run(2)[1], {4});
}

TEST(Training, AdamsFirstStepIsTheSign) {
  // In step 1 m' / (1 - beta1) = g and v' / (1 - beta2) = g^2.
  Tensor p({2}, {1, 1}), g({2}, {4, -2}), zero({2}, 0.0);
  auto run = [&](const std::string &attributes) {
    return runLine("nn.adam %0, %1, %2, %3, %4, %5 {beta1 = 0.9 : f64, beta2 = 0.99 : f64, eps = "
                   "0.0 : f64, " +
                       attributes +
                       "} : (tensor<2xf64>, tensor<2xf64>, tensor<2xf64>, tensor<2xf64>, "
                       "tensor<f64>, tensor<i32>) -> (tensor<2xf64>, tensor<2xf64>, "
                       "tensor<2xf64>)",
                   {p, g, zero, zero, Tensor::scalar(0.5), Tensor::scalar(1)});
  };
  std::vector<Tensor> next = run("weight_decay = 0.0 : f64");
  expectData(next[0], {0.5, 1.5});
  expectData(next[1], {0.4, -0.2});
  expectData(next[2], {0.16, 0.04});
  // Decoupled: 1 * (1 - 0.5 * 0.1) first.
  expectData(run("weight_decay = 0.1 : f64, decoupled = true")[0], {0.45, 1.45});
  // Not decoupled: g = 4.1, -1.9; the step is the sign all the same.
  expectData(run("weight_decay = 0.1 : f64")[0], {0.5, 1.5});
}

TEST(Training, ClipFactor) {
  auto run = [&](double normSquared) {
    return runLine("nn.clip_factor %0 {max_norm = 1.0 : f64} : (tensor<f64>) -> (tensor<f64>, "
                   "tensor<f64>)",
                   {Tensor::scalar(normSquared)});
  };
  expectData(run(16)[0], {1 / (4 + 1e-6)});
  expectData(run(16)[1], {4});
  expectData(run(0.25)[0], {1});
}

TEST(Dropout, DropsThatShareAndScalesTheRest) {
  Tensor x({100, 100}, 1.0);
  Tensor y = runLine("nn.dropout %0, %1, %2 {p = 0.25 : f64, stream = \"h.0.drop\"} : "
                     "(tensor<100x100xf64>, tensor<i32>, tensor<i32>) -> tensor<100x100xf64>",
                     {x, Tensor::scalar(1), Tensor::scalar(1)})[0];
  int64_t dropped = 0;
  for (double value : y.data) {
    EXPECT_TRUE(value == 0 || value == 1 / 0.75);
    dropped += value == 0;
  }
  // 10000 draws: the standard deviation is 43.
  EXPECT_NEAR(dropped, 2500, 220);
}

TEST(Entries, LayersScopesAndTies) {
  auto module = parseModule(R"(
    nn.input @x : tensor<2xf64> dims [""]
    nn.parameter @scale : tensor<2xf64> init #nn.init<ones>
    nn.tie @again to @scale init #nn.init<zeros>
    nn.layers @h count 2 {
      nn.parameter @bias : tensor<2xf64> init #nn.init<zeros>
      nn.block (%x: tensor<2xf64>) -> tensor<2xf64> {
        %s = nn.scope "mul" -> tensor<2xf64> {
          %w = nn.read @again : tensor<2xf64>
          %m = nn.mul %x, %w : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
          nn.yield %m : tensor<2xf64>
        }
        %b = nn.read @bias : tensor<2xf64>
        %y = nn.add %s, %b : (tensor<2xf64>, tensor<2xf64>) -> tensor<2xf64>
        nn.return %y : tensor<2xf64>
      }
    }
    nn.entry @f outputs ["y"] {
      %x = nn.read @x : tensor<2xf64>
      %y = nn.apply @h(%x) : (tensor<2xf64>) -> tensor<2xf64>
      nn.write %y, @scale : tensor<2xf64>
      nn.return %y : tensor<2xf64>
    })");
  auto outcome =
      Interpreter::run(*module->getOps<nn::EntryOp>().begin(), {{"x", Tensor({2}, {1, 2})},
                                                                {"scale", Tensor({2}, {10, 20})},
                                                                {"h.0.bias", Tensor({2}, {3, 4})},
                                                                {"h.1.bias", Tensor({2}, {5, 6})}});
  ASSERT_TRUE(succeeded(outcome));
  // (1 * 10 + 3) * 10 + 5; (2 * 20 + 4) * 20 + 6
  expectData(outcome->outputs[0], {135, 886});
  expectData(outcome->writes.at("scale"), {135, 886});
}

/// Casts of float32 round as the runtime does; those of float64 round once, not by way of float32.
TEST(Interpreter, CastsRoundToNearestEven) {
  auto module = parseModule(R"(
    nn.input @x : tensor<1000xf32> dims [""]
    nn.entry @f outputs ["y", "t"] {
      %x = nn.read @x : tensor<1000xf32>
      %h = nn.cast %x : (tensor<1000xf32>) -> tensor<1000xbf16>
      %y = nn.cast %h : (tensor<1000xbf16>) -> tensor<1000xf32>
      %t = nn.cast %x {tf32} : (tensor<1000xf32>) -> tensor<1000xf32>
      nn.return %y, %t : tensor<1000xf32>, tensor<1000xf32>
    })");
  nn::EntryOp entry = *module->getOps<nn::EntryOp>().begin();
  std::mt19937 engine(4);
  Tensor x({1000});
  for (int64_t i = 0; i < x.size(); ++i)
    x[i] = std::ldexp(static_cast<float>(engine()) + 1.0f, static_cast<int>(engine() % 220) - 130);
  x[0] = 1 + 0x1p-8 + 0x1p-40; // float32 would make it a tie
  x[1] = 1 + 0x1p-8;
  x[2] = 1 + 3 * 0x1p-8;
  x[3] = 0x1.FFp127;
  x[4] = 0x1.8p-134;
  x[5] = 1 + 0x1p-11;
  auto outcome = Interpreter::run(entry, {{"x", x}});
  ASSERT_TRUE(succeeded(outcome));
  const Tensor &y = outcome->outputs[0], &t = outcome->outputs[1];
  for (int64_t i = 6; i < x.size(); ++i) {
    EXPECT_EQ(y[i], bfloat16ToFloat(floatToBfloat16(static_cast<float>(x[i]))));
    EXPECT_LE(std::fabs(t[i] - x[i]), 0x1p-11 * std::fabs(x[i]) + 0x1p-137);
    int exponent;
    EXPECT_EQ(std::fmod(std::ldexp(std::frexp(t[i], &exponent), 11), 1), 0);
  }
  EXPECT_EQ(y[0], 1 + 0x1p-7);
  EXPECT_EQ(y[1], 1);
  EXPECT_EQ(y[2], 1 + 0x1p-6);
  EXPECT_EQ(y[3], HUGE_VAL);
  EXPECT_EQ(y[4], 0x1p-133);
  EXPECT_EQ(t[5], 1);
  auto ignored = Interpreter::run(entry, {{"x", x}}, Roundings::Ignored);
  ASSERT_TRUE(succeeded(ignored));
  EXPECT_EQ(ignored->outputs[0].data, x.data);
  EXPECT_EQ(ignored->outputs[1].data, x.data);
}

} // namespace

} // namespace tpc::interpreter::test
