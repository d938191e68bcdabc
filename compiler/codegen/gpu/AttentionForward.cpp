//===- AttentionForward.cpp - Attention that never materialises its scores -----------------===//
//
// A block has a tile of the queries of one head and passes over the keys that they see, tile by
// tile. Of each query it keeps the maximum m of the scores so far, and sums of exp(score - m) and
// of the values weighted by them; when m grows, the sums are scaled. (Milakov and Gimelshein,
// arXiv:1805.02867; Dao, arXiv:2307.08691, whose loops these are.)
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/codegen/gpu/AttentionEmitter.h"

#include "compiler/codegen/MathExpansion.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;

namespace tpc::codegen::gpu {

namespace {

class ForwardEmitter final : AttentionEmitter {
public:
  ForwardEmitter(ModuleOp module, const AttentionShape &shape)
      : AttentionEmitter(module, shape, AttentionPass::Forward) {}
  void emit(StringRef name);

private:
  /// What is carried from tile to tile: output, maximum, and this thread's part of the sum of
  /// weights of each row slot.
  struct State {
    Fragment output, largest, total;
    SmallVector<Value> flat() const;
    void assign(ValueRange values);
  };
  State start();
  void addTile(State &state, Value firstKey, Value stage, ArrayRef<Value> ends);
  void finish(const State &state, const QueryRows &rows);

  Value isZero(Value x) {
    return arith::CmpFOp::create(g.b, g.loc, arith::CmpFPredicate::OEQ, x,
                                 g.real(math->sumType(), 0));
  }
  /// What is subtracted from scores: the maximum, or 0 where no key has been seen.
  Value shiftOf(Value largest) {
    Type type = math->sumType();
    Value none = arith::CmpFOp::create(g.b, g.loc, arith::CmpFPredicate::OEQ, largest,
                                       g.real(type, -INFINITY));
    return g.select(none, g.real(type, 0), largest);
  }
};

SmallVector<Value> ForwardEmitter::State::flat() const {
  SmallVector<Value> values(output);
  values.append(largest);
  values.append(total);
  return values;
}

void ForwardEmitter::State::assign(ValueRange values) {
  for (Fragment *part : {&output, &largest, &total}) {
    llvm::copy(values.take_front(part->size()), part->begin());
    values = values.drop_front(part->size());
  }
}

ForwardEmitter::State ForwardEmitter::start() {
  Type type = math->sumType();
  return {math->zeroOutput(), Fragment(math->rowSlots(), g.real(type, -INFINITY)),
          Fragment(math->rowSlots(), g.real(type, 0))};
}

void ForwardEmitter::addTile(State &state, Value firstKey, Value stage, ArrayRef<Value> ends) {
  Fragment weights = math->scores(rowTile(0), columnTile(0, stage));
  SmallVector<Value> columns = math->scoreColumns();
  bool isMasked = shape.causal || shape.keyLength % tiling.columns != 0;
  Value factor = scale(), unseen = g.real(math->sumType(), -INFINITY);
  unsigned outputSlots = state.output.size() / math->rowSlots();
  for (unsigned r = 0; r < math->rowSlots(); ++r) {
    MutableArrayRef<Value> row = MutableArrayRef(weights).slice(r * columns.size(), columns.size());
    Value largest = unseen;
    for (auto [score, column] : llvm::zip(row, columns)) {
      score = g.mul(score, factor);
      if (isMasked)
        score = g.select(g.less(g.add(firstKey, column), ends[r]), score, unseen);
      largest = arith::MaximumFOp::create(g.b, g.loc, largest, score);
    }
    largest = arith::MaximumFOp::create(g.b, g.loc, state.largest[r], math->maxOfRow(largest));
    Value shift = shiftOf(largest), rescale = exp(g.sub(state.largest[r], shift));
    Value total = g.real(math->sumType(), 0);
    for (Value &weight : row) {
      weight = exp(g.sub(weight, shift));
      total = g.add(total, weight);
    }
    state.largest[r] = largest;
    state.total[r] = g.fma(state.total[r], rescale, total);
    for (Value &sum : MutableArrayRef(state.output).slice(r * outputSlots, outputSlots))
      sum = g.mul(sum, rescale);
  }
  state.output = math->addProduct(weights, columnTile(1, stage), state.output);
}

void ForwardEmitter::finish(const State &state, const QueryRows &rows) {
  Fragment output = state.output;
  unsigned outputSlots = output.size() / math->rowSlots();
  Value lse = statistics(kLse, rows.batch, rows.head), writes = math->isFirstOfRow();
  for (unsigned r = 0; r < math->rowSlots(); ++r) {
    Value total = math->sumOfRow(state.total[r]), one = g.real(math->sumType(), 1);
    // A query without keys has zeros, and lse = log(0).
    Value inverse = arith::DivFOp::create(g.b, g.loc, one, g.select(isZero(total), one, total));
    for (Value &sum : MutableArrayRef(output).slice(r * outputSlots, outputSlots))
      sum = g.mul(sum, inverse);
    Value query = g.add(rows.first, math->row(r));
    Value isThere = g.less(query, g.i32(shape.queryLength));
    g.when(arith::AndIOp::create(g.b, g.loc, writes, isThere), [&] {
      Value log = MathExpansion(g.b, g.loc).log(total);
      g.store(g.add(shiftOf(state.largest[r]), log), g.at(lse, math->sumType(), query),
              statisticBytes(shape.dtype));
    });
  }
  storeOutput(output, rowTile(0), queryMatrix(kO, rows.batch, rows.head), rows.first);
}

void ForwardEmitter::emit(StringRef name) {
  begin(name, {kO, kLse});
  QueryRows rows = queryRows();
  Matrix keys = keyMatrix(kK, rows.batch, rows.kvHead);
  Matrix values = keyMatrix(kV, rows.batch, rows.kvHead);
  clearPads();
  loadTile(queryMatrix(kQ, rows.batch, rows.head), rows.first, tiling.rows, rowTile(0));
  SmallVector<Value> ends = visibleEnds(rows.first);
  State state = start();
  auto load = [&](Value tile, Value stage) {
    Value first = g.mul(tile, tiling.columns);
    loadTile(keys, first, tiling.columns, columnTile(0, stage));
    loadTile(values, first, tiling.columns, columnTile(1, stage));
  };
  auto compute = [&](Value tile, Value stage, ValueRange carried) {
    state.assign(carried);
    addTile(state, g.mul(tile, tiling.columns), stage, ends);
    return state.flat();
  };
  Value end = visibleEnd(g.add(rows.first, tiling.rows - 1));
  state.assign(overTiles(tilesBefore(end), state.flat(), load, compute));
  finish(state, rows);
  g.endEntry();
}

} // namespace

void emitAttentionForward(ModuleOp module, StringRef name, const AttentionShape &shape) {
  ForwardEmitter(module, shape).emit(name);
}

} // namespace tpc::codegen::gpu
