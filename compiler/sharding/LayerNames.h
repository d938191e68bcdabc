//===- LayerNames.h - The name that equal layers share -------------------------------------===//
//
// Equal layers share one decision, so they need one name: "h.3.mlp" is "h.*.mlp". A layer that a
// user's constraint tells apart from its equals keeps its number.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/sharding/Solver.h"

#include <set>

namespace tpc {

class LayerNames {
public:
  LayerNames(mlir::ModuleOp module, const std::vector<ShardConstraint> &constraints);

  std::string operator()(llvm::StringRef name) const;

private:
  std::set<std::string> apart_;
};

} // namespace tpc
