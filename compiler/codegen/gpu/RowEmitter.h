//===- RowEmitter.h - Kernels whose threads share rows -------------------------------------===//
#pragma once

#include "compiler/codegen/gpu/LaneEmitter.h"

namespace tpc::codegen {

/// A group of threads takes a row: each thread 8 columns of each tile of it. For each depth of the
/// graph the group goes over the row once, and joins the reductions of that depth. Rows that are
/// not very long are unrolled: what was loaded or computed stays in registers until the last depth.
///
/// A result that takes the place of an input is stored after all depths of the row. Threads need
/// not wait for each other before: what is read of such an input is the element that the same
/// thread then stores (see mayShare).
class RowEmitter final : LaneEmitter {
public:
  using LaneEmitter::LaneEmitter;
  void emit();

private:
  /// A reduction over the row that a depth completes.
  struct Partial {
    mlir::Value value; ///< a leaf of the graph
    ReduceKind kind;
    Lanes lanes; ///< of this thread
    Lanes wide;  ///< what lanes held before, joined; in f64
  };

  void emitRow(mlir::Value number);
  void emitDepth(int depth, bool isStoring);
  void emitLongRow(llvm::MutableArrayRef<Partial> partials, bool isStoring);
  void emitTile(llvm::MutableArrayRef<Point> points, unsigned tile,
                llvm::MutableArrayRef<Partial> partials, bool isStoring);
  llvm::SmallVector<mlir::Value> valuesOf(llvm::ArrayRef<Partial> partials, bool isStoring) const;
  void addSums(Point &point, unsigned tile, unsigned piece);
  void addRowValues(Point &point, mlir::Value isFirst);

  llvm::SmallVector<Point> pointsOf(mlir::Value tile, bool isTail);
  /// The column of a piece in its tile.
  mlir::Value columnInTile(unsigned piece);

  bool isWide(const Partial &partial);
  Lanes joinLanes(const Partial &partial);
  void complete(llvm::MutableArrayRef<Partial> partials);

  void forSumsOverRows(llvm::function_ref<void(const Store &, int64_t offset, unsigned)> body);
  void clearSumsInMemory();
  void storeSumsOverRows();
  /// Where partial sums of columns are in the workspace.
  mlir::Value sumAt(mlir::Type type, mlir::Value column, int64_t offset);

  mlir::Value inRow, group;      ///< i32: of the thread
  mlir::Value rowBlock, segment; ///< i32: of the block; the segment is null if there is only one
  mlir::Value row, isRow;        ///< whether there is such a row; null where there always is
  mlir::IRMapping rowValues;
  llvm::SmallVector<llvm::SmallVector<Point>> tiles; ///< of the row, if it is unrolled
  /// What the thread adds up over all its rows: the lanes of each SumAll, and the columns of each
  /// SumRows, tile by tile; long rows keep the latter in the workspace.
  llvm::SmallVector<Lanes> totals, sums;
};

} // namespace tpc::codegen
