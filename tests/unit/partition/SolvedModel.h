//===- SolvedModel.h - A model on the way from its file to its local programs --------------===//
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace tpc {

/// A model at three levels.
struct SolvedModel {
  mlir::OwningOpRef<mlir::ModuleOp> grad, sharded, local;
};

/// What tests of local programs need of a context: the dialects, and terse messages.
void prepareContext(mlir::MLIRContext &context);

/// Differentiates, shards, proves and partitions a model, which becomes level `grad`; says on
/// stderr what went wrong. `dims` as "B=2,T=8", options as of tpc-shard ("tp=2 dp=2").
mlir::FailureOr<SolvedModel> solveModel(mlir::OwningOpRef<mlir::ModuleOp> model,
                                        llvm::StringRef dims, llvm::StringRef shardOptions);

} // namespace tpc
