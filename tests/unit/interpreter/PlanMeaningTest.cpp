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

#include <iostream>

namespace tpc::interpreter::test {

namespace {

int poisonedPads = 0;

class PlanMeaning : public testing::TestWithParam<TestModel> {};

/// A step of the plan is a step of the interpreter. Poisoned: whatever the pads hold that nobody
/// may read.
void expectSameStep(const std::string &text, const Mesh &mesh, SequenceParallel mode, bool poisoned,
                    WeightAlignment alignment = {}) {
  auto module = gradModule(text);
  Bindings bindings = drawBindings(*module, 6);
  auto expected = Interpreter::run(entryNamed(*module, "train"), bindings);
  ASSERT_TRUE(succeeded(expected));
  CompileOptions options;
  options.mesh = mesh;
  options.precision = "f64";
  options.sequenceParallel = mode;
  options.target.alignment = alignment;
  CompiledPlan compiled = compilePlan(text, options, poisoned);
  expectSameOutcome(runTrain(compiled.plan, bindings), *expected, 1e-10);
  poisonedPads += compiled.poisonedPads;
}

struct PlanCase {
  int64_t dp, tp;
  SequenceParallel mode;
  bool poisoned;
};
constexpr SequenceParallel kOff = SequenceParallel::Off, kOn = SequenceParallel::On;
const PlanCase kPlans[] = {{1, 1, kOff, false}, {1, 2, kOff, false}, {1, 3, kOn, false},
                           {1, 8, kOff, false}, {2, 2, kOff, false}, {1, 2, kOff, true},
                           {1, 3, kOff, true},  {1, 4, kOn, true},   {1, 8, kOff, true}};

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

TEST(RandomModels, AStepIsTheInterpreters) {
  std::mt19937 engine(31);
  for (int attempt = 0; attempt < 6; ++attempt) {
    RandomCase drawn = drawCase(engine, /*mostTp=*/6);
    SCOPED_TRACE("attempt " + std::to_string(attempt) + ": " + drawn.str());
    expectSameStep(drawn.text, drawn.mesh, static_cast<SequenceParallel>(drawn.sequenceParallel),
                   /*poisoned=*/attempt % 2 == 0);
    if (testing::Test::HasFailure())
      return;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, PlanMeaning, testing::ValuesIn(testModels()),
                         [](const auto &info) { return info.param.name; });

} // namespace

} // namespace tpc::interpreter::test
