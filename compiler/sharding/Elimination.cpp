//===- Elimination.cpp - Exact minimum of a sum of small cost tables ----------------------===//

#include "compiler/sharding/Elimination.h"
#include "compiler/sharding/EliminationSearch.h"

namespace tpc {

std::optional<EliminationResult> eliminate(int numVariables, std::vector<CostTable> tables,
                                           EliminationEffort effort) {
  return EliminationSearch(numVariables, effort).run(std::move(tables));
}

} // namespace tpc
