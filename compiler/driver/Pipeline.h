//===- Pipeline.h - All steps of a compilation, in order -----------------------------------===//
#pragma once

#include "compiler/driver/CompileOptions.h"

#include "mlir/IR/OwningOpRef.h"

#include <chrono>
#include <functional>

namespace tpc {

inline double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// What the steps work on.
struct Compilation {
  explicit Compilation(const CompileOptions &options) : options(options) {}

  const CompileOptions &options;
  /// The recomputation is a choice of the memory limit, not of the user.
  bool recomputeIsChosen = false;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  uint64_t modelHash = 0;
  std::string modelName;

  /// Kept for the proofs, which compare a level with the one before it.
  mlir::OwningOpRef<mlir::ModuleOp> grad, sharded;
  std::vector<ShardConstraint> constraints;
  std::string shardedIr;
  SolverReport solver;
  double solverSeconds = 0;       ///< wall clock; printed, never written into the plan
  std::vector<std::string> notes; ///< of steps other than the solver, for the report
  std::vector<uint8_t> plan;
};

struct Step {
  Level level; ///< the one that the step is on the way to
  std::string name;
  const char *why; ///< it is there, and in this place
  std::function<mlir::LogicalResult(Compilation &)> run;
  /// A failure is a bug of tpc, not of the model.
  bool isCheck = false;
};

std::vector<Step> makePipeline(const CompileOptions &options, mlir::MLIRContext *context);

/// The module's text, without locations.
std::string textOf(mlir::ModuleOp module);

} // namespace tpc
