//===- ShardPass.cpp - Adapter of the solver and its application --------------------------===//

#include "compiler/partition/Proof.h"
#include "compiler/sharding/ApplyShardings.h"
#include "compiler/sharding/Passes.h"
#include "compiler/sharding/Solver.h"
#include "dialects/tp/TP.h"

using namespace mlir;

namespace tpc {

#define GEN_PASS_DEF_SHARDPASS
#include "compiler/sharding/Passes.h.inc"

Mesh makeMesh(int64_t dp, int64_t tp) {
  Mesh mesh;
  if (dp > 1)
    mesh.axes.push_back({"dp", dp});
  mesh.axes.push_back({"tp", tp});
  return mesh;
}

namespace {

struct ShardPass : impl::ShardPassBase<ShardPass> {
  using ShardPassBase::ShardPassBase;

  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<tp::TPDialect>();
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    SolverOptions options;
    options.mesh = makeMesh(dp, tp);
    options.sequenceParallel = sequenceParallel;
    for (const std::string &text : constraints) {
      std::string error;
      std::optional<ShardConstraint> constraint = parseShardConstraint(text, error);
      if (!constraint) {
        module.emitError() << "the constraint '" << text << "' can't be read: " << error;
        return signalPassFailure();
      }
      options.constraints.push_back(*constraint);
    }
    SolverReport solved;
    FailureOr<Decision> decision = solveShardings(module, options, solved);
    if (failed(decision))
      return signalPassFailure();
    OwningOpRef<ModuleOp> grad = module.clone();
    if (failed(applyShardings(module, *decision)) || failed(proveSharded(*grad, module)))
      return signalPassFailure();
    if (report) {
      for (Operation &op : module.getBody()->getOperations())
        if (auto symbol = dyn_cast<SymbolOpInterface>(op))
          if (auto sharding = decision->symbols.find(symbol.getName());
              sharding != decision->symbols.end())
            mlir::emitRemark(op.getLoc())
                << symbol.getName() << ": " << sharding->second.str(options.mesh);
      for (const std::string &note : solved.notes)
        mlir::emitRemark(module.getLoc()) << note;
      mlir::emitRemark(module.getLoc())
          << "solver: " << solved.ops << " ops in " << solved.classes << " classes, "
          << solved.variables << " variables, largest table " << solved.largestTable << " rows";
    }
  }
};

} // namespace
} // namespace tpc
