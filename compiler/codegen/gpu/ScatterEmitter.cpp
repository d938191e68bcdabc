//===- ScatterEmitter.cpp - Sums into rows of a table, on GPUs -----------------------------===//
#include "compiler/codegen/gpu/ScatterEmitter.h"

#include "compiler/codegen/Tiling.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace tpc::codegen {

/// Entries of the list whose values are loaded before the first of them is added.
static constexpr unsigned kInFlight = 4;

Value ScatterEmitter::inTable(Value pointer, Value tableRow) {
  return address(pointer, element, addIndex(mulIndex(tableRow, graph.domain().columns), column));
}

Value ScatterEmitter::listAt(int64_t offset, Value entry) {
  return sharedAt(b.getI32Type(), entry, offset);
}

/// What the table's rows begin as: an input's, which may be in place, or zeros.
void ScatterEmitter::emitBegin(Value lower, Value upper) {
  Value target = resultPointer(scatter->result);
  Value source = scatter->begin ? pointer(FunctionOperand::Input, *scatter->begin) : Value();
  if (source == target)
    return;
  guarded(isMine, [&] {
    carriedLoop(lower, upper, 1, {}, [&](Value tableRow) {
      Lanes values(tiling.lanes, source ? Value() : zero(element));
      if (source)
        values = loadLanes(inTable(source, tableRow), element, tiling.lanes, true);
      storeLanes(values, inTable(target, tableRow), element, tiling.lanes);
    });
  });
}

/// Lists the tokens from `firstToken` on that meet rows [lower, upper); their number.
Value ScatterEmitter::collect(Value firstToken, Value lower, Value upper) {
  unsigned warps = function.threads / kWarp;
  Type word = b.getI32Type();
  auto count = [&](Value mask) -> Value { return math::CtPopOp::create(b, loc, mask); };
  auto add = [&](Value x, Value y) -> Value { return arith::AddIOp::create(b, loc, x, y); };
  Value warp = arith::ShRUIOp::create(b, loc, thread, gpu.word(5));
  Value inWarp = arith::AndIOp::create(b, loc, thread, gpu.word(kWarp - 1));
  Value warpBegin =
      add(arith::MulIOp::create(b, loc, warp, gpu.word(kWarp * kScatterSteps)), inWarp);
  Value begin = addIndex(firstToken, gpu.toIndex(warpBegin));

  struct Found {
    Value token, tableRow, isFound, mask;
  };
  SmallVector<Found> all;
  Value ofWarp = gpu.word(0);
  int64_t rows = graph.domain().rows;
  for (unsigned step = 0; step < kScatterSteps; ++step) {
    Found found;
    Value token = addIndex(begin, index(step * kWarp));
    Value isToken = compare(arith::CmpIPredicate::slt, token, index(rows));
    found.token = minIndex(token, index(rows - 1));
    IRMapping rowValues;
    Point point = pointAt(found.token, column, rowValues);
    found.tableRow = at(point, 0, scatter->index);
    Value isHere = both(compare(arith::CmpIPredicate::sge, found.tableRow, lower),
                        compare(arith::CmpIPredicate::slt, found.tableRow, upper));
    found.isFound = both(isToken, isHere);
    found.mask = gpu.ballot(found.isFound);
    ofWarp = add(ofWarp, count(found.mask));
    all.push_back(found);
  }
  Value isFirst = compare(arith::CmpIPredicate::eq, inWarp, gpu.word(0));
  guarded(isFirst,
          [&] { LLVM::StoreOp::create(b, loc, ofWarp, sharedAt(word, gpu.toIndex(warp))); });
  gpu.barrier();
  Value place = gpu.word(0), total = gpu.word(0);
  for (unsigned i = 0; i < warps; ++i) {
    Value found = LLVM::LoadOp::create(b, loc, word, sharedAt(word, index(i)));
    total = add(total, found);
    Value isBefore = compare(arith::CmpIPredicate::ult, gpu.word(i), warp);
    place = add(place, countedIf(isBefore, found));
  }
  Value bit = arith::ShLIOp::create(b, loc, gpu.word(1), inWarp);
  Value lowerThreads = arith::SubIOp::create(b, loc, bit, gpu.word(1));
  for (const Found &found : all) {
    Value before = count(arith::AndIOp::create(b, loc, found.mask, lowerThreads));
    Value entry = gpu.toIndex(add(place, before));
    guarded(found.isFound, [&] {
      auto toWord = [&](Value value) -> Value {
        return arith::IndexCastOp::create(b, loc, word, value);
      };
      LLVM::StoreOp::create(b, loc, toWord(found.token), listAt(tokens, entry));
      LLVM::StoreOp::create(b, loc, toWord(subIndex(found.tableRow, lower)),
                            listAt(foundRows, entry));
    });
    place = add(place, count(found.mask));
  }
  gpu.barrier();
  return gpu.toIndex(total);
}

/// Adds the tokens of the list, in order, to the thread's columns of their rows.
void ScatterEmitter::add(Value count, Value lower) {
  Value target = resultPointer(scatter->result);
  Value last = subIndex(count, index(1));
  carriedLoop(index(0), count, kInFlight, {}, [&](Value first) {
    SmallVector<Lanes> values;
    SmallVector<Value> places, conditions;
    for (unsigned i = 0; i < kInFlight; ++i) {
      Value entry = i ? addIndex(first, index(i)) : first;
      conditions.push_back(i ? compare(arith::CmpIPredicate::slt, entry, count) : Value());
      entry = i ? minIndex(entry, last) : entry;
      auto listed = [&](int64_t list) {
        return gpu.toIndex(LLVM::LoadOp::create(b, loc, b.getI32Type(), listAt(list, entry)));
      };
      IRMapping rowValues;
      Point point = pointAt(listed(tokens), column, rowValues);
      Lanes lanes;
      for (unsigned lane = 0; lane < tiling.lanes; ++lane)
        lanes.push_back(at(point, lane, scatter->value));
      values.push_back(lanes);
      places.push_back(inTable(target, addIndex(lower, listed(foundRows))));
    }
    for (unsigned i = 0; i < kInFlight; ++i)
      guarded(conditions[i], [&] {
        Lanes sums = loadLanes(places[i], element, tiling.lanes, false);
        for (auto [sum, value] : llvm::zip_equal(sums, values[i]))
          sum = addReal(sum, value);
        storeLanes(sums, places[i], element, tiling.lanes);
      });
  });
}

void ScatterEmitter::emit(const Store &store) {
  scatter = &store;
  const KernelTensor &table = graph.tensors()[graph.numInputs() + store.result];
  element = table.element;
  int64_t chunks = graph.domain().columns / tiling.lanes;
  tokens = llvm::alignTo(function.threads / kWarp * sizeof(int32_t), kAccessBytes);
  foundRows = tokens + int64_t{function.threads} * kScatterSteps * sizeof(int32_t);
  begin();
  Value part = arith::DivUIOp::create(b, loc, block, gpu.word(tiling.segments));
  Value segment = arith::RemUIOp::create(b, loc, block, gpu.word(tiling.segments));
  Value lower = mulIndex(gpu.toIndex(part), tiling.tableRows);
  Value upper = minIndex(addIndex(lower, index(tiling.tableRows)), index(table.shape.front()));
  Value chunk =
      addIndex(mulIndex(gpu.toIndex(segment), tiling.chunksPerSegment), gpu.toIndex(thread));
  isMine = both(compare(arith::CmpIPredicate::ult, thread, gpu.word(tiling.chunksPerSegment)),
                compare(arith::CmpIPredicate::slt, chunk, index(chunks)));
  column = mulIndex(minIndex(chunk, index(chunks - 1)), tiling.lanes);
  emitBegin(lower, upper);
  int64_t step = int64_t{function.threads} * kScatterSteps;
  carriedLoop(index(0), index(graph.domain().rows), step, {}, [&](Value firstToken) {
    Value count = collect(firstToken, lower, upper);
    guarded(isMine, [&] { add(count, lower); });
    gpu.barrier(); // the list has been read
  });
}

} // namespace tpc::codegen
