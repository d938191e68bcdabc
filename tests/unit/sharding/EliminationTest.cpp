//===- EliminationTest.cpp - Elimination against brute force ------------------------------===//

#include "compiler/sharding/Elimination.h"

#include <gtest/gtest.h>

#include <random>

using namespace tpc;

namespace {

struct Problem {
  std::vector<int> domains;
  std::vector<CostTable> tables;
};

/// Random tables over one to three variables; about one row in eight is forbidden.
Problem randomProblem(std::mt19937 &random, int numVariables) {
  Problem problem;
  for (int i = 0; i < numVariables; ++i)
    problem.domains.push_back(1 + random() % 3);
  auto addTable = [&](std::vector<int> variables) {
    CostTable table{variables, {}, {}};
    std::vector<uint8_t> assignment(variables.size(), 0);
    for (bool more = true; more;) {
      if (random() % 8 != 0)
        table.add(assignment,
                  {static_cast<int64_t>(random() % 50), static_cast<int64_t>(random() % 3),
                   static_cast<int64_t>(random() % 100)});
      more = false;
      for (size_t i = 0; i < variables.size() && !more; ++i) {
        more = ++assignment[i] < problem.domains[variables[i]];
        if (!more)
          assignment[i] = 0;
      }
    }
    problem.tables.push_back(std::move(table));
  };
  for (int i = 0; i < numVariables; ++i)
    addTable({i});
  for (int i = 0; i + 1 < numVariables; ++i)
    addTable({i, i + 1});
  for (int i = 0; i + 3 < numVariables; i += 2)
    addTable({i, i + 1, i + 3});
  return problem;
}

std::optional<SolverCost> costOf(const Problem &problem, const std::vector<uint8_t> &assignment) {
  SolverCost total;
  for (const CostTable &table : problem.tables) {
    bool found = false;
    for (size_t row = 0; row < table.rows() && !found; ++row) {
      found = true;
      for (size_t i = 0; i < table.variables.size(); ++i)
        found &= table.row(row)[i] == assignment[table.variables[i]];
      if (found)
        total = total + table.costs[row];
    }
    if (!found)
      return std::nullopt;
  }
  return total;
}

std::optional<SolverCost> bruteForce(const Problem &problem) {
  std::optional<SolverCost> best;
  std::vector<uint8_t> assignment(problem.domains.size(), 0);
  for (bool more = true; more;) {
    if (std::optional<SolverCost> cost = costOf(problem, assignment))
      if (!best || *cost < *best)
        best = cost;
    more = false;
    for (size_t i = 0; i < assignment.size() && !more; ++i) {
      more = ++assignment[i] < problem.domains[i];
      if (!more)
        assignment[i] = 0;
    }
  }
  return best;
}

TEST(Elimination, FindsTheMinimumThatBruteForceFinds) {
  std::mt19937 random(7);
  int impossible = 0;
  for (int trial = 0; trial < 300; ++trial) {
    Problem problem = randomProblem(random, 2 + trial % 8);
    std::optional<SolverCost> expected = bruteForce(problem);
    std::optional<EliminationResult> result = eliminate(problem.domains.size(), problem.tables);
    ASSERT_EQ(expected.has_value(), result.has_value()) << "trial " << trial;
    if (!expected) {
      ++impossible;
      continue;
    }
    EXPECT_EQ(*expected, result->cost) << "trial " << trial;
    EXPECT_EQ(costOf(problem, result->assignment), result->cost) << "trial " << trial;
  }
  EXPECT_GT(impossible, 0);
  EXPECT_LT(impossible, 250);
}

TEST(Elimination, ComparesTimeThenDeferralThenBytes) {
  CostTable table{{0}, {}, {}};
  table.add({0}, {5, 1, 10});
  table.add({1}, {5, 0, 90});
  table.add({2}, {5, 0, 80});
  table.add({3}, {6, 0, 0});
  std::optional<EliminationResult> result = eliminate(1, {table});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->assignment[0], 2);
}

TEST(Elimination, TakesTheLowestValueAmongEquals) {
  CostTable table{{0, 1}, {}, {}};
  for (uint8_t a : {2, 1})
    for (uint8_t b : {1, 0})
      table.add({a, b}, {3, 0, 0});
  std::optional<EliminationResult> result = eliminate(2, {table});
  ASSERT_TRUE(result);
  EXPECT_EQ(result->assignment, (std::vector<uint8_t>{1, 0}));
}

TEST(Elimination, SaysWhenNothingIsAllowed) {
  CostTable zero{{0}, {}, {}}, one{{0}, {}, {}};
  zero.add({0}, {});
  one.add({1}, {});
  EXPECT_FALSE(eliminate(1, {zero, one}));
}

/// Each two of ten variables share a table, so that the first elimination joins all of them.
/// `mayBeEqual`: whether two variables may have the same value.
std::vector<CostTable> everyPairOfTen(bool mayBeEqual, int values) {
  std::vector<CostTable> tables;
  for (int a = 0; a < 10; ++a)
    for (int b = a + 1; b < 10; ++b) {
      CostTable table{{a, b}, {}, {}};
      for (uint8_t x = 0; x < values; ++x)
        for (uint8_t y = 0; y < values; ++y)
          if (mayBeEqual || x != y)
            table.add({x, y}, {x * y + x + y + a, 0, 0});
      tables.push_back(std::move(table));
    }
  return tables;
}

TEST(Elimination, TryingValuesKeepsTablesSmall) {
  std::vector<CostTable> tables = everyPairOfTen(/*mayBeEqual=*/true, 3);
  std::optional<EliminationResult> all = eliminate(10, tables, {/*fewRows=*/1'000'000});
  ASSERT_TRUE(all && all->isExact && !all->gaveUp);
  std::optional<EliminationResult> tried = eliminate(10, tables, {/*fewRows=*/64});
  ASSERT_TRUE(tried && tried->isExact && !tried->gaveUp);
  EXPECT_EQ(tried->cost, all->cost);
  EXPECT_EQ(tried->assignment, all->assignment);
  EXPECT_GT(all->largestTable, 1000u);
  EXPECT_LE(tried->largestTable, 64u);
}

/// Ten different values of ten: no bound tells early which of them is impossible next.
TEST(Elimination, GivesUpWhereItFindsNone) {
  std::vector<CostTable> tables = everyPairOfTen(/*mayBeEqual=*/false, 10);
  std::optional<EliminationResult> none = eliminate(10, tables, {/*fewRows=*/8, /*mostWork=*/1});
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->gaveUp);
  EXPECT_FALSE(none->isExact);
}

/// A chain of layers beside weights that all of them share, unrolled: with the weights' values
/// given, it is as narrow as one layer. Every layer wants its own value of a weight, and all
/// weights want the value of the first.
std::vector<CostTable> layersThatShareWeights(int layers, int weights) {
  std::vector<CostTable> tables;
  auto add = [&](std::vector<int> variables, auto cost) {
    CostTable table{std::move(variables), {}, {}};
    for (uint8_t a = 0; a < 3; ++a)
      for (uint8_t b = 0; b < 3; ++b)
        table.add({a, b}, {cost(a, b), 0, 0});
    tables.push_back(std::move(table));
  };
  for (int weight = 1; weight < weights; ++weight)
    add({0, weight}, [](int a, int b) { return a != b ? 40 : 0; });
  for (int layer = 0; layer < layers; ++layer)
    for (int weight = 0; weight < weights; ++weight) {
      int op = weights + layer * weights + weight;
      add({weight, op}, [&](int a, int b) { return a != b ? 5 : (layer + weight + a) % 3; });
      if (op + 1 < weights + layers * weights)
        add({op, op + 1}, [](int a, int b) { return 7 * a * b % 5; });
    }
  return tables;
}

TEST(Elimination, ManyLayersMayShareWeights) {
  std::vector<CostTable> few = layersThatShareWeights(6, 4);
  std::optional<EliminationResult> all = eliminate(28, few, {/*fewRows=*/1'000'000});
  std::optional<EliminationResult> tried = eliminate(28, few, {/*fewRows=*/128});
  ASSERT_TRUE(all && all->isExact && tried && tried->isExact);
  EXPECT_GT(all->largestTable, 128u);
  EXPECT_EQ(tried->cost, all->cost);
}

/// However few rows are kept, an exact result is the minimum, and any other is no better.
TEST(Elimination, IsExactWhereItSaysSo) {
  std::mt19937 random(11);
  int exact = 0, rough = 0, gaveUp = 0;
  for (int trial = 0; trial < 300; ++trial) {
    Problem problem = randomProblem(random, 4 + trial % 6);
    std::optional<SolverCost> expected = bruteForce(problem);
    for (size_t rows : {2, 6, 20}) {
      std::optional<EliminationResult> result =
          eliminate(problem.domains.size(), problem.tables, {rows, rows / 2});
      if (!result || result->gaveUp) {
        EXPECT_TRUE(result || !expected) << "trial " << trial;
        gaveUp += result.has_value();
        continue;
      }
      ASSERT_TRUE(expected) << "trial " << trial;
      EXPECT_EQ(costOf(problem, result->assignment), result->cost) << "trial " << trial;
      EXPECT_GE(result->cost, *expected) << "trial " << trial;
      EXPECT_TRUE(!result->isExact || result->cost == *expected) << "trial " << trial;
      ++(result->isExact ? exact : rough);
    }
  }
  EXPECT_GT(exact, 0);
  EXPECT_GT(rough, 0);
  EXPECT_GT(gaveUp, 0);
}

TEST(Elimination, AChainTakesTimeThatGrowsWithItsLengthAlone) {
  std::vector<CostTable> tables;
  for (int i = 0; i < 500; ++i) {
    CostTable table{{i, i + 1}, {}, {}};
    for (uint8_t a = 0; a < 4; ++a)
      for (uint8_t b = 0; b < 4; ++b)
        table.add({a, b}, {a != b ? 1 : 0, 0, (i * 7 + a) % 4});
    tables.push_back(std::move(table));
  }
  std::optional<EliminationResult> result = eliminate(501, tables);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->cost.picoseconds, 0);
  EXPECT_LE(result->largestTable, 64u);
}

} // namespace
