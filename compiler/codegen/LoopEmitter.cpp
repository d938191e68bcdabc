//===- LoopEmitter.cpp - Functions that run a body graph over tiles ------------------------===//
//
// Loops: tiles, rows of a tile, and for each depth of the graph one loop over the columns, which
// completes the reductions of that depth; the last one stores. Values of a row are computed before
// the loop that first needs them, element values in each loop anew: their inputs are in the cache.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/codegen/LoopEmitter.h"

#include "compiler/codegen/MathExpansion.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"

#include "llvm/ADT/SetVector.h"
#include "llvm/ADT/SmallPtrSet.h"

#include <cmath>

using namespace mlir;

namespace tpc::codegen {

namespace {

/// Data that one tile touches: large enough to hide a call, small enough to spread over threads
/// and to stay in the second-level cache.
constexpr int64_t kTileBytes = 64 * 1024;
/// Partial sums over rows are at most this many.
constexpr int64_t kMostBlocks = 64;
/// Columns that one tile of the second stage adds up.
constexpr int64_t kSumColumns = 1024;
/// Columns that are summed in the element's own type before f64 takes over.
constexpr int64_t kSumBlock = 1024;
/// Reductions over a row run in this many lanes: lane i takes the columns i, i + kLanes, ...
constexpr int64_t kLanes = 32;
/// What a row's element counts for where rows are cut into blocks that are summed.
constexpr int64_t kSummedElementBytes = 8;
/// A value of a column that takes this many ops is computed once a call, into at most so many bytes
/// of stack.
constexpr unsigned kTableOps = 16;
constexpr int64_t kTableBytes = 16 * 1024;
constexpr int64_t kCacheLine = 64;

int64_t bytesOf(Type element) { return element.getIntOrFloatBitWidth() / 8; }

/// How rows are cut, and where partial sums lie in the workspace.
struct Tiling {
  int64_t rowsPerTile = 1, tiles = 1;
  int64_t workspaceBytes = 0;
  SmallVector<int64_t> sumOffset; ///< of each store that is a sum, bytes
};

bool isSum(const Store &store) {
  return store.kind == Store::SumRows || store.kind == Store::SumAll;
}

const Store *scatterOf(const BodyGraph &graph) {
  for (const Store &store : graph.stores())
    if (store.kind == Store::ScatterRow)
      return &store;
  return nullptr;
}

Tiling tile(const BodyGraph &graph) {
  const Domain &domain = graph.domain();
  Tiling tiling;
  int64_t rows = domain.rows;
  int64_t rowBytes = 0;
  if (const Store *scatter = scatterOf(graph)) {
    // Tiles are rows of the table: each looks at all rows and adds those that fall into its part.
    const KernelTensor &table = graph.tensors()[graph.numInputs() + scatter->result];
    rows = table.shape.front();
    tiling.rowsPerTile = std::max<int64_t>(1, llvm::divideCeil(rows, kMostBlocks));
    tiling.tiles = llvm::divideCeil(rows, tiling.rowsPerTile);
    return tiling;
  }
  for (const KernelTensor &tensor : graph.tensors())
    if (tensor.element && tensor.elements >= domain.elements) // an index input has none
      rowBytes += domain.columns * bytesOf(tensor.element);
  // How rows are summed in blocks is the same whatever else the kernel does.
  if (llvm::any_of(graph.stores(), isSum))
    rowBytes = domain.columns * kSummedElementBytes;
  tiling.rowsPerTile = std::clamp<int64_t>(kTileBytes / std::max<int64_t>(rowBytes, 1), 1, rows);
  for (const Store &store : graph.stores())
    if (store.kind == Store::SumRows)
      tiling.rowsPerTile = std::max(tiling.rowsPerTile, llvm::divideCeilSigned(rows, kMostBlocks));
  tiling.tiles = llvm::divideCeil(rows, tiling.rowsPerTile);
  for (const Store &store : graph.stores()) {
    tiling.sumOffset.push_back(tiling.workspaceBytes);
    if (!isSum(store))
      continue;
    int64_t width = store.kind == Store::SumRows ? domain.columns : 1;
    int64_t bytes = tiling.tiles * width * bytesOf(store.value.getType());
    tiling.workspaceBytes += llvm::alignTo(bytes, kCacheLine);
  }
  return tiling;
}

//===-------------------------------------------------------------------------------------===//
// One function
//===-------------------------------------------------------------------------------------===//

class FunctionEmitter {
public:
  FunctionEmitter(const BodyGraph &graph, const GeneratedFunction &function, ModuleOp module)
      : graph(graph), function(function), module(module), b(module.getContext()),
        loc(b.getUnknownLoc()), tiling(tile(graph)) {}

  void emitRows();
  void emitScatter(const Store &scatter);
  void emitRowSums();
  void emitTotals();

private:
  void begin();
  void end();
  scf::ForOp loop(Value lower, Value upper, ValueRange carried = {});
  Value indexOf(Value word) { return arith::IndexCastOp::create(b, loc, b.getIndexType(), word); }
  Value index(int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); }
  Value real(Type type, double value) {
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
  }
  Value zero(Type type) { return arith::ConstantOp::create(b, loc, b.getZeroAttr(type)); }
  Value addIndex(Value x, Value y) { return arith::AddIOp::create(b, loc, x, y); }
  Value subIndex(Value x, Value y) { return arith::SubIOp::create(b, loc, x, y); }
  Value mulIndex(Value x, int64_t y) {
    return y == 1 ? x : arith::MulIOp::create(b, loc, x, index(y)).getResult();
  }
  Value addReal(Value x, Value y);
  Value reduce(ReduceKind kind, Value x, Value y);
  Value neutral(ReduceKind kind, Type type);
  Value reduceOfLanes(ReduceKind kind, Value lanes);
  Value rounded(Value x, Type element);

  Value pointer(FunctionOperand::Kind kind, unsigned number);
  Value address(Value pointer, Type element, Value index, int64_t byteOffset = 0);
  Value loadElement(Value pointer, Type element, Value index, int64_t byteOffset = 0);
  void storeElement(Value value, Value pointer, Type element, Value index, int64_t byteOffset = 0);
  Value resultPointer(unsigned result);
  Type resultType(unsigned result) { return graph.tensors()[graph.numInputs() + result].element; }

  /// The value at the present row and column.
  Value get(Value value);
  Value emitLeaf(Value value, const Leaf &leaf);
  Value laneMemory(Type element);
  void emitStores(Value tile);
  void emitRow(Value tile, Value row, MutableArrayRef<Value> totals);
  /// Whether a value is the same in every row.
  bool isOfColumn(Value value);
  void collectSlice(Value value, llvm::SmallPtrSetImpl<Operation *> &ops);
  void findTables(Value value, llvm::SmallSetVector<Value, 4> &found,
                  llvm::SmallPtrSetImpl<void *> &seen);
  void emitTables();

  const BodyGraph &graph;
  const GeneratedFunction &function;
  ModuleOp module;
  OpBuilder b;
  Location loc;
  Tiling tiling;

  LLVM::LLVMFuncOp implementation;
  unsigned pointers = 0;
  Operation *tileLoop = nullptr;   ///< uniform values are computed before it
  Operation *columnLoop = nullptr; ///< values of the row are computed before it
  Value rowValue, columnValue;
  IRMapping uniform, row, column;
  llvm::DenseMap<Value, bool> ofColumn;
  llvm::DenseMap<Value, Value> tables; ///< values of columns that are computed once a call
};

Value FunctionEmitter::addReal(Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }

Value FunctionEmitter::reduce(ReduceKind kind, Value x, Value y) {
  if (kind == ReduceKind::Sum)
    return addReal(x, y);
  return arith::MaximumFOp::create(b, loc, x, y);
}

/// What a reduction begins with: a scalar, or lanes of it.
Value FunctionEmitter::neutral(ReduceKind kind, Type type) {
  if (kind == ReduceKind::Sum)
    return zero(type);
  auto lanes = dyn_cast<VectorType>(type);
  if (!lanes)
    return real(type, -INFINITY);
  return arith::ConstantOp::create(
      b, loc, DenseElementsAttr::get(lanes, b.getFloatAttr(lanes.getElementType(), -INFINITY)));
}

/// Halves, quarters, ... are joined, so that the order is the same in every kernel.
Value FunctionEmitter::reduceOfLanes(ReduceKind kind, Value lanes) {
  Type element = cast<VectorType>(lanes.getType()).getElementType();
  for (int32_t width = kLanes / 2; width >= 1; width /= 2) {
    SmallVector<int32_t> low, high;
    for (int32_t i = 0; i < width; ++i) {
      low.push_back(i);
      high.push_back(width + i);
    }
    lanes = reduce(kind, LLVM::ShuffleVectorOp::create(b, loc, lanes, lanes, low),
                   LLVM::ShuffleVectorOp::create(b, loc, lanes, lanes, high));
  }
  Value first = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(0));
  return LLVM::ExtractElementOp::create(b, loc, element, lanes, first);
}

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

/// Memory of the lanes of a reduction, on the stack of the function.
Value FunctionEmitter::laneMemory(Type element) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&implementation.getBody().front());
  Value count = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(kLanes));
  return LLVM::AllocaOp::create(b, loc, LLVM::LLVMPointerType::get(b.getContext()), element, count,
                                kCacheLine);
}

/// At the present column.
void FunctionEmitter::emitStores(Value tile) {
  // Everything is computed before anything is stored.
  for (const Store &store : graph.stores())
    if (store.level == Level::Column)
      get(store.value);
  for (auto [i, store] : llvm::enumerate(graph.stores())) {
    if (store.level != Level::Column)
      continue;
    if (store.kind == Store::Element) {
      storeElement(get(store.value), resultPointer(store.result), resultType(store.result),
                   get(store.index));
    } else if (store.kind == Store::SumRows) {
      Value workspace = pointer(FunctionOperand::Workspace, 0);
      Value at = addIndex(mulIndex(tile, graph.domain().columns), columnValue);
      Type type = store.value.getType();
      Value sum = loadElement(workspace, type, at, tiling.sumOffset[i]);
      storeElement(addReal(sum, get(store.value)), workspace, type, at, tiling.sumOffset[i]);
    }
  }
}

//===--- rows ---===//

void FunctionEmitter::emitRow(Value tile, Value thisRow, MutableArrayRef<Value> totals) {
  const Domain &domain = graph.domain();
  rowValue = thisRow;
  row.clear();
  columnLoop = nullptr;
  // The depth of the last loop over columns: all stores happen there, after all other reads of the
  // row, so that a result may take the place of an input.
  int last = -1;
  for (Value reduction : graph.reductions())
    last = std::max<int>(last, graph.depth(reduction) - 1);
  bool storesElements = false;
  for (const Store &store : graph.stores())
    if (store.level == Level::Column) {
      storesElements = true;
      last = std::max<int>(last, graph.depth(store.value));
    }
  Value columns = index(domain.columns);
  if (domain.isRagged()) {
    Value begin = mulIndex(thisRow, domain.columns);
    Value rest = arith::SubIOp::create(b, loc, index(domain.elements), begin);
    columns = arith::MinSIOp::create(b, loc, columns, rest);
  }
  for (int depth = 0; depth <= last; ++depth) {
    bool storing = depth == last && storesElements;
    SmallVector<Value> reductions, reduced; // the latter with the sums over all
    SmallVector<ReduceKind> kinds;
    for (Value reduction : graph.reductions())
      if (static_cast<int>(graph.depth(reduction)) == depth + 1) {
        reductions.push_back(reduction);
        reduced.push_back(reduction);
        kinds.push_back(graph.leaf(reduction)->reduce);
      }
    SmallVector<const Store *> sums;
    if (storing)
      for (const Store &store : graph.stores())
        if (store.kind == Store::SumAll && store.level == Level::Column) {
          sums.push_back(&store);
          reduced.push_back(store.value);
          kinds.push_back(ReduceKind::Sum);
        }
    SmallVector<Value> lanes;
    for (Value value : reduced)
      lanes.push_back(laneMemory(value.getType()));

    // One loop over columns [lower, upper); what is reduced goes to lanes, from `lower` on. (A
    // maximum is not carried by this loop either: LLVM makes max(m, c ? x : -inf) a choice between
    // maxima, and then a scalar loop.)
    auto emitColumns = [&](Value lower, Value upper) {
      scf::ForOp loop = this->loop(lower, upper);
      if (!columnLoop)
        columnLoop = loop;
      columnValue = loop.getInductionVar();
      column.clear();
      for (auto [i, value] : llvm::enumerate(reduced)) {
        Value element = get(i < reductions.size() ? graph.leaf(value)->operand : value);
        storeElement(element, lanes[i], element.getType(), subIndex(columnValue, lower));
      }
      if (storing)
        emitStores(tile);
      b.setInsertionPointAfter(loop);
    };
    // Whole groups of lanes of [lower, upper), then the columns that are left.
    auto emitGroups = [&](Value lower, Value upper) {
      SmallVector<Value> carried;
      for (auto [value, kind] : llvm::zip_equal(reduced, kinds))
        carried.push_back(neutral(kind, VectorType::get(kLanes, value.getType())));
      auto reduceLanes = [&](ValueRange before) {
        SmallVector<Value> done;
        for (auto [i, value] : llvm::enumerate(before))
          done.push_back(
              reduce(kinds[i], value,
                     LLVM::LoadOp::create(b, loc, value.getType(), lanes[i], kCacheLine)));
        return done;
      };
      bool isWhole = domain.columns % kLanes == 0 && !domain.isRagged();
      Value groups = upper;
      if (!isWhole) {
        Value rest = arith::RemUIOp::create(b, loc, subIndex(upper, lower), index(kLanes));
        groups = subIndex(upper, rest);
      }
      auto loop = scf::ForOp::create(b, loc, lower, groups, index(kLanes), carried);
      if (!columnLoop)
        columnLoop = loop;
      b.setInsertionPointToEnd(loop.getBody());
      Value begin = loop.getInductionVar();
      emitColumns(begin, addIndex(begin, index(kLanes)));
      scf::YieldOp::create(b, loc, reduceLanes(loop.getRegionIterArgs()));
      b.setInsertionPointAfter(loop);
      SmallVector<Value> done(loop.getResults());
      if (!isWhole) {
        for (auto [i, value] : llvm::enumerate(done))
          LLVM::StoreOp::create(b, loc, neutral(kinds[i], value.getType()), lanes[i], kCacheLine);
        emitColumns(groups, upper);
        done = reduceLanes(done);
      }
      for (auto [value, kind] : llvm::zip_equal(done, kinds))
        value = reduceOfLanes(kind, value);
      return done;
    };

    // A row can be as long as the vocabulary: its sums are carried from block to block in f64.
    SmallVector<Value> done;
    columnLoop = nullptr;
    if (reduced.empty()) {
      emitColumns(index(0), columns);
    } else if (domain.columns <= kSumBlock) {
      done = emitGroups(index(0), columns);
    } else {
      SmallVector<Value> wide;
      for (auto [value, kind] : llvm::zip_equal(reduced, kinds))
        wide.push_back(
            neutral(kind, kind == ReduceKind::Sum ? Type(b.getF64Type()) : value.getType()));
      auto blocks = scf::ForOp::create(b, loc, index(0), columns, index(kSumBlock), wide);
      columnLoop = blocks;
      b.setInsertionPointToEnd(blocks.getBody());
      Value lower = blocks.getInductionVar();
      Value upper = arith::MinSIOp::create(b, loc, addIndex(lower, index(kSumBlock)), columns);
      done = emitGroups(lower, upper);
      for (auto [i, value] : llvm::enumerate(done)) {
        Value before = blocks.getRegionIterArg(i);
        value = reduce(kinds[i], before,
                       kinds[i] == ReduceKind::Sum ? rounded(value, b.getF64Type()) : value);
      }
      scf::YieldOp::create(b, loc, done);
      b.setInsertionPointAfter(blocks);
      for (auto [i, value] : llvm::enumerate(reduced))
        done[i] = kinds[i] == ReduceKind::Sum ? rounded(blocks.getResult(i), value.getType())
                                              : blocks.getResult(i);
    }
    columnLoop = nullptr;
    for (auto [i, reduction] : llvm::enumerate(reductions))
      row.map(reduction, done[i]);
    unsigned total = 0, carried = reductions.size();
    for (const Store &store : graph.stores()) {
      if (store.kind != Store::SumAll)
        continue;
      if (storing && store.level == Level::Column)
        totals[total] = addReal(totals[total], done[carried++]);
      ++total;
    }
  }
  unsigned total = 0;
  for (const Store &store : graph.stores()) {
    if (store.kind == Store::Element && store.level == Level::Row)
      storeElement(get(store.value), resultPointer(store.result), resultType(store.result),
                   get(store.index));
    if (store.kind == Store::SumAll) {
      if (store.level == Level::Row)
        totals[total] = addReal(totals[total], get(store.value));
      ++total;
    }
  }
}

void FunctionEmitter::emitRows() {
  const Domain &domain = graph.domain();
  begin();
  emitTables();
  Value firstTile = indexOf(implementation.getArgument(pointers + 1));
  Value endTile = indexOf(implementation.getArgument(pointers + 2));
  scf::ForOp tiles = loop(firstTile, endTile);
  tileLoop = tiles;
  Value tile = tiles.getInductionVar();
  Value firstRow = mulIndex(tile, tiling.rowsPerTile);
  Value endRow = arith::MinSIOp::create(b, loc, addIndex(firstRow, index(tiling.rowsPerTile)),
                                        index(domain.rows));
  SmallVector<Value> totals;
  for (auto [i, store] : llvm::enumerate(graph.stores())) {
    if (store.kind == Store::SumAll)
      totals.push_back(zero(store.value.getType()));
    if (store.kind != Store::SumRows)
      continue;
    scf::ForOp clear = loop(index(0), index(domain.columns));
    Value at = addIndex(mulIndex(tile, domain.columns), clear.getInductionVar());
    Type type = store.value.getType();
    storeElement(zero(type), pointer(FunctionOperand::Workspace, 0), type, at, tiling.sumOffset[i]);
    b.setInsertionPointAfter(clear);
  }
  scf::ForOp rows = loop(firstRow, endRow, totals);
  totals.assign(rows.getRegionIterArgs().begin(), rows.getRegionIterArgs().end());
  emitRow(tile, rows.getInductionVar(), totals);
  if (!totals.empty())
    scf::YieldOp::create(b, loc, totals);
  b.setInsertionPointAfter(rows);
  unsigned total = 0;
  for (auto [i, store] : llvm::enumerate(graph.stores()))
    if (store.kind == Store::SumAll)
      storeElement(rows.getResult(total++), pointer(FunctionOperand::Workspace, 0),
                   store.value.getType(), tile, tiling.sumOffset[i]);
  end();
}

void FunctionEmitter::emitScatter(const Store &scatter) {
  const Domain &domain = graph.domain();
  const KernelTensor &table = graph.tensors()[graph.numInputs() + scatter.result];
  begin();
  Value firstTile = indexOf(implementation.getArgument(pointers + 1));
  Value endTile = indexOf(implementation.getArgument(pointers + 2));
  scf::ForOp tiles = loop(firstTile, endTile);
  tileLoop = tiles;
  Value lower = mulIndex(tiles.getInductionVar(), tiling.rowsPerTile);
  Value upper = arith::MinSIOp::create(b, loc, addIndex(lower, index(tiling.rowsPerTile)),
                                       index(table.shape.front()));
  Value target = resultPointer(scatter.result);
  Value source = scatter.begin ? pointer(FunctionOperand::Input, *scatter.begin) : Value();
  if (source != target) {
    scf::ForOp begin = loop(mulIndex(lower, domain.columns), mulIndex(upper, domain.columns));
    Value at = begin.getInductionVar();
    storeElement(source ? loadElement(source, table.element, at) : zero(scatter.value.getType()),
                 target, table.element, at);
    b.setInsertionPointAfter(begin);
  }
  scf::ForOp rows = loop(index(0), index(domain.rows));
  rowValue = rows.getInductionVar();
  Value tableRow = get(scatter.index);
  auto compare = [&](arith::CmpIPredicate predicate, Value x, Value y) {
    return arith::CmpIOp::create(b, loc, predicate, x, y);
  };
  Value isHere = arith::AndIOp::create(b, loc, compare(arith::CmpIPredicate::sge, tableRow, lower),
                                       compare(arith::CmpIPredicate::slt, tableRow, upper));
  auto branch = scf::IfOp::create(b, loc, isHere, /*withElseRegion=*/false);
  b.setInsertionPoint(branch.thenYield());
  scf::ForOp columns = loop(index(0), index(domain.columns));
  columnLoop = columns;
  columnValue = columns.getInductionVar();
  Value at = addIndex(mulIndex(tableRow, domain.columns), columnValue);
  Value sum = addReal(loadElement(target, table.element, at), get(scatter.value));
  storeElement(sum, target, table.element, at);
  end();
}

void FunctionEmitter::emitRowSums() {
  int64_t width = graph.domain().columns;
  begin();
  Value firstTile = indexOf(implementation.getArgument(pointers + 1));
  Value endTile = indexOf(implementation.getArgument(pointers + 2));
  scf::ForOp tiles = loop(firstTile, endTile);
  Value lower = mulIndex(tiles.getInductionVar(), kSumColumns);
  Value upper = arith::MinSIOp::create(b, loc, addIndex(lower, index(kSumColumns)), index(width));
  Value workspace = pointer(FunctionOperand::Workspace, 0);
  for (auto [i, store] : llvm::enumerate(graph.stores())) {
    if (store.kind != Store::SumRows)
      continue;
    Type type = store.value.getType();
    int64_t offset = tiling.sumOffset[i];
    // The first block becomes the sum, so that the inner loops run over adjacent columns.
    scf::ForOp blocks = loop(index(1), index(tiling.tiles));
    scf::ForOp columns = loop(lower, upper);
    Value at = columns.getInductionVar();
    Value block = addIndex(mulIndex(blocks.getInductionVar(), width), at);
    Value sum = addReal(loadElement(workspace, type, at, offset),
                        loadElement(workspace, type, block, offset));
    storeElement(sum, workspace, type, at, offset);
    b.setInsertionPointAfter(blocks);
    columns = loop(lower, upper);
    at = columns.getInductionVar();
    storeElement(rounded(loadElement(workspace, type, at, offset), resultType(store.result)),
                 resultPointer(store.result), resultType(store.result), at);
    b.setInsertionPointAfter(columns);
  }
  end();
}

void FunctionEmitter::emitTotals() {
  begin();
  Value firstTile = indexOf(implementation.getArgument(pointers + 1));
  Value endTile = indexOf(implementation.getArgument(pointers + 2));
  loop(firstTile, endTile);
  Value workspace = pointer(FunctionOperand::Workspace, 0);
  for (auto [i, store] : llvm::enumerate(graph.stores())) {
    if (store.kind != Store::SumAll)
      continue;
    scf::ForOp blocks = loop(index(0), index(tiling.tiles), zero(b.getF64Type()));
    Value part = loadElement(workspace, store.value.getType(), blocks.getInductionVar(),
                             tiling.sumOffset[i]);
    if (!part.getType().isF64())
      part = arith::ExtFOp::create(b, loc, b.getF64Type(), part);
    scf::YieldOp::create(b, loc, addReal(blocks.getRegionIterArg(0), part));
    b.setInsertionPointAfter(blocks);
    storeElement(rounded(blocks.getResult(0), resultType(store.result)),
                 resultPointer(store.result), resultType(store.result), index(0));
  }
  end();
}

FunctionOperand operandOf(FunctionOperand::Kind kind, unsigned index, bool isRead, bool isWritten) {
  FunctionOperand operand;
  operand.kind = kind;
  operand.index = index;
  operand.isRead = isRead;
  operand.isWritten = isWritten;
  return operand;
}

bool hasStore(const BodyGraph &graph, Store::Kind kind) {
  return llvm::any_of(graph.stores(), [&](const Store &store) { return store.kind == kind; });
}

} // namespace

GeneratedKernel outline(const BodyGraph &graph, ArrayRef<SharedMemory> sharing, StringRef name) {
  Tiling tiling = tile(graph);
  GeneratedKernel kernel;
  kernel.workspaceBytes = tiling.workspaceBytes;
  GeneratedFunction main{name.str(), tiling.tiles, {}};
  auto sharedResult = [&](unsigned input) {
    for (SharedMemory shared : sharing)
      if (shared.input == input)
        return static_cast<int>(shared.result);
    return -1;
  };
  for (unsigned i = 0; i < graph.numInputs(); ++i) {
    if (!graph.tensors()[i].isRead)
      continue;
    main.operands.push_back(operandOf(FunctionOperand::Input, i, true, sharedResult(i) >= 0));
    main.operands.back().sharedResult = sharedResult(i);
  }
  for (const Store &store : graph.stores()) {
    bool isShared = llvm::any_of(sharing, [&](SharedMemory s) { return s.result == store.result; });
    // A scatter clears its rows before it adds to them: nothing from before is read.
    if (!isSum(store) && !isShared)
      main.operands.push_back(operandOf(FunctionOperand::Result, store.result, false, true));
  }
  if (tiling.workspaceBytes)
    main.operands.push_back(operandOf(FunctionOperand::Workspace, 0, false, true));
  kernel.functions.push_back(main);
  for (auto [kind, suffix, tiles] :
       {std::tuple(Store::SumRows, "_sum",
                   llvm::divideCeilSigned(graph.domain().columns, kSumColumns)),
        std::tuple(Store::SumAll, "_total", int64_t{1})}) {
    if (!hasStore(graph, kind))
      continue;
    GeneratedFunction second{name.str() + suffix, tiles, {}};
    second.operands.push_back(
        operandOf(FunctionOperand::Workspace, 0, true, kind == Store::SumRows));
    for (const Store &store : graph.stores())
      if (store.kind == kind)
        second.operands.push_back(operandOf(FunctionOperand::Result, store.result, false, true));
    kernel.functions.push_back(second);
  }
  return kernel;
}

void emitFunctions(const BodyGraph &graph, const GeneratedKernel &outline, ModuleOp module) {
  unsigned next = 0;
  FunctionEmitter main(graph, outline.functions[next++], module);
  if (const Store *scatter = scatterOf(graph))
    main.emitScatter(*scatter);
  else
    main.emitRows();
  if (hasStore(graph, Store::SumRows))
    FunctionEmitter(graph, outline.functions[next++], module).emitRowSums();
  if (hasStore(graph, Store::SumAll))
    FunctionEmitter(graph, outline.functions[next++], module).emitTotals();
}

} // namespace tpc::codegen
