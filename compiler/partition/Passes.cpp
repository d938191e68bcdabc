//===- Passes.cpp - Adapters of partition, proof and level checks --------------------------===//
#include "compiler/partition/Passes.h"

#include "compiler/partition/LevelChecks.h"
#include "compiler/partition/Partition.h"
#include "compiler/partition/Proof.h"

#include "mlir/Parser/Parser.h"

using namespace mlir;

namespace tpc {

#define GEN_PASS_DEF_VERIFYSHARDED
#define GEN_PASS_DEF_PARTITIONPASS
#define GEN_PASS_DEF_PROVEPASS
#define GEN_PASS_DEF_VERIFYLOCAL
#include "compiler/partition/Passes.h.inc"

namespace {

struct VerifySharded final : impl::VerifyShardedBase<VerifySharded> {
  void runOnOperation() override {
    if (failed(verifySharded(getOperation())))
      signalPassFailure();
  }
};

struct PartitionPass final : impl::PartitionPassBase<PartitionPass> {
  void runOnOperation() override {
    OwningOpRef<ModuleOp> sharded = getOperation().clone();
    if (failed(partition(getOperation())) || failed(proveLocal(*sharded, getOperation())))
      signalPassFailure();
  }
};

struct ProvePass final : impl::ProvePassBase<ProvePass> {
  using ProvePassBase::ProvePassBase;

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
};

struct VerifyLocal final : impl::VerifyLocalBase<VerifyLocal> {
  void runOnOperation() override {
    if (failed(verifyLocal(getOperation())))
      signalPassFailure();
  }
};

} // namespace

} // namespace tpc
