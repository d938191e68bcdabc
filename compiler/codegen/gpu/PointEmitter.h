//===- PointEmitter.h - Kernels whose elements have nothing to do with each other ----------===//
#pragma once

#include "compiler/codegen/gpu/LaneEmitter.h"

namespace tpc::codegen {

/// A thread computes a few chunks of adjacent columns, wherever they lie; all loads come first.
class PointEmitter final : LaneEmitter {
public:
  using LaneEmitter::LaneEmitter;
  void emit();

private:
  void emitTables();
  void emitChunks(mlir::Value number, llvm::MutableArrayRef<Lanes> totals);
  void emitRest(mlir::Value number);
  Point chunkAt(mlir::Value number, mlir::IRMapping &rowValues);
  void addTotals(Point &point, unsigned piece, llvm::MutableArrayRef<Lanes> totals);
  mlir::Value number(int64_t value);
  mlir::Value toIndex(mlir::Value number);

  /// Of numbers of chunks: i32 where that is enough, since divisions of i64 are long.
  mlir::Type numberType;
};

} // namespace tpc::codegen
