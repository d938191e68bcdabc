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

#include <iostream>

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

/// The model as it is written, layers and scopes included, means what level grad does. (Not with
/// dropout, whose streams get their full names when layers are written out.)
TEST_P(WholeModule, LevelsModelAndGradMeanTheSame) {
  std::string text = GetParam().text(GetParam().sizes, kSgd);
  if (text.find("nn.dropout") != std::string::npos)
    GTEST_SKIP() << "dropout streams differ by level";
  auto model = parseModule(text), module = gradModule(text);
  Bindings bindings = drawBindings(*module, 4);
  auto expected = Interpreter::run(entryNamed(*model, "loss"), bindings);
  auto actual = Interpreter::run(entryNamed(*module, "loss"), bindings);
  ASSERT_TRUE(succeeded(expected));
  ASSERT_TRUE(succeeded(actual));
  expectNear(actual->outputs[0], expected->outputs[0], 1e-13);
}

/// A training step, partitioned as decided.
struct Partitioned {
  mlir::OwningOpRef<mlir::ModuleOp> sharded, local;
};

/// Nothing, and an error was emitted, where the decision has no meaning.
std::optional<Partitioned> partitioned(mlir::ModuleOp grad, const Decision &decision) {
  Partitioned result;
  result.sharded = grad.clone();
  Decision moved = decision; // to the clone: decisions are keyed by op
  moved.ops.clear();
  std::vector<mlir::Operation *> from, to;
  grad.walk([&](mlir::Operation *op) { from.push_back(op); });
  result.sharded->walk([&](mlir::Operation *op) { to.push_back(op); });
  for (auto [a, b] : llvm::zip_equal(from, to))
    if (auto it = decision.ops.find(a); it != decision.ops.end())
      moved.ops[b] = it->second;
  if (failed(applyShardings(*result.sharded, moved)))
    return std::nullopt;
  result.local = result.sharded->clone();
  if (failed(partition(*result.local)))
    return std::nullopt;
  return result;
}

void expectSameStep(mlir::ModuleOp grad, const Partitioned &step) {
  ASSERT_TRUE(succeeded(mlir::verify(*step.sharded)));
  ASSERT_TRUE(succeeded(mlir::verify(*step.local)));
  EXPECT_TRUE(succeeded(proveSharded(grad, *step.sharded)));
  EXPECT_TRUE(succeeded(proveLocal(*step.sharded, *step.local)));

  Bindings bindings = drawBindings(grad, 2);
  auto expected = Interpreter::run(entryNamed(grad, "train"), bindings);
  auto meaning = Interpreter::run(entryNamed(*step.sharded, "train"), bindings);
  auto actual = VirtualRanks(entryNamed(*step.local, "train")).run(bindings);
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
      auto step = partitioned(*module, *decision);
      ASSERT_TRUE(step);
      expectSameStep(*module, *step);
    }
}

/// What the solver would never choose: every op and every symbol as chance has it. The same
/// numbers must come out, through reshards of all kinds.
Decision decideRandomly(mlir::ModuleOp module, const Mesh &mesh, std::mt19937 &engine) {
  Decision decision;
  decision.mesh = mesh;
  auto declare = [&](mlir::SymbolOpInterface symbol, mlir::Type type) {
    llvm::ArrayRef<int64_t> shape = mlir::cast<mlir::RankedTensorType>(type).getShape();
    Sharding sharding = Sharding::replicated(Shape(shape));
    for (AxisId axis = 0; axis < mesh.axes.size(); ++axis)
      if (size_t dim = engine() % (shape.size() + 1);
          mesh.axisSize(axis) > 1 && dim < shape.size() && !isSplit(sharding.dims[dim]))
        sharding.dims[dim] = splitDim(shape[dim], axis, mesh);
    decision.symbols[symbol.getName()] = sharding;
  };
  for (auto input : module.getOps<nn::InputOp>())
    declare(input, input.getType());
  for (auto parameter : module.getOps<nn::ParameterOp>())
    declare(parameter, parameter.getType());
  for (auto state : module.getOps<nn::StateOp>())
    declare(state, state.getType());

  std::vector<llvm::DenseMap<mlir::Value, Placement>> placements(mesh.axes.size());
  module.walk([&](nn::ShardingRuleOp op) {
    OpDecision &chosen = decision.ops[op];
    chosen.origin = "chance";
    for (AxisId axis = 0; axis < mesh.axes.size(); ++axis) {
      std::vector<Strategy> possible;
      for (Strategy &strategy : strategies(op.getShardingRule())) {
        bool fits = llvm::none_of(chosen.perAxis, [&](const Strategy &other) {
          return (other.factor >= 0 && other.factor == strategy.factor) || other.linear >= 0;
        });
        fits &= mesh.axisSize(axis) > 1 || (strategy.factor < 0 && strategy.linear < 0);
        // Nothing becomes partial by a reshard.
        for (auto [operand, needed] : llvm::zip(op->getOperands(), strategy.operands))
          fits &= needed.kind != Placement::Partial || placements[axis].lookup(operand) == needed;
        if (fits)
          possible.push_back(std::move(strategy));
      }
      Strategy choice;
      if (possible.empty()) // another axis passes partial values through; this one does nothing
        choice = strategies(op.getShardingRule())[0];
      else
        choice = possible[engine() % possible.size()];
      for (auto [result, placement] : llvm::zip_equal(op->getResults(), choice.results))
        placements[axis][result] = placement;
      chosen.perAxis.push_back(std::move(choice));
    }
  });
  return decision;
}

TEST_P(WholeModule, RandomPlansComputeTheSame) {
  auto module = grad(kAdam);
  std::mt19937 engine(11);
  int executed = 0, refused = 0;
  for (const Mesh &mesh : kMeshes)
    for (int attempt = 0; attempt < 24; ++attempt) {
      SCOPED_TRACE(mesh.str() + ", attempt " + std::to_string(attempt));
      Decision decision = decideRandomly(*module, mesh, engine);
      std::optional<Partitioned> step;
      {
        // Some reshards have no local form (the middle factor of a dim gathered): refused, not
        // wrong.
        mlir::ScopedDiagnosticHandler quiet(&context(),
                                            [](mlir::Diagnostic &) { return mlir::success(); });
        step = partitioned(*module, decision);
      }
      if (!step) {
        ++refused;
        continue;
      }
      ++executed;
      expectSameStep(*module, *step);
      if (HasFailure())
        return;
    }
  EXPECT_GT(executed, 0);
  std::cout << executed << " random plans executed, " << refused << " refused\n";
}

INSTANTIATE_TEST_SUITE_P(Models, WholeModule, testing::ValuesIn(kModels),
                         [](const auto &info) { return info.param.name; });

void PrintTo(const Model &model, std::ostream *stream) { *stream << model.name; }

} // namespace

} // namespace tpc::interpreter::test
