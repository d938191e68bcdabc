//===- ColumnValues.cpp - What depends on the column alone, and is long to compute ---------===//
#include "compiler/codegen/ColumnValues.h"

#include "compiler/codegen/Tiling.h"

#include "llvm/ADT/SmallPtrSet.h"

using namespace mlir;

namespace tpc::codegen {

namespace {

/// A value that takes this many ops is worth a table.
constexpr unsigned kTableOps = 16;

class ColumnValues {
public:
  explicit ColumnValues(const BodyGraph &graph) : graph(graph) {}
  void find(Value value, llvm::SmallSetVector<Value, 4> &found);

private:
  bool isOfColumn(Value value);
  void collectSlice(Value value, llvm::SmallPtrSetImpl<Operation *> &ops);

  const BodyGraph &graph;
  llvm::DenseMap<Value, bool> ofColumn;
  llvm::SmallPtrSet<void *, 32> seen;
};

/// Whether a value is the same in every row.
bool ColumnValues::isOfColumn(Value value) {
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

void ColumnValues::collectSlice(Value value, llvm::SmallPtrSetImpl<Operation *> &ops) {
  Operation *op = value.getDefiningOp();
  if (!op || graph.level(value) != Level::Column || !ops.insert(op).second)
    return;
  for (Value operand : op->getOperands())
    collectSlice(operand, ops);
}

void ColumnValues::find(Value value, llvm::SmallSetVector<Value, 4> &found) {
  if (!seen.insert(value.getAsOpaquePointer()).second)
    return;
  if (const Leaf *leaf = graph.leaf(value)) {
    if (leaf->operand)
      find(leaf->operand, found);
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
    find(operand, found);
}

} // namespace

llvm::SmallSetVector<Value, 4> findColumnValues(const BodyGraph &graph, int64_t mostBytes) {
  const Domain &domain = graph.domain();
  llvm::SmallSetVector<Value, 4> found;
  ColumnValues search(graph);
  for (const Store &store : graph.stores())
    search.find(store.value, found);
  int64_t bytes = 0;
  for (Value value : found)
    bytes += domain.columns * bytesOf(value.getType());
  if (domain.isFlat || domain.rows == 1 || bytes > mostBytes)
    found.clear();
  return found;
}

} // namespace tpc::codegen
