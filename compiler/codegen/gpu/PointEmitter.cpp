//===- PointEmitter.cpp - Kernels whose elements have nothing to do with each other --------===//
#include "compiler/codegen/gpu/PointEmitter.h"

#include "compiler/codegen/ColumnValues.h"
#include "compiler/codegen/Tiling.h"

#include <limits>

using namespace mlir;

namespace tpc::codegen {

Value PointEmitter::number(int64_t value) {
  return arith::ConstantOp::create(b, loc, b.getIntegerAttr(numberType, value));
}

Value PointEmitter::toIndex(Value number) {
  return arith::IndexCastUIOp::create(b, loc, b.getIndexType(), number);
}

/// What depends on the column alone and is long to compute, once a block.
void PointEmitter::emitTables() {
  llvm::SmallSetVector<Value, 4> found = findColumnValues(graph, kSharedTableBytes);
  if (found.empty())
    return;
  int64_t columns = graph.domain().columns, offset = 0;
  unsigned lanes = tiling.lanes;
  setLanes(1);
  auto fill =
      scf::ForOp::create(b, loc, gpu.toIndex(thread), index(columns), index(function.threads));
  b.setInsertionPoint(fill.getBody()->getTerminator());
  IRMapping rowValues;
  Point point = pointAt(index(0), fill.getInductionVar(), rowValues);
  SmallVector<int64_t> offsets;
  for (Value value : found) {
    LLVM::StoreOp::create(b, loc, at(point, 0, value),
                          sharedAt(value.getType(), point.column, offset));
    offsets.push_back(offset);
    offset += llvm::alignTo(columns * bytesOf(value.getType()), kAccessBytes);
  }
  b.setInsertionPointAfter(fill);
  gpu.barrier();
  for (auto [value, offset] : llvm::zip(found, offsets))
    tables[value] = offset;
  setLanes(lanes);
}

Point PointEmitter::chunkAt(Value chunk, IRMapping &rowValues) {
  const Domain &domain = graph.domain();
  int64_t perRow = tiling.columns / tiling.lanes;
  if (domain.isFlat || domain.rows == 1)
    return pointAt(index(0), mulIndex(toIndex(chunk), tiling.lanes), rowValues);
  if (perRow == 1)
    return pointAt(toIndex(chunk), index(0), rowValues);
  Value row = arith::DivUIOp::create(b, loc, chunk, number(perRow));
  Value column = arith::RemUIOp::create(b, loc, chunk, number(perRow));
  return pointAt(toIndex(row), mulIndex(toIndex(column), tiling.lanes), rowValues);
}

void PointEmitter::addTotals(Point &point, unsigned piece, MutableArrayRef<Lanes> totals) {
  unsigned next = 0;
  for (const Store &store : graph.stores()) {
    if (store.kind != Store::SumAll)
      continue;
    Lanes &total = totals[next++];
    bool isOfRow = store.level != Level::Column;
    for (unsigned i = 0; i < (isOfRow ? 1 : tiling.lanes); ++i) {
      Value value = at(point, i, store.value), counts = point.exists;
      // What is there once a row counts where its first column is.
      if (isOfRow && tiling.columns > 1)
        counts = both(counts, compare(arith::CmpIPredicate::eq, point.column, index(0)));
      Value &sum = total[piece * tiling.lanes + i];
      sum = addReal(sum, countedIf(counts, value));
    }
  }
}

void PointEmitter::emitChunks(Value first, MutableArrayRef<Lanes> totals) {
  int64_t work = tiling.chunks / tiling.pieces;
  SmallVector<IRMapping> rowValues(tiling.pieces);
  SmallVector<Point> points;
  SmallVector<Value> stored;
  for (const Store &store : graph.stores())
    stored.push_back(store.value);
  Value inside;
  if (!totals.empty() && work % (int64_t{function.threads} * tiling.steps) != 0) {
    inside = compare(arith::CmpIPredicate::ult, first, number(work));
    first = arith::MinUIOp::create(b, loc, first, number(work - 1));
  }
  for (unsigned piece = 0; piece < tiling.pieces; ++piece) {
    Value chunk =
        piece ? arith::AddIOp::create(b, loc, first, number(piece * work)).getResult() : first;
    points.push_back(chunkAt(chunk, rowValues[piece]));
    points.back().exists = inside;
    loadAhead(points.back(), stored);
  }
  for (Point &point : points)
    computeStores(point);
  for (unsigned piece = 0; piece < tiling.pieces; ++piece)
    addTotals(points[piece], piece, totals);
  guarded(inside, [&] {
    for (Point &point : points) {
      storeElements(point);
      storeRowValues(point, tiling.columns == 1
                                ? Value()
                                : compare(arith::CmpIPredicate::eq, point.column, index(0)));
    }
  });
}

/// The elements of a flat domain that are no whole chunk.
void PointEmitter::emitRest(Value number) {
  setLanes(1);
  IRMapping rowValues;
  Point point = pointAt(index(0), toIndex(number), rowValues);
  computeStores(point);
  storeElements(point);
}

void PointEmitter::emit() {
  begin();
  emitTables();
  int64_t work = tiling.chunks / tiling.pieces;
  int64_t most = std::max(tiling.chunks, function.tiles * tiling.steps * function.threads);
  // Only elements of the rest are numbered one by one.
  int64_t largest = tiling.rest ? most * tiling.lanes : most;
  bool isNarrow = largest <= std::numeric_limits<int32_t>::max();
  numberType = isNarrow ? b.getI32Type() : b.getI64Type();
  auto widened = [&](Value word) -> Value {
    return isNarrow ? word : arith::ExtUIOp::create(b, loc, numberType, word).getResult();
  };
  Value first = arith::MulIOp::create(b, loc, widened(block),
                                      number(int64_t{function.threads} * tiling.steps));
  first = arith::AddIOp::create(b, loc, first, widened(thread));

  SmallVector<Lanes> totals;
  for (const Store &store : graph.stores())
    if (store.kind == Store::SumAll)
      totals.emplace_back(tiling.lanes * tiling.pieces, zero(store.value.getType()));
  if (totals.empty()) {
    bool isExact = work % function.threads == 0 && tiling.rest == 0;
    guarded(isExact ? Value() : compare(arith::CmpIPredicate::ult, first, number(work)),
            [&] { emitChunks(first, {}); });
    if (tiling.rest) {
      Value isRest = both(compare(arith::CmpIPredicate::uge, first, number(work)),
                          compare(arith::CmpIPredicate::ult, first, number(work + tiling.rest)));
      guarded(isRest, [&] {
        // The first of them comes after all chunks.
        int64_t shift = tiling.chunks * tiling.lanes - work;
        emitRest(arith::AddIOp::create(b, loc, first, number(shift)));
      });
    }
    return;
  }
  if (tiling.steps == 1) {
    emitChunks(first, totals);
  } else {
    SmallVector<Value *> slots;
    for (Lanes &total : totals)
      for (Value &sum : total)
        slots.push_back(&sum);
    carriedLoop(index(0), index(tiling.steps), 1, slots, [&](Value step) {
      Value word = arith::IndexCastOp::create(b, loc, numberType, step);
      word = arith::MulIOp::create(b, loc, word, number(function.threads));
      emitChunks(arith::AddIOp::create(b, loc, first, word), totals);
    });
  }
  storeTotals(totals);
}

} // namespace tpc::codegen
