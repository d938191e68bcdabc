//===- Shard.cpp - Decides and writes the shardings of a module ----------------------------===//

#include "compiler/driver/Shard.h"

#include "compiler/sharding/ApplyShardings.h"
#include "compiler/sharding/FactorAtoms.h"
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

/// Sequence parallelism that was asked for and splits nothing.
static LogicalResult checkSequence(const Compilation &compilation) {
  const CompileOptions &options = compilation.options;
  if (options.sequenceParallel != SequenceParallel::On || compilation.solver.splitsSequence)
    return success();
  ModuleOp module = *compilation.module;
  InFlightDiagnostic error = module.emitError() << "--sequence-parallel on has no effect: ";
  bool isNamed = llvm::any_of(rolesOfNames(module),
                              [](const auto &of) { return of.second == DimRole::Sequence; });
  if (!isNamed) {
    error << "no input names a dim that is a sequence";
    error.attachNote() << "hint: leave it out, or name the sequence behind the batch in the dims "
                          "of the inputs: dims [\"B\", \"T\"]";
    return error;
  }
  error << "no value has features along a sequence of at least "
        << options.mesh.axisSize(*options.mesh.findAxis("tp"))
        << " positions, one for each rank of tp";
  error.attachNote() << "hint: leave it out, or bind a longer sequence by --dim";
  return error;
}

/// Ranks along an axis that splits nothing would all do the same.
static LogicalResult checkAxes(const Compilation &compilation) {
  const Mesh &mesh = compilation.options.mesh;
  for (auto [axis, of] : llvm::enumerate(mesh.axes)) {
    if (of.size == 1 || compilation.solver.splitAxes.count(static_cast<AxisId>(axis)))
      continue;
    ModuleOp module = *compilation.module;
    InFlightDiagnostic error = module.emitError()
                               << "--" << of.name << " " << of.size
                               << " has no effect: nothing is split on " << of.name
                               << ", and its ranks would all do the same";
    Diagnostic &hint = error.attachNote();
    hint << "hint: leave it out";
    if (of.name == "dp")
      hint << ", or name the batch first in the dims of the inputs: dims [\"B\", \"\"]";
    else
      hint << "; it splits parameters of two dims or more, and what is computed of them";
    if (!compilation.constraints.empty())
      hint << ", unless a constraint holds them whole";
    return error;
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
  for (const auto &[place, text] : compilation.solver.heldWhole)
    emitWarning(place) << text;
  if (failed(checkSequence(compilation)) || failed(checkAxes(compilation)))
    return failure();
  return applyShardings(module, *decision);
}
