//===- CompileOptions.h - What `tpc compile` was asked for --------------------------------===//
#pragma once

#include "algebra/Cost.h"
#include "algebra/Mesh.h"
#include "compiler/autodiff/Recompute.h"
#include "compiler/fusion/Fusion.h"
#include "compiler/sharding/Solver.h"
#include "compiler/support/Target.h"
#include "runtime/support/Status.h"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tpc {

/// The levels of the pipeline, in order.
enum class Level { Model, Grad, Sharded, Local, Fused, Scheduled, Plan };
inline constexpr Level kLevels[] = {Level::Model, Level::Grad,      Level::Sharded, Level::Local,
                                    Level::Fused, Level::Scheduled, Level::Plan};
/// "model", ..., "plan".
const char *name(Level level);

/// Where --dump-to writes a level.
std::string dumpPath(const std::string &folder, Level level);
/// Of the linalg of the kernels of level `fused`.
std::string kernelsDumpPath(const std::string &folder);

struct CompileOptions {
  std::string model;
  Mesh mesh;
  std::map<std::string, int64_t> dims; ///< bound by --dim
  Target target;
  /// For tests: no number depends on it, and no option sets it.
  unsigned opsPerKernel = kUnlimitedOps;
  std::string precision = "f32";
  WireRounding wire;
  std::string commDtype = "f32"; ///< what `wire` says, for people
  SequenceParallel sequenceParallel = SequenceParallel::Off;
  int64_t memoryLimit = 0; ///< bytes; 0: none
  /// Nothing: none, or with a memory limit the first mode that meets it.
  std::optional<RecomputeMode> recompute;
  Hardware hardware; ///< built in for the target, or what a file says
  std::vector<ShardConstraint> constraints;
  std::optional<Level> stopAfter;
  std::string dumpTo;
  std::string output;

  bool wantsHelp = false;
  std::string help;
};

/// Options that this version cannot honour are errors, never ignored.
Result<CompileOptions> parseCompileOptions(std::span<const std::string> arguments);

} // namespace tpc
