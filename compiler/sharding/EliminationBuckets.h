//===- EliminationBuckets.h - Cost tables by the variables that they are over --------------===//
#pragma once

#include "compiler/sharding/EliminationTables.h"

#include <set>

namespace tpc {

/// The tables of a problem of which variables are eliminated one by one.
class Buckets {
public:
  /// `tables` are pruned to `domains`.
  Buckets(std::vector<CostTable> tables, const Domains &domains);

  /// Whether all variables are eliminated.
  bool isEmpty() const { return bySize_.empty(); }
  /// The variable whose elimination leaves the smallest table, as the domains bound it; the lowest
  /// index among equals.
  int next() const { return bySize_.begin()->second; }
  /// The tables over a variable, the smallest first: they prune a join.
  std::vector<CostTable> of(int variable) const;
  /// Puts what is left of the tables over `variable` in their place.
  void eliminate(int variable, std::vector<CostTable> left);

  /// What all tables add at least.
  int64_t leastPicoseconds() const { return leastPicoseconds_; }
  std::vector<CostTable> tables() const;
  /// Of the constants that are left when all variables are eliminated.
  SolverCost constant() const { return constant_; }

private:
  void insert(CostTable table);
  void updateSize(int variable);

  std::vector<double> domainSize_;
  std::vector<CostTable> tables_; ///< without variables where they are gone
  std::vector<std::set<size_t>> tablesOf_;
  /// By way of a table, ascending, the variable itself among them.
  std::vector<std::vector<int>> neighbours_;
  std::vector<double> size_; ///< of the table that joins what is over one
  std::set<std::pair<double, int>> bySize_;
  int64_t leastPicoseconds_ = 0;
  SolverCost constant_;
};

} // namespace tpc
