//===- RepeatedOps.h - Ops that compute what an earlier one has computed --------------------===//
#pragma once

#include "dialects/nn/NN.h"

#include "llvm/ADT/DenseMap.h"

namespace tpc {

/// Per op of `entry` that repeats an earlier one, in whatever phase: the first of them. Same op,
/// same attributes, operands that are the same values or repetitions of them.
llvm::DenseMap<mlir::Operation *, mlir::Operation *> findRepeatedOps(nn::EntryOp entry);

} // namespace tpc
