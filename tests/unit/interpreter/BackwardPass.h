//===- BackwardPass.h - A smallest reverse mode for tests ----------------------------------===//
//
// Expands composite ops and hands each op's buildGradient the gradients of its results, last op
// first. Apart from the compiler's own autodiff, so that op gradients are tested by themselves.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "dialects/nn/NN.h"

#include "llvm/ADT/DenseMap.h"

#include <vector>

namespace tpc::interpreter::test {

/// Replaces composite ops by primitive ones until none is left.
void expandComposites(mlir::Block &block);

/// Appends the gradients of `inputs` to the block (before its terminator), given those of
/// `outputs`; null for an input that nothing depends on.
std::vector<mlir::Value> buildBackward(mlir::Block &block, llvm::ArrayRef<mlir::Value> inputs,
                                       llvm::ArrayRef<mlir::Value> outputs,
                                       llvm::ArrayRef<mlir::Value> outputGradients);

} // namespace tpc::interpreter::test
