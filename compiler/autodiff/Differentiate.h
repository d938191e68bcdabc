//===- Differentiate.h - Reverse-mode differentiation of a block ----------------------------===//
#pragma once

#include "mlir/IR/Builders.h"

namespace tpc {

/// Builds the gradients of a 0-d `loss` with respect to `leaves` at the builder's insertion point,
/// which is after the loss in its block: for each op between them, in reverse order, what its
/// GradientOp says. All contributions to one value are gathered first and added by one nn.add. The
/// result has a null value for a leaf that the loss does not depend on. Fails, with an error on the
/// op, where an op on the way has no gradient.
mlir::FailureOr<llvm::SmallVector<mlir::Value>>
differentiate(mlir::Value loss, mlir::ValueRange leaves, mlir::OpBuilder builder);

} // namespace tpc
