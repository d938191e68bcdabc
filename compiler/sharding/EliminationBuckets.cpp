//===- EliminationBuckets.cpp - Cost tables by the variables that they are over ------------===//

#include "compiler/sharding/EliminationBuckets.h"

#include <algorithm>

namespace tpc {

Buckets::Buckets(std::vector<CostTable> tables, const Domains &domains)
    : tablesOf_(domains.size()), neighbours_(domains.size()), size_(domains.size(), 0) {
  for (const std::bitset<256> &domain : domains)
    domainSize_.push_back(domain.count());
  for (CostTable &table : tables)
    insert(std::move(table));
  for (size_t variable = 0; variable < tablesOf_.size(); ++variable)
    if (!tablesOf_[variable].empty())
      updateSize(variable);
}

void Buckets::insert(CostTable table) {
  leastPicoseconds_ += tpc::leastPicoseconds(table);
  if (table.variables.empty()) {
    constant_ = constant_ + table.costs.front();
    return;
  }
  for (int variable : table.variables) {
    tablesOf_[variable].insert(tables_.size());
    std::vector<int> &known = neighbours_[variable], all;
    if (std::includes(known.begin(), known.end(), table.variables.begin(), table.variables.end()))
      continue;
    std::set_union(known.begin(), known.end(), table.variables.begin(), table.variables.end(),
                   std::back_inserter(all));
    known = std::move(all);
  }
  tables_.push_back(std::move(table));
}

void Buckets::updateSize(int variable) {
  double size = 1;
  for (int neighbour : neighbours_[variable])
    if (neighbour != variable)
      size *= domainSize_[neighbour];
  bySize_.erase({size_[variable], variable});
  bySize_.insert({size, variable});
  size_[variable] = size;
}

std::vector<CostTable> Buckets::of(int variable) const {
  std::vector<CostTable> mentioning;
  for (size_t index : tablesOf_[variable])
    mentioning.push_back(tables_[index]);
  std::stable_sort(mentioning.begin(), mentioning.end(),
                   [](const CostTable &a, const CostTable &b) { return a.rows() < b.rows(); });
  return mentioning;
}

void Buckets::eliminate(int variable, std::vector<CostTable> left) {
  for (size_t index : std::set<size_t>(std::move(tablesOf_[variable]))) {
    leastPicoseconds_ -= tpc::leastPicoseconds(tables_[index]);
    for (int other : tables_[index].variables)
      if (other != variable)
        tablesOf_[other].erase(index);
    tables_[index] = {};
  }
  tablesOf_[variable].clear();
  bySize_.erase({size_[variable], variable});
  std::vector<int> neighbours = std::move(neighbours_[variable]);
  neighbours.erase(std::find(neighbours.begin(), neighbours.end(), variable));
  for (int neighbour : neighbours)
    neighbours_[neighbour].erase(
        std::find(neighbours_[neighbour].begin(), neighbours_[neighbour].end(), variable));
  for (CostTable &table : left)
    insert(std::move(table));
  for (int neighbour : neighbours)
    updateSize(neighbour);
}

std::vector<CostTable> Buckets::tables() const {
  std::vector<CostTable> remaining;
  for (const CostTable &table : tables_)
    if (!table.variables.empty())
      remaining.push_back(table);
  remaining.push_back({{}, {}, {constant_}});
  return remaining;
}

} // namespace tpc
