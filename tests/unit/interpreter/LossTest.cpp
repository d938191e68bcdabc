//===- LossTest.cpp - Losses and gradient norms on every mesh ------------------------------===//
//
// The loss under a split vocabulary, padded or not, in all its forms, and the norm of gradients
// that are split, padded, replicated, or summed over ranks: always those of one rank.
//
//===---------------------------------------------------------------------------------------===//
#include "TestModels.h"

#include "compiler/interpreter/VirtualRanks.h"
#include "compiler/partition/Partition.h"
#include "compiler/partition/Proof.h"
#include "compiler/sharding/ApplyShardings.h"
#include "compiler/sharding/Solver.h"

#include "gtest/gtest.h"

namespace tpc::interpreter::test {

namespace {

/// A head of 11 classes over rows of 6 numbers: the gradient of the loss reaches its weight.
std::string headText(const std::string &attributes) {
  return R"(
  nn.dim @B = 2
  nn.dim @T = 5
  nn.input @x : tensor<2x5x6xf64> dims ["B", "T", ""]
  nn.input @labels : tensor<2x5xi32> dims ["B", "T"]
  nn.scalar @lr : tensor<f64> = 1.0
  nn.parameter @head : tensor<11x6xf64> init #nn.init<normal, 0.0, 1.0>
  nn.entry @loss outputs ["loss"] {
    %x = nn.read @x : tensor<2x5x6xf64>
    %w = nn.read @head : tensor<11x6xf64>
    %l = nn.linear %x, %w : (tensor<2x5x6xf64>, tensor<11x6xf64>) -> tensor<2x5x11xf64>
    %labels = nn.read @labels : tensor<2x5xi32>
    %loss = nn.cross_entropy %l, %labels {)" +
         attributes + R"(} : (tensor<2x5x11xf64>, tensor<2x5xi32>) -> tensor<f64>
    nn.return %loss : tensor<f64>
  }
  nn.training @train of @loss optimizer #nn.sgd<lr = @lr> clip_norm 0.5
)";
}

/// A training step at level `local`, on virtual ranks.
std::optional<Outcome> stepOnRanks(mlir::ModuleOp grad, int64_t tp, const Bindings &bindings) {
  auto module = grad.clone();
  mlir::OwningOpRef<mlir::ModuleOp> sharded(module);
  SolverOptions options;
  options.mesh = Mesh{{{"tp", tp}}};
  SolverReport report;
  auto decision = solveShardings(module, options, report);
  if (failed(decision) || failed(applyShardings(module, *decision)) ||
      failed(proveSharded(grad, module)))
    return std::nullopt;
  mlir::OwningOpRef<mlir::ModuleOp> local = sharded->clone();
  if (failed(partition(*local)) || failed(proveLocal(*sharded, *local)))
    return std::nullopt;
  auto outcome = VirtualRanks(entryNamed(*local, "train")).run(bindings);
  if (failed(outcome))
    return std::nullopt;
  return *outcome;
}

void expectSame(const Outcome &actual, const Outcome &expected) {
  ASSERT_EQ(actual.outputs.size(), expected.outputs.size());
  for (size_t i = 0; i < expected.outputs.size(); ++i)
    expectNear(actual.outputs[i], expected.outputs[i], 1e-12);
  for (const auto &[symbol, value] : expected.writes) {
    SCOPED_TRACE(symbol);
    expectNear(actual.writes.at(symbol), value, 1e-12);
  }
}

TEST(Loss, IsThatOfOneRankUnderEverySplitOfTheVocabulary) {
  for (const char *smoothing : {"0.0", "0.1"})
    for (const char *reduction : {"mean", "sum"})
      for (int ignored : {-100, 3}) {
        auto module = gradModule(headText(
            "label_smoothing = " + std::string(smoothing) + " : f64, reduction = #nn<reduction " +
            reduction + ">, ignore_index = " + std::to_string(ignored) + " : i64"));
        Bindings bindings = drawBindings(*module, 9);
        // Targets in the first and the last class; some or all rows count for nothing.
        Tensor &labels = bindings["labels"];
        for (int64_t i = 0; i < labels.size(); ++i)
          labels[i] = i % 11;
        labels[1] = 10;
        labels[4] = labels[7] = ignored;
        for (bool allIgnored : {false, true}) {
          if (allIgnored)
            for (int64_t i = 0; i < labels.size(); ++i)
              labels[i] = ignored;
          auto expected = Interpreter::run(entryNamed(*module, "train"), bindings);
          ASSERT_TRUE(succeeded(expected));
          if (allIgnored) {
            EXPECT_EQ(expected->outputs[0][0], 0.0);
            EXPECT_EQ(expected->outputs[1][0], 0.0);
          }
          for (int64_t tp : {1, 2, 3, 4, 5, 8, 11}) {
            SCOPED_TRACE(std::string(smoothing) + " " + reduction + ", ignored " +
                         std::to_string(ignored) + (allIgnored ? " everywhere" : "") +
                         ", tp=" + std::to_string(tp));
            auto actual = stepOnRanks(*module, tp, bindings);
            ASSERT_TRUE(actual);
            expectSame(*actual, *expected);
          }
        }
      }
}

/// The norm is the second output; clipping makes every update depend on it.
TEST(GradientNorm, CountsEveryGradientOnce) {
  const ModelSizes sizes[] = {
      {.vocab = 13, .hidden = 6, .heads = 9, .kvHeads = 3, .size = 2, .inner = 7}, // padded
      {.hidden = 6, .heads = 5, .kvHeads = 1, .size = 2},                          // kv replicated
      {.hidden = 6, .heads = 16, .kvHeads = 2, .size = 2},
  };
  for (const ModelSizes &of : sizes)
    for (auto text : {llamaText, gptText}) {
      auto module = gradModule(text(of, kAdam));
      Bindings bindings = drawBindings(*module, 5);
      auto expected = Interpreter::run(entryNamed(*module, "train"), bindings);
      ASSERT_TRUE(succeeded(expected));
      ASSERT_GT(expected->outputs[1][0], 0.5); // it is clipped
      for (int64_t tp : {2, 3, 4, 8}) {
        SCOPED_TRACE(std::to_string(of.heads) + " heads, tp=" + std::to_string(tp));
        auto actual = stepOnRanks(*module, tp, bindings);
        ASSERT_TRUE(actual);
        expectNear(actual->outputs[1], expected->outputs[1], 1e-12);
        expectSame(*actual, *expected);
      }
    }
}

/// Ids behind the table, on a table that is padded: no row is read or trained, the pads stay zero
/// (or VirtualRanks refuses what is written).
TEST(Vocabulary, AnIdBehindTheTableIsNobodys) {
  auto module = gradModule(gptText({.layers = 1, .vocab = 11}, kAdam));
  Bindings bindings = drawBindings(*module, 8);
  bindings["tokens"][0] = 11;
  bindings["tokens"][3] = 15;
  bindings["tokens"][4] = -1;
  auto expected = Interpreter::run(entryNamed(*module, "train"), bindings);
  ASSERT_TRUE(succeeded(expected));
  for (int64_t tp : {2, 3, 4, 8}) {
    SCOPED_TRACE("tp=" + std::to_string(tp));
    auto actual = stepOnRanks(*module, tp, bindings);
    ASSERT_TRUE(actual);
    expectSame(*actual, *expected);
  }
}

} // namespace

} // namespace tpc::interpreter::test
