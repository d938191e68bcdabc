//===- PlanMeaningTest.cpp - Plans of tiny models, run, against the interpreter ------------===//
//
// The whole pipeline in float64: a training step of a plan on CPU ranks must give what the entry
// @train of level grad means. Sizes are odd on purpose, so that heads, vocabularies and hidden
// sizes are padded on some meshes.
//
//===---------------------------------------------------------------------------------------===//
#include "RunPlan.h"
#include "TestModels.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <iostream>

namespace tpc::interpreter::test {

namespace {

int poisonedPads = 0;

class PlanMeaning : public testing::TestWithParam<TestModel> {};

bool movesSplits(const PlanFile &plan) {
  return std::ranges::any_of(
      *plan.findEntry("train")->instructions(), [](const plan::Instruction *instruction) {
        const plan::Collective *collective = instruction->body_as_Collective();
        return collective && collective->kind() == plan::CollectiveKind::all_to_all;
      });
}

/// A step of the plan is a step of the interpreter. Poisoned: whatever the pads hold that nobody
/// may read. Only a user's constraint moves splits.
void expectSameStep(const std::string &text, CompileOptions options, bool poisoned,
                    bool moves = false) {
  auto module = gradModule(text);
  Bindings bindings = drawBindings(*module, 6);
  auto expected = Interpreter::run(entryNamed(*module, "train"), bindings);
  ASSERT_TRUE(succeeded(expected));
  options.precision = "f64";
  CompiledPlan compiled = compilePlan(text, options, poisoned);
  EXPECT_EQ(movesSplits(compiled.plan), moves);
  expectSameOutcome(runTrain(compiled.plan, bindings), *expected, 1e-10);
  poisonedPads += compiled.poisonedPads;
}

void expectSameStep(const std::string &text, const Mesh &mesh, SequenceParallel mode, bool poisoned,
                    WeightAlignment alignment = {}) {
  CompileOptions options;
  options.mesh = mesh;
  options.sequenceParallel = mode;
  options.target.alignment = alignment;
  expectSameStep(text, std::move(options), poisoned);
}

struct PlanCase {
  int64_t dp, tp;
  SequenceParallel mode;
  bool poisoned;
};
constexpr SequenceParallel kOff = SequenceParallel::Off, kOn = SequenceParallel::On;
const PlanCase kPlans[] = {{1, 1, kOff, false}, {1, 2, kOff, false}, {1, 3, kOn, false},
                           {1, 8, kOff, false}, {2, 2, kOff, false}, {1, 2, kOff, true},
                           {1, 3, kOn, true},   {1, 4, kOff, true},  {1, 8, kOff, true}};

TEST_P(PlanMeaning, AStepIsTheInterpreters) {
  std::string text = GetParam().text(GetParam().sizes, kAdam);
  poisonedPads = 0;
  for (auto [dp, tp, mode, poisoned] : kPlans) {
    if (GetParam().sizes.batch % dp != 0)
      continue;
    Mesh mesh{{{"dp", dp}, {"tp", tp}}};
    SCOPED_TRACE(mesh.str() + (mode == kOn ? ", sequence-parallel" : "") +
                 (poisoned ? ", pads are NaN" : ""));
    expectSameStep(text, mesh, mode, poisoned);
  }
  // The few pads of the multilayer perceptrons are all known to be zero.
  EXPECT_EQ(poisonedPads > 0, GetParam().text != mlpText);
  std::cout << poisonedPads << " times, the pads of a value were NaN\n";
}

/// Weights padded for the sake of products, on one rank and on some, whatever the pads hold.
TEST_P(PlanMeaning, AStepOfAlignedWeightsIsTheInterpreters) {
  std::string text = GetParam().text(GetParam().sizes, kAdam);
  for (auto [tp, mode] : {std::pair(1, kOff), {2, kOn}, {3, kOff}}) {
    SCOPED_TRACE("tp " + std::to_string(tp));
    expectSameStep(text, Mesh{{{"tp", tp}}}, mode, /*poisoned=*/true,
                   {.leading = 4, .vocabulary = 16});
  }
}

/// The data comes split by batch or sequence, and the weight of its product by features, so one of
/// them moves, whether or not its extents divide.
TEST(ConstrainedModels, ASplitThatMovesIsTheInterpreters) {
  std::string error;
  for (const char *data : {"data=[{tp}, {}, {}]", "data=[{}, {tp}, {}]"})
    // Large enough that it does not pay to gather both.
    for (ModelSizes sizes : {ModelSizes{.batch = 4, .sequence = 4, .hidden = 64, .inner = 96},
                             ModelSizes{.batch = 3, .sequence = 5, .hidden = 65, .inner = 97}})
      for (int64_t tp : {2, 3}) {
        SCOPED_TRACE(std::string(data) + " on " + std::to_string(tp) + " ranks, hidden " +
                     std::to_string(sizes.hidden));
        CompileOptions options;
        options.mesh = Mesh{{{"tp", tp}}};
        for (const char *constraint : {data, "fc.weight=[{}, {tp}]"})
          options.constraints.push_back(*parseShardConstraint(constraint, error));
        expectSameStep(mlpText(sizes, kAdam), std::move(options), /*poisoned=*/true,
                       /*moves=*/true);
      }
}

TEST(RandomModels, AStepIsTheInterpreters) {
  std::mt19937 engine(31);
  for (int attempt = 0; attempt < 6; ++attempt) {
    RandomCase drawn = drawCase(engine, /*mostTp=*/6);
    SCOPED_TRACE("attempt " + std::to_string(attempt) + ": " + drawn.str());
    expectSameStep(drawn.text, drawn.mesh, drawn.sequenceParallel,
                   /*poisoned=*/attempt % 2 == 0);
    if (testing::Test::HasFailure())
      return;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, PlanMeaning, testing::ValuesIn(testModels()),
                         [](const auto &info) { return info.param.name; });

} // namespace

} // namespace tpc::interpreter::test
