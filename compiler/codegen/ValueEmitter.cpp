//===- ValueEmitter.cpp - Values of a body graph in a function -------------------------===//
#include "compiler/codegen/ValueEmitter.h"

#include "compiler/codegen/MathExpansion.h"

#include <cmath>

using namespace mlir;

namespace tpc::codegen {

Value ValueEmitter::addReal(Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }

Value ValueEmitter::reduce(ReduceKind kind, Value x, Value y) {
  if (kind == ReduceKind::Sum)
    return addReal(x, y);
  return arith::MaximumFOp::create(b, loc, x, y);
}

Value ValueEmitter::neutral(ReduceKind kind, Type type) {
  if (kind == ReduceKind::Sum)
    return zero(type);
  auto lanes = dyn_cast<VectorType>(type);
  if (!lanes)
    return real(type, -INFINITY);
  return arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(lanes, b.getFloatAttr(lanes.getElementType(), -INFINITY)));
}

Value ValueEmitter::rounded(Value x, Type element) {
  Type type = element.isF64() ? element : Type(b.getF32Type());
  if (x.getType().isF64() && !type.isF64())
    x = arith::TruncFOp::create(b, loc, type, x);
  else if (!x.getType().isF64() && type.isF64())
    x = arith::ExtFOp::create(b, loc, type, x);
  return element.isBF16() ? MathExpansion(b, loc).roundToBF16(x) : x;
}

/// Leaves the builder before the loop's terminator, or at its end if values are carried.
scf::ForOp ValueEmitter::loop(Value lower, Value upper, ValueRange carried) {
  auto loop = scf::ForOp::create(b, loc, lower, upper, index(1), carried);
  if (carried.empty())
    b.setInsertionPoint(loop.getBody()->getTerminator());
  else
    b.setInsertionPointToEnd(loop.getBody());
  return loop;
}

Value ValueEmitter::pointer(FunctionOperand::Kind kind, unsigned number) {
  for (auto [i, operand] : llvm::enumerate(function.operands))
    if (operand.kind == kind && operand.index == number)
      return implementation.getArgument(i);
  llvm_unreachable("the outline lists every tensor that the graph touches");
}

Value ValueEmitter::resultPointer(unsigned result) {
  for (auto [i, operand] : llvm::enumerate(function.operands))
    if (operand.sharedResult == static_cast<int>(result))
      return implementation.getArgument(i);
  return pointer(FunctionOperand::Result, result);
}

Value ValueEmitter::address(Value pointer, Type element, Value at, int64_t byteOffset) {
  Type type = pointer.getType();
  if (byteOffset)
    pointer = LLVM::GEPOp::create(b, loc, type, b.getI8Type(), pointer,
                                  ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(byteOffset)},
                                  LLVM::GEPNoWrapFlags::inbounds);
  Value word = arith::IndexCastOp::create(b, loc, b.getI64Type(), at);
  Type storage = element.isBF16() ? Type(b.getI16Type()) : element;
  return LLVM::GEPOp::create(b, loc, type, storage, pointer, ArrayRef<LLVM::GEPArg>{word},
                             LLVM::GEPNoWrapFlags::inbounds);
}

Value ValueEmitter::loadElement(Value pointer, Type element, Value at, int64_t byteOffset) {
  Value where = address(pointer, element, at, byteOffset);
  if (!element.isBF16())
    return LLVM::LoadOp::create(b, loc, element, where);
  // bf16 is the upper half of an f32; targets have no instructions for it.
  Value half = LLVM::LoadOp::create(b, loc, b.getI16Type(), where);
  Value image = arith::ExtUIOp::create(b, loc, b.getI32Type(), half);
  Value sixteen = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(16));
  image = arith::ShLIOp::create(b, loc, image, sixteen);
  return arith::BitcastOp::create(b, loc, b.getF32Type(), image);
}

void ValueEmitter::storeElement(Value value, Value pointer, Type element, Value at,
                                int64_t byteOffset) {
  Value where = address(pointer, element, at, byteOffset);
  if (element.isBF16()) {
    // The graph has rounded it already.
    Value image = arith::BitcastOp::create(b, loc, b.getI32Type(), value);
    Value sixteen = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(16));
    image = arith::ShRUIOp::create(b, loc, image, sixteen);
    value = arith::TruncIOp::create(b, loc, b.getI16Type(), image);
  }
  LLVM::StoreOp::create(b, loc, value, where);
}

Value ValueEmitter::get(Value value) {
  Level level = graph.level(value);
  IRMapping &map = known(value, level);
  if (Value result = map.lookupOrNull(value))
    return result;
  if (Value result = fromTable(value)) {
    map.map(value, result);
    return result;
  }
  OpBuilder::InsertionGuard guard(b);
  if (level == Level::Uniform)
    b.setInsertionPoint(uniformPoint);
  else if (level == Level::Row && rowPoint)
    b.setInsertionPoint(rowPoint);
  Value result;
  if (const Leaf *leaf = graph.leaf(value)) {
    result = emitLeaf(value, *leaf);
  } else {
    IRMapping operands;
    for (Value operand : value.getDefiningOp()->getOperands())
      operands.map(operand, get(operand));
    result = b.clone(*value.getDefiningOp(), operands)->getResult(0);
  }
  map.map(value, result);
  return result;
}

} // namespace tpc::codegen
