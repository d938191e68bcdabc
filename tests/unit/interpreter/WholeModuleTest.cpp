//===- WholeModuleTest.cpp - Training steps: gradients, and partitioned equals global ------===//
//
// The gradient of a whole model against finite differences of its loss, and the local program of
// the solver's and of random decisions, run on virtual ranks, against the global one.
//
//===---------------------------------------------------------------------------------------===//
#include "TestModels.h"

#include "compiler/interpreter/VirtualRanks.h"
#include "compiler/partition/Partition.h"
#include "compiler/partition/Proof.h"
#include "compiler/sharding/ApplyShardings.h"
#include "compiler/sharding/Solver.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "gtest/gtest.h"

namespace tpc::interpreter::test {

namespace {

struct Model {
  std::string name;
  std::string (*text)(const ModelSizes &, const std::string &);
  ModelSizes sizes;
};

const Model kModels[] = {
    {"mlp", mlpText, {}},
    {"mlp_odd", mlpText, {.batch = 3, .hidden = 5, .inner = 7}},
    {"gpt", gptText, {}},
    {"gpt_odd_heads", gptText, {.layers = 2, .batch = 1, .hidden = 5, .heads = 3, .size = 2}},
    {"llama", llamaText, {.heads = 4}},
    {"llama_odd_groups",
     llamaText,
     {.vocab = 13, .hidden = 6, .heads = 6, .kvHeads = 3, .size = 2, .inner = 7}},
    {"llama_one_kv_head", llamaText, {.layers = 2, .heads = 3, .kvHeads = 1, .size = 2}},
};

class WholeModule : public testing::TestWithParam<Model> {
protected:
  mlir::OwningOpRef<mlir::ModuleOp> grad(const std::string &optimizer) {
    return gradModule(GetParam().text(GetParam().sizes, optimizer));
  }
};

/// One step of SGD with learning rate 1 moves each parameter by its gradient.
TEST_P(WholeModule, GradientIsThatOfFiniteDifferences) {
  auto module = grad(kSgd);
  Bindings bindings = drawBindings(*module, 1);
  bindings["lr"] = Tensor::scalar(1);
  auto step = Interpreter::run(entryNamed(*module, "train"), bindings);
  ASSERT_TRUE(succeeded(step));
  auto loss = [&](const Bindings &at) {
    return Interpreter::run(entryNamed(*module, "loss"), at)->outputs[0][0];
  };
  EXPECT_EQ(step->outputs[0][0], loss(bindings));
  for (auto &[symbol, next] : step->writes) {
    SCOPED_TRACE(symbol);
    const Tensor &now = bindings.at(symbol);
    Tensor gradient(now.shape), expected(now.shape);
    for (int64_t i = 0; i < now.size(); ++i) {
      gradient[i] = now[i] - next[i];
      const double distance = 1e-5;
      Bindings moved = bindings;
      moved[symbol][i] += distance;
      double above = loss(moved);
      moved[symbol][i] -= 2 * distance;
      expected[i] = (above - loss(moved)) / (2 * distance);
    }
    expectNear(gradient, expected, 1e-6);
  }
}

/// Partitions `sharded`, proves it, and compares a training step on virtual ranks.
void expectSameStep(mlir::ModuleOp grad, const Decision &decision) {
  mlir::OwningOpRef<mlir::ModuleOp> sharded = grad.clone();
  // Decisions are keyed by op.
  Decision moved = decision;
  moved.ops.clear();
  mlir::SmallVector<mlir::Operation *> from, to;
  grad.walk([&](mlir::Operation *op) { from.push_back(op); });
  sharded->walk([&](mlir::Operation *op) { to.push_back(op); });
  for (auto [a, b] : llvm::zip_equal(from, to))
    if (auto it = decision.ops.find(a); it != decision.ops.end())
      moved.ops[b] = it->second;
  ASSERT_TRUE(succeeded(applyShardings(*sharded, moved)));
  ASSERT_TRUE(succeeded(mlir::verify(*sharded)));
  mlir::OwningOpRef<mlir::ModuleOp> local = sharded->clone();
  ASSERT_TRUE(succeeded(partition(*local)));
  ASSERT_TRUE(succeeded(mlir::verify(*local)));
  EXPECT_TRUE(succeeded(proveSharded(grad, *sharded)));
  EXPECT_TRUE(succeeded(proveLocal(*sharded, *local)));

  Bindings bindings = drawBindings(grad, 2);
  auto expected = Interpreter::run(entryNamed(grad, "train"), bindings);
  auto meaning = Interpreter::run(entryNamed(*sharded, "train"), bindings);
  auto actual = VirtualRanks(entryNamed(*local, "train")).run(bindings);
  ASSERT_TRUE(succeeded(expected));
  ASSERT_TRUE(succeeded(meaning));
  ASSERT_TRUE(succeeded(actual));
  for (const auto *outcome : {&*meaning, &*actual}) {
    ASSERT_EQ(outcome->outputs.size(), expected->outputs.size());
    for (size_t i = 0; i < expected->outputs.size(); ++i)
      expectNear(outcome->outputs[i], expected->outputs[i], 1e-10);
    ASSERT_EQ(outcome->writes.size(), expected->writes.size());
    for (const auto &[symbol, value] : expected->writes) {
      SCOPED_TRACE(symbol);
      expectNear(outcome->writes.at(symbol), value, 1e-10);
    }
  }
}

const Mesh kMeshes[] = {
    Mesh{{{"dp", 1}, {"tp", 1}}}, Mesh{{{"dp", 1}, {"tp", 2}}}, Mesh{{{"dp", 1}, {"tp", 3}}},
    Mesh{{{"dp", 1}, {"tp", 4}}}, Mesh{{{"dp", 2}, {"tp", 1}}}, Mesh{{{"dp", 2}, {"tp", 2}}},
};

TEST_P(WholeModule, TheSolversPlanComputesTheSame) {
  for (const Mesh &mesh : kMeshes)
    for (bool sequenceParallel : {false, true}) {
      if (GetParam().sizes.batch % mesh.axisSize(0) != 0)
        continue;
      SCOPED_TRACE(mesh.str() + (sequenceParallel ? ", sequence-parallel" : ""));
      auto module = grad(kAdam);
      SolverOptions options;
      options.mesh = mesh;
      options.sequenceParallel = sequenceParallel;
      SolverReport report;
      auto decision = solveShardings(*module, options, report);
      ASSERT_TRUE(succeeded(decision));
      expectSameStep(*module, *decision);
    }
}

INSTANTIATE_TEST_SUITE_P(Models, WholeModule, testing::ValuesIn(kModels),
                         [](const auto &info) { return info.param.name; });

void PrintTo(const Model &model, std::ostream *stream) { *stream << model.name; }

} // namespace

} // namespace tpc::interpreter::test
