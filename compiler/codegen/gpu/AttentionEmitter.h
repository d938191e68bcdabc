//===- AttentionEmitter.h - What the kernels of attention share ----------------------------===//
#pragma once

#include "compiler/codegen/gpu/TileMath.h"

namespace tpc::codegen::gpu {

/// Emit one kernel each into a module. Operands are those of the plan's Attention instruction, in
/// its order.
void emitAttentionForward(mlir::ModuleOp module, llvm::StringRef name, const AttentionShape &shape);
void emitRowProducts(mlir::ModuleOp module, llvm::StringRef name, const AttentionShape &shape);
void emitKeyGradient(mlir::ModuleOp module, llvm::StringRef name, const AttentionShape &shape);
void emitQueryGradient(mlir::ModuleOp module, llvm::StringRef name, const AttentionShape &shape);

/// Operands of the instruction; of the backward, the workspace holds row products.
enum Operand : unsigned { kQ, kK, kV, kO, kLse, kDo, kDq, kDk, kDv, kRowProducts };
constexpr unsigned kForwardOperands = 6, kBackwardOperands = 10;

class AttentionEmitter {
protected:
  AttentionEmitter(mlir::ModuleOp module, const AttentionShape &shape, AttentionPass pass);

  /// Opens the entry; `written` of the pass's operands are written.
  void begin(llvm::StringRef name, llvm::ArrayRef<unsigned> written);

  //===--- tensors ---===//

  /// [length, size] of one head of a tensor: consecutive rows are `stride` elements apart.
  struct Matrix {
    mlir::Value pointer;
    int64_t stride, length;
  };
  Matrix queryMatrix(unsigned operand, mlir::Value batch, mlir::Value head);
  Matrix keyMatrix(unsigned operand, mlir::Value batch, mlir::Value kvHead);
  /// lse or row products of a query head.
  mlir::Value statistics(unsigned operand, mlir::Value batch, mlir::Value head);

  //===--- tiles ---===//

  Tile rowTile(int number) { return {g.sharedMemory(tiling.rowTile(number)), tiling.pitch}; }
  Tile columnTile(int number, mlir::Value stage) {
    return {inStage(tiling.columnTile(number), stage, tiling.stageBytes()), tiling.pitch};
  }
  mlir::Value inStage(int64_t offset, mlir::Value stage, int64_t stageBytes) {
    return g.at(g.sharedMemory(offset), g.b.getI8Type(), g.mul(stage, stageBytes));
  }
  /// What lies behind the head size in the block's tiles becomes zero, once.
  void clearPads();
  /// Begins to load rows [first, first + rows) of a matrix; zeros behind its last. They are there
  /// for the block after awaitTiles.
  void loadTile(const Matrix &from, mlir::Value first, int64_t rows, Tile to);
  void awaitTiles() {
    g.awaitCopies();
    g.barrier();
  }
  /// Of each of `count` tiles of columns: `load` begins to load it into a stage, `compute` takes
  /// what is carried on. The next tile is loaded while this one is computed with, if there are two
  /// stages.
  using LoadTile = llvm::function_ref<void(mlir::Value number, mlir::Value stage)>;
  using ComputeTile = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      mlir::Value number, mlir::Value stage, mlir::ValueRange carried)>;
  llvm::SmallVector<mlir::Value> overTiles(mlir::Value count, mlir::ValueRange start, LoadTile load,
                                           ComputeTile compute);
  /// Tiles of columns before `end`.
  mlir::Value tilesBefore(mlir::Value end) {
    return g.div(g.add(end, tiling.columns - 1), tiling.columns);
  }
  /// Writes a fragment of the output through a tile that no product reads any more.
  void storeOutput(llvm::ArrayRef<mlir::Value> output, Tile staging, const Matrix &to,
                   mlir::Value first);

  //===--- rows of queries ---===//

  /// The block's rows. Blocks count down the queries, so that the longest (causal) come first.
  struct QueryRows {
    mlir::Value batch, head, kvHead, first;
  };
  QueryRows queryRows();
  /// The end of the keys that the query sees: 0 if it sees none.
  mlir::Value visibleEnd(mlir::Value query);
  /// Those of the row slots.
  llvm::SmallVector<mlir::Value> visibleEnds(mlir::Value firstQuery);

  /// Of a score less the maximum or the lse of its query.
  mlir::Value exp(mlir::Value x);
  mlir::Value scale() { return g.real(math->sumType(), shape.scale); }
  /// How many keys there are more than queries; query i stands beside key i + shift.
  int64_t shift() const { return shape.keyLength - shape.queryLength; }

  const AttentionShape &shape;
  AttentionTiling tiling;
  AttentionBuilder g;
  mlir::Type element;
  std::unique_ptr<TileMath> math;

private:
  /// A chunk of a tile of `rows` rows: its row, its first column; whether it is one.
  struct Chunk {
    mlir::Value row, column, isThere;
  };
  void forChunks(int64_t rows, llvm::function_ref<void(llvm::ArrayRef<Chunk>)> body);
  void whenThere(const Chunk &chunk, llvm::function_ref<void()> body);
  mlir::Type chunkType();
  mlir::Value chunkOf(Tile tile, const Chunk &chunk);
};

} // namespace tpc::codegen::gpu
