//===- AttentionBackward.cpp - Gradients of attention, without atomics ---------------------===//
//
// With p = exp(scale q.k - lse) and d = sum(do * o) of each query (RowProducts):
//   dv = p^T do    ds = p (do v^T - d)    dq = scale ds k    dk = scale ds^T q
// Scores are computed anew in two kernels (as in Dao, arXiv:2307.08691, where one kernel adds to dq
// atomically): one whose blocks own keys, and pass over the queries of all heads of their group in
// order, and one whose blocks own queries. So every sum has one order.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/codegen/gpu/AttentionEmitter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace tpc::codegen::gpu {

namespace {

class BackwardEmitter : protected AttentionEmitter {
protected:
  using AttentionEmitter::AttentionEmitter;

  struct Weights {
    Fragment p, ds;
  };
  /// p and ds of rows and columns of which `q k^T` and `do v^T` are given; lse and row products,
  /// and whether the query sees the key, by row slot and column.
  Weights weights(Fragment scores, Fragment products,
                  llvm::function_ref<Value(unsigned, unsigned)> lse,
                  llvm::function_ref<Value(unsigned, unsigned)> rowProduct,
                  llvm::function_ref<Value(unsigned, unsigned)> isVisible);
  Fragment scaled(ArrayRef<Value> output);
};

BackwardEmitter::Weights
BackwardEmitter::weights(Fragment scores, Fragment products,
                         llvm::function_ref<Value(unsigned, unsigned)> lse,
                         llvm::function_ref<Value(unsigned, unsigned)> rowProduct,
                         llvm::function_ref<Value(unsigned, unsigned)> isVisible) {
  unsigned columns = scores.size() / math->rowSlots();
  Value factor = scale(), zero = g.real(math->sumType(), 0);
  for (unsigned r = 0; r < math->rowSlots(); ++r)
    for (unsigned c = 0; c < columns; ++c) {
      Value &p = scores[r * columns + c], &ds = products[r * columns + c];
      p = exp(g.sub(g.mul(p, factor), lse(r, c)));
      // After the exponential, whose argument is no number where a query sees no key at all.
      if (Value visible = isVisible(r, c))
        p = g.select(visible, p, zero);
      ds = g.mul(p, g.sub(ds, rowProduct(r, c)));
    }
  return {std::move(scores), std::move(products)};
}

Fragment BackwardEmitter::scaled(ArrayRef<Value> output) {
  Fragment result;
  for (Value sum : output)
    result.push_back(g.mul(sum, scale()));
  return result;
}

//===--- dq ---===//

class QueryGradientEmitter final : BackwardEmitter {
public:
  QueryGradientEmitter(ModuleOp module, const AttentionShape &shape)
      : BackwardEmitter(module, shape, AttentionPass::QueryGradient) {}
  void emit(StringRef name);
};

void QueryGradientEmitter::emit(StringRef name) {
  begin(name, {kDq});
  QueryRows rows = queryRows();
  Matrix keys = keyMatrix(kK, rows.batch, rows.kvHead);
  Matrix values = keyMatrix(kV, rows.batch, rows.kvHead);
  clearPads();
  loadTile(queryMatrix(kQ, rows.batch, rows.head), rows.first, tiling.rows, rowTile(0));
  loadTile(queryMatrix(kDo, rows.batch, rows.head), rows.first, tiling.rows, rowTile(1));
  SmallVector<Value> ends = visibleEnds(rows.first), lse, rowProducts;
  for (unsigned slot = 0; slot < math->rowSlots(); ++slot) {
    Value query = g.add(rows.first, math->row(slot));
    Value there = g.min(query, g.i32(shape.queryLength - 1));
    for (auto [operand, loaded] : {std::pair{kLse, &lse}, std::pair{kRowProducts, &rowProducts}})
      loaded->push_back(g.load(
          math->sumType(), g.at(statistics(operand, rows.batch, rows.head), math->sumType(), there),
          statisticBytes(shape.dtype)));
  }
  SmallVector<Value> columns = math->scoreColumns();
  bool isMasked = shape.causal || shape.keyLength % tiling.columns != 0;
  auto load = [&](Value tile, Value stage) {
    Value first = g.mul(tile, tiling.columns);
    loadTile(keys, first, tiling.columns, columnTile(0, stage));
    loadTile(values, first, tiling.columns, columnTile(1, stage));
  };
  auto compute = [&](Value tile, Value stage, ValueRange carried) {
    Value firstKey = g.mul(tile, tiling.columns);
    Tile keyTile = columnTile(0, stage), valueTile = columnTile(1, stage);
    Fragment scores = math->scores(rowTile(0), keyTile);
    Fragment products = math->scores(rowTile(1), valueTile);
    Weights w = weights(
        scores, products, [&](unsigned r, unsigned) { return lse[r]; },
        [&](unsigned r, unsigned) { return rowProducts[r]; },
        [&](unsigned r, unsigned c) {
          return isMasked ? g.less(g.add(firstKey, columns[c]), ends[r]) : Value();
        });
    return math->addProduct(w.ds, keyTile, llvm::to_vector(carried));
  };
  Value end = visibleEnd(g.add(rows.first, tiling.rows - 1));
  Fragment dq = overTiles(tilesBefore(end), math->zeroOutput(), load, compute);
  storeOutput(scaled(dq), rowTile(0), queryMatrix(kDq, rows.batch, rows.head), rows.first);
  g.endEntry();
}

//===--- dk, dv ---===//

class KeyGradientEmitter final : BackwardEmitter {
public:
  KeyGradientEmitter(ModuleOp module, const AttentionShape &shape)
      : BackwardEmitter(module, shape, AttentionPass::KeyGradient) {}
  void emit(StringRef name);

private:
  /// lse and row products of the tile's queries, into shared memory; and those of the columns.
  void loadStatistics(Value batch, Value head, Value firstQuery, Value stage);
  SmallVector<Value> columnStatistics(int number, Value stage, ArrayRef<Value> columns);
  Value statisticsTile(int number, Value stage) {
    return inStage(tiling.statistics(number), stage, tiling.statisticsStageBytes());
  }
};

void KeyGradientEmitter::loadStatistics(Value batch, Value head, Value firstQuery, Value stage) {
  Value thread = g.threadId();
  Type type = math->sumType();
  g.when(g.less(thread, g.i32(tiling.columns)), [&] {
    Value query = g.min(g.add(firstQuery, thread), g.i32(shape.queryLength - 1));
    for (auto [number, operand] : {std::pair{0, kLse}, std::pair{1, kRowProducts}})
      g.copyAsync(g.at(statistics(operand, batch, head), type, query),
                  g.at(statisticsTile(number, stage), type, thread), statisticBytes(shape.dtype),
                  Value());
  });
}

SmallVector<Value> KeyGradientEmitter::columnStatistics(int number, Value stage,
                                                        ArrayRef<Value> columns) {
  SmallVector<Value> values;
  Type type = math->sumType();
  for (Value column : columns)
    values.push_back(g.load(type, g.at(statisticsTile(number, stage), type, column),
                            statisticBytes(shape.dtype)));
  return values;
}

void KeyGradientEmitter::emit(StringRef name) {
  begin(name, {kDk, kDv});
  int64_t heads = shape.batch * shape.kvHeads, group = shape.heads / shape.kvHeads;
  // The first keys, which most queries see if causal, come first.
  Value block = g.blockId(), pair = g.rem(block, heads);
  Value batch = g.div(pair, shape.kvHeads), kvHead = g.rem(pair, shape.kvHeads);
  Value firstKey = g.mul(g.div(block, heads), tiling.rows);
  clearPads();
  loadTile(keyMatrix(kK, batch, kvHead), firstKey, tiling.rows, rowTile(0));
  loadTile(keyMatrix(kV, batch, kvHead), firstKey, tiling.rows, rowTile(1));
  SmallVector<Value> columns = math->scoreColumns(), firstSeen;
  for (unsigned slot = 0; slot < math->rowSlots(); ++slot)
    firstSeen.push_back(g.add(g.add(firstKey, math->row(slot)), -shift()));
  Value first = g.i32(0), end = g.i32(shape.queryLength);
  if (shape.causal)
    first = g.div(g.max(g.add(firstKey, -shift()), g.i32(0)), tiling.columns);
  // Tiles of the queries of all heads of the group, one head after the other; there is at least
  // one, since the last query sees every key.
  Value tilesOfHead = g.sub(tilesBefore(end), first);
  auto placeOf = [&](Value tile) {
    Value member = arith::DivUIOp::create(g.b, g.loc, tile, tilesOfHead);
    Value ofHead = g.add(g.sub(tile, g.mul(member, tilesOfHead)), first);
    return std::pair{g.add(g.mul(kvHead, group), member), g.mul(ofHead, tiling.columns)};
  };
  auto isVisible = [&](Value firstQuery, unsigned r, unsigned c) {
    Value query = g.add(firstQuery, columns[c]), visible;
    if (shape.causal)
      visible = g.lessEqual(firstSeen[r], query);
    if (shape.queryLength % tiling.columns != 0) {
      Value isThere = g.less(query, end);
      visible = visible ? arith::AndIOp::create(g.b, g.loc, visible, isThere) : isThere;
    }
    return visible;
  };
  // Carried: dk, then dv.
  SmallVector<Value> sums = math->zeroOutput();
  unsigned half = sums.size();
  sums.append(math->zeroOutput());
  auto load = [&](Value tile, Value stage) {
    auto [head, firstQuery] = placeOf(tile);
    loadTile(queryMatrix(kQ, batch, head), firstQuery, tiling.columns, columnTile(0, stage));
    loadTile(queryMatrix(kDo, batch, head), firstQuery, tiling.columns, columnTile(1, stage));
    loadStatistics(batch, head, firstQuery, stage);
  };
  auto compute = [&](Value tile, Value stage, ValueRange carried) {
    Value firstQuery = placeOf(tile).second;
    SmallVector<Value> lse = columnStatistics(0, stage, columns);
    SmallVector<Value> rowProducts = columnStatistics(1, stage, columns);
    Tile queryTile = columnTile(0, stage), gradientTile = columnTile(1, stage);
    Fragment scores = math->scores(rowTile(0), queryTile);
    Fragment products = math->scores(rowTile(1), gradientTile);
    Weights w = weights(
        scores, products, [&](unsigned, unsigned c) { return lse[c]; },
        [&](unsigned, unsigned c) { return rowProducts[c]; },
        [&](unsigned r, unsigned c) { return isVisible(firstQuery, r, c); });
    SmallVector<Value> old = llvm::to_vector(carried);
    Fragment dv = math->addProduct(w.p, gradientTile, ArrayRef(old).drop_front(half));
    Fragment next = math->addProduct(w.ds, queryTile, ArrayRef(old).take_front(half));
    next.append(dv);
    return next;
  };
  sums = overTiles(g.mul(tilesOfHead, group), sums, load, compute);
  storeOutput(scaled(ArrayRef(sums).take_front(half)), rowTile(0), keyMatrix(kDk, batch, kvHead),
              firstKey);
  storeOutput(ArrayRef(sums).drop_front(half), rowTile(1), keyMatrix(kDv, batch, kvHead), firstKey);
  g.endEntry();
}

//===--- row products ---===//

class RowProductsEmitter final : AttentionEmitter {
public:
  RowProductsEmitter(ModuleOp module, const AttentionShape &shape)
      : AttentionEmitter(module, shape, AttentionPass::RowProducts) {}
  void emit(StringRef name);
};

/// Rows follow each other in memory, [batch, query, head], and are written as [batch, head, query].
void RowProductsEmitter::emit(StringRef name) {
  begin(name, {kRowProducts});
  int64_t lanes = tiling.threadsOfRow, rows = shape.batch * shape.queryLength * shape.heads;
  int64_t alignment = tiling.chunk * tiling.elementBytes;
  Type type = math->sumType();
  auto chunkType = VectorType::get({tiling.chunk}, element);
  Value thread = g.threadId(), lane = g.rem(thread, lanes);
  Value row =
      g.add(g.mul(g.widen(g.blockId()), tiling.threads / lanes), g.widen(g.div(thread, lanes)));
  Value isThere = g.less(row, g.i64(rows));
  // All threads of a warp exchange sums: those behind the last row compute it again.
  row = g.min(row, g.i64(rows - 1));
  Value total = g.real(type, 0);
  for (int64_t begin = 0; begin < shape.size; begin += lanes * tiling.chunk) {
    Value column = g.add(g.mul(lane, tiling.chunk), begin);
    bool isWhole = begin + lanes * tiling.chunk <= shape.size;
    Value inside = g.less(column, g.i32(shape.size));
    Value at = g.add(g.mul(row, shape.size),
                     g.widen(isWhole ? column : g.select(inside, column, g.i32(0))));
    Value o = g.load(chunkType, g.at(g.pointer(kO), element, at), alignment);
    Value dOut = g.load(chunkType, g.at(g.pointer(kDo), element, at), alignment);
    Value sum = g.real(type, 0);
    for (int64_t i = 0; i < tiling.chunk; ++i) {
      auto part = [&](Value chunk) -> Value {
        Value x = LLVM::ExtractElementOp::create(g.b, g.loc, chunk, g.i32(i));
        return element == type ? x : arith::ExtFOp::create(g.b, g.loc, type, x).getResult();
      };
      sum = g.fma(part(o), part(dOut), sum);
    }
    total = g.add(total, isWhole ? sum : g.select(inside, sum, g.real(type, 0)));
  }
  for (int64_t mask = lanes / 2; mask; mask /= 2)
    total = g.add(total, g.shuffleXor(total, static_cast<int>(mask)));
  Value first = arith::AndIOp::create(g.b, g.loc, isThere, g.less(lane, g.i32(1)));
  g.when(first, [&] {
    Value head = g.rem(row, shape.heads), token = g.div(row, shape.heads);
    Value batch = g.div(token, shape.queryLength), query = g.rem(token, shape.queryLength);
    Value at = g.add(g.mul(g.add(g.mul(batch, shape.heads), head), shape.queryLength), query);
    g.store(total, g.at(g.pointer(kRowProducts), type, at), statisticBytes(shape.dtype));
  });
  g.endEntry();
}

} // namespace

void emitRowProducts(ModuleOp module, StringRef name, const AttentionShape &shape) {
  RowProductsEmitter(module, shape).emit(name);
}
void emitKeyGradient(ModuleOp module, StringRef name, const AttentionShape &shape) {
  KeyGradientEmitter(module, shape).emit(name);
}
void emitQueryGradient(ModuleOp module, StringRef name, const AttentionShape &shape) {
  QueryGradientEmitter(module, shape).emit(name);
}

} // namespace tpc::codegen::gpu
