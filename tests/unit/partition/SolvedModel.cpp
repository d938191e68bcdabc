//===- SolvedModel.cpp - A model on the way from its file to its local programs ------------===//
#include "SolvedModel.h"

#include "compiler/driver/Registration.h"
#include "compiler/partition/Proof.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;

namespace tpc {

void prepareContext(MLIRContext &context) {
  static const bool registered = (registerPasses(), true);
  (void)registered;
  DialectRegistry registry;
  registerDialects(registry);
  context.appendDialectRegistry(registry);
  context.disableMultithreading();
  // Mutants make messages by the ten thousand, and nobody reads the ops below them.
  context.printOpOnDiagnostic(false);
}

static LogicalResult run(ModuleOp module, const std::string &passes) {
  PassManager manager(module.getContext());
  return success(succeeded(parsePassPipeline(passes, manager)) && succeeded(manager.run(module)));
}

FailureOr<SolvedModel> solveModel(OwningOpRef<ModuleOp> model, StringRef dims,
                                  StringRef shardOptions) {
  SolvedModel solved{std::move(model), {}, {}};
  if (failed(run(*solved.grad, "tpc-bind-dims{dims=" + dims.str() +
                                   "},tpc-unroll-layers,tpc-flatten-scopes,"
                                   "tpc-resolve-reads,tpc-expand-composites,tpc-build-training")))
    return failure();
  solved.sharded = solved.grad->clone();
  if (failed(run(*solved.sharded, "tpc-shard{" + shardOptions.str() + "}")) ||
      failed(proveSharded(*solved.grad, *solved.sharded)))
    return failure();
  solved.local = solved.sharded->clone();
  if (failed(run(*solved.local, "tpc-partition")))
    return failure();
  return solved;
}

} // namespace tpc
