//===- RuleTest.cpp - Rules applied, and what they refuse -----------------------------------===//
#include "LayoutHelpers.h"
#include "RuleHelpers.h"

#include <gmock/gmock.h>

namespace tpc::test {
namespace {

using testing::ElementsAre;

const Mesh kMesh{{{"dp", 2}, {"tp", 4}}};
constexpr AxisId kDp = 0, kTp = 1;
const std::vector<Partial> kPartialDp{{kDp, ReduceKind::Sum}}, kPartialTp{{kTp, ReduceKind::Sum}};

struct Tensor {
  std::vector<std::string> dims;
  std::vector<Partial> partial = {};
};

std::vector<Sharding> shardingsOf(const std::vector<Tensor> &tensors) {
  std::vector<Sharding> shardings;
  for (const Tensor &tensor : tensors)
    shardings.push_back(shardingOf(tensor.dims, kMesh, tensor.partial));
  return shardings;
}

struct ApplyCase {
  Rule rule;
  std::vector<Tensor> operands;
  std::vector<Tensor> results;
};

TEST(Rule, Applies) {
  Rule linear = linearRule(8, 768, 3072);
  // A fused qkv linear: its output features are three factors.
  Rule qkv;
  {
    int b = qkv.addFactor({"batch", 8});
    int i = qkv.addFactor({"in", 768, FactorKind::Contracted});
    int three = qkv.addFactor({"three", 3});
    int h = qkv.addFactor({"heads", 12});
    int s = qkv.addFactor({"size", 64});
    qkv.operands = {{{b}, {i}}, {{three, h, s}, {i}}};
    qkv.results = {{{b}, {three, h, s}}};
    qkv.linearIn = {{0}, {1}};
  }
  // Row sums that also return the rows: the second result keeps the contracted factor.
  Rule sumAndKeep;
  {
    int m = sumAndKeep.addFactor({"rows", 8});
    int n = sumAndKeep.addFactor({"columns", 12, FactorKind::Contracted});
    sumAndKeep.operands = {{{m}, {n}}};
    sumAndKeep.results = {{{m}}, {{m}, {n}}};
  }
  // x[rows, columns] -> y[rows, 1]: an empty list is a dim of size 1.
  Rule keepDim;
  {
    int m = keepDim.addFactor({"rows", 8});
    int n = keepDim.addFactor({"columns", 12, FactorKind::Contracted});
    keepDim.operands = {{{m}, {n}}, {{}}};
    keepDim.results = {{{m}, {}}};
  }
  Rule noOperands;
  noOperands.results = {{{noOperands.addFactor({"rows", 8})}}};

  const ApplyCase cases[] = {
      // A linear, split in each way.
      {linear, {{{"8", "768"}}, {{"3072", "768"}}}, {{{"8", "3072"}}}},
      {linear, {{{"8", "768"}}, {{"3072 tp", "768"}}}, {{{"8", "3072 tp"}}}},
      {linear, {{{"8", "768 tp"}}, {{"3072", "768 tp"}}}, {{{"8", "3072"}, kPartialTp}}},
      {linear, {{{"8 dp", "768"}}, {{"3072 tp", "768"}}}, {{{"8 dp", "3072 tp"}}}},
      {linear, {{{"8 dp", "768 tp"}}, {{"3072", "768 tp"}}}, {{{"8 dp", "3072"}, kPartialTp}}},
      {linear,
       {{{"8", "768 tp dp"}}, {{"3072", "768 tp dp"}}},
       {{{"8", "3072"}, {kPartialDp[0], kPartialTp[0]}}}},
      // Partial passes through, in one operand or the other, beside a split on another axis.
      {linear, {{{"8", "768"}, kPartialTp}, {{"3072", "768"}}}, {{{"8", "3072"}, kPartialTp}}},
      {linear, {{{"8", "768"}}, {{"3072", "768"}, kPartialTp}}, {{{"8", "3072"}, kPartialTp}}},
      {linear,
       {{{"8", "768"}, kPartialDp}, {{"3072 tp", "768"}}},
       {{{"8", "3072 tp"}, kPartialDp}}},
      {linear,
       {{{"8", "768 tp"}, kPartialDp}, {{"3072", "768 tp"}}},
       {{{"8", "3072"}, {kPartialDp[0], kPartialTp[0]}}}},
      {linear,
       {{{"8", "768"}, kPartialDp}, {{"3072", "768"}, kPartialTp}},
       {{{"8", "3072"}, {kPartialDp[0], kPartialTp[0]}}}},
      // Padding is carried.
      {linearRule(8, 768, 50257),
       {{{"8", "768"}}, {{"50257:50260 tp", "768"}}},
       {{{"8", "50257:50260 tp"}}}},
      {linearRule(8, 30, 30),
       {{{"8", "30:32 tp"}}, {{"30", "30:32 tp"}}},
       {{{"8", "30"}, kPartialTp}}},
      {linear,
       {{{"8", "12:16 tp, 64"}}, {{"3072", "12:16 tp, 64"}}},
       {{{"8", "3072"}, kPartialTp}}},
      // Composite dims.
      {qkv, {{{"8", "768"}}, {{"3, 768 tp", "768"}}}, {{{"8", "3, 768 tp"}}}},
      {qkv, {{{"8", "768"}}, {{"3, 12:16 tp, 64", "768"}}}, {{{"8", "3, 12:16 tp, 64"}}}},
      {unfuseRule(8, 12, 64), {{{"8 dp", "3, 768 tp"}}}, {{{"8 dp", "3", "12 tp", "64"}}}},
      {unfuseRule(8, 12, 64), {{{"8", "3, 12:16 tp, 64"}}}, {{{"8", "3", "12:16 tp", "64"}}}},
      {unfuseRule(8, 12, 64),
       {{{"8", "2304"}, kPartialTp}},
       {{{"8", "3", "12", "64"}, kPartialTp}}},
      // Sums take partial operands together only.
      {addRule(8, 12),
       {{{"8", "12"}, kPartialTp}, {{"8", "12"}, kPartialTp}},
       {{{"8", "12"}, kPartialTp}}},
      {addRule(8, 12, 3),
       {{{"8 dp", "12"}, kPartialTp}, {{"8 dp", "12"}, kPartialTp}, {{"8 dp", "12"}, kPartialTp}},
       {{{"8 dp", "12"}, kPartialTp}}},
      {mulRule(8, 12), {{{"8", "12"}}, {{"8", "12"}, kPartialTp}}, {{{"8", "12"}, kPartialTp}}},
      // A maximum makes a partial maximum.
      {rowMaxRule(8, 12), {{{"8 dp", "12 tp"}}}, {{{"8 dp"}, {{kTp, ReduceKind::Max}}}}},
      {rowMaxRule(8, 12), {{{"8 tp", "12"}}}, {{{"8 tp"}}}},
      {normRule(8, 12), {{{"8 tp", "12"}}, {{"12"}}}, {{{"8 tp", "12"}}}},
      {normRule(8, 30), {{{"8 tp", "30:32"}}, {{"30:32"}}}, {{{"8 tp", "30:32"}}}},
      {sumAndKeep, {{{"8", "12 tp"}}}, {{{"8"}, kPartialTp}, {{"8", "12 tp"}}}},
      {keepDim, {{{"8 dp", "12 tp"}}, {{"1"}}}, {{{"8 dp", "1"}, kPartialTp}}},
      {noOperands, {}, {{{"8"}}}},
  };
  for (const ApplyCase &c : cases) {
    auto applied = applyRule(c.rule, shardingsOf(c.operands), kMesh);
    auto *error = std::get_if<RuleError>(&applied);
    ASSERT_FALSE(error) << error->message;
    std::vector<Sharding> expected = shardingsOf(c.results);
    auto &results = std::get<std::vector<Sharding>>(applied);
    ASSERT_EQ(results.size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i)
      EXPECT_EQ(results[i], expected[i])
          << results[i].str(kMesh) << " instead of " << expected[i].str(kMesh);
  }
}

struct RefuseCase {
  Rule rule;
  std::vector<Tensor> operands;
  int operand;
  const char *message;
};

TEST(Rule, Refuses) {
  Rule linear = linearRule(8, 768, 3072);
  // The result lacks a parallel factor.
  Rule drop;
  {
    int m = drop.addFactor({"rows", 8});
    int n = drop.addFactor({"columns", 12});
    drop.operands = {{{m}, {n}}};
    drop.results = {{{m}}};
  }
  Rule sizeOne;
  sizeOne.operands = {{{}}};
  sizeOne.results = {{{}}};
  // Linear by mistake: a maximum is not.
  Rule badMax = rowMaxRule(8, 12);
  badMax.linearIn = {{0}};

  const RefuseCase cases[] = {
      {linear,
       {{{"8", "768"}}, {{"3072", "768 tp"}}},
       1,
       R"(axis "tp" splits factor "in" in operand 1 but not in operand 0)"},
      {linear,
       {{{"8", "768 tp"}}, {{"3072", "768"}}},
       1,
       R"(axis "tp" splits factor "in" in operand 0 but not in operand 1)"},
      {linear,
       {{{"8 tp", "768"}}, {{"3072 tp", "768"}}},
       1,
       R"(axis "tp" splits factor "batch" in operand 0 and factor "out" in operand 1; in one op an axis splits one factor)"},
      {linear,
       {{{"8", "768 dp"}}, {{"3072", "768 tp"}}},
       1,
       R"(axis "dp" splits factor "in" in operand 0 but not in operand 1)"},
      {linear,
       {{{"8", "768 dp tp"}}, {{"3072", "768 tp dp"}}},
       1,
       R"(factor "in" is {"dp" "tp"} (padded to 768) in operand 0 but {"tp" "dp"} (padded to 768) in operand 1)"},
      {linear,
       {{{"8", "12:16 tp, 64"}}, {{"3072", "768 tp"}}},
       1,
       R"(factor "in" is {12:16 "tp", 64} (padded to 1024) in operand 0 but {"tp"} (padded to 768) in operand 1)"},
      {addRule(8, 30),
       {{{"8", "30:32"}}, {{"8", "30"}}},
       1,
       R"(factor "columns" is {30:32} (padded to 32) in operand 0 but {} (padded to 30) in operand 1)"},
      {unfuseRule(8, 6, 2),
       {{{"8", "3, 12 tp"}}},
       0,
       R"(dim 1 of operand 0 is {3, 12 "tp"} of size 36, split on axis "tp" of size 4, which is no layout of the factors "three" (3), "heads" (6), "size" (2))"},
      {linear,
       {{{"8", "767"}}, {{"3072", "768"}}},
       0,
       R"(dim 1 of operand 0 is {} of size 767, which is no layout of the factors "in" (768))"},
      {sizeOne,
       {{{"1:4 tp"}}},
       0,
       R"(dim 0 of operand 0 is {1:4 "tp"} of size 1, split on axis "tp" of size 4, which is no layout of no factor)"},
      {normRule(8, 12),
       {{{"8", "12 tp"}}, {{"12 tp"}}},
       0,
       R"(axis "tp" splits factor "columns" in operand 0, but every rank needs all of it)"},
      {drop,
       {{{"8", "12 tp"}}},
       -1,
       R"(axis "tp" splits factor "columns", which result 0 lacks, and the op does not contract it)"},
      // Partial operands.
      {normRule(8, 12),
       {{{"8", "12"}, kPartialTp}, {{"12"}}},
       0,
       R"(operand 0 is partial(sum) on axis "tp", but the op is not linear in it)"},
      {linear,
       {{{"8", "768"}, kPartialTp}, {{"3072", "768"}, kPartialTp}},
       0,
       R"(operands 0 and 1 are partial(sum) on axis "tp", but the op is not linear in them together)"},
      {mulRule(8, 12),
       {{{"8", "12"}, kPartialTp}, {{"8", "12"}, kPartialTp}},
       0,
       R"(operands 0 and 1 are partial(sum) on axis "tp", but the op is not linear in them together)"},
      {addRule(8, 12),
       {{{"8", "12"}}, {{"8", "12"}, kPartialTp}},
       1,
       R"(operand 1 is partial(sum) on axis "tp" and operand 0 is not: the op is linear in operands 0 and 1 only together)"},
      {addRule(8, 12, 3),
       {{{"8", "12"}, kPartialTp}, {{"8", "12"}, kPartialTp}, {{"8", "12"}}},
       0,
       R"(operand 0 is partial(sum) on axis "tp" and operand 2 is not: the op is linear in operands 0, 1 and 2 only together)"},
      {linear,
       {{{"8", "768"}, kPartialTp}, {{"3072 tp", "768"}}},
       0,
       R"(operand 0 is partial(sum) on axis "tp", which splits factor "out" in operand 1)"},
      {linear,
       {{{"8", "768"}, {{kTp, ReduceKind::Max}}}, {{"3072", "768"}}},
       0,
       R"(operand 0 is partial(max) on axis "tp"; only partial(sum) passes through an op)"},
      {rowMaxRule(8, 12),
       {{{"8", "12"}, kPartialTp}},
       0,
       R"(operand 0 is partial(sum) on axis "tp", but a maximum over factor "columns" is not linear)"},
      {badMax,
       {{{"8", "12"}, kPartialTp}},
       0,
       R"(operand 0 is partial(sum) on axis "tp", but a maximum over factor "columns" is not linear)"},
      // Not even shardings of this op.
      {linear, {{{"8", "768"}}}, -1, "the rule is for 2 tensor operands, not 1"},
      {linear, {{{"8", "768"}}, {{"3072"}}}, 1, "the rule is for 2 dims of operand 1, which has 1"},
      {linear,
       {{{"8 tp", "768"}, kPartialTp}, {{"3072", "768"}}},
       0,
       R"(operand 0 has no valid sharding: partial: axis "tp" is used twice)"},
      {linear,
       {{{"8", "768"}}, {{"30 tp", "768"}}},
       1,
       R"(operand 1 has no valid sharding: dim 0: the padded size 30 is not a multiple of the 4 ranks along "tp")"},
  };
  for (const RefuseCase &c : cases) {
    auto applied = applyRule(c.rule, shardingsOf(c.operands), kMesh);
    auto *error = std::get_if<RuleError>(&applied);
    ASSERT_TRUE(error) << "expected: " << c.message;
    EXPECT_EQ(error->message, c.message);
    EXPECT_EQ(error->operand, c.operand) << c.message;
  }
}

TEST(Rule, GivesTheLayoutsOfItsFactors) {
  auto derived =
      factorLayouts(linearRule(8, 768, 50257),
                    shardingsOf({{{"8 dp", "768"}}, {{"50257:50260 tp", "768"}}}), kMesh);
  auto *layouts = std::get_if<FactorLayouts>(&derived);
  ASSERT_TRUE(layouts);
  EXPECT_THAT(layouts->factors, ElementsAre(dimOf("8 dp", kMesh), dimOf("768", kMesh),
                                            dimOf("50257:50260 tp", kMesh)));
  EXPECT_TRUE(layouts->partial.empty());
  derived = factorLayouts(linearRule(8, 768, 12),
                          shardingsOf({{{"8", "768"}, kPartialTp}, {{"12", "768"}}}), kMesh);
  ASSERT_TRUE(std::holds_alternative<FactorLayouts>(derived));
  EXPECT_EQ(std::get<FactorLayouts>(derived).partial, kPartialTp);
}

/// A weight that each rank slices for itself is padded by rows, its bias by heads.
TEST(Rule, TakesLayoutsThatStoreTheSame) {
  auto derived = applyRule(addRule(8, 768),
                           shardingsOf({{{"8", "768:1024 tp"}}, {{"8", "12:16 tp, 64"}}}), kMesh);
  ASSERT_TRUE(std::holds_alternative<std::vector<Sharding>>(derived));
  EXPECT_EQ(std::get<std::vector<Sharding>>(derived)[0], shardingOf({"8", "12:16 tp, 64"}, kMesh));
}

/// x[columns] repeated like l[rows, columns], of which the shape alone is used.
Rule repeatRule(int64_t rows, int64_t columns) {
  Rule rule;
  int m = rule.addFactor({"rows", rows});
  int n = rule.addFactor({"columns", columns});
  rule.operands = {{{n}}, {{m}, {n}}};
  rule.results = {{{m}, {n}}};
  rule.linearIn = {{0}};
  rule.shapeOnly = {1};
  return rule;
}

TEST(Rule, OfAShapeThePlacementMayBePartial) {
  auto apply = [](std::vector<Partial> ofX, std::vector<Partial> ofShape) {
    return applyRule(repeatRule(8, 12),
                     shardingsOf({{{"12"}, std::move(ofX)}, {{"8", "12"}, std::move(ofShape)}}),
                     kMesh);
  };
  for (const auto &ofShape :
       {std::vector<Partial>(), kPartialTp, std::vector<Partial>{{kTp, ReduceKind::Max}}})
    for (const auto &ofX : {std::vector<Partial>(), kPartialTp}) {
      auto derived = apply(ofX, ofShape);
      ASSERT_TRUE(std::holds_alternative<std::vector<Sharding>>(derived));
      EXPECT_EQ(std::get<std::vector<Sharding>>(derived)[0], shardingOf({"8", "12"}, kMesh, ofX));
    }
  std::vector<std::string> strs;
  for (const Strategy &strategy : strategies(repeatRule(8, 12)))
    strs.push_back(strategy.str(repeatRule(8, 12)));
  EXPECT_THAT(strs, ElementsAre("replicated: (replicated, replicated) -> (replicated)",
                                "split rows: (replicated, split(0)) -> (split(0))",
                                "split columns: (split(0), split(1)) -> (split(1))",
                                "linear in 0: (partial(sum), replicated) -> (partial(sum))",
                                "replicated: (replicated, partial(sum)) -> (replicated)",
                                "linear in 0: (partial(sum), partial(sum)) -> (partial(sum))"));
}

TEST(Rule, EnumeratesStrategies) {
  auto strs = [](const Rule &rule) {
    std::vector<std::string> all;
    for (const Strategy &strategy : strategies(rule))
      all.push_back(strategy.str(rule));
    return all;
  };
  EXPECT_THAT(strs(linearRule(8, 768, 3072)),
              ElementsAre("replicated: (replicated, replicated) -> (replicated)",
                          "split batch: (split(0), replicated) -> (split(0))",
                          "split in: (split(1), split(1)) -> (partial(sum))",
                          "split out: (replicated, split(0)) -> (split(1))",
                          "linear in 0: (partial(sum), replicated) -> (partial(sum))",
                          "linear in 1: (replicated, partial(sum)) -> (partial(sum))"));
  EXPECT_THAT(strs(addRule(8, 12)),
              ElementsAre("replicated: (replicated, replicated) -> (replicated)",
                          "split rows: (split(0), split(0)) -> (split(0))",
                          "split columns: (split(1), split(1)) -> (split(1))",
                          "linear in 0 and 1: (partial(sum), partial(sum)) -> (partial(sum))"));
  EXPECT_THAT(strs(rowMaxRule(8, 12)), ElementsAre("replicated: (replicated) -> (replicated)",
                                                   "split rows: (split(0)) -> (split(0))",
                                                   "split columns: (split(1)) -> (partial(max))"));
  EXPECT_THAT(strs(normRule(8, 12)),
              ElementsAre("replicated: (replicated, replicated) -> (replicated)",
                          "split rows: (split(0), replicated) -> (split(0))"));
  // A split names the dim that contains the factor.
  EXPECT_THAT(
      strs(unfuseRule(8, 12, 64)),
      ElementsAre("replicated: (replicated) -> (replicated)",
                  "split tokens: (split(0)) -> (split(0))", "split three: (split(1)) -> (split(1))",
                  "split heads: (split(1)) -> (split(2))", "split size: (split(1)) -> (split(3))",
                  "linear in 0: (partial(sum)) -> (partial(sum))"));
}

TEST(Rule, OffersNoStrategyThatItsOperandsDoNotGive) {
  // A parallel factor that one result lacks, and one that no operand has.
  Rule rule;
  int m = rule.addFactor({"rows", 8});
  int n = rule.addFactor({"columns", 12});
  int copies = rule.addFactor({"copies", 4});
  rule.operands = {{{m}, {n}}};
  rule.results = {{{copies}, {m}, {n}}, {{m}}};
  std::vector<Strategy> all = strategies(rule);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[1].factor, m);
}

TEST(Rule, ChecksItself) {
  struct Case {
    void (*spoil)(Rule &);
    const char *expected; ///< null: nothing is wrong
  } cases[] = {
      {[](Rule &) {}, nullptr},
      {[](Rule &rule) { rule.factors[0].size = 7; },
       R"(dim 0 of operand 0 has size 8, but the rule gives it the factors "batch" (7) of size 7)"},
      {[](Rule &rule) { rule.factors[0].size = 0; },
       R"(factor "batch" has size 0, which is not positive)"},
      {[](Rule &rule) { rule.operands.pop_back(); }, "the rule has 1 operands, the op 2"},
      {[](Rule &rule) { rule.results.clear(); }, "the rule has 0 results, the op 1"},
      {[](Rule &rule) { rule.results[0].pop_back(); }, "the rule gives result 0 1 dims, it has 2"},
      {[](Rule &rule) { rule.shapeOnly = {2}; },
       "the shape alone is used of operand 2, which the rule lacks"},
      {[](Rule &rule) { rule.mayReplicate = {{1, 0}}; },
       "operand 1 may be replicated along a factor that it lacks"},
      {[](Rule &rule) { rule.operands[1][0][0] = 3; },
       "operand 1 names factor number 3, which the rule lacks"},
      {[](Rule &rule) { rule.operands[0][1].push_back(0); },
       R"(operand 0 has factor "batch" twice)"},
      {[](Rule &rule) { rule.results[0][1].clear(); },
       "dim 1 of result 0 has size 3072, but the rule gives it no factor of size 1"},
      {[](Rule &rule) { rule.linearIn.push_back({}); },
       "a set of operands that the op is linear in is empty"},
      {[](Rule &rule) { rule.linearIn.push_back({2}); },
       "the op is linear in operand 2, which the rule lacks"},
      {[](Rule &rule) { rule.linearIn.push_back({1, 0}); },
       "the operands 1 and 0 that the op is linear in are not in ascending order"},
      {[](Rule &rule) { rule.factors[1].reduce = ReduceKind::Max; },
       R"(the op takes the maximum over factor "in", so it is linear in nothing)"},
      {[](Rule &rule) { rule.factors[2].padResult = {false, {1, 5}}; },
       R"(the pads of factor "out" depend on operand 5, which the rule lacks)"},
  };
  for (const Case &c : cases) {
    Rule rule = linearRule(8, 768, 3072);
    c.spoil(rule);
    std::optional<std::string> error = rule.check({{8, 768}, {3072, 768}}, {{8, 3072}});
    if (!c.expected)
      EXPECT_EQ(error, std::nullopt);
    else
      EXPECT_EQ(error.value_or("nothing"), c.expected);
  }
}

} // namespace
} // namespace tpc::test
