//===- PlanFaultTest.cpp - A wrong op is found and named -----------------------------------===//
//
// A small program of two ranks is emitted, run and checked: as it is, with a value flipped behind
// one instruction of one rank, and with one instruction changed in the plan.
//
//===---------------------------------------------------------------------------------------===//
#include "RowSplit.h"

#include "compiler/emit/Emit.h"
#include "compiler/verify/VerifyCommand.h"
#include "compiler/verify/VerifyPlan.h"
#include "dialects/tp/TP.h"
#include "runtime/cli/Bindings.h"
#include "runtime/plan/PlanWriter.h"

#include "mlir/Parser/Parser.h"
#include "tests/unit/support/Temporary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <sstream>

using namespace tpc;
using namespace tpc::verify;
using testing::HasSubstr;

namespace {

/// Changes the first element of what one instruction of one rank has written: its last operand, but
/// of a product the third one.
template <typename Element> class Corrupter final : public ExecutionObserver {
public:
  Corrupter(int rank, std::string name, Element error)
      : rank_(rank), name_(std::move(name)), error_(error) {}

  Status after(const InstructionEvent &event) override {
    if (event.rank == rank_ && event.instruction.name()->str() == name_)
      *static_cast<Element *>(event.instruction.body_as_Gemm() ? event.operands[2]
                                                               : event.operands.back()) += error_;
    return Status();
  }

private:
  int rank_;
  std::string name_;
  Element error_;
};

/// Of a bfloat16 as bits: to the next number but `error` - 1.
using Units = uint16_t;

class PlanFaultTest : public testing::Test {
protected:
  PlanFaultTest() {
    context.loadDialect<nn::NNDialect, tp::TPDialect>();
    schedule(kScheduledRowSplit);
  }

  void schedule(const char *text) {
    scheduled = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
  }

  PlanFile makePlan() {
    EmitOptions options;
    auto bytes = emitPlan(*scheduled, options);
    EXPECT_TRUE(succeeded(bytes));
    Result<PlanFile> plan = PlanFile::fromBytes(std::move(*bytes));
    EXPECT_TRUE(plan.ok()) << plan.status().message();
    return std::move(*plan);
  }

  /// Runs two steps of the plan; `verifier` keeps what was found.
  void verify(const PlanFile &plan, ExecutionObserver *corrupter = nullptr, int rank = 0) {
    SessionOptions options;
    options.makeDevice = createCpuDevice;
    auto created = RunSession::create(plan, std::move(options));
    ASSERT_TRUE(created.ok()) << created.status().message();
    session = std::move(*created);
    const plan::Entry &entry = *plan.findEntry("train");
    auto tapped = PlanVerifier::create(*session, entry, *scheduled);
    ASSERT_TRUE(tapped.ok()) << tapped.status().message();
    verifier = std::move(*tapped);
    // Told of the end before the taps.
    if (corrupter)
      session->addObserver(rank, corrupter);
    Result<Bindings> bindings = Bindings::create(plan, entry, {});
    ASSERT_TRUE(bindings.ok()) << bindings.status().message();
    ASSERT_TRUE(bindings->bindStart(*session).ok());
    StepHooks hooks;
    hooks.bind = [&](int ofRank, int64_t step) {
      return bindings->bindStep(*session, ofRank, step);
    };
    Status status = session->runSteps(entry, 1, 2, hooks);
    ASSERT_TRUE(status.ok()) << status.message();
  }

  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> scheduled;
  std::unique_ptr<RunSession> session;
  std::unique_ptr<PlanVerifier> verifier;
};

TEST_F(PlanFaultTest, ACorrectRunPasses) {
  ASSERT_TRUE(scheduled);
  verify(makePlan());
  ASSERT_TRUE(verifier);
  const Findings &findings = verifier->findings();
  EXPECT_FALSE(findings.first().has_value()) << findings.first()->str();
  EXPECT_TRUE(findings.notes().empty());
  EXPECT_EQ(verifier->numSteps(), 6u);
  // Two ranks, two steps; bounds are neither met by chance nor far off.
  const KindSummary &linear = findings.kinds().at("nn.linear");
  EXPECT_EQ(linear.checks, 4);
  EXPECT_EQ(linear.elements, 4 * 24);
  EXPECT_EQ(linear.unbounded, 0);
  EXPECT_GT(linear.share, 0.001);
}

TEST_F(PlanFaultTest, AFlippedValueOfAKernelIsNamed) {
  Corrupter<float> corrupter(1, "act: gelu_sum", 1e-4f);
  verify(makePlan(), &corrupter, 1);
  ASSERT_TRUE(verifier);
  const Findings &findings = verifier->findings();
  ASSERT_TRUE(findings.first().has_value());
  EXPECT_EQ(findings.first()->subject.rank, 1);
  EXPECT_EQ(findings.first()->subject.step, 1);
  EXPECT_EQ(findings.first()->subject.what, "nn.kernel");
  EXPECT_THAT(findings.first()->str(), HasSubstr("act: gelu_sum"));
  // The ops behind it read what is there, and are right: one result in each of two steps.
  EXPECT_EQ(findings.differences(), 2);
}

TEST_F(PlanFaultTest, AFlippedValueOfACollectiveIsNamed) {
  Corrupter<float> corrupter(0, "fc: all_reduce", 1e-4f);
  verify(makePlan(), &corrupter, 0);
  ASSERT_TRUE(verifier && verifier->findings().first());
  const Difference &first = *verifier->findings().first();
  EXPECT_EQ(first.subject.rank, 0);
  EXPECT_EQ(first.subject.what, "tp.all_reduce");
  EXPECT_EQ(first.element, (std::vector<int64_t>{0, 0}));
  EXPECT_EQ(verifier->findings().differences(), 2);
}

/// The plan with a linear that leaves out the last of its terms.
std::vector<uint8_t> spoiled(const PlanFile &good) {
  std::unique_ptr<plan::PlanT> changed(good.root().UnPack());
  for (auto &instruction : changed->entries[0]->instructions)
    if (instruction->name == "fc: linear")
      instruction->body.AsGemm()->k = 3;
  return sealPlan(*changed);
}

TEST_F(PlanFaultTest, AChangedInstructionIsNamed) {
  Result<PlanFile> bad = PlanFile::fromBytes(spoiled(makePlan()));
  ASSERT_TRUE(bad.ok()) << bad.status().message();
  verify(*bad);
  ASSERT_TRUE(verifier && verifier->findings().first());
  EXPECT_EQ(verifier->findings().first()->subject.what, "nn.linear");
  EXPECT_EQ(verifier->findings().first()->subject.rank, 0);
  EXPECT_EQ(verifier->findings().first()->subject.instruction, 0u);
}

TEST_F(PlanFaultTest, InBf16ACorrectRunPasses) {
  schedule(kScheduledRowSplitInBf16);
  ASSERT_TRUE(scheduled);
  verify(makePlan());
  ASSERT_TRUE(verifier);
  const Findings &findings = verifier->findings();
  EXPECT_FALSE(findings.first().has_value()) << findings.first()->str();
  EXPECT_EQ(verifier->numSteps(), 9u);
}

/// Four units in the last place are more than two roundings of what is right; each fault is found
/// where it was made, on its rank, and nowhere behind it.
TEST_F(PlanFaultTest, InBf16AFlippedValueIsNamed) {
  schedule(kScheduledRowSplitInBf16);
  struct {
    const char *instruction, *what;
    int rank;
  } const faults[] = {{"fc: round_x", "nn.kernel", 0},
                      {"fc: round_w", "nn.kernel", 1},
                      {"fc: linear", "nn.linear", 1},
                      {"fc: all_reduce", "tp.all_reduce", 0},
                      {"act: gelu", "nn.kernel", 1}};
  for (const auto &[instruction, what, rank] : faults) {
    Corrupter<Units> corrupter(rank, instruction, 4);
    verify(makePlan(), &corrupter, rank);
    ASSERT_TRUE(verifier && verifier->findings().first()) << instruction;
    const Difference &first = *verifier->findings().first();
    EXPECT_EQ(first.subject.rank, rank) << first.str();
    EXPECT_EQ(first.subject.step, 1);
    EXPECT_EQ(first.subject.what, what);
    EXPECT_THAT(first.str(), HasSubstr(instruction));
    EXPECT_EQ(verifier->findings().differences(), 2) << first.str();
  }
}

/// One unit is less than what two correct roundings may differ by, except where nothing but a
/// rounding happens.
TEST_F(PlanFaultTest, InBf16OneUnitIsARounding) {
  schedule(kScheduledRowSplitInBf16);
  for (const auto &[instruction, differences] :
       {std::pair("fc: linear", 0), {"act: gelu", 0}, {"fc: round_x", 2}}) {
    Corrupter<Units> corrupter(0, instruction, 1);
    verify(makePlan(), &corrupter, 0);
    ASSERT_TRUE(verifier);
    EXPECT_EQ(verifier->findings().differences(), differences) << instruction;
  }
}

TEST_F(PlanFaultTest, InBf16AChangedInstructionIsNamed) {
  schedule(kScheduledRowSplitInBf16);
  Result<PlanFile> bad = PlanFile::fromBytes(spoiled(makePlan()));
  ASSERT_TRUE(bad.ok()) << bad.status().message();
  verify(*bad);
  ASSERT_TRUE(verifier && verifier->findings().first());
  EXPECT_EQ(verifier->findings().first()->subject.what, "nn.linear");
}

TEST_F(PlanFaultTest, TheCommandSaysSo) {
  test::TemporaryFile plan(spoiled(makePlan()));
  std::ostringstream out;
  std::string words[] = {plan.path(), "--steps", "2", "--whole-program", "off"};
  Status status = verifyCommand(words, out);
  EXPECT_EQ(status.code(), Code::Difference) << status.message();
  EXPECT_THAT(status.message(), HasSubstr("rank 0, step 1, instruction 0 (fc: linear), op "
                                          "nn.linear"));
  EXPECT_THAT(status.hint(), HasSubstr("4 results of ops are off in all"));
  EXPECT_THAT(out.str(), HasSubstr("entry train, 2 rank(s) (tp=2), f32, 2 step(s)"));
}

TEST_F(PlanFaultTest, AnOptionOfRunAloneIsRefused) {
  std::ostringstream out;
  std::string words[] = {"any.plan", "--save", "x"};
  EXPECT_EQ(verifyCommand(words, out).code(), Code::Usage);
}

} // namespace
