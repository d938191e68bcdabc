//===- ProofState.h - What the proof knows of one local value ------------------------------===//
#pragma once

#include "compiler/partition/Pads.h"
#include "dialects/nn/Phase.h"
#include "dialects/tp/TP.h"

namespace tpc {

/// What a local value stands for.
struct Known {
  mlir::Value global; ///< without reshards
  Sharding sharding;
  PadState pads;
  std::optional<nn::Phase> phase; ///< of the op that computed the global value
};

/// The offset of a rank on a factor.
struct KnownOffset {
  int64_t extent;
  std::optional<AxisId> axis;
};

/// What the ops of the tp dialect, and the pad ops around them, do to the state of a value. Each
/// demands the exact state that it changes, and says by a located error what it found instead.
class StateChange {
public:
  /// `next`: the op of the global program that has its turn, or null at the end.
  StateChange(mlir::Operation *op, mlir::Operation *next, const Mesh &mesh)
      : op(op), next(next), mesh(mesh) {}

  llvm::FailureOr<Known> allReduce(Known state, AxisId axis, ReduceKind kind);
  llvm::FailureOr<Known> allGather(Known state, AxisId axis, int64_t dim);
  llvm::FailureOr<Known> reduceScatter(Known state, AxisId axis, int64_t dim);
  llvm::FailureOr<Known> allToAll(Known state, AxisId axis, int64_t from, int64_t dim);
  llvm::FailureOr<Known> slice(Known state, AxisId axis, int64_t dim, int64_t localExtent);
  llvm::FailureOr<Known> mask(tp::MaskOp mask, Known state, const KnownOffset &offset);
  /// nn.pad and nn.slice that add and drop the pads of a dim.
  llvm::FailureOr<Known> addPads(Known state, int64_t dim, int64_t start, int64_t extent);
  llvm::FailureOr<Known> dropPads(Known state, int64_t dim, int64_t start, int64_t size);
  /// Views around a collective: nn.split_dim that leaves `minor` local indices on the right, and
  /// nn.merge_dims. The state has a dim more in between.
  llvm::FailureOr<Known> splitDim(Known state, int64_t dim, int64_t minor);
  llvm::FailureOr<Known> mergeDims(Known state, int64_t dim);

private:
  mlir::LogicalResult expectPlacement(const Known &state, AxisId axis, Placement expected);
  mlir::LogicalResult gather(Known &state, AxisId axis, int64_t dim);
  mlir::LogicalResult split(Known &state, AxisId axis, int64_t dim, int64_t localExtent);
  mlir::InFlightDiagnostic fail();
  mlir::InFlightDiagnostic notInItsPlace();

  mlir::Operation *op, *next;
  const Mesh &mesh;
};

} // namespace tpc
