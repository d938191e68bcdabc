//===- GreedyDecision.h - Decisions without a solver, for tests ----------------------------===//
#pragma once

#include "compiler/sharding/Decision.h"

#include "mlir/IR/BuiltinOps.h"

namespace tpc {

/// Shardings of parameters (and their states) and inputs by name; all others are replicated.
using NamedShardings = std::vector<std::pair<std::string, Sharding>>;

/// Takes for each op in turn the strategy that fits its operands best as they come: a partial value
/// is kept where the op is linear in it, else it is reduced; splits follow the operands.
Decision decideGreedily(mlir::ModuleOp module, const Mesh &mesh, const NamedShardings &shardings);

} // namespace tpc
