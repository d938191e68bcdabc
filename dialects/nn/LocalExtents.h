//===- LocalExtents.h - What the local form of an op names otherwise -----------------------===//
#pragma once

#include "mlir/IR/Operation.h"

namespace tpc::nn {

/// The only attributes in which the local form of an op differs from the global one are extents of
/// a dim that is split: `minor` of nn.split_dim, the range of an nn.slice that takes one of several
/// equal parts, and the start of an nn.pad that places one. Writes them into `local`, whose types
/// are local already; `operand` is the global shape of its first operand.
void setLocalExtents(mlir::Operation *local, llvm::ArrayRef<int64_t> operand);

/// Whether `local`, of local types, names them as `global` does.
bool namesSameExtents(mlir::Operation *global, mlir::Operation *local);

/// Whether the attribute `name` of the op is one of them.
bool isExtent(mlir::Operation *op, llvm::StringRef name);

} // namespace tpc::nn
