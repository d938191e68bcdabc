//===- PoisonPads.h - Pads that nobody may read, filled with NaN ---------------------------===//
//
// The proof says of every local value which of its pads are zero, and that the others are read by
// nobody. Here the others are made NaN: a local program that reads one gives NaN.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/BuiltinOps.h"

namespace tpc::interpreter::test {

/// Behind every op of `local`, which stands for `global`, fills the pads of its results that are
/// not known to be zero with NaN, by masks. Returns the number of masks.
int poisonPads(mlir::ModuleOp global, mlir::ModuleOp local);

} // namespace tpc::interpreter::test
