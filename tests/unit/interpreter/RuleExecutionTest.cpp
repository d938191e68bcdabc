//===- RuleExecutionTest.cpp - Every strategy of every rule, on virtual ranks --------------===//
//
// One test per op; see VirtualRule.h.
//
//===---------------------------------------------------------------------------------------===//
#include "VirtualRule.h"

#include "gtest/gtest.h"

#include <iostream>
#include <map>

namespace tpc::interpreter::test {

namespace {

std::string opName(const OpCase &opCase) {
  return opCase.line.substr(3, opCase.line.find(' ') - 3);
}

/// The cases of one op.
class RuleExecution : public testing::TestWithParam<std::string> {
protected:
  template <typename Visitor> void forEachCase(Visitor visit) {
    for (const OpCase &opCase : primitiveCases())
      if (opName(opCase) == GetParam()) {
        TestOp op(opCase.line);
        auto shardable = mlir::dyn_cast<nn::ShardingRuleOp>(op.op());
        ASSERT_TRUE(shardable) << opCase.line << " has no rule";
        Rule rule = shardable.getShardingRule();
        SCOPED_TRACE(opCase.line);
        visit(op, rule, opCase.drawOperands(op, 1));
      }
  }

  void run(TestOp &op, const Rule &rule, const std::vector<Tensor> &operands,
           const Execution &execution, bool mayRefuse) {
    std::string error, what = execution.mesh.str();
    for (const Strategy &strategy : execution.strategies)
      what += "; " + strategy.str(rule);
    if (execution.paddedFactor >= 0)
      what += "; " + rule.factors[execution.paddedFactor].name + " padded";
    if (execution.extraPads)
      what += "; extra pads";
    Verdict verdict = execute(op, rule, operands, execution, error);
    if (verdict == Verdict::NotAllowed && mayRefuse)
      return;
    ++executed;
    EXPECT_EQ(verdict, Verdict::Equal) << what << ": " << error;
  }

  /// By the kind of the split: the factor divides by the ranks, is padded, or has one index.
  struct Counts {
    int divides = 0, padded = 0, one = 0, unsplit = 0;
  };

  /// One strategy on `ranks` ranks of an axis, beside one that does nothing, as in every compile.
  void runOnOneAxis(TestOp &op, const Rule &rule, const std::vector<Tensor> &operands,
                    const Strategy &strategy, int64_t ranks, int64_t extraPads) {
    Mesh mesh{{{"dp", 1}, {"tp", ranks}}};
    run(op, rule, operands, {mesh, {strategies(rule)[0], strategy}, extraPads}, false);
    Counts &count = counts[ranks];
    if (strategy.factor < 0)
      ++count.unsplit;
    else if (int64_t size = rule.factors[strategy.factor].size; size == 1)
      ++count.one;
    else
      ++(size % ranks == 0 && extraPads == 0 ? count.divides : count.padded);
  }

  static void TearDownTestSuite() {
    std::cout << "executed " << executed << " times: an op, on a mesh, by a strategy per axis\n";
    for (const auto &[ranks, count] : counts)
      std::cout << "  on " << ranks << " ranks of one axis: " << count.divides
                << " splits that divide, " << count.padded << " padded, " << count.one
                << " of a single index; " << count.unsplit << " times replicated or partial\n";
  }

  static int executed;
  static std::map<int64_t, Counts> counts;
};
int RuleExecution::executed = 0;
std::map<int64_t, RuleExecution::Counts> RuleExecution::counts;

TEST_P(RuleExecution, OneAxis) {
  forEachCase([&](TestOp &op, const Rule &rule, const std::vector<Tensor> &operands) {
    for (int64_t ranks : {2, 3, 4, 8})
      for (const Strategy &strategy : strategies(rule)) {
        runOnOneAxis(op, rule, operands, strategy, ranks, 0);
        if (strategy.factor >= 0)
          runOnOneAxis(op, rule, operands, strategy, ranks, 1);
      }
  });
}

/// Whether some case of the op splits, on one axis of `ranks`, a factor of such a size.
template <typename Predicate> bool someSplit(const std::string &name, Predicate fits) {
  for (const OpCase &opCase : primitiveCases())
    if (opName(opCase) == name) {
      TestOp op(opCase.line);
      Rule rule = mlir::cast<nn::ShardingRuleOp>(op.op()).getShardingRule();
      for (const Strategy &strategy : strategies(rule))
        if (strategy.factor >= 0 && fits(rule.factors[strategy.factor].size))
          return true;
    }
  return false;
}

/// The cases leave no kind of split out.
TEST_P(RuleExecution, CasesDivideAndPadAndHaveOneIndex) {
  if (!someSplit(GetParam(), [](int64_t) { return true; }))
    GTEST_SKIP() << "nothing of it is split";
  for (int64_t ranks : {2, 3, 4, 8}) {
    EXPECT_TRUE(someSplit(GetParam(), [&](int64_t size) { return size % ranks == 0; }))
        << "no case has a factor that divides by " << ranks;
    EXPECT_TRUE(someSplit(GetParam(), [&](int64_t size) { return size > 1 && size % ranks; }))
        << "no case has a factor that does not divide by " << ranks;
  }
  EXPECT_TRUE(someSplit(GetParam(), [](int64_t size) { return size == 1; }))
      << "no case has a factor of a single index";
}

/// Pads of factors that nothing splits (alignment).
TEST_P(RuleExecution, PadsWithoutSplit) {
  forEachCase([&](TestOp &op, const Rule &rule, const std::vector<Tensor> &operands) {
    for (size_t f = 0; f < rule.factors.size(); ++f)
      if (rule.factors[f].kind != FactorKind::Whole) {
        Execution execution{Mesh{{{"tp", 1}}}, {strategies(rule)[0]}};
        execution.paddedFactor = static_cast<int>(f);
        run(op, rule, operands, execution, false);
      }
  });
}

/// All pairs of strategies on two axes, one of them or both splitting the same factor.
TEST_P(RuleExecution, TwoAxes) {
  forEachCase([&](TestOp &op, const Rule &rule, const std::vector<Tensor> &operands) {
    for (const Strategy &first : strategies(rule))
      for (const Strategy &second : strategies(rule))
        run(op, rule, operands, {Mesh{{{"dp", 2}, {"tp", 3}}}, {first, second}}, true);
  });
}

std::vector<std::string> opNames() {
  std::map<std::string, int> names;
  for (const OpCase &opCase : primitiveCases())
    ++names[opName(opCase)];
  std::vector<std::string> list;
  for (const auto &[name, count] : names)
    list.push_back(name);
  return list;
}

INSTANTIATE_TEST_SUITE_P(Ops, RuleExecution, testing::ValuesIn(opNames()),
                         [](const auto &info) { return info.param; });

/// Whether some one-axis execution of the line's op by a changed rule fails.
bool isCaught(const std::string &line, llvm::function_ref<void(Rule &)> change) {
  OpCase opCase{line, {{0, 4}}};
  TestOp op(line);
  Rule rule = mlir::cast<nn::ShardingRuleOp>(op.op()).getShardingRule();
  change(rule);
  std::string error;
  for (const Strategy &strategy : strategies(rule))
    if (execute(op, rule, opCase.drawOperands(op, 1), {Mesh{{{"tp", 3}}}, {strategy}}, error) !=
        Verdict::Equal)
      return true;
  return false;
}

RuleFactor &factorNamed(Rule &rule, const std::string &name) {
  for (RuleFactor &factor : rule.factors)
    if (factor.name == name)
      return factor;
  llvm::report_fatal_error(llvm::Twine("no factor is called ") + name);
}

/// The harness itself: rules that are wrong in each way a rule can be.
TEST(WrongRules, AreCaught) {
  std::string linear = "nn.linear %0, %1 : (tensor<2x4xf64>, tensor<5x4xf64>) -> tensor<2x5xf64>";
  std::string lookup = "nn.embedding %0, %1 : (tensor<5xi32>, tensor<4x2xf64>) -> tensor<5x2xf64>";
  std::string exp = "nn.exp %0 : (tensor<5xf64>) -> tensor<5xf64>";
  std::string max = "nn.ce_row_max %0 {classes = 5 : i64} : (tensor<2x5xf64>) -> tensor<2xf64>";

  for (const std::string &line : {linear, lookup, exp, max})
    EXPECT_FALSE(isCaught(line, [](Rule &) {})) << line;

  EXPECT_TRUE(isCaught(linear, [](Rule &rule) { // a contraction over pads
    for (RuleFactor &factor : rule.factors)
      factor.padNeed = PadNeed::None;
  }));
  EXPECT_TRUE(isCaught(linear, [](Rule &rule) { rule.linearIn.push_back({0, 1}); }));
  EXPECT_TRUE(isCaught(linear, [](Rule &rule) { // partial where it is split
    factorNamed(rule, "in").reduce = ReduceKind::Max;
    rule.linearIn.clear();
  }));
  EXPECT_TRUE(isCaught(lookup, [](Rule &rule) { // every rank takes its rows for the first ones
    factorNamed(rule, "vocab").needsOffset = false;
  }));
  EXPECT_TRUE(isCaught(exp, [](Rule &rule) { // exp(0) is 1
    rule.factors[0].padResult = {false, {0}, {}};
  }));
  EXPECT_TRUE(isCaught(exp, [](Rule &rule) { rule.linearIn.push_back({0}); }));
  EXPECT_TRUE(isCaught(max, [](Rule &rule) {
    for (RuleFactor &factor : rule.factors)
      factor.reduce = ReduceKind::Sum;
  }));
}

/// A primitive op without cases would be an untested rule.
TEST(RuleCoverage, EveryOpWithARuleHasCases) {
  std::vector<std::string> names = opNames();
  for (mlir::RegisteredOperationName name : context().getRegisteredOperations())
    if (name.hasInterface<nn::ShardingRuleOp>()) {
      EXPECT_TRUE(llvm::is_contained(names, name.getStringRef().drop_front(3).str()))
          << name.getStringRef().str() << " has a rule but no case in OpCases.cpp";
    }
}

} // namespace

} // namespace tpc::interpreter::test
