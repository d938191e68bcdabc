//===- KernelDomain.h - The iteration space of a kernel ------------------------------------===//
#pragma once

#include "dialects/nn/NN.h"

namespace tpc::codegen {

/// How often a value is computed: once, for each row, for each column of a row.
enum class Level : uint8_t { Uniform, Row, Column };

/// The iteration space of a kernel: the shape of its largest op, collapsed at dim `split`.
struct Domain {
  llvm::SmallVector<int64_t> shape;
  unsigned split = 0; ///< dims before it are rows, the others columns
  int64_t rows = 1;
  int64_t columns = 1;
  int64_t elements = 1; ///< less than rows * columns if the last row of a flat domain is short
  /// Elements have no row: they are cut anywhere, which makes tiles of equal work.
  bool isFlat = false;

  bool isRagged() const { return elements != rows * columns; }
};

/// The domain of all ops of a kernel. A flat one does for ops that ask for no rows or columns.
Domain chooseDomain(nn::KernelOp kernel, bool flat);

/// The shape that an op's body is a point of.
llvm::ArrayRef<int64_t> bodyShape(mlir::Operation &op);

/// Whether an op adds a scatter to an input of the kernel. The scatter begins there instead.
bool isSumOfScatter(mlir::Operation &op);

} // namespace tpc::codegen
