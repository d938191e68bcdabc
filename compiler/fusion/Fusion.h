//===- Fusion.h - Level fused ---------------------------------------------------------------===//
#pragma once

#include "dialects/nn/NN.h"

#include "llvm/Support/LogicalResult.h"

#include <memory>

namespace mlir {
class Pass;
} // namespace mlir

namespace tpc {

constexpr unsigned kUnlimitedOps = ~0u;

/// Puts every op that has a body into an nn.kernel of at most `mostOps` ops. No number that a plan
/// computes depends on the limit, which is there to test that.
void fuseEntry(nn::EntryOp entry, unsigned mostOps = kUnlimitedOps);
/// The legal form of level `fused`: kernels that code generation takes, library calls, views,
/// collectives, and access to state.
llvm::LogicalResult verifyFused(nn::EntryOp entry);

std::unique_ptr<mlir::Pass> createFusePass(unsigned mostOps = kUnlimitedOps);
std::unique_ptr<mlir::Pass> createVerifyFusedPass();
void registerFusionPasses();

} // namespace tpc
