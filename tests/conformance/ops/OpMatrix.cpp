//===- OpMatrix.cpp - Every op at every mesh, compiled and run, against the interpreter ----===//
//
// Each model of OpModels.h becomes plans through the whole pipeline. What their ranks compute, of
// the loss and of a training step, must be what the interpreter makes in float64 of the program
// before it was split, within bounds that are derived from that program alone (GlobalStep.h).
//
//===---------------------------------------------------------------------------------------===//
#include "GlobalStep.h"
#include "OpModels.h"

#include "compiler/verify/VerifyPlan.h"
#include "compiler/verify/WholeProgram.h"
#include "tests/unit/interpreter/RunPlan.h"
#include "tests/unit/interpreter/TestModels.h"
#include "tests/unit/runtime/CudaFixture.h"

#include "mlir/IR/TypeUtilities.h"
#include "gtest/gtest.h"

#include <cmath>

namespace tpc::conformance {

namespace {

using interpreter::Bindings;
using interpreter::Outcome;
using interpreter::Tensor;
using verify::Bounded;

/// How a model is compiled.
struct Variant {
  int64_t dp, tp;
  SequenceParallel mode = SequenceParallel::Off;
  /// Pads that nobody may read are NaN (PoisonPads.h).
  bool poisoned = false;
  const char *precision = "f32";

  std::string str() const {
    return "dp " + std::to_string(dp) + ", tp " + std::to_string(tp) + ", " + precision +
           (mode == SequenceParallel::On ? ", sequence-parallel" : "") +
           (poisoned ? ", pads are NaN" : "");
  }
};

/// Products of roundings are neglected by the bounds, as in `tpc verify`.
constexpr double kSecondOrder = 1.01;
/// Where a bound is larger than this part of the largest number, the comparison says nothing.
constexpr double kUsefulBound = 0.03;

/// A rounding to bfloat16 or tf32 that may fall the other way is the size of a bound for every
/// number behind it: there each op is checked on its own operands instead.
bool roundsToFewBits(mlir::ModuleOp grad) {
  auto rounds = [](nn::CastOp cast) {
    bool narrow = cast.getTf32() || mlir::getElementTypeOrSelf(cast.getType()).isBF16();
    return narrow ? mlir::WalkResult::interrupt() : mlir::WalkResult::advance();
  };
  return grad.walk(rounds).wasInterrupted();
}

void expectWithin(const std::string &name, const Tensor &found, const Bounded &expected) {
  ASSERT_EQ(found.shape, expected.value.shape) << name;
  double largest = 1, largestBound = 0;
  for (int64_t i = 0; i < found.size(); ++i) {
    double bound = kSecondOrder * expected.errors()[i];
    largest = std::max(largest, std::fabs(expected.value[i]));
    largestBound = std::max(largestBound, bound);
    // Written so that NaN fails.
    if (!(std::fabs(found[i] - expected.value[i]) <= bound)) {
      ADD_FAILURE() << name << ": element " << i << " is " << found[i] << ", not "
                    << expected.value[i] << " within " << bound;
      return;
    }
  }
  EXPECT_LE(largestBound, kUsefulBound * largest) << name << ": the bound says nothing";
}

void expectSameOutcome(const Outcome &actual, const BoundedOutcome &expected) {
  ASSERT_EQ(actual.outputs.size(), expected.outputs.size());
  for (size_t i = 0; i < actual.outputs.size(); ++i)
    expectWithin("output " + std::to_string(i), actual.outputs[i], expected.outputs[i]);
  for (const auto &[symbol, value] : expected.writes) {
    ASSERT_TRUE(actual.writes.count(symbol)) << symbol;
    expectWithin("@" + symbol, actual.writes.at(symbol), value);
  }
}

/// The loss, and a training step.
void expectSameSteps(RunSession &session, mlir::ModuleOp grad, const Bindings &bindings) {
  for (std::string entry : {"loss", "train"}) {
    SCOPED_TRACE("entry " + entry);
    auto expected = runBounded(interpreter::test::entryNamed(grad, entry), bindings);
    ASSERT_TRUE(succeeded(expected));
    expectSameOutcome(interpreter::test::runEntry(session, entry, bindings), *expected);
  }
}

/// Each op of a training step on its own operands, and the ranks' program against the one before it
/// was split.
void expectRightOps(RunSession &session, const Bindings &bindings) {
  const PlanFile &plan = session.plan();
  mlir::MLIRContext &context = interpreter::test::context();
  auto sharded = verify::parseProgram(plan->sharded_ir(), "sharded", context);
  auto scheduled = verify::parseProgram(plan->scheduled_ir(), "scheduled", context);
  ASSERT_TRUE(sharded.ok() && scheduled.ok());
  auto verifier = verify::PlanVerifier::create(session, *plan.findEntry("train"), **scheduled);
  ASSERT_TRUE(verifier.ok()) << verifier.status().message();
  interpreter::test::runEntry(session, "train", bindings);
  const verify::Findings &findings = (*verifier)->findings();
  EXPECT_FALSE(findings.first()) << findings.first()->str();
  EXPECT_GT(findings.kinds().size(), 0u);
  for (const auto &[kind, summary] : findings.kinds())
    EXPECT_EQ(summary.unbounded, 0) << kind;
  auto whole = verify::compareWholeProgram(**sharded, **scheduled, "train", bindings);
  EXPECT_TRUE(whole.ok()) << whole.status().message();
}

void expectRight(const OpModel &model, OpSizes sizes, const Variant &variant, const Target &target,
                 SessionOptions sessionOptions) {
  SCOPED_TRACE(variant.str());
  sizes.batch *= variant.dp; // must divide
  CompileOptions options;
  options.mesh = Mesh{{{"dp", variant.dp}, {"tp", variant.tp}}};
  options.sequenceParallel = variant.mode;
  options.precision = variant.precision;
  options.wire.activations = options.precision == "bf16";
  options.target = target;
  options.hardware = builtinHardware(target.kind, variant.precision);
  auto compiled = interpreter::test::tryCompilePlan(model.str(sizes), options, variant.poisoned);
  ASSERT_TRUE(succeeded(compiled)) << "the model cannot be compiled";
  Bindings bindings = drawValues(*compiled->grad, model, sizes);
  auto session = RunSession::create(compiled->plan, std::move(sessionOptions));
  ASSERT_TRUE(session.ok()) << session.status().message();
  if (roundsToFewBits(*compiled->grad))
    expectRightOps(**session, bindings);
  else
    expectSameSteps(**session, *compiled->grad, bindings);
}

constexpr SequenceParallel kOn = SequenceParallel::On, kOff = SequenceParallel::Off;

std::vector<Variant> variantsOf(const OpModel &model, const OpSizes &sizes) {
  if (sizes.name == "equal")
    return {{1, 1}, {1, 2}, {1, 1, kOff, false, "bf16"}, {1, 2, kOff, false, "bf16"}};
  std::vector<Variant> variants;
  for (int64_t tp : {1, 2, 3, 4, 8})
    variants.push_back({1, tp});
  variants.push_back({2, 2});
  if (model.hasStream)
    for (int64_t tp : {2, 4})
      variants.push_back({1, tp, kOn});
  if (sizes.name == "even")
    return variants;
  SequenceParallel mode = model.hasStream ? kOn : kOff;
  variants.push_back({1, 3, mode, /*poisoned=*/true});
  variants.push_back({1, 8, kOff, /*poisoned=*/true});
  if (!model.onlyF32)
    variants.push_back({1, 3, mode, /*poisoned=*/true, "f64"});
  variants.push_back({1, 2, mode, /*poisoned=*/false, "bf16"});
  variants.push_back({1, 2, kOff, /*poisoned=*/false, "tf32"});
  return variants;
}

class OpMatrix : public testing::TestWithParam<OpModel> {};

TEST_P(OpMatrix, PlansForCpuAreTheInterpreters) {
  for (const OpSizes &sizes : {evenSizes(), oddSizes(), equalSizes()}) {
    SCOPED_TRACE(sizes.name + " sizes");
    for (const Variant &variant : variantsOf(GetParam(), sizes))
      expectRight(GetParam(), sizes, variant, cpuTarget("x86-64-v3"),
                  interpreter::test::cpuSession());
  }
}

TEST_P(OpMatrix, PlansForCudaAreTheInterpreters) {
  std::shared_ptr<CudaBackend> gpu = test::openGpu();
  if (!gpu)
    GTEST_SKIP() << "no GPU, and no double of one in LD_LIBRARY_PATH";
  for (const OpSizes &sizes : {evenSizes(), oddSizes()}) {
    SCOPED_TRACE(sizes.name + " sizes");
    for (int64_t tp : {1, 2, 3})
      expectRight(GetParam(), sizes, {1, tp}, cudaTarget("f32"), test::gpuSession(gpu));
    if (!GetParam().hasStream)
      continue;
    // Parts of a sum that begin where a GPU loads 16 bytes at once, and parts that do not.
    expectRight(GetParam(), sizes, {1, 2, kOn}, cudaTarget("f32"), test::gpuSession(gpu));
    expectRight(GetParam(), sizes, {1, 3, kOn}, cudaTarget("f32"), test::gpuSession(gpu));
    expectRight(GetParam(), sizes, {1, 2, kOn, false, "bf16"}, cudaTarget("bf16"),
                test::gpuSession(gpu));
  }
  SCOPED_TRACE("equal sizes");
  for (const char *precision : {"f32", "bf16"})
    expectRight(GetParam(), equalSizes(), {1, 2, kOff, false, precision}, cudaTarget(precision),
                test::gpuSession(gpu));
}

INSTANTIATE_TEST_SUITE_P(Ops, OpMatrix, testing::ValuesIn(opModels()),
                         [](const auto &info) { return info.param.name; });

/// A composite op has a meaning of its own; the programs that plans are compared with hold what it
/// is expanded into.
TEST(OpModels, MeanTheSameAtLevelGrad) {
  for (const OpModel &model : opModels())
    for (const OpSizes &sizes : {evenSizes(), oddSizes()}) {
      SCOPED_TRACE(model.name + ", " + sizes.name + " sizes");
      std::string text = model.str(sizes);
      auto written = interpreter::test::parseModule(text);
      auto grad = interpreter::test::gradModule(text);
      Bindings bindings = drawValues(*grad, model, sizes);
      auto run = [&](mlir::ModuleOp module) {
        return interpreter::Interpreter::run(interpreter::test::entryNamed(module, "loss"),
                                             bindings, interpreter::Roundings::Ignored);
      };
      auto actual = run(*grad), expected = run(*written);
      ASSERT_TRUE(succeeded(actual) && succeeded(expected));
      interpreter::test::expectNear(actual->outputs[0], expected->outputs[0], 1e-12);
    }
}

} // namespace

} // namespace tpc::conformance
