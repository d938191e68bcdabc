//===- Compile.cpp - tpc compile ----------------------------------------------------------===//

#include "compiler/driver/Driver.h"

#include "compiler/driver/Diagnostics.h"
#include "compiler/driver/Model.h"
#include "compiler/driver/Pipeline.h"
#include "compiler/fusion/KernelsToLinalg.h"
#include "runtime/cli/RunLog.h"
#include "runtime/plan/PlanFile.h"
#include "runtime/plan/PlanText.h"
#include "runtime/plan/PlanWriter.h"

#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace tpc;

/// What --stop-after and --dump-to show of a level.
static std::string levelText(const Compilation &compilation, Level level) {
  return level == Level::Plan ? planToText(compilation.plan) : textOf(*compilation.module);
}

static Status dump(const Compilation &compilation, Level level) {
  const std::string &folder = compilation.options.dumpTo;
  if (std::error_code error = llvm::sys::fs::create_directories(folder))
    return Status(Code::InvalidInput, "cannot create '" + folder + "': " + error.message(),
                  "--dump-to DIR writes into a folder, and makes it if need be");
  auto write = [](const std::string &path, const std::string &text) {
    return writeFileAtomically(path, {reinterpret_cast<const uint8_t *>(text.data()), text.size()});
  };
  TPC_RETURN_IF_ERROR(write(dumpPath(folder, level), levelText(compilation, level)));
  if (level != Level::Fused)
    return Status();
  FailureOr<OwningOpRef<ModuleOp>> kernels = linalgOfKernels(*compilation.module);
  return failed(kernels) ? Status(Code::InvalidInput, "")
                         : write(kernelsDumpPath(folder), textOf(**kernels));
}

/// Runs the steps; true if they reached the level that was asked for.
static Status runPipeline(Compilation &compilation) {
  const CompileOptions &options = compilation.options;
  std::vector<Step> steps = makePipeline(options, compilation.module->getContext());
  for (size_t i = 0; i < steps.size(); ++i) {
    const Step &step = steps[i];
    if (failed(step.run(compilation))) {
      if (step.isCheck)
        return Status(Code::Internal, step.name + " does not hold, which is a bug of tpc",
                      "report it with the model and the output of --dump-to");
      return Status(Code::InvalidInput, "");
    }
    bool levelIsDone = i + 1 == steps.size() || steps[i + 1].level != step.level;
    if (!levelIsDone)
      continue;
    if (!options.dumpTo.empty())
      TPC_RETURN_IF_ERROR(dump(compilation, step.level));
    if (options.stopAfter == step.level) {
      llvm::outs() << levelText(compilation, step.level);
      llvm::outs().flush();
      std::error_code error = llvm::outs().error();
      llvm::outs().clear_error();
      return error
                 ? Status(Code::InvalidInput, "cannot write to standard output: " + error.message())
                 : Status();
    }
  }
  return Status();
}

namespace {

/// A model compiled with one choice of recomputation.
struct Attempt {
  Attempt(const CompileOptions &options, MLIRContext &context)
      : options(options), context(context), compilation(this->options) {}

  Status run() {
    TPC_RETURN_IF_ERROR(
        loadModel(options.model, context, compilation.module, compilation.modelHash));
    compilation.modelName = modelName(*compilation.module, options.model);
    TPC_RETURN_IF_ERROR(runPipeline(compilation));
    if (options.stopAfter)
      return Status();
    TPC_ASSIGN_OR_RETURN(PlanFile plan, PlanFile::fromBytes(compilation.plan));
    bytes = plan.arenaBytes();
    return Status();
  }

  CompileOptions options;
  MLIRContext &context;
  Compilation compilation;
  uint64_t bytes = 0; ///< that a rank allocates
};

} // namespace

/// The first mode of recomputation that meets the memory limit, or the one that was asked for.
static Result<std::unique_ptr<Attempt>> compileWithinLimit(const CompileOptions &options,
                                                           MLIRContext &context) {
  std::vector<RecomputeMode> modes = {options.recompute.value_or(RecomputeMode::None)};
  if (options.memoryLimit && !options.recompute)
    modes = {RecomputeMode::None, RecomputeMode::Selective, RecomputeMode::Full};
  uint64_t least = UINT64_MAX;
  std::string tooLarge;
  for (RecomputeMode mode : modes) {
    auto attempt = std::make_unique<Attempt>(options, context);
    attempt->options.recompute = mode;
    if (!tooLarge.empty()) {
      attempt->compilation.recomputeIsChosen = true;
      attempt->compilation.notes.push_back(
          "recompute " + name(mode).str() + " was chosen to meet the memory limit of " +
          std::to_string(options.memoryLimit) + " bytes: " + tooLarge);
    }
    TPC_RETURN_IF_ERROR(attempt->run());
    if (!options.memoryLimit || attempt->bytes <= uint64_t(options.memoryLimit))
      return attempt;
    least = std::min(least, attempt->bytes);
    tooLarge += (tooLarge.empty() ? "" : ", ") + name(mode).str() + " needs " +
                std::to_string(attempt->bytes);
  }
  return Status(Code::InvalidInput,
                "the plan needs " + std::to_string(least) +
                    " bytes on a rank, more than the limit of " +
                    std::to_string(options.memoryLimit) +
                    (modes.size() > 1 ? " (recompute " + tooLarge + ")" : std::string()),
                options.recompute && *options.recompute != RecomputeMode::Full
                    ? "use --recompute full, more ranks, or a smaller batch"
                    : "use more ranks, or a smaller batch");
}

int tpc::compileMain(std::span<const std::string> arguments) {
  Result<CompileOptions> options = parseCompileOptions(arguments);
  if (!options.ok())
    return report(options.status());
  if (options->wantsHelp) {
    llvm::outs() << options->help;
    return 0;
  }
  auto start = std::chrono::steady_clock::now();
  MLIRContext context(MLIRContext::Threading::DISABLED);
  DiagnosticPrinter printer(&context, options->model);
  Result<std::unique_ptr<Attempt>> attempt = compileWithinLimit(*options, context);
  if (!attempt.ok())
    return report(attempt.status());
  if (options->stopAfter)
    return 0;
  const Compilation &compilation = (*attempt)->compilation;
  if (Status status = writeFileAtomically(options->output, compilation.plan); !status.ok())
    return report(status);
  // Times are not in the plan, which is the same wherever it is compiled.
  const SolverReport &solver = compilation.solver;
  llvm::errs() << llvm::format("%s: %s a rank (%s); %d ops in %d classes sharded in %.2f s, "
                               "compiled in %.2f s\n",
                               options->output.c_str(), humanBytes((*attempt)->bytes).c_str(),
                               options->mesh.str().c_str(), solver.ops, solver.classes,
                               compilation.solverSeconds, secondsSince(start));
  return 0;
}
