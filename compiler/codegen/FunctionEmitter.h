//===- FunctionEmitter.h - A function for CPU ------------------------------------------===//
//
// Opens and closes a function of the kernel ABI. Values of a graph are computed where the loops of
// LoopEmitter stand: uniform ones before all tiles, values of a row before the loop over its
// columns.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/Tiling.h"
#include "compiler/codegen/ValueEmitter.h"

namespace tpc::codegen {

class FunctionEmitter : public ValueEmitter {
public:
  FunctionEmitter(const BodyGraph &graph, const GeneratedFunction &function, mlir::ModuleOp module)
      : ValueEmitter(graph, function, module), tiling(tile(graph)) {}

protected:
  void begin();
  void end();
  /// Values that depend on the column alone and take long, computed once a call.
  void emitTables();

  mlir::IRMapping &known(mlir::Value, Level level) override {
    return level == Level::Uniform ? uniform : level == Level::Row ? row : column;
  }
  mlir::Value emitLeaf(mlir::Value value, const Leaf &leaf) override;
  mlir::Value fromTable(mlir::Value value) override;

  Tiling tiling;
  unsigned pointers = 0;
  mlir::Value rowValue, columnValue;
  mlir::IRMapping uniform, row, column;

private:
  llvm::DenseMap<mlir::Value, mlir::Value> tables;
};

} // namespace tpc::codegen
