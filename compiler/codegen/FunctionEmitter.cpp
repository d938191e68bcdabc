//===- FunctionEmitter.cpp - Values of a body graph in a function ----------------------===//
#include "compiler/codegen/FunctionEmitter.h"

#include "compiler/codegen/MathExpansion.h"

using namespace mlir;

namespace tpc::codegen {

namespace {

/// A value of a column that takes this many ops is computed once a call, into at most so many bytes
/// of stack.
constexpr unsigned kTableOps = 16;
constexpr int64_t kTableBytes = 16 * 1024;

} // namespace

Value FunctionEmitter::addReal(Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }

/// A sum as the type of its result, of which bf16 lies in an f32.
Value FunctionEmitter::rounded(Value x, Type element) {
  Type type = element.isF64() ? element : Type(b.getF32Type());
  if (x.getType().isF64() && !type.isF64())
    x = arith::TruncFOp::create(b, loc, type, x);
  else if (!x.getType().isF64() && type.isF64())
    x = arith::ExtFOp::create(b, loc, type, x);
  return element.isBF16() ? MathExpansion(b, loc).roundToBF16(x) : x;
}

/// Opens `name` (the ABI: loads the pointers) and its implementation, whose pointers are known not
/// to alias.
void FunctionEmitter::begin() {
  b.setInsertionPointToEnd(module.getBody());
  Type pointerType = LLVM::LLVMPointerType::get(b.getContext()), word = b.getI64Type();
  pointers = function.operands.size();
  SmallVector<Type> types(pointers, pointerType);
  types.append({pointerType, word, word});
  Type none = LLVM::LLVMVoidType::get(b.getContext());
  implementation =
      LLVM::LLVMFuncOp::create(b, loc, function.name + "_tiles",
                               LLVM::LLVMFunctionType::get(none, types), LLVM::Linkage::Internal);
  implementation.setNoInline(true);
  for (unsigned i = 0; i < pointers; ++i) {
    implementation.setArgAttr(i, "llvm.noalias", b.getUnitAttr());
    const FunctionOperand &operand = function.operands[i];
    if (!operand.isWritten)
      implementation.setArgAttr(i, "llvm.readonly", b.getUnitAttr());
  }
  auto entry = LLVM::LLVMFuncOp::create(
      b, loc, function.name,
      LLVM::LLVMFunctionType::get(none, {pointerType, pointerType, word, word}));
  Block *block = entry.addEntryBlock(b);
  b.setInsertionPointToStart(block);
  SmallVector<Value> arguments;
  for (unsigned i = 0; i < pointers; ++i) {
    Value slot = LLVM::GEPOp::create(b, loc, pointerType, pointerType, block->getArgument(0),
                                     ArrayRef<LLVM::GEPArg>{static_cast<int32_t>(i)});
    arguments.push_back(LLVM::LoadOp::create(b, loc, pointerType, slot));
  }
  arguments.append({block->getArgument(1), block->getArgument(2), block->getArgument(3)});
  LLVM::CallOp::create(b, loc, implementation, arguments);
  LLVM::ReturnOp::create(b, loc, ValueRange{});

  Block *body = implementation.addEntryBlock(b);
  b.setInsertionPointToStart(body);
}

void FunctionEmitter::end() {
  b.setInsertionPointToEnd(&implementation.getBody().front());
  LLVM::ReturnOp::create(b, loc, ValueRange{});
}

/// Leaves the builder before the loop's terminator, or at its end if values are carried.
scf::ForOp FunctionEmitter::loop(Value lower, Value upper, ValueRange carried) {
  auto loop = scf::ForOp::create(b, loc, lower, upper, index(1), carried);
  if (carried.empty())
    b.setInsertionPoint(loop.getBody()->getTerminator());
  else
    b.setInsertionPointToEnd(loop.getBody());
  return loop;
}

Value FunctionEmitter::pointer(FunctionOperand::Kind kind, unsigned number) {
  for (auto [i, operand] : llvm::enumerate(function.operands))
    if (operand.kind == kind && operand.index == number)
      return implementation.getArgument(i);
  llvm_unreachable("the outline lists every tensor that the graph touches");
}

Value FunctionEmitter::resultPointer(unsigned result) {
  for (auto [i, operand] : llvm::enumerate(function.operands))
    if (operand.sharedResult == static_cast<int>(result))
      return implementation.getArgument(i);
  return pointer(FunctionOperand::Result, result);
}

Value FunctionEmitter::address(Value pointer, Type element, Value at, int64_t byteOffset) {
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

Value FunctionEmitter::loadElement(Value pointer, Type element, Value at, int64_t byteOffset) {
  Value where = address(pointer, element, at, byteOffset);
  if (!element.isBF16())
    return LLVM::LoadOp::create(b, loc, element, where);
  // bf16 is the upper half of an f32; the target has no instructions for it.
  Value half = LLVM::LoadOp::create(b, loc, b.getI16Type(), where);
  Value image = arith::ExtUIOp::create(b, loc, b.getI32Type(), half);
  Value sixteen = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(16));
  image = arith::ShLIOp::create(b, loc, image, sixteen);
  return arith::BitcastOp::create(b, loc, b.getF32Type(), image);
}

void FunctionEmitter::storeElement(Value value, Value pointer, Type element, Value at,
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

//===--- values at a point ---===//

Value FunctionEmitter::emitLeaf(Value value, const Leaf &leaf) {
  switch (leaf.kind) {
  case Leaf::RowIndex:
    return rowValue;
  case Leaf::ColumnIndex:
    return columnValue;
  case Leaf::Scalar: {
    Value scalars = implementation.getArgument(pointers);
    Value word = loadElement(scalars, b.getI64Type(), index(leaf.number));
    return arith::IndexCastOp::create(b, loc, b.getIndexType(), word);
  }
  case Leaf::Load: {
    Value at = get(leaf.operand);
    return loadElement(pointer(FunctionOperand::Input, leaf.number),
                       graph.tensors()[leaf.number].element, at);
  }
  case Leaf::Reduction:
    break;
  }
  llvm_unreachable("reductions are set by the loop that completes them");
}

Value FunctionEmitter::get(Value value) {
  Level level = graph.level(value);
  IRMapping &map = level == Level::Uniform ? uniform : level == Level::Row ? row : column;
  if (Value known = map.lookupOrNull(value))
    return known;
  if (Value table = tables.lookup(value)) {
    Value known = loadElement(table, value.getType(), columnValue);
    map.map(value, known);
    return known;
  }
  OpBuilder::InsertionGuard guard(b);
  if (level == Level::Uniform)
    b.setInsertionPoint(tileLoop);
  else if (level == Level::Row && columnLoop)
    b.setInsertionPoint(columnLoop);
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

//===--- tables ---===//

// What depends on the column alone, and is long to compute (the frequencies of rope), is the same
// in every row.

bool FunctionEmitter::isOfColumn(Value value) {
  if (auto it = ofColumn.find(value); it != ofColumn.end())
    return it->second;
  bool result;
  if (const Leaf *leaf = graph.leaf(value))
    result = leaf->kind == Leaf::ColumnIndex || leaf->kind == Leaf::Scalar ||
             (leaf->kind == Leaf::Load && isOfColumn(leaf->operand));
  else
    result = llvm::all_of(value.getDefiningOp()->getOperands(),
                          [&](Value operand) { return isOfColumn(operand); });
  ofColumn[value] = result;
  return result;
}

void FunctionEmitter::collectSlice(Value value, llvm::SmallPtrSetImpl<Operation *> &ops) {
  Operation *op = value.getDefiningOp();
  if (!op || graph.level(value) != Level::Column || !ops.insert(op).second)
    return;
  for (Value operand : op->getOperands())
    collectSlice(operand, ops);
}

void FunctionEmitter::findTables(Value value, llvm::SmallSetVector<Value, 4> &found,
                                 llvm::SmallPtrSetImpl<void *> &seen) {
  if (!seen.insert(value.getAsOpaquePointer()).second)
    return;
  if (const Leaf *leaf = graph.leaf(value)) {
    if (leaf->operand)
      findTables(leaf->operand, found, seen);
    return;
  }
  llvm::SmallPtrSet<Operation *, 32> slice;
  if (graph.level(value) == Level::Column)
    collectSlice(value, slice);
  if (slice.size() >= kTableOps && isa<FloatType>(value.getType()) && isOfColumn(value)) {
    found.insert(value);
    return;
  }
  for (Value operand : value.getDefiningOp()->getOperands())
    findTables(operand, found, seen);
}

void FunctionEmitter::emitTables() {
  const Domain &domain = graph.domain();
  llvm::SmallSetVector<Value, 4> found;
  llvm::SmallPtrSet<void *, 32> seen;
  for (const Store &store : graph.stores())
    findTables(store.value, found, seen);
  int64_t bytes = 0;
  for (Value value : found)
    bytes += domain.columns * bytesOf(value.getType());
  if (found.empty() || domain.isFlat || domain.rows == 1 || bytes > kTableBytes)
    return;
  Type pointer = LLVM::LLVMPointerType::get(b.getContext());
  Value count = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(domain.columns));
  SmallVector<Value> memory;
  for (Value value : found)
    memory.push_back(LLVM::AllocaOp::create(b, loc, pointer, value.getType(), count, kCacheLine));
  scf::ForOp fill = loop(index(0), index(domain.columns));
  tileLoop = columnLoop = fill;
  columnValue = fill.getInductionVar();
  for (auto [value, table] : llvm::zip(found, memory))
    storeElement(get(value), table, value.getType(), columnValue);
  column.clear();
  columnLoop = nullptr;
  b.setInsertionPointAfter(fill);
  for (auto [value, table] : llvm::zip(found, memory))
    tables[value] = table;
}

} // namespace tpc::codegen
