//===- EliminationSearch.h - Branch and bound over what elimination can't take -------------===//
//
// Eliminates what it can. Where a table would grow too large, it tries the values of one of its
// variables, that which most tables are over: a weight that all layers share divides the problem
// most. The values are tried in the order of what they cost at least, and none that costs as much
// as a known assignment.
//
// What the rest costs at least is what elimination finds if it joins, of the tables over a
// variable, only as many as stay small, and minimizes each such group by itself (mini-buckets,
// Dechter and Rish 2003).
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/sharding/EliminationTables.h"

namespace tpc {

class EliminationSearch {
public:
  EliminationSearch(int numVariables, EliminationEffort effort)
      : numVariables_(numVariables), effort_(effort) {}

  std::optional<EliminationResult> run(std::vector<CostTable> tables);

private:
  void search(std::vector<CostTable> tables);
  std::optional<SolverCost> lowerBound(std::vector<CostTable> tables);
  std::optional<CostTable> joinCounted(const CostTable &a, const CostTable &b, size_t mostRows,
                                       int64_t restPicoseconds);
  /// Takes the assignment that the trail leads to.
  void accept(SolverCost cost);
  bool isOver() const;

  int numVariables_;
  EliminationEffort effort_;
  size_t work_ = 0;
  bool leftSomeOut_ = false;
  std::vector<Eliminated> trail_; ///< those of this branch, with the values that are tried
  EliminationResult best_;
  bool hasBest_ = false;
};

} // namespace tpc
