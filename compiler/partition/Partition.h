//===- Partition.h - From level sharded to level local -------------------------------------===//
#pragma once

#include "mlir/IR/BuiltinOps.h"

namespace tpc {

/// Rewrites the entries of a module at level `sharded` to the program of one rank: local types,
/// collectives and slices for reshards, offsets for ops that depend on the rank's place, masks
/// where pads must be zero and are not known to be. Declarations keep global types with their
/// shardings.
mlir::LogicalResult partition(mlir::ModuleOp module);

/// The operands of an op that are tensors, which are those that its rule speaks of.
llvm::SmallVector<mlir::OpOperand *> tensorOperands(mlir::Operation *op);

} // namespace tpc
