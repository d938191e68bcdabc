//===- ScatterEmitter.cpp - Sums into rows of a table, on GPUs -----------------------------===//
#include "compiler/codegen/gpu/ScatterEmitter.h"

#include "compiler/codegen/Tiling.h"

#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;

namespace tpc::codegen {

/// Entries of the list whose values are loaded before the first of them is added.
static constexpr unsigned kInFlight = 8;

Value ScatterEmitter::inTable(Value pointer, Value tableRow) {
  return address(pointer, element, addIndex(mulIndex(tableRow, graph.domain().columns), column));
}

Value ScatterEmitter::listAt(int64_t offset, Value entry) {
  return sharedAt(b.getI32Type(), entry, offset);
}

/// What the table's rows begin as: an input's, which may be in place, or zeros.
void ScatterEmitter::emitBegin() {
  Value target = resultPointer(scatter->result);
  Value source = scatter->begin ? pointer(FunctionOperand::Input, *scatter->begin) : Value();
  if (source == target)
    return;
  Value end = index(graph.tensors()[graph.numInputs() + scatter->result].shape.front());
  guarded(isMine, [&] {
    carriedLoop(part, end, tiling.tableParts, {}, [&](Value tableRow) {
      Lanes values(tiling.lanes, source ? Value() : zero(element));
      if (source)
        values = loadLanes(inTable(source, tableRow), element, tiling.lanes, true);
      storeLanes(values, inTable(target, tableRow), element, tiling.lanes);
    });
  });
}

/// Lists the tokens from `firstToken` on that meet the block's rows; their number.
Value ScatterEmitter::collect(Value firstToken) {
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
  Value end = index(graph.tensors()[graph.numInputs() + scatter->result].shape.front());
  for (unsigned step = 0; step < kScatterSteps; ++step) {
    Found found;
    Value token = addIndex(begin, index(step * kWarp));
    Value isToken = compare(arith::CmpIPredicate::slt, token, index(rows));
    found.token = minIndex(token, index(rows - 1));
    IRMapping rowValues;
    Point point = pointAt(found.token, column, rowValues);
    found.tableRow = at(point, 0, scatter->index);
    // A number below 0 is a large one here.
    Value isRow = compare(arith::CmpIPredicate::ult, found.tableRow, end);
    Value itsPart = arith::AndIOp::create(b, loc, found.tableRow, index(tiling.tableParts - 1));
    Value isHere = both(isRow, compare(arith::CmpIPredicate::eq, itsPart, part));
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
      LLVM::StoreOp::create(b, loc, toWord(found.tableRow), listAt(foundRows, entry));
    });
    place = add(place, count(found.mask));
  }
  gpu.barrier();
  return gpu.toIndex(total);
}

/// Adds the tokens of the list, in order, to the thread's columns of their rows.
void ScatterEmitter::add(Value count) {
  Value last = subIndex(count, index(1));
  carriedLoop(index(0), count, kInFlight, {}, [&](Value first) {
    SmallVector<Entry> entries;
    for (unsigned i = 0; i < kInFlight; ++i) {
      Value number = i ? addIndex(first, index(i)) : first;
      Value isThere = i ? compare(arith::CmpIPredicate::slt, number, count) : Value();
      number = i ? minIndex(number, last) : number;
      auto listed = [&](int64_t list) {
        return gpu.toIndex(LLVM::LoadOp::create(b, loc, b.getI32Type(), listAt(list, number)));
      };
      IRMapping rowValues;
      Point point = pointAt(listed(tokens), column, rowValues);
      Entry entry{isThere, listed(foundRows), {}};
      for (unsigned lane = 0; lane < tiling.lanes; ++lane)
        entry.values.push_back(at(point, lane, scatter->value));
      entries.push_back(entry);
    }
    addEntries(entries, Value(), {});
  });
}

/// Adds the first entry and then the others; `sums` are in the row of the one before it.
void ScatterEmitter::addEntries(ArrayRef<Entry> entries, Value rowBefore, Lanes sums) {
  if (entries.empty())
    return;
  const Entry &entry = entries.front();
  guarded(entry.isThere, [&] {
    Value place = inTable(resultPointer(scatter->result), entry.tableRow);
    if (!rowBefore) {
      sums = loadLanes(place, element, tiling.lanes, false);
    } else {
      Value isOther = compare(arith::CmpIPredicate::ne, entry.tableRow, rowBefore);
      sums = loadLanesIf(isOther, place, element, sums);
    }
    for (auto [sum, value] : llvm::zip_equal(sums, entry.values))
      sum = addReal(sum, value);
    storeLanes(sums, place, element, tiling.lanes);
    addEntries(entries.drop_front(), entry.tableRow, sums);
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
  part = gpu.toIndex(arith::DivUIOp::create(b, loc, block, gpu.word(tiling.segments)));
  Value segment = arith::RemUIOp::create(b, loc, block, gpu.word(tiling.segments));
  Value chunk =
      addIndex(mulIndex(gpu.toIndex(segment), tiling.chunksPerSegment), gpu.toIndex(thread));
  isMine = both(compare(arith::CmpIPredicate::ult, thread, gpu.word(tiling.chunksPerSegment)),
                compare(arith::CmpIPredicate::slt, chunk, index(chunks)));
  column = mulIndex(minIndex(chunk, index(chunks - 1)), tiling.lanes);
  emitBegin();
  int64_t step = int64_t{function.threads} * kScatterSteps;
  carriedLoop(index(0), index(graph.domain().rows), step, {}, [&](Value firstToken) {
    Value count = collect(firstToken);
    guarded(isMine, [&] { add(count); });
    gpu.barrier(); // the list has been read
  });
}

} // namespace tpc::codegen
