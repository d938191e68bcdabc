//===- Fusion.h - Level fused ---------------------------------------------------------------===//
#pragma once

#include "dialects/nn/NN.h"

#include "llvm/Support/LogicalResult.h"

#include <memory>

namespace mlir {
class Pass;
} // namespace mlir

namespace tpc {

/// Puts every op that has a body into an nn.kernel.
void fuseEntry(nn::EntryOp entry);
/// The legal form of level `fused`: kernels that code generation takes, library calls, views,
/// collectives, and access to state.
llvm::LogicalResult verifyFused(nn::EntryOp entry);

std::unique_ptr<mlir::Pass> createFusePass();
std::unique_ptr<mlir::Pass> createVerifyFusedPass();
void registerFusionPasses();

} // namespace tpc
