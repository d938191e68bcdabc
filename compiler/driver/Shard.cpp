//===- Shard.cpp - Decides and writes the shardings of a module ----------------------------===//

#include "compiler/driver/Shard.h"

#include "compiler/sharding/ApplyShardings.h"
#include "dialects/nn/NN.h"

using namespace mlir;
using namespace tpc;

LogicalResult tpc::takeConstraints(Compilation &compilation) {
  compilation.constraints = compilation.options.constraints;
  for (auto op : llvm::make_early_inc_range(compilation.module->getOps<nn::ConstraintOp>())) {
    std::string error;
    std::optional<ShardConstraint> constraint =
        parseShardConstraint((op.getPattern() + "=" + op.getSharding()).str(), error);
    if (!constraint)
      return op.emitOpError() << "cannot be read: " << error
                              << "; hint: nn.constraint \"h.*.mlp.fc.weight\" \"[{tp}, {}]\"";
    compilation.constraints.push_back(std::move(*constraint));
    op.erase();
  }
  return success();
}

LogicalResult tpc::shard(Compilation &compilation) {
  const CompileOptions &options = compilation.options;
  ModuleOp module = *compilation.module;
  SolverOptions solver{
      options.mesh, options.hardware,        options.sequenceParallel, compilation.constraints,
      options.wire, options.target.alignment};
  auto start = std::chrono::steady_clock::now();
  FailureOr<Decision> decision = solveShardings(module, solver, compilation.solver);
  compilation.solverSeconds = secondsSince(start);
  if (failed(decision))
    return failure();
  if (options.sequenceParallel == SequenceParallel::On && !compilation.solver.splitsSequence) {
    InFlightDiagnostic error =
        module.emitError() << "--sequence-parallel on has no effect: no value has features along a "
                              "sequence of at least "
                           << options.mesh.axisSize(*options.mesh.findAxis("tp"))
                           << " positions, one for each rank of tp";
    error.attachNote() << "hint: leave it out, or bind a longer sequence by --dim";
    return error;
  }
  for (const auto &[place, text] : compilation.solver.heldWhole)
    emitWarning(place)
        << text
        << ": with any split of it, something that it computes would have to be gathered; hint: "
           "parts of a fused weight are split if nn.slice cuts them equally; else write a "
           "parameter for each part";
  return applyShardings(module, *decision);
}
