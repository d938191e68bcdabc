//===- ScatterEmitter.h - Sums into rows of a table, on GPUs -------------------------------===//
#pragma once

#include "compiler/codegen/gpu/LaneEmitter.h"

namespace tpc::codegen {

/// A block owns some rows of the table, and some of their columns, of which each thread has a few
/// of its own. The block looks at all tokens, some thousand at a time: those that meet its rows are
/// put into a list, in their order, and then each thread adds them to its columns, in that order.
/// So every element of the table is the sum that a loop over tokens makes, bit for bit.
///
/// In texts a few tokens make up most, and their numbers are close together: so a block owns rows
/// that lie far apart, and a token that follows itself in the list is added in registers.
class ScatterEmitter final : LaneEmitter {
public:
  using LaneEmitter::LaneEmitter;
  void emit(const Store &scatter);

private:
  struct Entry {
    mlir::Value isThere; ///< null: it is
    mlir::Value tableRow;
    Lanes values;
  };
  void emitBegin();
  mlir::Value collect(mlir::Value firstToken);
  void add(mlir::Value count);
  void addEntries(llvm::ArrayRef<Entry> entries, mlir::Value rowBefore, Lanes sums);
  mlir::Value inTable(mlir::Value pointer, mlir::Value tableRow);
  mlir::Value listAt(int64_t offset, mlir::Value entry);

  const Store *scatter = nullptr;
  mlir::Type element;                ///< of the table
  mlir::Value part;                  ///< the block's part of the rows
  mlir::Value column, isMine;        ///< the thread's first column; whether it has one
  int64_t tokens = 0, foundRows = 0; ///< where the lists begin in shared memory
};

} // namespace tpc::codegen
