//===- Passes.cpp - Partition and proof as passes ------------------------------------------===//
#include "compiler/partition/Passes.h"

#include "compiler/partition/Partition.h"
#include "compiler/partition/Proof.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;

namespace tpc {

namespace {

struct PartitionPass : PassWrapper<PartitionPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PartitionPass)

  StringRef getArgument() const override { return "tpc-partition"; }
  StringRef getDescription() const override {
    return "make the program of one rank, and prove that it means the same";
  }

  void runOnOperation() override {
    OwningOpRef<ModuleOp> sharded = getOperation().clone();
    // Verified first: the proof takes for granted that ops are well formed.
    if (failed(partition(getOperation())) || failed(verify(getOperation())) ||
        failed(proveLocal(*sharded, getOperation())))
      signalPassFailure();
  }
};

struct ProvePass : PassWrapper<ProvePass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ProvePass)

  ProvePass() = default;
  ProvePass(const ProvePass &other) : PassWrapper(other) {}

  StringRef getArgument() const override { return "tpc-prove"; }
  StringRef getDescription() const override {
    return "prove that a local or a sharded module means what another one does";
  }

  void runOnOperation() override {
    if (global.empty() == grad.empty()) {
      getOperation().emitError("tpc-prove takes `global` or `grad`: the file to compare with");
      return signalPassFailure();
    }
    const std::string &file = global.empty() ? grad : global;
    auto other = parseSourceFile<ModuleOp>(file, &getContext());
    if (!other || failed(global.empty() ? proveSharded(*other, getOperation())
                                        : proveLocal(*other, getOperation())))
      signalPassFailure();
  }

  Option<std::string> global{*this, "global",
                             llvm::cl::desc("the file of which this local module was made")};
  Option<std::string> grad{*this, "grad",
                           llvm::cl::desc("the file of which this sharded module was made")};
};

} // namespace

void registerTpcPartitionPasses() {
  PassRegistration<PartitionPass>();
  PassRegistration<ProvePass>();
}

} // namespace tpc
