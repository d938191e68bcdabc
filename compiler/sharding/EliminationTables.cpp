//===- EliminationTables.cpp - What elimination does with cost tables ----------------------===//

#include "compiler/sharding/EliminationTables.h"

#include <algorithm>
#include <deque>
#include <numeric>

namespace tpc {

void CostTable::add(const std::vector<uint8_t> &assignment, SolverCost cost) {
  values.insert(values.end(), assignment.begin(), assignment.end());
  costs.push_back(cost);
}

namespace {

using Positions = std::vector<size_t>;

Positions positionsOf(const CostTable &table, const std::vector<int> &variables) {
  Positions positions;
  for (int variable : variables)
    positions.push_back(std::lower_bound(table.variables.begin(), table.variables.end(), variable) -
                        table.variables.begin());
  return positions;
}

/// Orders the values of a row at some positions against those of another one at others.
int compare(const uint8_t *a, const Positions &inA, const uint8_t *b, const Positions &inB) {
  for (size_t i = 0; i < inA.size(); ++i)
    if (a[inA[i]] != b[inB[i]])
      return a[inA[i]] < b[inB[i]] ? -1 : 1;
  return 0;
}

/// All rows, in the order of their values at some positions.
std::vector<size_t> rowsInOrder(const CostTable &table, const Positions &positions) {
  std::vector<size_t> rows(table.rows());
  std::iota(rows.begin(), rows.end(), size_t(0));
  std::sort(rows.begin(), rows.end(), [&](size_t a, size_t b) {
    int order = compare(table.row(a), positions, table.row(b), positions);
    return order != 0 ? order < 0 : a < b;
  });
  return rows;
}

/// Drops the rows with a value that is not in the domains.
void dropForbidden(CostTable &table, const Domains &domains) {
  CostTable kept{table.variables, {}, {}};
  for (size_t row = 0; row < table.rows(); ++row) {
    bool allowed = true;
    for (size_t i = 0; i < table.variables.size(); ++i)
      allowed &= domains[table.variables[i]].test(table.row(row)[i]);
    if (!allowed)
      continue;
    kept.values.insert(kept.values.end(), table.row(row), table.row(row) + table.variables.size());
    kept.costs.push_back(table.costs[row]);
  }
  table = std::move(kept);
}

} // namespace

Domains prune(int numVariables, std::vector<CostTable> &tables) {
  Domains domains(numVariables);
  for (std::bitset<256> &domain : domains)
    domain.set();
  std::vector<std::vector<size_t>> tablesOf(numVariables);
  std::deque<size_t> queue;
  std::vector<bool> isQueued(tables.size(), true);
  for (size_t index = 0; index < tables.size(); ++index) {
    queue.push_back(index);
    for (int variable : tables[index].variables)
      tablesOf[variable].push_back(index);
  }
  while (!queue.empty()) {
    size_t index = queue.front();
    queue.pop_front();
    isQueued[index] = false;
    CostTable &table = tables[index];
    dropForbidden(table, domains);
    for (size_t i = 0; i < table.variables.size(); ++i) {
      std::bitset<256> supported;
      for (size_t row = 0; row < table.rows(); ++row)
        supported.set(table.row(row)[i]);
      int variable = table.variables[i];
      if (supported == domains[variable])
        continue;
      domains[variable] = supported;
      for (size_t other : tablesOf[variable])
        if (other != index && !isQueued[other]) {
          isQueued[other] = true;
          queue.push_back(other);
        }
    }
  }
  return domains;
}

bool mentions(const CostTable &table, int variable) {
  return std::binary_search(table.variables.begin(), table.variables.end(), variable);
}

int64_t leastPicoseconds(const CostTable &table) {
  int64_t least = table.costs.empty() ? 0 : table.costs[0].picoseconds;
  for (const SolverCost &cost : table.costs)
    least = std::min(least, cost.picoseconds);
  return least;
}

std::optional<CostTable> join(const CostTable &a, const CostTable &b, const Limits &limits,
                              int64_t restPicoseconds) {
  std::vector<int> shared;
  std::set_intersection(a.variables.begin(), a.variables.end(), b.variables.begin(),
                        b.variables.end(), std::back_inserter(shared));
  CostTable result;
  std::set_union(a.variables.begin(), a.variables.end(), b.variables.begin(), b.variables.end(),
                 std::back_inserter(result.variables));

  // Where each variable of the result comes from.
  struct Origin {
    bool fromA;
    size_t position;
  };
  std::vector<Origin> origins;
  for (int variable : result.variables) {
    bool fromA = mentions(a, variable);
    origins.push_back({fromA, positionsOf(fromA ? a : b, {variable})[0]});
  }

  Positions inA = positionsOf(a, shared), inB = positionsOf(b, shared);
  std::vector<size_t> rowsOfB = rowsInOrder(b, inB);
  for (size_t rowA = 0; rowA < a.rows(); ++rowA) {
    const uint8_t *valuesA = a.row(rowA);
    auto match = std::lower_bound(rowsOfB.begin(), rowsOfB.end(), valuesA,
                                  [&](size_t rowB, const uint8_t *sought) {
                                    return compare(b.row(rowB), inB, sought, inA) < 0;
                                  });
    for (; match != rowsOfB.end() && compare(b.row(*match), inB, valuesA, inA) == 0; ++match) {
      SolverCost cost = a.costs[rowA] + b.costs[*match];
      if (cost.picoseconds > limits.mostPicoseconds - restPicoseconds)
        continue;
      if (result.rows() == limits.mostRows)
        return std::nullopt;
      for (Origin origin : origins)
        result.values.push_back((origin.fromA ? valuesA : b.row(*match))[origin.position]);
      result.costs.push_back(cost);
    }
  }
  return result;
}

uint8_t Eliminated::bestFor(const std::vector<uint8_t> &assignment) const {
  std::vector<uint8_t> sought;
  for (int other : ofOthers.variables)
    sought.push_back(assignment[other]);
  size_t first = 0, end = ofOthers.rows();
  while (end - first > 1) {
    size_t middle = first + (end - first) / 2;
    bool isAfter = std::lexicographical_compare(sought.begin(), sought.end(), ofOthers.row(middle),
                                                ofOthers.row(middle) + sought.size());
    (isAfter ? end : first) = middle;
  }
  return best[first];
}

Eliminated project(const CostTable &table, int variable) {
  Eliminated result{variable, {}, {}};
  CostTable &others = result.ofOthers;
  for (int other : table.variables)
    if (other != variable)
      others.variables.push_back(other);
  size_t position = positionsOf(table, {variable})[0];
  Positions otherPositions = positionsOf(table, others.variables);
  const uint8_t *last = nullptr;
  for (size_t row : rowsInOrder(table, otherPositions)) {
    std::pair<SolverCost, uint8_t> candidate{table.costs[row], table.row(row)[position]};
    if (!last || compare(last, otherPositions, table.row(row), otherPositions) != 0) {
      last = table.row(row);
      for (size_t other : otherPositions)
        others.values.push_back(last[other]);
      others.costs.push_back(candidate.first);
      result.best.push_back(candidate.second);
    } else if (candidate < std::pair(others.costs.back(), result.best.back())) {
      others.costs.back() = candidate.first;
      result.best.back() = candidate.second;
    }
  }
  return result;
}

CostTable restrictTo(const CostTable &table, int variable, uint8_t value) {
  size_t position = positionsOf(table, {variable})[0];
  CostTable result;
  for (int other : table.variables)
    if (other != variable)
      result.variables.push_back(other);
  for (size_t row = 0; row < table.rows(); ++row) {
    if (table.row(row)[position] != value)
      continue;
    for (size_t i = 0; i < table.variables.size(); ++i)
      if (i != position)
        result.values.push_back(table.row(row)[i]);
    result.costs.push_back(table.costs[row]);
  }
  return result;
}

} // namespace tpc
