//===- LoopEmitter.cpp - Functions that run a body graph over tiles ------------------------===//
//
// Loops: tiles, rows of a tile, and for each depth of the graph one loop over the columns, which
// completes the reductions of that depth; the last one stores. Values of a row are computed before
// the loop that first needs them, element values in each loop anew: their inputs are in the cache.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/codegen/LoopEmitter.h"

#include "compiler/codegen/FunctionEmitter.h"

using namespace mlir;

namespace tpc::codegen {

namespace {

/// Columns that are summed in the element's own type before f64 takes over.
constexpr int64_t kSumBlock = 1024;
/// Reductions over a row run in this many lanes: lane i takes the columns i, i + kLanes, ...
constexpr int64_t kLanes = 32;

class LoopEmitter final : FunctionEmitter {
public:
  using FunctionEmitter::FunctionEmitter;

  void emitRows();
  void emitScatter(const Store &scatter);
  void emitRowSums();
  void emitTotals();

private:
  Value reduceOfLanes(ReduceKind kind, Value lanes);
  Value laneMemory(Type element);
  void emitStores(Value tile);
  void emitRow(Value tile, Value row, MutableArrayRef<Value> totals);
};

/// Halves, quarters, ... are joined, so that the order is the same in every kernel.
Value LoopEmitter::reduceOfLanes(ReduceKind kind, Value lanes) {
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

/// Memory of the lanes of a reduction, on the stack of the function.
Value LoopEmitter::laneMemory(Type element) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(&implementation.getBody().front());
  Value count = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(kLanes));
  return LLVM::AllocaOp::create(b, loc, LLVM::LLVMPointerType::get(b.getContext()), element, count,
                                kCacheLine);
}

/// At the present column.
void LoopEmitter::emitStores(Value tile) {
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

void LoopEmitter::emitRow(Value tile, Value thisRow, MutableArrayRef<Value> totals) {
  const Domain &domain = graph.domain();
  rowValue = thisRow;
  row.clear();
  rowPoint = nullptr;
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
      if (!rowPoint)
        rowPoint = loop;
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
      if (!rowPoint)
        rowPoint = loop;
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
    rowPoint = nullptr;
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
      rowPoint = blocks;
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
    rowPoint = nullptr;
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

void LoopEmitter::emitRows() {
  const Domain &domain = graph.domain();
  begin();
  emitTables();
  Value firstTile = indexOf(implementation.getArgument(pointers + 1));
  Value endTile = indexOf(implementation.getArgument(pointers + 2));
  scf::ForOp tiles = loop(firstTile, endTile);
  uniformPoint = tiles;
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

void LoopEmitter::emitScatter(const Store &scatter) {
  const Domain &domain = graph.domain();
  const KernelTensor &table = graph.tensors()[graph.numInputs() + scatter.result];
  begin();
  Value firstTile = indexOf(implementation.getArgument(pointers + 1));
  Value endTile = indexOf(implementation.getArgument(pointers + 2));
  scf::ForOp tiles = loop(firstTile, endTile);
  uniformPoint = tiles;
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
  Value isHere = arith::AndIOp::create(b, loc, compare(arith::CmpIPredicate::sge, tableRow, lower),
                                       compare(arith::CmpIPredicate::slt, tableRow, upper));
  auto branch = scf::IfOp::create(b, loc, isHere, /*withElseRegion=*/false);
  b.setInsertionPoint(branch.thenYield());
  scf::ForOp columns = loop(index(0), index(domain.columns));
  rowPoint = columns;
  columnValue = columns.getInductionVar();
  Value at = addIndex(mulIndex(tableRow, domain.columns), columnValue);
  Value sum = addReal(loadElement(target, table.element, at), get(scatter.value));
  storeElement(sum, target, table.element, at);
  end();
}

void LoopEmitter::emitRowSums() {
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

void LoopEmitter::emitTotals() {
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

} // namespace

void emitFunctions(const BodyGraph &graph, const GeneratedKernel &outline, ModuleOp module) {
  unsigned next = 0;
  LoopEmitter main(graph, outline.functions[next++], module);
  if (const Store *scatter = scatterOf(graph))
    main.emitScatter(*scatter);
  else
    main.emitRows();
  if (hasStore(graph, Store::SumRows))
    LoopEmitter(graph, outline.functions[next++], module).emitRowSums();
  if (hasStore(graph, Store::SumAll))
    LoopEmitter(graph, outline.functions[next++], module).emitTotals();
}

} // namespace tpc::codegen
