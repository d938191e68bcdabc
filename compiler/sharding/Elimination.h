//===- Elimination.h - Exact minimum of a sum of small cost tables ------------------------===//
//
// Variables with small domains, and tables that give a cost to some assignments of a few variables;
// an assignment that a table does not list is forbidden. Variables are eliminated one by one: the
// tables that mention the variable are joined, and its best value is kept for every assignment of
// the others (bucket elimination, Dechter 1999). The result is exact; time depends on how narrow
// the graph is, not on how long.
//
// Where a table would grow too large (a weight that all layers share is a variable beside all of
// them), the values of one variable are tried instead, and most of them need not be: branch and
// bound. It ends with the exact result, or, if that takes too much work, with the best one that it
// met. Work is counted, not timed, so the result is the same everywhere.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace tpc {

/// Compared in order: predicted time, then how late partial values are reduced, then bytes kept.
struct SolverCost {
  int64_t picoseconds = 0;
  int64_t deferral = 0;
  int64_t bytes = 0;

  SolverCost operator+(const SolverCost &other) const {
    return {picoseconds + other.picoseconds, deferral + other.deferral, bytes + other.bytes};
  }
  auto operator<=>(const SolverCost &) const = default;
};

/// A table over `variables`: row i assigns values[i * variables.size() + j] to variables[j].
struct CostTable {
  std::vector<int> variables; ///< ascending
  std::vector<uint8_t> values;
  std::vector<SolverCost> costs;

  size_t rows() const { return costs.size(); }
  const uint8_t *row(size_t index) const { return values.data() + index * variables.size(); }
  void add(const std::vector<uint8_t> &assignment, SolverCost cost);
};

struct EliminationEffort {
  /// Rows that a table may have before values are tried. Those of models/ need at most 1,320 at
  /// tp = 8 (`tpc-opt --tpc-shard="tp=8 report=true"` of level grad).
  size_t fewRows = size_t(1) << 12;
  /// Work after which the best assignment is taken: joins of two tables, each with one more for
  /// every 64 rows. Until there is an assignment, sixteen times as much.
  size_t mostWork = size_t(1) << 17;
};

struct EliminationResult {
  std::vector<uint8_t> assignment; ///< per variable
  SolverCost cost;
  size_t largestTable = 0; ///< rows
  bool isExact = true;     ///< of all assignments, and not only of those that were compared
  bool gaveUp = false;     ///< there may be an assignment, but none was found
};

/// The assignment of least cost, or nothing if none is allowed. Among equal costs the one with the
/// lower values in the variables that are eliminated last, where no values had to be tried. Every
/// variable must occur in a table.
std::optional<EliminationResult> eliminate(int numVariables, std::vector<CostTable> tables,
                                           EliminationEffort effort = {});

} // namespace tpc
