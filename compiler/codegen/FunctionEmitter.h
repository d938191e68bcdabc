//===- FunctionEmitter.h - Values of a body graph in a function ------------------------===//
//
// Opens and closes a function of the kernel ABI, reads and writes its tensors, and computes the
// values of a graph where the loops of LoopEmitter stand: uniform ones before all tiles, values of
// a row before the loop over its columns.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/Codegen.h"
#include "compiler/codegen/Tiling.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"

namespace tpc::codegen {

class FunctionEmitter {
public:
  FunctionEmitter(const BodyGraph &graph, const GeneratedFunction &function, mlir::ModuleOp module)
      : graph(graph), function(function), module(module), b(module.getContext()),
        loc(b.getUnknownLoc()), tiling(tile(graph)) {}

protected:
  void begin();
  void end();
  mlir::scf::ForOp loop(mlir::Value lower, mlir::Value upper, mlir::ValueRange carried = {});
  mlir::Value indexOf(mlir::Value word) {
    return mlir::arith::IndexCastOp::create(b, loc, b.getIndexType(), word);
  }
  mlir::Value index(int64_t value) { return mlir::arith::ConstantIndexOp::create(b, loc, value); }
  mlir::Value real(mlir::Type type, double value) {
    return mlir::arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
  }
  mlir::Value zero(mlir::Type type) {
    return mlir::arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
  }
  mlir::Value addIndex(mlir::Value x, mlir::Value y) {
    return mlir::arith::AddIOp::create(b, loc, x, y);
  }
  mlir::Value subIndex(mlir::Value x, mlir::Value y) {
    return mlir::arith::SubIOp::create(b, loc, x, y);
  }
  mlir::Value mulIndex(mlir::Value x, int64_t y) {
    return y == 1 ? x : mlir::arith::MulIOp::create(b, loc, x, index(y)).getResult();
  }
  mlir::Value addReal(mlir::Value x, mlir::Value y);
  mlir::Value rounded(mlir::Value x, mlir::Type element);

  mlir::Value pointer(FunctionOperand::Kind kind, unsigned number);
  mlir::Value address(mlir::Value pointer, mlir::Type element, mlir::Value index,
                      int64_t byteOffset = 0);
  mlir::Value loadElement(mlir::Value pointer, mlir::Type element, mlir::Value index,
                          int64_t byteOffset = 0);
  void storeElement(mlir::Value value, mlir::Value pointer, mlir::Type element, mlir::Value index,
                    int64_t byteOffset = 0);
  mlir::Value resultPointer(unsigned result);
  mlir::Type resultType(unsigned result) {
    return graph.tensors()[graph.numInputs() + result].element;
  }

  /// The value at the present row and column.
  mlir::Value get(mlir::Value value);
  /// Values that depend on the column alone and take long, computed once a call.
  void emitTables();

  const BodyGraph &graph;
  const GeneratedFunction &function;
  mlir::ModuleOp module;
  mlir::OpBuilder b;
  mlir::Location loc;
  Tiling tiling;

  mlir::LLVM::LLVMFuncOp implementation;
  unsigned pointers = 0;
  mlir::Operation *tileLoop = nullptr;   ///< uniform values are computed before it
  mlir::Operation *columnLoop = nullptr; ///< values of the row are computed before it
  mlir::Value rowValue, columnValue;
  mlir::IRMapping uniform, row, column;

private:
  mlir::Value emitLeaf(mlir::Value value, const Leaf &leaf);
  /// Whether a value is the same in every row.
  bool isOfColumn(mlir::Value value);
  void collectSlice(mlir::Value value, llvm::SmallPtrSetImpl<mlir::Operation *> &ops);
  void findTables(mlir::Value value, llvm::SmallSetVector<mlir::Value, 4> &found,
                  llvm::SmallPtrSetImpl<void *> &seen);

  llvm::DenseMap<mlir::Value, bool> ofColumn;
  llvm::DenseMap<mlir::Value, mlir::Value>
      tables; ///< values of columns that are computed once a call
};

} // namespace tpc::codegen
