//===- RowEmitter.cpp - Kernels whose threads share rows -----------------------------------===//
#include "compiler/codegen/gpu/RowEmitter.h"

#include "compiler/codegen/Tiling.h"

using namespace mlir;

namespace tpc::codegen {

/// Tiles of a long row that are added up in their own type before f64 takes over.
static constexpr int64_t kNarrowTiles = 32;
/// Bytes that a thread loads of a long row before it waits for them, if it can do so by whole
/// tiles.
static constexpr int64_t kBytesAhead = 64;

//===--- who computes what ---===//

/// A warp's part of a tile is adjacent: a thread takes 8 adjacent columns of it, or with pieces of
/// 4 lanes 4 of each half, and so on.
Value RowEmitter::columnInTile(unsigned piece) {
  unsigned inWarp = std::min(tiling.rowThreads, kWarp);
  auto part = [&](unsigned mask, int64_t factor) -> Value {
    Value bits = arith::AndIOp::create(b, loc, inRow, gpu.word(mask));
    return arith::MulIOp::create(b, loc, bits, gpu.word(factor));
  };
  Value column = part(inWarp - 1, tiling.lanes);
  if (tiling.rowThreads > kWarp)
    column = arith::AddIOp::create(b, loc, column, part(~(inWarp - 1), kThreadColumns));
  column = gpu.toIndex(column);
  return piece ? addIndex(column, index(piece * inWarp * tiling.lanes)) : column;
}

SmallVector<Point> RowEmitter::pointsOf(Value tile, bool isTail) {
  int64_t columns = graph.domain().columns;
  Value begin = mulIndex(tile, tiling.rowThreads * kThreadColumns);
  SmallVector<Point> points;
  for (unsigned piece = 0; piece < tiling.pieces; ++piece) {
    Value column = addIndex(begin, columnInTile(piece)), inside;
    if (isTail) {
      // Threads behind the end look at the last columns, which then do not count.
      inside = compare(arith::CmpIPredicate::slt, column, index(columns));
      column = minIndex(column, index(columns - tiling.lanes));
    }
    points.push_back(pointAt(row, column, rowValues));
    points.back().inside = inside;
    points.back().exists = both(inside, isRow);
  }
  return points;
}

//===--- reductions over a row ---===//

bool RowEmitter::isWide(const Partial &partial) {
  return partial.kind == ReduceKind::Sum && graph.domain().columns > kNarrowColumns;
}

/// One value for each 4 adjacent columns, and of fewer lanes one for all. So that one piece of 8
/// lanes and two of 4 add in the same order, the former's two values are joined before the threads
/// of a warp, the latter's after them: both join neighbours first.
LaneEmitter::Lanes RowEmitter::joinLanes(const Partial &partial) {
  ArrayRef<Value> lanes = partial.lanes;
  Lanes joined;
  if (tiling.lanes < 4)
    joined = {joinHalves(partial.kind, lanes)};
  else
    joined = {joinHalves(partial.kind, lanes.take_front(4)),
              joinHalves(partial.kind, lanes.drop_front(4))};
  if (isWide(partial))
    for (Value &value : joined)
      value = rounded(value, b.getF64Type());
  for (auto [value, before] : llvm::zip(joined, partial.wide))
    value = reduce(partial.kind, before, value);
  return joined;
}

/// Joins what the threads of a row have; then all of them know it.
void RowEmitter::complete(MutableArrayRef<Partial> partials) {
  unsigned inWarp = std::min(tiling.rowThreads, kWarp), warps = tiling.rowThreads / kWarp;
  SmallVector<Value> results;
  for (Partial &partial : partials) {
    Lanes parts = joinLanes(partial);
    if (tiling.lanes == kThreadColumns)
      parts = {reduce(partial.kind, parts[0], parts[1])};
    for (Value &part : parts)
      part = joinThreads(partial.kind, part, inWarp);
    results.push_back(parts.size() == 1 ? parts[0] : reduce(partial.kind, parts[0], parts[1]));
  }
  if (warps > 1) {
    // Each reduction of the graph has words of its own, one per warp: nothing is overwritten that a
    // slower warp may still have to read.
    auto wordsOf = [&](const Partial &partial) {
      ArrayRef<Value> all = graph.reductions();
      return (llvm::find(all, partial.value) - all.begin()) * (tiling.threads / kWarp) *
             int64_t{sizeof(double)};
    };
    Value warp = gpu.toIndex(arith::ShRUIOp::create(b, loc, thread, gpu.word(5)));
    Value inThisWarp = arith::AndIOp::create(b, loc, thread, gpu.word(kWarp - 1));
    guarded(compare(arith::CmpIPredicate::eq, inThisWarp, gpu.word(0)), [&] {
      for (auto [partial, result] : llvm::zip_equal(partials, results))
        LLVM::StoreOp::create(b, loc, result, sharedAt(result.getType(), warp, wordsOf(partial)));
    });
    gpu.barrier();
    Value firstWarp = mulIndex(gpu.toIndex(group), warps);
    for (auto [partial, result] : llvm::zip_equal(partials, results)) {
      Type type = result.getType();
      SmallVector<Value> parts;
      for (unsigned i = 0; i < warps; ++i)
        parts.push_back(LLVM::LoadOp::create(
            b, loc, type, sharedAt(type, addIndex(firstWarp, index(i)), wordsOf(partial))));
      result = joinHalves(partial.kind, parts);
    }
  }
  for (auto [partial, result] : llvm::zip_equal(partials, results))
    rowValues.map(partial.value, rounded(result, partial.value.getType()));
}

//===--- tiles ---===//

void RowEmitter::emitTile(MutableArrayRef<Point> points, unsigned tile,
                          MutableArrayRef<Partial> partials, bool isStoring) {
  for (auto [piece, point] : llvm::enumerate(points))
    for (Partial &partial : partials)
      for (unsigned i = 0; i < tiling.lanes; ++i) {
        Value value = at(point, i, graph.leaf(partial.value)->operand);
        if (point.inside)
          value = arith::SelectOp::create(b, loc, point.inside, value,
                                          neutral(partial.kind, value.getType()));
        Value &sum = partial.lanes[piece * tiling.lanes + i];
        sum = sum ? reduce(partial.kind, sum, value) : value;
      }
  if (!isStoring)
    return;
  for (Point &point : points)
    computeStores(point);
  for (auto [piece, point] : llvm::enumerate(points))
    addSums(point, tile, piece);
  for (Point &point : points)
    guarded(point.exists, [&] { storeElements(point); });
}

/// What a depth computes at each of its columns.
SmallVector<Value> RowEmitter::valuesOf(ArrayRef<Partial> partials, bool isStoring) const {
  SmallVector<Value> values;
  for (const Partial &partial : partials)
    values.push_back(graph.leaf(partial.value)->operand);
  for (const Store &store : graph.stores())
    if (isStoring && store.level == Level::Column)
      values.push_back(store.value);
  return values;
}

/// Adds what the point leaves to the sums over rows, and over all.
void RowEmitter::addSums(Point &point, unsigned tile, unsigned piece) {
  Value counts = point.exists;
  unsigned total = 0, sum = 0;
  for (auto [number, store] : llvm::enumerate(graph.stores())) {
    if (store.kind == Store::SumAll) {
      Lanes &lanes = totals[total++];
      for (unsigned i = 0; store.level == Level::Column && i < tiling.lanes; ++i) {
        Value &before = lanes[piece * tiling.lanes + i];
        before = addReal(before, countedIf(counts, at(point, i, store.value)));
      }
    }
    if (store.kind != Store::SumRows)
      continue;
    unsigned first = tile * kThreadColumns + piece * tiling.lanes;
    if (tiling.isUnrolled) {
      Lanes &columns = sums[sum++];
      for (unsigned i = 0; i < tiling.lanes; ++i)
        columns[first + i] =
            addReal(columns[first + i], countedIf(counts, at(point, i, store.value)));
      continue;
    }
    Type type = store.value.getType();
    unsigned width = std::min<int64_t>(tiling.lanes, kAccessBytes / bytesOf(type));
    for (unsigned i = 0; i < tiling.lanes; i += width) {
      Lanes values;
      for (unsigned j = 0; j < width; ++j)
        values.push_back(at(point, i + j, store.value));
      Value where = sumAt(type, addIndex(point.column, index(i)), tiling.sumOffset[number]);
      guarded(counts, [&] {
        Lanes added = loadLanes(where, type, width, false);
        for (auto [sum, value] : llvm::zip_equal(added, values))
          sum = addReal(sum, value);
        storeLanes(added, where, type, width);
      });
    }
  }
}

/// A long row: a loop over tiles, each of which is loaded anew at each depth.
void RowEmitter::emitLongRow(MutableArrayRef<Partial> partials, bool isStoring) {
  int64_t width = tiling.rowThreads * kThreadColumns;
  int64_t whole = graph.domain().columns / width;
  SmallVector<Value *> lanes, all;
  for (Partial &partial : partials) {
    Type type = partial.value.getType();
    partial.lanes.assign(kThreadColumns, neutral(partial.kind, type));
    for (Value &value : partial.lanes)
      lanes.push_back(&value);
  }
  if (isStoring)
    for (Lanes &total : totals)
      for (Value &value : total)
        all.push_back(&value);
  SmallVector<Value> values = valuesOf(partials, isStoring);
  auto emitTilesBy = [&](int64_t step, Value lower, Value upper, ArrayRef<Value *> slots) {
    carriedLoop(lower, upper, step, slots, [&](Value tile) {
      // What is of the row is computed before the outermost loop of this depth.
      if (!rowPoint)
        rowPoint = b.getInsertionBlock()->getParentOp();
      SmallVector<SmallVector<Point>> loaded;
      for (int64_t i = 0; i < step; ++i) {
        loaded.push_back(pointsOf(addIndex(tile, index(i)), false));
        for (Point &point : loaded.back())
          loadAhead(point, values);
      }
      for (SmallVector<Point> &points : loaded)
        emitTile(points, 0, partials, isStoring);
    });
  };
  int64_t bytes = 0;
  for (Value value : loadsOf(values))
    if (graph.level(value) == Level::Column)
      bytes += kThreadColumns * bytesOf(graph.tensors()[graph.leaf(value)->number].element);
  const int64_t together = std::max<int64_t>(1, kBytesAhead / std::max<int64_t>(1, bytes));
  auto emitTiles = [&](Value lower, Value upper, ArrayRef<Value *> slots) {
    Value rest = arith::RemUIOp::create(b, loc, arith::SubIOp::create(b, loc, upper, lower),
                                        index(together));
    Value last = arith::SubIOp::create(b, loc, upper, rest);
    emitTilesBy(together, lower, last, slots);
    emitTilesBy(1, last, upper, slots);
  };
  auto clearLanes = [&] {
    for (Partial &partial : partials)
      llvm::fill(partial.lanes, neutral(partial.kind, partial.value.getType()));
  };
  if (whole <= kNarrowTiles || partials.empty()) {
    all.append(lanes);
    emitTiles(index(0), index(whole), all);
  } else {
    for (Partial &partial : partials) {
      partial.wide = joinLanes(partial); // of nothing yet
      for (Value &value : partial.wide)
        all.push_back(&value);
    }
    carriedLoop(index(0), index(whole), kNarrowTiles, all, [&](Value lower) {
      rowPoint = b.getInsertionBlock()->getParentOp();
      clearLanes();
      SmallVector<Value *> inner(lanes);
      inner.append(all);
      Value upper = minIndex(addIndex(lower, index(kNarrowTiles)), index(whole));
      emitTiles(lower, upper, inner);
      for (Partial &partial : partials)
        llvm::copy(joinLanes(partial), partial.wide.begin());
    });
    clearLanes();
  }
  rowPoint = nullptr;
  if (whole * width < graph.domain().columns) {
    SmallVector<Point> points = pointsOf(index(whole), true);
    emitTile(points, 0, partials, isStoring);
  }
}

//===--- rows ---===//

void RowEmitter::emitDepth(int depth, bool isStoring) {
  SmallVector<Partial> partials;
  for (Value reduction : graph.reductions())
    if (static_cast<int>(graph.depth(reduction)) == depth + 1)
      partials.push_back({reduction, graph.leaf(reduction)->reduce, Lanes(kThreadColumns), {}});
  if (tiling.isUnrolled)
    for (auto [number, points] : llvm::enumerate(tiles))
      emitTile(points, number, partials, isStoring);
  else
    emitLongRow(partials, isStoring);
  if (!partials.empty())
    complete(partials);
}

/// Stores what a row leaves behind, and adds what it leaves to sums over all.
void RowEmitter::addRowValues(Point &point, Value isFirst) {
  storeRowValues(point, isFirst);
  unsigned next = 0;
  for (const Store &store : graph.stores()) {
    if (store.kind != Store::SumAll)
      continue;
    Value &total = totals[next++].front();
    if (store.level != Level::Column)
      total = addReal(total, countedIf(isFirst, at(point, 0, store.value)));
  }
}

void RowEmitter::emitRow(Value number) {
  const Domain &domain = graph.domain();
  int64_t perBlock = tiling.rowsPerGroup * tiling.groups;
  row = addIndex(mulIndex(gpu.toIndex(rowBlock), perBlock), mulIndex(number, tiling.groups));
  row = addIndex(row, gpu.toIndex(group));
  isRow = Value();
  if (domain.rows % perBlock != 0) {
    isRow = compare(arith::CmpIPredicate::slt, row, index(domain.rows));
    row = minIndex(row, index(domain.rows - 1));
  }
  rowValues.clear();
  tiles.clear();
  int64_t width = tiling.rowThreads * kThreadColumns;
  for (int64_t tile = 0; tiling.isUnrolled && tile < tiling.tiles; ++tile) {
    bool isTail = domain.columns % width != 0 && (segment || tile == tiling.tiles - 1);
    tiles.push_back(pointsOf(segment ? gpu.toIndex(segment) : index(tile), isTail));
  }
  int last = -1;
  bool isStoring = false;
  for (Value reduction : graph.reductions())
    last = std::max<int>(last, graph.depth(reduction) - 1);
  for (const Store &store : graph.stores())
    if (store.level == Level::Column) {
      isStoring = true;
      last = std::max<int>(last, graph.depth(store.value));
    }
  for (int depth = 0; depth <= last; ++depth)
    emitDepth(depth, isStoring && depth == last);
  Value isFirst = compare(arith::CmpIPredicate::eq, inRow, gpu.word(0));
  if (segment)
    isFirst = both(isFirst, compare(arith::CmpIPredicate::eq, segment, gpu.word(0)));
  Point point = pointAt(row, index(0), rowValues);
  addRowValues(point, both(isFirst, isRow));
}

//===--- sums over rows ---===//

void RowEmitter::forSumsOverRows(
    llvm::function_ref<void(const Store &, int64_t offset, unsigned)> body) {
  unsigned next = 0;
  for (auto [number, store] : llvm::enumerate(graph.stores()))
    if (store.kind == Store::SumRows)
      body(store, tiling.sumOffset[number], next++);
}

Value RowEmitter::sumAt(Type type, Value column, int64_t offset) {
  Value at = addIndex(mulIndex(gpu.toIndex(rowBlock), graph.domain().columns), column);
  return address(pointer(FunctionOperand::Workspace, 0), type, at, offset);
}

/// A thread's own columns, which it alone adds to.
void RowEmitter::clearSumsInMemory() {
  int64_t width = tiling.rowThreads * kThreadColumns;
  carriedLoop(index(0), index(tiling.tiles), 1, {}, [&](Value tile) {
    for (Point &point : pointsOf(tile, tiling.tiles * width != graph.domain().columns))
      guarded(point.inside, [&] {
        forSumsOverRows([&](const Store &store, int64_t offset, unsigned) {
          Type type = store.value.getType();
          for (unsigned i = 0; i < tiling.lanes; ++i)
            LLVM::StoreOp::create(b, loc, zero(type),
                                  sumAt(type, addIndex(point.column, index(i)), offset));
        });
      });
  });
}

/// The sums of all groups of the block, in the order of groups.
void RowEmitter::storeSumsOverRows() {
  int64_t width = tiling.rowThreads * kThreadColumns;
  Value isFirst =
      tiling.groups > 1 ? compare(arith::CmpIPredicate::eq, group, gpu.word(0)) : Value();
  forSumsOverRows([&](const Store &store, int64_t offset, unsigned number) {
    Type type = store.value.getType();
    for (auto [tile, points] : llvm::enumerate(tiles)) {
      MutableArrayRef<Value> columns = sums[number];
      columns = columns.slice(tile * kThreadColumns, kThreadColumns);
      auto inShared = [&](Value ofGroup, unsigned lane) {
        Value at = addIndex(columnInTile(lane / tiling.lanes), index(lane % tiling.lanes));
        return sharedAt(type, addIndex(mulIndex(gpu.toIndex(ofGroup), width), at));
      };
      if (tiling.groups > 1) {
        gpu.barrier(); // what was in this memory before has been read
        for (unsigned i = 0; i < kThreadColumns; ++i)
          LLVM::StoreOp::create(b, loc, columns[i], inShared(group, i));
        gpu.barrier();
      }
      guarded(isFirst, [&, points = ArrayRef<Point>(points)] {
        for (unsigned other = 1; other < tiling.groups; ++other)
          for (unsigned i = 0; i < kThreadColumns; ++i)
            columns[i] = addReal(columns[i],
                                 LLVM::LoadOp::create(b, loc, type, inShared(gpu.word(other), i)));
        for (auto [piece, point] : llvm::enumerate(points))
          guarded(point.inside, [&, piece = piece, column = point.column] {
            for (unsigned i = 0; i < tiling.lanes; ++i)
              LLVM::StoreOp::create(b, loc, columns[piece * tiling.lanes + i],
                                    sumAt(type, addIndex(column, index(i)), offset));
          });
      });
    }
  });
}

void RowEmitter::emit() {
  begin();
  unsigned rowThreads = tiling.rowThreads;
  inRow = arith::AndIOp::create(b, loc, thread, gpu.word(rowThreads - 1));
  group = arith::DivUIOp::create(b, loc, thread, gpu.word(rowThreads));
  rowBlock = block;
  if (tiling.segments > 1) {
    rowBlock = arith::DivUIOp::create(b, loc, block, gpu.word(tiling.segments));
    segment = arith::RemUIOp::create(b, loc, block, gpu.word(tiling.segments));
  }
  for (const Store &store : graph.stores()) {
    Value nothing = isSum(store) ? zero(store.value.getType()) : Value();
    if (store.kind == Store::SumAll)
      totals.emplace_back(kThreadColumns, nothing);
    if (store.kind == Store::SumRows && tiling.isUnrolled)
      sums.emplace_back(tiling.tiles * kThreadColumns, nothing);
  }
  if (!tiling.isUnrolled)
    clearSumsInMemory();
  if (tiling.rowsPerGroup == 1) {
    emitRow(index(0));
  } else {
    SmallVector<Value *> slots;
    for (SmallVector<Lanes> *kind : {&totals, &sums})
      for (Lanes &lanes : *kind)
        for (Value &value : lanes)
          slots.push_back(&value);
    carriedLoop(index(0), index(tiling.rowsPerGroup), 1, slots, [&](Value number) {
      // Before the words of the last row's reductions are written again.
      if (rowThreads > kWarp && !graph.reductions().empty())
        gpu.barrier();
      emitRow(number);
    });
  }
  if (!sums.empty()) {
    // Columns of the present thread again: those of the loop, and its last row, are not known here.
    isRow = Value();
    row = index(0);
    int64_t width = rowThreads * kThreadColumns, count = tiling.tiles;
    tiles.clear();
    for (int64_t tile = 0; tile < count; ++tile) {
      bool isTail = graph.domain().columns % width != 0 && (segment || tile == count - 1);
      tiles.push_back(pointsOf(segment ? gpu.toIndex(segment) : index(tile), isTail));
    }
    storeSumsOverRows();
  }
  storeTotals(totals);
}

} // namespace tpc::codegen
