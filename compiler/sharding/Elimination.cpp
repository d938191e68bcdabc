//===- Elimination.cpp - Exact minimum of a sum of small cost tables ----------------------===//

#include "compiler/sharding/Elimination.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>

namespace tpc {

void CostTable::add(const std::vector<uint8_t> &assignment, SolverCost cost) {
  values.insert(values.end(), assignment.begin(), assignment.end());
  costs.push_back(cost);
}

namespace {

/// The bytes of a row at some positions, as a key.
std::string key(const uint8_t *row, const std::vector<size_t> &positions) {
  std::string result(positions.size(), '\0');
  for (size_t i = 0; i < positions.size(); ++i)
    result[i] = static_cast<char>(row[positions[i]]);
  return result;
}

std::vector<size_t> positionsOf(const CostTable &table, const std::vector<int> &variables) {
  std::vector<size_t> positions;
  for (int variable : variables)
    positions.push_back(std::lower_bound(table.variables.begin(), table.variables.end(), variable) -
                        table.variables.begin());
  return positions;
}

/// What becomes of a table that grows.
struct Limits {
  size_t mostRows;
  bool keepsCheapest = false; ///< of too many rows, which may drop the best assignment
  /// Assignments that take longer are of no interest.
  int64_t mostPicoseconds = std::numeric_limits<int64_t>::max();
};

/// The `count` rows of least cost, the first ones of equal ones.
void keepCheapest(CostTable &table, size_t count) {
  std::vector<size_t> rows(table.rows());
  std::iota(rows.begin(), rows.end(), size_t(0));
  std::nth_element(rows.begin(), rows.begin() + count, rows.end(), [&](size_t a, size_t b) {
    return std::tie(table.costs[a], a) < std::tie(table.costs[b], b);
  });
  rows.resize(count);
  std::sort(rows.begin(), rows.end());
  CostTable kept{table.variables, {}, {}};
  for (size_t row : rows) {
    kept.values.insert(kept.values.end(), table.row(row), table.row(row) + table.variables.size());
    kept.costs.push_back(table.costs[row]);
  }
  table = std::move(kept);
}

/// All pairs of rows that agree on the shared variables, with the sum of their costs, within the
/// limits; nothing if there are too many. `restPicoseconds`: what all other tables add at least.
std::optional<CostTable> join(const CostTable &a, const CostTable &b, const Limits &limits,
                              int64_t restPicoseconds) {
  std::vector<int> shared;
  std::set_intersection(a.variables.begin(), a.variables.end(), b.variables.begin(),
                        b.variables.end(), std::back_inserter(shared));
  CostTable result;
  std::set_union(a.variables.begin(), a.variables.end(), b.variables.begin(), b.variables.end(),
                 std::back_inserter(result.variables));

  std::vector<size_t> sharedInB = positionsOf(b, shared);
  std::unordered_map<std::string, std::vector<size_t>> rowsOfB;
  for (size_t row = 0; row < b.rows(); ++row)
    rowsOfB[key(b.row(row), sharedInB)].push_back(row);

  // Where each variable of the result comes from.
  struct Origin {
    bool fromA;
    size_t position;
  };
  std::vector<Origin> origins;
  for (int variable : result.variables) {
    auto inA = std::lower_bound(a.variables.begin(), a.variables.end(), variable);
    if (inA != a.variables.end() && *inA == variable)
      origins.push_back({true, static_cast<size_t>(inA - a.variables.begin())});
    else
      origins.push_back({false, positionsOf(b, {variable})[0]});
  }

  std::vector<size_t> sharedInA = positionsOf(a, shared);
  for (size_t rowA = 0; rowA < a.rows(); ++rowA) {
    auto match = rowsOfB.find(key(a.row(rowA), sharedInA));
    if (match == rowsOfB.end())
      continue;
    for (size_t rowB : match->second) {
      SolverCost cost = a.costs[rowA] + b.costs[rowB];
      if (cost.picoseconds > limits.mostPicoseconds - restPicoseconds)
        continue;
      for (Origin origin : origins)
        result.values.push_back(origin.fromA ? a.row(rowA)[origin.position]
                                             : b.row(rowB)[origin.position]);
      result.costs.push_back(cost);
    }
    if (!limits.keepsCheapest && result.rows() > limits.mostRows)
      return std::nullopt;
    if (result.rows() > 4 * limits.mostRows)
      keepCheapest(result, limits.mostRows);
  }
  if (result.rows() > limits.mostRows)
    keepCheapest(result, limits.mostRows);
  return result;
}

/// What is remembered of an eliminated variable: its best value for each assignment of the others.
struct Eliminated {
  int variable;
  std::vector<int> others;
  std::map<std::string, uint8_t> best;
};

/// Minimizes `variable` out of `table`.
CostTable project(const CostTable &table, int variable, Eliminated &eliminated) {
  CostTable result;
  for (int other : table.variables)
    if (other != variable)
      result.variables.push_back(other);
  eliminated.variable = variable;
  eliminated.others = result.variables;

  size_t position = positionsOf(table, {variable})[0];
  std::vector<size_t> otherPositions = positionsOf(table, result.variables);
  std::map<std::string, std::pair<SolverCost, uint8_t>> best;
  for (size_t row = 0; row < table.rows(); ++row) {
    std::pair<SolverCost, uint8_t> candidate{table.costs[row], table.row(row)[position]};
    auto [entry, isNew] = best.try_emplace(key(table.row(row), otherPositions), candidate);
    if (!isNew)
      entry->second = std::min(entry->second, candidate);
  }
  for (const auto &[assignment, costAndValue] : best) {
    result.values.insert(result.values.end(), assignment.begin(), assignment.end());
    result.costs.push_back(costAndValue.first);
    eliminated.best[assignment] = costAndValue.second;
  }
  return result;
}

using Domains = std::vector<std::set<uint8_t>>;

/// Drops rows with a value that another table forbids, until nothing changes (arc consistency).
/// Returns the values that remain of each variable.
Domains prune(int numVariables, std::vector<CostTable> &tables) {
  Domains domains(numVariables);
  std::vector<bool> seen(numVariables, false);
  for (bool changed = true; changed;) {
    changed = false;
    for (CostTable &table : tables) {
      std::vector<std::set<uint8_t>> supported(table.variables.size());
      CostTable kept{table.variables, {}, {}};
      for (size_t row = 0; row < table.rows(); ++row) {
        bool allowed = true;
        for (size_t i = 0; i < table.variables.size(); ++i)
          allowed &= !seen[table.variables[i]] ||
                     domains[table.variables[i]].count(table.row(row)[i]) != 0;
        if (!allowed)
          continue;
        kept.values.insert(kept.values.end(), table.row(row),
                           table.row(row) + table.variables.size());
        kept.costs.push_back(table.costs[row]);
        for (size_t i = 0; i < table.variables.size(); ++i)
          supported[i].insert(table.row(row)[i]);
      }
      for (size_t i = 0; i < table.variables.size(); ++i) {
        int variable = table.variables[i];
        if (!seen[variable] || supported[i] != domains[variable]) {
          domains[variable] = std::move(supported[i]);
          seen[variable] = changed = true;
        }
      }
      table = std::move(kept);
    }
  }
  return domains;
}

/// The variable whose elimination leaves the smallest table, as the domains bound it; the lowest
/// index among equals.
int nextVariable(const std::set<int> &remaining, const std::vector<std::set<int>> &neighbours,
                 const Domains &domains) {
  int best = -1;
  double bestSize = 0;
  for (int variable : remaining) {
    double size = 1;
    for (int neighbour : neighbours[variable])
      size *= domains[neighbour].size();
    if (best < 0 || size < bestSize) {
      best = variable;
      bestSize = size;
    }
  }
  return best;
}

int64_t leastPicoseconds(const CostTable &table) {
  int64_t least = table.costs.empty() ? 0 : table.costs[0].picoseconds;
  for (const SolverCost &cost : table.costs)
    least = std::min(least, cost.picoseconds);
  return least;
}

/// Eliminates all variables within the limits, of tables that are pruned to `domains`.
std::optional<EliminationResult> eliminateWithin(const Limits &limits, const Domains &domains,
                                                 std::vector<CostTable> tables) {
  EliminationResult result;
  int numVariables = static_cast<int>(domains.size());
  std::set<int> remaining;
  for (int variable = 0; variable < numVariables; ++variable)
    remaining.insert(variable);
  std::vector<Eliminated> order;
  std::vector<std::set<int>> neighbours(numVariables); // by way of a table, itself left out
  auto connect = [&](const std::vector<int> &variables) {
    for (int a : variables)
      for (int b : variables)
        if (a != b)
          neighbours[a].insert(b);
  };
  int64_t leastOfAll = 0;
  for (const CostTable &table : tables) {
    connect(table.variables);
    leastOfAll += leastPicoseconds(table);
  }

  while (!remaining.empty()) {
    int variable = nextVariable(remaining, neighbours, domains);
    remaining.erase(variable);
    for (int neighbour : neighbours[variable])
      neighbours[neighbour].erase(variable);
    std::vector<CostTable> mentioning, rest;
    for (CostTable &table : tables)
      (std::binary_search(table.variables.begin(), table.variables.end(), variable) ? mentioning
                                                                                    : rest)
          .push_back(std::move(table));
    // Small tables first: they prune the join.
    std::stable_sort(mentioning.begin(), mentioning.end(),
                     [](const CostTable &a, const CostTable &b) { return a.rows() < b.rows(); });
    CostTable joined = std::move(mentioning.front());
    leastOfAll -= leastPicoseconds(joined);
    for (size_t i = 1; i < mentioning.size(); ++i) {
      leastOfAll -= leastPicoseconds(mentioning[i]);
      std::optional<CostTable> next = join(joined, mentioning[i], limits, leastOfAll);
      if (!next) {
        result.gaveUp = true;
        return result;
      }
      joined = *std::move(next);
    }
    result.largestTable = std::max(result.largestTable, joined.rows());
    if (joined.rows() == 0)
      return std::nullopt;
    order.emplace_back();
    rest.push_back(project(joined, variable, order.back()));
    leastOfAll += leastPicoseconds(rest.back());
    connect(rest.back().variables);
    tables = std::move(rest);
  }

  for (const CostTable &table : tables) // all without variables by now: one row each
    result.cost = result.cost + table.costs[0];
  result.assignment.resize(numVariables);
  for (auto eliminated = order.rbegin(); eliminated != order.rend(); ++eliminated) {
    std::string assignment;
    for (int other : eliminated->others)
      assignment.push_back(static_cast<char>(result.assignment[other]));
    result.assignment[eliminated->variable] = eliminated->best.at(assignment);
  }
  return result;
}

} // namespace

std::optional<EliminationResult> eliminate(int numVariables, std::vector<CostTable> tables,
                                           EliminationEffort effort) {
  Domains domains = prune(numVariables, tables);
  Limits few{effort.fewRows};
  std::optional<EliminationResult> exact = eliminateWithin(few, domains, tables);
  if (!exact || !exact->gaveUp)
    return exact;
  few.keepsCheapest = true;
  std::optional<EliminationResult> rough = eliminateWithin(few, domains, tables);
  Limits many{effort.mostRows};
  if (rough)
    many.mostPicoseconds = rough->cost.picoseconds;
  exact = eliminateWithin(many, domains, std::move(tables));
  if (!rough || (exact && !exact->gaveUp))
    return exact;
  rough->isExact = false;
  return rough;
}

} // namespace tpc
