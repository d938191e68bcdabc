//===- WholeModuleTest.cpp - Training steps: gradients, and partitioned equals global ------===//
//
// The gradient of a whole model against finite differences of its loss, and the local program of
// the solver's and of random decisions, run on virtual ranks, against the global one.
//
//===---------------------------------------------------------------------------------------===//
#include "PoisonPads.h"
#include "TestModels.h"

#include "compiler/fusion/Fusion.h"
#include "compiler/interpreter/VirtualRanks.h"
#include "compiler/partition/Partition.h"
#include "compiler/partition/Proof.h"
#include "compiler/schedule/Schedule.h"
#include "compiler/sharding/ApplyShardings.h"
#include "compiler/sharding/Solver.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "gtest/gtest.h"

#include <iostream>

namespace tpc::interpreter::test {

namespace {

int poisonedPads = 0;

class WholeModule : public testing::TestWithParam<TestModel> {
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

bool isProved(mlir::ModuleOp grad, const Partitioned &step) {
  return succeeded(proveSharded(grad, *step.sharded)) &&
         succeeded(proveLocal(*step.sharded, *step.local));
}

/// One step from random values, at level grad.
struct GlobalStep {
  explicit GlobalStep(mlir::ModuleOp grad)
      : bindings(drawBindings(grad, 2)),
        outcome(*Interpreter::run(entryNamed(grad, "train"), bindings)) {}

  Bindings bindings;
  Outcome outcome;
};

void expectSameStep(const GlobalStep &global, Partitioned &step) {
  ASSERT_TRUE(succeeded(mlir::verify(*step.sharded)));
  ASSERT_TRUE(succeeded(mlir::verify(*step.local)));
  auto meaning = Interpreter::run(entryNamed(*step.sharded, "train"), global.bindings);
  auto actual = VirtualRanks(entryNamed(*step.local, "train")).run(global.bindings);
  ASSERT_TRUE(succeeded(meaning));
  ASSERT_TRUE(succeeded(actual));
  expectSameOutcome(*meaning, global.outcome, 1e-10);
  expectSameOutcome(*actual, global.outcome, 1e-10);
}

/// Pads of intermediates that are not known to be zero, NaN.
void expectPadsAreNotRead(const GlobalStep &global, Partitioned &step) {
  SCOPED_TRACE("pads are NaN");
  mlir::OwningOpRef<mlir::ModuleOp> poisoned = step.local->clone();
  poisonedPads += poisonPads(*step.sharded, *poisoned);
  ASSERT_TRUE(succeeded(mlir::verify(*poisoned)));
  auto actual = VirtualRanks(entryNamed(*poisoned, "train")).run(global.bindings);
  ASSERT_TRUE(succeeded(actual));
  expectSameOutcome(*actual, global.outcome, 1e-10);
}

const Mesh kMeshes[] = {
    Mesh{{{"dp", 1}, {"tp", 1}}}, Mesh{{{"dp", 1}, {"tp", 2}}}, Mesh{{{"dp", 1}, {"tp", 3}}},
    Mesh{{{"dp", 1}, {"tp", 4}}}, Mesh{{{"dp", 1}, {"tp", 8}}}, Mesh{{{"dp", 2}, {"tp", 1}}},
    Mesh{{{"dp", 2}, {"tp", 2}}},
};

/// Solves, partitions, proves, fuses and schedules; at `local` and `scheduled` the step must be the
/// global one.
void expectSolvedPlanComputesTheSame(mlir::ModuleOp grad, const GlobalStep &global,
                                     const Mesh &mesh, SequenceParallel mode) {
  SolverOptions options;
  options.mesh = mesh;
  options.sequenceParallel = mode;
  SolverReport report;
  auto decision = solveShardings(grad, options, report);
  ASSERT_TRUE(succeeded(decision));
  auto step = partitioned(grad, *decision);
  ASSERT_TRUE(step);
  EXPECT_TRUE(isProved(grad, *step));
  expectSameStep(global, *step);
  expectPadsAreNotRead(global, *step);
  mlir::PassManager passes(&context());
  passes.addPass(createFusePass());
  passes.addPass(createVerifyFusedPass());
  passes.addPass(createSchedulePass());
  passes.addPass(createVerifyScheduledPass());
  ASSERT_TRUE(succeeded(passes.run(*step->local)));
  SCOPED_TRACE("scheduled");
  expectSameStep(global, *step);
}

/// Sizes as chance has them, on any mesh: more ranks than heads, classes or positions.
TEST(RandomModels, TheSolversPlanComputesTheSame) {
  std::mt19937 engine(17);
  for (int attempt = 0; attempt < 40; ++attempt) {
    RandomCase drawn = drawCase(engine, /*mostTp=*/8);
    SCOPED_TRACE("attempt " + std::to_string(attempt) + ": " + drawn.str());
    auto module = gradModule(drawn.text);
    expectSolvedPlanComputesTheSame(*module, GlobalStep(*module), drawn.mesh,
                                    drawn.sequenceParallel);
    if (testing::Test::HasFailure())
      return;
  }
}

TEST_P(WholeModule, TheSolversPlanComputesTheSame) {
  poisonedPads = 0;
  auto module = grad(kAdam);
  GlobalStep global(*module);
  for (const Mesh &mesh : kMeshes)
    for (auto mode : {SequenceParallel::Off, SequenceParallel::On}) {
      if (GetParam().sizes.batch % mesh.axisSize(0) != 0)
        continue;
      SCOPED_TRACE(mesh.str() + ", sequence-parallel " + std::to_string(static_cast<int>(mode)));
      expectSolvedPlanComputesTheSame(*module, global, mesh, mode);
    }
  // Eight ranks are more than the heads, and do not divide the vocabulary.
  EXPECT_GT(poisonedPads, 0);
  std::cout << poisonedPads << " times, the pads of a value were NaN\n";
}

/// How far a value is from where an op needs it; nothing where no reshard leads there.
std::optional<int> distance(Placement is, Placement needed) {
  if (is == needed)
    return 0;
  if (needed.kind == Placement::Partial)
    return std::nullopt;
  return is.kind == Placement::Replicated ? 1 : 10;
}

/// What the solver would never choose: symbols as chance has them, ops mostly near their operands
/// (or hardly any plan would have a local form), some anywhere.
Decision decideRandomly(mlir::ModuleOp module, const Mesh &mesh, std::mt19937 &engine) {
  Decision decision;
  decision.mesh = mesh;
  // A factor smaller than the axis would leave ranks with nothing but pads.
  auto maySplit = [&](int64_t size, AxisId axis) {
    return mesh.axisSize(axis) > 1 && size >= mesh.axisSize(axis);
  };
  auto declare = [&](mlir::SymbolOpInterface symbol, mlir::Type type, unsigned oneIn) {
    llvm::ArrayRef<int64_t> shape = mlir::cast<mlir::RankedTensorType>(type).getShape();
    Sharding sharding = Sharding::replicated(Shape(shape));
    for (AxisId axis = 0; axis < mesh.axes.size(); ++axis)
      if (size_t dim = engine() % shape.size();
          engine() % oneIn == 0 && maySplit(shape[dim], axis) && !isSplit(sharding.dims[dim]))
        sharding.dims[dim] = splitDim(shape[dim], axis, mesh);
    decision.symbols[symbol.getName()] = sharding;
  };
  for (auto input : module.getOps<nn::InputOp>())
    declare(input, input.getType(), 8);
  for (auto parameter : module.getOps<nn::ParameterOp>())
    declare(parameter, parameter.getType(), 2);
  for (auto state : module.getOps<nn::StateOp>())
    declare(state, state.getType(), 2);

  std::vector<llvm::DenseMap<mlir::Value, Placement>> placements(mesh.axes.size());
  module.walk([&](mlir::Operation *op) {
    if (auto read = mlir::dyn_cast<nn::ReadOp>(op))
      if (auto it = decision.symbols.find(read.getSource()); it != decision.symbols.end())
        for (AxisId axis = 0; axis < mesh.axes.size(); ++axis)
          placements[axis][read.getResult()] = it->second.placementOn(axis);
    auto ruled = mlir::dyn_cast<nn::ShardingRuleOp>(op);
    if (!ruled)
      return;
    Rule rule = ruled.getShardingRule();
    OpDecision &chosen = decision.ops[op];
    chosen.origin = "chance";
    for (AxisId axis = 0; axis < mesh.axes.size(); ++axis) {
      std::vector<std::pair<int, Strategy>> possible;
      bool anywhere = engine() % 10 == 0;
      for (Strategy &strategy : strategies(rule)) {
        bool fits = strategy.factor < 0 || maySplit(rule.factors[strategy.factor].size, axis);
        for (const Strategy &other : chosen.perAxis)
          fits &= other.linear < 0 && (other.factor < 0 || other.factor != strategy.factor);
        int total = 0;
        for (auto [operand, needed] : llvm::zip(op->getOperands(), strategy.operands)) {
          auto from = distance(placements[axis].lookup(operand), needed);
          fits &= from.has_value();
          total += from.value_or(0);
        }
        if (fits)
          possible.emplace_back(anywhere ? 0 : total, std::move(strategy));
      }
      // Where another axis passes partial values through, this one does nothing.
      if (possible.empty())
        possible.emplace_back(0, strategies(rule)[0]);
      int least = possible.front().first;
      for (auto &[total, strategy] : possible)
        least = std::min(least, total);
      std::erase_if(possible, [&](auto &candidate) { return candidate.first > least; });
      Strategy choice = possible[engine() % possible.size()].second;
      for (auto [result, placement] : llvm::zip_equal(op->getResults(), choice.results))
        placements[axis][result] = placement;
      chosen.perAxis.push_back(std::move(choice));
    }
  });
  return decision;
}

TEST_P(WholeModule, RandomPlansComputeTheSame) {
  auto module = grad(kAdam);
  GlobalStep global(*module);
  std::mt19937 engine(11);
  int executed = 0, proved = 0, refused = 0;
  for (const Mesh &mesh : kMeshes)
    for (int attempt = 0; attempt < 24; ++attempt) {
      SCOPED_TRACE(mesh.str() + ", attempt " + std::to_string(attempt));
      Decision decision = decideRandomly(*module, mesh, engine);
      std::optional<Partitioned> step;
      {
        // Some reshards have no local form (the middle factor of a dim gathered), some plans no
        // proof (a partial value kept for the backward pass): refused, not wrong.
        mlir::ScopedDiagnosticHandler quiet(&context(),
                                            [](mlir::Diagnostic &) { return mlir::success(); });
        step = partitioned(*module, decision);
        proved += step && isProved(*module, *step);
      }
      if (!step) {
        ++refused;
        continue;
      }
      ++executed;
      expectSameStep(global, *step);
      if (HasFailure())
        return;
    }
  EXPECT_GT(proved, 0);
  std::cout << executed << " random plans executed, " << proved << " of them proved; " << refused
            << " refused\n";
}

INSTANTIATE_TEST_SUITE_P(Models, WholeModule, testing::ValuesIn(testModels()),
                         [](const auto &info) { return info.param.name; });

} // namespace

} // namespace tpc::interpreter::test
