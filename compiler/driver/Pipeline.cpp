//===- Pipeline.cpp - All steps of a compilation, in order ---------------------------------===//
//
// This file says what happens to a model, and why in this order. What a step does is said where it
// is implemented.
//
//===---------------------------------------------------------------------------------------===//

#include "compiler/driver/Pipeline.h"

#include "compiler/autodiff/Passes.h"
#include "compiler/driver/Shard.h"
#include "compiler/emit/Emit.h"
#include "compiler/emit/ModelFlops.h"
#include "compiler/fusion/Fusion.h"
#include "compiler/import/Passes.h"
#include "compiler/memory/ShareMemory.h"
#include "compiler/partition/Partition.h"
#include "compiler/partition/Passes.h"
#include "compiler/partition/Proof.h"
#include "compiler/schedule/Schedule.h"

#include "runtime/plan/PlanFile.h"

#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace tpc;

std::string tpc::textOf(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  module.print(stream);
  return text;
}

namespace {

class PipelineBuilder {
public:
  PipelineBuilder(MLIRContext *context, Level first) : context(context), level(first) {}

  void enter(Level next) { level = next; }
  /// A pass whose failure is an error in the model.
  void pass(std::unique_ptr<Pass> made, const char *why) { add(std::move(made), why, false); }
  /// A verify pass of a level.
  void check(std::unique_ptr<Pass> made, const char *why) { add(std::move(made), why, true); }
  void step(const char *name, std::function<LogicalResult(Compilation &)> run, const char *why) {
    steps.push_back({level, name, why, std::move(run), false});
  }
  void prove(const char *name, std::function<LogicalResult(Compilation &)> run, const char *why) {
    steps.push_back({level, name, why, std::move(run), true});
  }

  std::vector<Step> steps;

private:
  void add(std::unique_ptr<Pass> made, const char *why, bool isCheck) {
    std::string name = made->getArgument().str();
    auto manager = std::make_shared<PassManager>(context);
    manager->addPass(std::move(made));
    auto run = [manager](Compilation &compilation) { return manager->run(*compilation.module); };
    steps.push_back({level, std::move(name), why, run, isCheck});
  }

  MLIRContext *context;
  Level level;
};

} // namespace

/// A mode that was asked for and changes nothing is an error, like every option without effect.
static LogicalResult recomputeForwardValues(Compilation &compilation) {
  RecomputeMode mode = compilation.options.recompute.value_or(RecomputeMode::None);
  int64_t clones = 0;
  for (auto entry : compilation.module->getOps<nn::EntryOp>()) {
    RecomputeReport report = recompute(entry, mode);
    clones += report.clonedOps;
    if (report.clonedOps)
      compilation.notes.push_back(report.str(entry.getSymName(), mode));
  }
  if (mode == RecomputeMode::None || clones || compilation.recomputeIsChosen)
    return success();
  InFlightDiagnostic error = compilation.module->emitError()
                             << "--recompute " << name(mode)
                             << " has no effect: no backward pass needs a value that this mode "
                                "computes again";
  error.attachNote() << "hint: leave it out";
  return error;
}

static LogicalResult keepGrad(Compilation &compilation) {
  compilation.grad = compilation.module->clone();
  return success();
}

static LogicalResult keepSharded(Compilation &compilation) {
  compilation.sharded = compilation.module->clone();
  compilation.shardedIr = textOf(*compilation.module);
  return success();
}

static LogicalResult fuse(Compilation &compilation) {
  const CompileOptions &options = compilation.options;
  for (auto entry : compilation.module->getOps<nn::EntryOp>()) {
    EpilogueReport report =
        fuseEntry(entry, {options.opsPerKernel, options.target.productsAddBiases});
    if (std::string note = report.str(entry.getSymName()); !note.empty())
      compilation.notes.push_back(std::move(note));
  }
  return success();
}

static LogicalResult emit(Compilation &compilation) {
  const CompileOptions &options = compilation.options;
  EmitOptions emitOptions;
  emitOptions.hardware = options.hardware;
  emitOptions.modelName = compilation.modelName;
  emitOptions.modelHash = compilation.modelHash;
  emitOptions.target = options.target;
  emitOptions.precision = options.precision;
  emitOptions.commDtype = options.commDtype;
  emitOptions.shardedIr = compilation.shardedIr;
  for (auto entry : compilation.grad->getOps<nn::EntryOp>())
    emitOptions.modelFlops[entry.getSymName().str()] = modelFlops(entry);
  emitOptions.notes = compilation.notes;
  llvm::append_range(emitOptions.notes, compilation.solver.notes);
  FailureOr<std::vector<uint8_t>> plan = emitPlan(*compilation.module, emitOptions);
  if (failed(plan))
    return failure();
  compilation.plan = std::move(*plan);
  return success();
}

static LogicalResult checkPlan(Compilation &compilation) {
  Result<PlanFile> loaded = PlanFile::fromBytes(compilation.plan);
  if (loaded.ok())
    return success();
  return compilation.module->emitError() << loaded.status().message();
}

std::vector<Step> tpc::makePipeline(const CompileOptions &options, MLIRContext *context) {
  PipelineBuilder p(context, Level::Model);
  BindDimsOptions dims;
  for (auto &[name, size] : options.dims)
    dims.dims.push_back(name + "=" + std::to_string(size));
  p.pass(createBindDims(dims),
         "while layers are written once, so that an error in one is told once");
  p.pass(createUnrollLayers(), "all that follows sees single ops with names of their own");
  p.pass(createFlattenScopes(), "a scope is a name, not control flow");
  p.pass(createBoundIds(), "on composite ops, which say what ids mean");
  p.pass(createVerifyModel(), "the last step at which an error is the model's own");

  p.enter(Level::Grad);
  p.pass(createApplyPrecision({options.precision}),
         "before anything derives types: gradients and states follow");
  p.pass(createResolveReads(), "one value per storage, whose gradients then meet in one sum");
  p.pass(createExpandComposites(), "gradients and rules belong to primitive ops");
  p.pass(createBuildTraining(),
         "before sharding, which then decides on the whole training step at once");
  p.pass(createPlaceCasts({options.precision}),
         "behind differentiation: sums of gradients are rounded once, and casts have none");
  p.step(
      "recompute", recomputeForwardValues,
      "behind the casts, whose narrow results are what is kept; before sharding, which decides on "
      "the clones, too");
  p.check(createVerifyGrad(), "the solver relies on it");
  p.step("take-constraints", takeConstraints, "they are wishes, not part of the program");
  p.step("keep-grad", keepGrad,
         "the proof compares the sharded program with it, and its shapes are the model's own");

  p.enter(Level::Sharded);
  p.step("shard", shard, "every placement is decided here, and none later");
  p.prove(
      "prove-sharded", [](Compilation &c) { return proveSharded(*c.grad, *c.module); },
      "reshards were inserted and sums regrouped, and nothing else");
  p.check(createVerifySharded(), "every tensor has a sharding, and every op follows its rule");
  p.step("keep-sharded", keepSharded, "the proof and `tpc inspect` need it");

  p.enter(Level::Local);
  p.step(
      "partition", [](Compilation &c) { return partition(*c.module); },
      "from here on shapes are those of one rank");
  p.prove(
      "prove-local", [](Compilation &c) { return proveLocal(*c.sharded, *c.module); },
      "every placement is derived anew: no reduction is missing or done twice");
  p.check(createVerifyLocal(), "fusion knows no shardings and no reshards");

  p.enter(Level::Fused);
  p.step("fuse", fuse, "on local shapes, since they decide what fits into a kernel");
  p.check(createVerifyFusedPass(), "code generation and emission know no other ops");

  p.enter(Level::Scheduled);
  p.pass(createSchedulePass({options.target.overlapsCollectives, options.hardware}),
         "behind fusion: it orders kernels, not ops");
  p.pass(createShareMemoryPass(), "in the final order, which says who reads a value last");
  p.check(createVerifyScheduledPass(), "the plan is this order");

  p.enter(Level::Plan);
  p.step("emit", emit, "memory, code and instructions");
  p.prove("check-plan", checkPlan,
          "the loader's own checks, values included: what does not pass here is never written");
  return std::move(p.steps);
}
