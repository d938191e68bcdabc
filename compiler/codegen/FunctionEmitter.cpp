//===- FunctionEmitter.cpp - A function for CPU ----------------------------------------===//
#include "compiler/codegen/FunctionEmitter.h"

#include "compiler/codegen/ColumnValues.h"

using namespace mlir;

namespace tpc::codegen {

/// Tables take at most so many bytes of stack.
static constexpr int64_t kTableBytes = 16 * 1024;

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

Value FunctionEmitter::fromTable(Value value) {
  Value table = tables.lookup(value);
  return table ? loadElement(table, value.getType(), columnValue) : Value();
}

void FunctionEmitter::emitTables() {
  llvm::SmallSetVector<Value, 4> found = findColumnValues(graph, kTableBytes);
  if (found.empty())
    return;
  Type pointer = LLVM::LLVMPointerType::get(b.getContext());
  Value count = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(graph.domain().columns));
  SmallVector<Value> memory;
  for (Value value : found)
    memory.push_back(LLVM::AllocaOp::create(b, loc, pointer, value.getType(), count, kCacheLine));
  scf::ForOp fill = loop(index(0), index(graph.domain().columns));
  uniformPoint = rowPoint = fill;
  columnValue = fill.getInductionVar();
  for (auto [value, table] : llvm::zip(found, memory))
    storeElement(get(value), table, value.getType(), columnValue);
  column.clear();
  rowPoint = nullptr;
  b.setInsertionPointAfter(fill);
  for (auto [value, table] : llvm::zip(found, memory))
    tables[value] = table;
}

} // namespace tpc::codegen
