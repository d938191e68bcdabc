//===- Correspondence.h - What two modules must have in common -----------------------------===//
//
// Both proofs compare a module with one from which it was made. This is what they ask of the parts
// that are the same on both sides.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "dialects/nn/NN.h"

#include "mlir/IR/BuiltinOps.h"

namespace tpc {

/// "nn.linear (h.0.mlp)"
std::string placeOf(mlir::Operation *op);

/// Follows reshards back to the value whose meaning they keep.
mlir::Value withoutReshards(mlir::Value value);

/// The two ops have the same attributes; types are compared without shardings. The last
/// `offsets` operands of `derived` are left out of operand segments.
mlir::LogicalResult sameAttributes(mlir::Operation *op, mlir::Operation *derived,
                                   unsigned offsets = 0);

/// The same declarations in the same order; pairs of entries are handed to `visit`.
mlir::LogicalResult
compareModules(mlir::ModuleOp from, mlir::ModuleOp derived,
               llvm::function_ref<mlir::LogicalResult(nn::EntryOp, nn::EntryOp)> visit);

} // namespace tpc
