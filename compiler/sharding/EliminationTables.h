//===- EliminationTables.h - What elimination does with cost tables ------------------------===//
//
// A row is an assignment that a table allows. Rows are joined, minimized over one variable, and
// dropped where another table forbids one of their values.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/sharding/Elimination.h"

#include <bitset>
#include <limits>

namespace tpc {

/// The values that remain of each variable.
using Domains = std::vector<std::bitset<256>>;

/// Drops rows with a value that another table forbids, until nothing changes (arc consistency).
Domains prune(int numVariables, std::vector<CostTable> &tables);

/// Whether the table is over the variable.
bool mentions(const CostTable &table, int variable);

/// What every assignment takes at least, by this table.
int64_t leastPicoseconds(const CostTable &table);

/// What becomes of a table that grows.
struct Limits {
  size_t mostRows;
  /// Assignments that take longer are of no interest.
  int64_t mostPicoseconds = std::numeric_limits<int64_t>::max();
};

/// All pairs of rows that agree on the shared variables, with the sum of their costs, within the
/// limits; nothing if there are too many. `restPicoseconds`: what all other tables add at least.
std::optional<CostTable> join(const CostTable &a, const CostTable &b, const Limits &limits,
                              int64_t restPicoseconds);

/// What is remembered of an eliminated variable: its best value for each assignment of the others.
struct Eliminated {
  int variable = -1;
  CostTable ofOthers;        ///< rows in ascending order
  std::vector<uint8_t> best; ///< per row

  /// Given an assignment of the others.
  uint8_t bestFor(const std::vector<uint8_t> &assignment) const;
};

/// Minimizes `variable` out of `table`; what is left is `ofOthers`.
Eliminated project(const CostTable &table, int variable);

/// The rows that assign `value` to `variable`, which they leave out.
CostTable restrictTo(const CostTable &table, int variable, uint8_t value);

} // namespace tpc
