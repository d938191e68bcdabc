//===- TileMath.h - Products of tiles by the threads of a block ----------------------------===//
//
// A block multiplies tiles in shared memory; the results lie in registers, each thread holding the
// elements of a few rows and columns: a fragment. Two ways: fused multiply-adds on f32 and f64, and
// tensor cores on bf16 with sums in f32. A row belongs to threads of one warp.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/gpu/AttentionBuilder.h"
#include "compiler/codegen/gpu/AttentionTiling.h"

#include <memory>

namespace tpc::codegen::gpu {

/// A matrix in shared memory: its first element, and elements from row to row.
struct Tile {
  mlir::Value pointer;
  int64_t pitch;
};

/// What a thread holds of a matrix: [rowSlots][column slots], row after row.
using Fragment = llvm::SmallVector<mlir::Value>;

class TileMath {
public:
  virtual ~TileMath() = default;

  /// Type of sums, and of all that a fragment holds.
  mlir::Type sumType() const { return sum; }
  /// The rows of the tile that this thread has.
  unsigned rowSlots() const { return rows.size(); }
  mlir::Value row(unsigned slot) const { return rows[slot]; }
  /// The columns of a fragment of scores that this thread has.
  virtual llvm::SmallVector<mlir::Value> scoreColumns() = 0;
  /// Zeros for the sums of addProduct.
  Fragment zeroOutput();

  /// a [rows, size] times b [columns, size], transposed.
  virtual Fragment scores(Tile a, Tile b) = 0;
  /// sum [rows, size] plus weights [rows, columns], rounded to the tiles' type, times b [columns,
  /// size].
  virtual Fragment addProduct(llvm::ArrayRef<mlir::Value> weights, Tile b,
                              llvm::ArrayRef<mlir::Value> sum) = 0;
  /// [rows, size], rounded to the tiles' type. The threads of other warps do not see it yet.
  virtual void storeOutput(llvm::ArrayRef<mlir::Value> output, Tile to) = 0;

  /// The sum or the maximum of what the threads of a row have; they all get it.
  mlir::Value sumOfRow(mlir::Value x);
  mlir::Value maxOfRow(mlir::Value x);
  /// Holds in one thread of each row.
  mlir::Value isFirstOfRow();

protected:
  TileMath(AttentionBuilder &g, const AttentionTiling &tiling, mlir::Type sum,
           unsigned threadsOfRow)
      : g(g), tiling(tiling), sum(sum), threadsOfRow(threadsOfRow) {}
  virtual unsigned outputSlots() const = 0;
  /// A row and a column of a tile.
  mlir::Value address(Tile tile, mlir::Value row, mlir::Value column);

  AttentionBuilder &g;
  const AttentionTiling &tiling;
  mlir::Type sum;
  unsigned threadsOfRow; ///< neighbours, a power of two
  llvm::SmallVector<mlir::Value> rows;
};

/// `element`: the type of the tiles.
std::unique_ptr<TileMath> fusedMultiplyAdds(AttentionBuilder &g, const AttentionTiling &tiling,
                                            mlir::Type element);
std::unique_ptr<TileMath> tensorCores(AttentionBuilder &g, const AttentionTiling &tiling);

} // namespace tpc::codegen::gpu
