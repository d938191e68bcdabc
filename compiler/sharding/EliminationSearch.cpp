//===- EliminationSearch.cpp - Branch and bound over what elimination can't take -----------===//

#include "compiler/sharding/EliminationSearch.h"
#include "compiler/sharding/EliminationBuckets.h"

#include <algorithm>

namespace tpc {

namespace {

bool isImpossible(const std::vector<CostTable> &tables) {
  return std::any_of(tables.begin(), tables.end(),
                     [](const CostTable &table) { return table.rows() == 0; });
}

std::vector<CostTable> restrictedTo(std::vector<CostTable> tables, int variable, uint8_t value) {
  for (CostTable &table : tables)
    if (mentions(table, variable))
      table = restrictTo(table, variable, value);
  return tables;
}

/// Of the variables of these tables, the one that most of all tables are over and that has a
/// choice; the lowest index among equals.
int mostShared(const std::vector<CostTable> &of, const std::vector<CostTable> &all,
               const Domains &domains) {
  int best = -1;
  long mostTables = 0;
  std::set<int> candidates;
  for (const CostTable &table : of)
    candidates.insert(table.variables.begin(), table.variables.end());
  for (int variable : candidates) {
    if (domains[variable].count() < 2)
      continue;
    long tables = std::count_if(all.begin(), all.end(),
                                [&](const CostTable &table) { return mentions(table, variable); });
    if (tables > mostTables) {
      best = variable;
      mostTables = tables;
    }
  }
  return best;
}

} // namespace

/// Some assignment is worth more work than a better one.
bool EliminationSearch::isOver() const {
  constexpr size_t patience = 16;
  return work_ >= (hasBest_ ? effort_.mostWork : patience * effort_.mostWork);
}

std::optional<CostTable> EliminationSearch::joinCounted(const CostTable &a, const CostTable &b,
                                                        size_t mostRows, int64_t restPicoseconds) {
  Limits limits{mostRows};
  if (hasBest_)
    limits.mostPicoseconds = best_.cost.picoseconds;
  std::optional<CostTable> joined = join(a, b, limits, restPicoseconds);
  if (joined)
    best_.largestTable = std::max(best_.largestTable, joined->rows());
  work_ += 1 + (joined ? joined->rows() : mostRows) / 64;
  return joined;
}

/// What every assignment costs at least; nothing if none costs as little as the best one.
std::optional<SolverCost> EliminationSearch::lowerBound(std::vector<CostTable> tables) {
  size_t mostRows = effort_.fewRows / 16;
  Domains domains = prune(numVariables_, tables);
  if (isImpossible(tables))
    return std::nullopt;
  Buckets buckets(std::move(tables), domains);
  while (!buckets.isEmpty()) {
    int variable = buckets.next();
    std::vector<CostTable> mentioning = buckets.of(variable), left;
    int64_t leastOfAll = buckets.leastPicoseconds();
    while (!mentioning.empty()) {
      CostTable joined = std::move(mentioning.front());
      leastOfAll -= leastPicoseconds(joined);
      std::vector<CostTable> others;
      for (size_t i = 1; i < mentioning.size(); ++i) {
        int64_t least = leastPicoseconds(mentioning[i]);
        std::optional<CostTable> next =
            joinCounted(joined, mentioning[i], mostRows, leastOfAll - least);
        if (!next) {
          others.push_back(std::move(mentioning[i]));
          continue;
        }
        leastOfAll -= least;
        joined = *std::move(next);
      }
      if (joined.rows() == 0)
        return std::nullopt;
      left.push_back(std::move(project(joined, variable).ofOthers));
      leastOfAll += leastPicoseconds(left.back());
      mentioning = std::move(others);
    }
    buckets.eliminate(variable, std::move(left));
  }
  return buckets.constant();
}

void EliminationSearch::search(std::vector<CostTable> tables) {
  Domains domains = prune(numVariables_, tables);
  if (isImpossible(tables))
    return;
  Buckets buckets(std::move(tables), domains);
  int branch = -1;
  while (!buckets.isEmpty()) {
    int variable = buckets.next();
    std::vector<CostTable> mentioning = buckets.of(variable);
    int64_t leastOfAll = buckets.leastPicoseconds() - leastPicoseconds(mentioning[0]);
    std::optional<CostTable> joined = mentioning[0];
    for (size_t i = 1; i < mentioning.size() && joined; ++i) {
      leastOfAll -= leastPicoseconds(mentioning[i]);
      joined = joinCounted(*joined, mentioning[i], effort_.fewRows, leastOfAll);
    }
    if (!joined) {
      tables = buckets.tables();
      branch = mostShared(mentioning, tables, domains);
      break;
    }
    if (joined->rows() == 0)
      return;
    trail_.push_back(project(*joined, variable));
    buckets.eliminate(variable, {trail_.back().ofOthers});
  }
  if (buckets.isEmpty())
    return accept(buckets.constant());

  std::vector<std::pair<SolverCost, uint8_t>> values;
  for (int value = 0; value < 256; ++value)
    if (domains[branch].test(value))
      if (std::optional<SolverCost> least = lowerBound(restrictedTo(tables, branch, value)))
        values.emplace_back(*least, value);
  std::sort(values.begin(), values.end());
  size_t length = trail_.size();
  for (auto [least, value] : values) {
    if (hasBest_ && least >= best_.cost)
      return;
    if (isOver()) {
      leftSomeOut_ = true;
      return;
    }
    trail_.push_back({branch, {{}, {}, {{}}}, {value}});
    search(restrictedTo(tables, branch, value));
    trail_.resize(length);
  }
}

void EliminationSearch::accept(SolverCost cost) {
  if (hasBest_ && cost >= best_.cost)
    return;
  hasBest_ = true;
  best_.cost = cost;
  best_.assignment.assign(numVariables_, 0);
  for (auto eliminated = trail_.rbegin(); eliminated != trail_.rend(); ++eliminated)
    best_.assignment[eliminated->variable] = eliminated->bestFor(best_.assignment);
}

std::optional<EliminationResult> EliminationSearch::run(std::vector<CostTable> tables) {
  search(std::move(tables));
  best_.isExact = !leftSomeOut_;
  best_.gaveUp = !hasBest_ && leftSomeOut_;
  if (!hasBest_ && !leftSomeOut_)
    return std::nullopt;
  return best_;
}

} // namespace tpc
