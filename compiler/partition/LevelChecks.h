//===- LevelChecks.h - The legal forms of levels sharded and local -------------------------===//
#pragma once

#include "algebra/Rule.h"

#include "mlir/IR/BuiltinOps.h"

namespace tpc {

/// An op of level `sharded`: what its types say, and what its rule says of them.
struct ShardedOp {
  std::vector<Sharding> operands, results; ///< of its tensors
  Rule rule;                               ///< empty for reads, writes, returns and reshards
  FactorLayouts layouts;
};

/// Reads an op. A located error if a type has no layout on the mesh, or its rule makes something
/// else of its operands than its result types say.
mlir::FailureOr<ShardedOp> readShardedOp(mlir::Operation *op, const Mesh &mesh);

mlir::LogicalResult verifySharded(mlir::ModuleOp module);
mlir::LogicalResult verifyLocal(mlir::ModuleOp module);

} // namespace tpc
