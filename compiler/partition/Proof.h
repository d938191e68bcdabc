//===- Proof.h - A local program means what the global one means ---------------------------===//
//
// The proof walks the global and the local program in lockstep. Of each local value it keeps what
// it stands for: a global value, a sharding, and what its pads hold; all re-derived from nothing
// but the shardings of declarations, by the rules. The types and attributes of the passes that it
// checks are never believed, only compared.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/BuiltinOps.h"

namespace tpc {

/// The local program computes what the global one does: `global` at level `grad` or `sharded`,
/// where a tp.reshard means nothing. Each global op is executed exactly once, on operands that
/// stand for its operands, in a placement that its rule allows; collectives and masks find the
/// exact state that they change; what is written is held as declared, with zero pads; outputs are
/// replicated.
mlir::LogicalResult proveLocal(mlir::ModuleOp global, mlir::ModuleOp local);

/// A module at level `sharded`, its reshards taken away, is the one at `grad`, but that an n-ary
/// sum may be computed in parts: some nn.add whose results go into nn.adds alone, until one has all
/// the addends of the sum. In exact arithmetic that is the same; in floating point the order of a
/// sum is free from here on, and fixed.
mlir::LogicalResult proveSharded(mlir::ModuleOp grad, mlir::ModuleOp sharded);

} // namespace tpc
