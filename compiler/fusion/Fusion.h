//===- Fusion.h - Level fused ---------------------------------------------------------------===//
#pragma once

#include "compiler/fusion/Epilogues.h"
#include "dialects/nn/NN.h"

#include "llvm/Support/LogicalResult.h"

#include <memory>

namespace mlir {
class Pass;
} // namespace mlir

namespace tpc {

constexpr unsigned kUnlimitedOps = ~0u;

struct FusionOptions {
  /// That a kernel has at most. No number that a plan computes depends on it: it is there to test
  /// that.
  unsigned mostOps = kUnlimitedOps;
  /// The device's products can add a bias.
  bool biasesInProducts = false;
};

/// Puts every op that has a body into an nn.kernel, or lets a product do its work.
EpilogueReport fuseEntry(nn::EntryOp entry, const FusionOptions &options = {});
/// The legal form of level `fused`: kernels that code generation takes, library calls, views,
/// collectives, and access to state.
llvm::LogicalResult verifyFused(nn::EntryOp entry);

std::unique_ptr<mlir::Pass> createFusePass(const FusionOptions &options = {});
std::unique_ptr<mlir::Pass> createVerifyFusedPass();
void registerFusionPasses();

} // namespace tpc
