//===- DomainPoint.h - What is known at a point of a kernel's domain -----------------------===//
//
// The leaves of a body graph: the row and the column, from which the position along each dim and
// the element of each tensor follow, and the elements, scalars and reductions that are read there.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/BodyGraph.h"

#include "mlir/IR/Builders.h"

namespace tpc::codegen {

class DomainPoint {
public:
  /// `b` writes the graph's block.
  DomainPoint(BodyGraph &graph, mlir::OpBuilder &b) : graph(graph), b(b), loc(b.getUnknownLoc()) {}

  /// The index along a dim of the domain.
  mlir::Value position(unsigned dim);
  /// Element index of a tensor whose dims lie along `dims` of the domain.
  mlir::Value elementIndex(llvm::ArrayRef<unsigned> dims);
  /// An element of a tensor of the kernel; in place if it is the one that the point is about.
  mlir::Value load(unsigned tensor, mlir::Value index, bool inPlace);
  mlir::Value scalar(unsigned number);
  mlir::Value reduction(ReduceKind kind, mlir::Value element);

  /// Whether anything asked for rows or columns, so that the domain cannot be flat.
  bool needsRows = false;

private:
  mlir::Value constant(int64_t value);
  mlir::Value addLeaf(mlir::Type type, Leaf leaf);
  mlir::Value rowIndex();
  mlir::Value columnIndex();

  BodyGraph &graph;
  mlir::OpBuilder &b;
  mlir::Location loc;
  mlir::Value row, column;
  llvm::DenseMap<unsigned, mlir::Value> positions, scalars;
  llvm::DenseMap<std::pair<unsigned, mlir::Value>, mlir::Value> loads;
  /// By first dim and number of dims.
  llvm::DenseMap<std::pair<unsigned, unsigned>, mlir::Value> indices;
};

} // namespace tpc::codegen
