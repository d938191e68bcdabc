//===- BodyGraph.h - What a kernel computes, as one graph of scalars -----------------------===//
//
// The linalg ops of a kernel, taken at one point of the kernel's domain (rows x columns) and
// joined: what reads another op's result uses its value. Loops come later; here each value only
// knows its level (once per kernel, per row, or per element), and how many reductions over the row
// must be complete before it can be computed (depth). So fusion is the sharing of values, and the
// loops that are needed follow from the depths.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/Codegen.h"
#include "compiler/codegen/KernelDomain.h"

#include "llvm/ADT/DenseMap.h"

#include <memory>
#include <optional>

namespace tpc::codegen {

/// A value that is not computed from others: a block argument of the graph.
struct Leaf {
  enum Kind : uint8_t { RowIndex, ColumnIndex, Scalar, Load, Reduction } kind;
  unsigned number = 0;      ///< Scalar: which of them; Load: which tensor of the kernel
  mlir::Value operand = {}; ///< Load: element index; Reduction: the value at each column
  tpc::ReduceKind reduce = tpc::ReduceKind::Sum;
};

/// What a kernel leaves behind.
struct Store {
  enum Kind : uint8_t {
    Element,   ///< result[index] = value, at `level`
    SumRows,   ///< result[column] = sum of value over rows
    SumAll,    ///< result[0] = sum of value over everything at `level`
    ScatterRow ///< result[row][column] += value, over what it begins as
  } kind;
  unsigned result; ///< which result of the kernel
  mlir::Value value;
  mlir::Value index; ///< Element: element index; ScatterRow: row of the result
  Level level;
  /// ScatterRow: the input that the result begins as, or nothing for zeros.
  std::optional<unsigned> begin = {};
};

/// A tensor that a kernel reads or writes: inputs first (in the kernel's order), then results.
struct KernelTensor {
  mlir::Type element;
  llvm::SmallVector<int64_t> shape;
  int64_t elements = 1;
  bool isRead = false;
  /// Reads are only of the element that a point of the whole domain is about.
  bool isReadInPlace = true;
};

class BodyGraph {
public:
  /// Fails with an emitted error if the ops do not fit one domain.
  static mlir::FailureOr<std::unique_ptr<BodyGraph>> build(nn::KernelOp kernel,
                                                           Arithmetic arithmetic);

  const Domain &domain() const { return space; }
  llvm::ArrayRef<KernelTensor> tensors() const { return allTensors; }
  unsigned numInputs() const { return inputCount; }
  /// Of each of the kernel's functions.
  unsigned numScalars() const { return scalarCount; }
  llvm::ArrayRef<Store> stores() const { return allStores; }
  /// Reductions over a row, in the order in which bodies asked for them.
  llvm::ArrayRef<mlir::Value> reductions() const { return allReductions; }
  const Leaf *leaf(mlir::Value value) const;
  Level level(mlir::Value value) const;
  /// Number of loops over the row that must end before the value is known.
  unsigned depth(mlir::Value value) const;

private:
  friend class BodyGraphBuilder;
  friend class DomainPoint;
  BodyGraph() = default;

  Domain space;
  llvm::SmallVector<KernelTensor> allTensors;
  unsigned inputCount = 0, scalarCount = 0;
  llvm::SmallVector<Store> allStores;
  llvm::SmallVector<mlir::Value> allReductions;
  mlir::Block block;
  llvm::DenseMap<mlir::Value, Leaf> leaves;
  mutable llvm::DenseMap<mlir::Value, Level> levels;
  mutable llvm::DenseMap<mlir::Value, unsigned> depths;
};

} // namespace tpc::codegen
