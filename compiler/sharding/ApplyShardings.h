//===- ApplyShardings.h - Writes a decision into types and reshards ------------------------===//
#pragma once

#include "compiler/sharding/Decision.h"

#include "mlir/IR/BuiltinOps.h"

namespace tpc {

/// Takes a module at level `grad` to level `sharded`: creates the mesh, writes a sharding into
/// every tensor type of declarations and entries, inserts `tp.reshard` where an op's operand is not
/// as its strategy requires, one per (value, placement): behind the value if it is partial, else
/// before the op that needs it first. Partial addends of an nn.add are added first. Fails with a
/// located error where a decision has no meaning; the module is then to be dropped.
mlir::LogicalResult applyShardings(mlir::ModuleOp module, const Decision &decision);

} // namespace tpc
