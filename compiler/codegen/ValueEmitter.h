//===- ValueEmitter.h - Values of a body graph in a function ---------------------------===//
//
// What the emitters of all targets share: reading and writing tensors of a function, and computing
// the values of a graph where they are needed: uniform ones once a call, values of a row once a
// row, values of an element at each point. Where that is, an emitter says.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/BodyGraph.h"
#include "compiler/codegen/Codegen.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"

namespace tpc::codegen {

class ValueEmitter {
public:
  ValueEmitter(const BodyGraph &graph, const GeneratedFunction &function, mlir::ModuleOp module)
      : graph(graph), function(function), module(module), b(module.getContext()),
        loc(b.getUnknownLoc()) {}
  virtual ~ValueEmitter() = default;

protected:
  mlir::scf::ForOp loop(mlir::Value lower, mlir::Value upper, mlir::ValueRange carried = {});
  mlir::Value index(int64_t value) { return mlir::arith::ConstantIndexOp::create(b, loc, value); }
  mlir::Value indexOf(mlir::Value word) {
    return mlir::arith::IndexCastOp::create(b, loc, b.getIndexType(), word);
  }
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
  mlir::Value minIndex(mlir::Value x, mlir::Value y) {
    return mlir::arith::MinSIOp::create(b, loc, x, y);
  }
  mlir::Value compare(mlir::arith::CmpIPredicate predicate, mlir::Value x, mlir::Value y) {
    return mlir::arith::CmpIOp::create(b, loc, predicate, x, y);
  }
  mlir::Value addReal(mlir::Value x, mlir::Value y);
  /// A partial result joined with another: their sum, or the larger one (NaN if either is).
  mlir::Value reduce(ReduceKind kind, mlir::Value x, mlir::Value y);
  /// What a reduction begins with: a scalar, or a vector of them.
  mlir::Value neutral(ReduceKind kind, mlir::Type type);
  /// A sum as the type of its result, of which bf16 lies in an f32.
  mlir::Value rounded(mlir::Value x, mlir::Type element);

  mlir::Value pointer(FunctionOperand::Kind kind, unsigned number);
  mlir::Value resultPointer(unsigned result);
  mlir::Type resultType(unsigned result) {
    return graph.tensors()[graph.numInputs() + result].element;
  }
  mlir::Value address(mlir::Value pointer, mlir::Type element, mlir::Value index,
                      int64_t byteOffset = 0);
  mlir::Value loadElement(mlir::Value pointer, mlir::Type element, mlir::Value index,
                          int64_t byteOffset = 0);
  void storeElement(mlir::Value value, mlir::Value pointer, mlir::Type element, mlir::Value index,
                    int64_t byteOffset = 0);

  /// The value at the present row and column.
  virtual mlir::Value get(mlir::Value value);
  /// Where values of a level are kept.
  virtual mlir::IRMapping &known(mlir::Value value, Level level) = 0;
  virtual mlir::Value emitLeaf(mlir::Value value, const Leaf &leaf) = 0;
  /// The value out of a table that was filled before, or null.
  virtual mlir::Value fromTable(mlir::Value value) = 0;

  const BodyGraph &graph;
  const GeneratedFunction &function;
  mlir::ModuleOp module;
  mlir::OpBuilder b;
  mlir::Location loc;

  mlir::LLVM::LLVMFuncOp implementation;   ///< its arguments are the operands of `function`, ...
  mlir::Operation *uniformPoint = nullptr; ///< uniform values are computed before it
  mlir::Operation *rowPoint = nullptr;     ///< values of the row are, too, if it is set
};

} // namespace tpc::codegen
