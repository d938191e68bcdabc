//===- Solver.h - Finds the sharding of least predicted time -------------------------------===//
//
// One variable per class of ops (how it is executed along the axis), per class of values (in which
// placements it is made available) and per class of symbols (how it is held); costs in integer
// picoseconds; solved by elimination (exactly, as far as tables stay small), one axis after the
// other. Equal layers are one class, so they share one decision and the time does not grow with
// depth.
//
// What may move on an axis is fixed by its role (docs/sharding.md):
//   tp  weights are split and never gathered, the batch is not split; partial -> replicated, and a
//       replicated value may be sliced; with sequence parallelism also partial -> split(sequence)
//       and split(sequence) -> replicated.
//   dp  the batch of the inputs is split, parameters are replicated; partial -> replicated.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/Cost.h"
#include "compiler/sharding/Decision.h"
#include "compiler/sharding/WireRounding.h"
#include "compiler/support/Target.h"

#include "mlir/IR/BuiltinOps.h"

#include <set>
#include <string>
#include <vector>

namespace tpc {

/// A user's sharding of the symbols whose name matches `pattern` (`*` is any run of characters):
/// one entry per dim, the axes that split it.
struct ShardConstraint {
  std::string pattern;
  std::vector<std::vector<std::string>> axesPerDim;
  std::string text; ///< as the user wrote it, for messages
};

/// Parses "PATTERN=[{tp}, {}]". Returns what is wrong in `error`.
std::optional<ShardConstraint> parseShardConstraint(llvm::StringRef text, std::string &error);

/// Whether tp may split the residual stream along the sequence between the blocks.
enum class SequenceParallel {
  Off,  ///< never
  Auto, ///< where it is predicted to be faster
  On,   ///< always
};

struct SolverOptions {
  Mesh mesh;
  Hardware hardware;
  SequenceParallel sequenceParallel = SequenceParallel::Off;
  std::vector<ShardConstraint> constraints;
  WireRounding wire;
  WeightAlignment alignment;
};

/// What the solver did, for messages, `tpc inspect` and the tests.
struct SolverReport {
  int variables = 0;
  int classes = 0; ///< of ops
  int ops = 0;
  /// Weights that are held whole though the axis is to split them: where they are declared, and
  /// what is said of them. Tensor parallelism is lost there.
  std::vector<std::pair<mlir::Location, std::string>> heldWhole;
  size_t largestTable = 0;    ///< rows
  std::set<AxisId> splitAxes; ///< along which an op or a symbol of some entry is split
  bool splitsSequence = false;
  bool gaveUp = false; ///< there were too many ways to compare
  Picoseconds predicted = 0;
  std::vector<std::string> notes; ///< paddings, replicated weights, constraints applied
};

/// Decides all entries of a module at level `grad`: the training first, the others under its
/// parameter shardings. Emits located errors: a constraint that matches nothing or can't be met, a
/// batch that the dp axis does not divide.
mlir::FailureOr<Decision> solveShardings(mlir::ModuleOp module, const SolverOptions &options,
                                         SolverReport &report);

} // namespace tpc
