//===- AttentionEmitter.cpp - Tiles between tensors and shared memory ----------------------===//
#include "compiler/codegen/gpu/AttentionEmitter.h"

#include "compiler/codegen/MathExpansion.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

namespace tpc::codegen::gpu {

/// Loads of a thread that are under way at the same time.
static constexpr int64_t kLoadsInFlight = 8;

static Type elementType(OpBuilder &b, DType dtype) {
  return dtype == DType::F64   ? Type(b.getF64Type())
         : dtype == DType::F32 ? Type(b.getF32Type())
                               : Type(b.getBF16Type());
}

AttentionEmitter::AttentionEmitter(ModuleOp module, const AttentionShape &shape, AttentionPass pass)
    : shape(shape), tiling(shape, pass), g(module), element(elementType(g.b, shape.dtype)) {}

void AttentionEmitter::begin(StringRef name, ArrayRef<unsigned> written) {
  bool isForward = tiling.pass == AttentionPass::Forward;
  SmallVector<PointerParameter> parameters(isForward ? kForwardOperands : kBackwardOperands);
  for (unsigned operand : written)
    parameters[operand].isWritten = true;
  g.beginEntry(name, parameters, tiling.threads, tiling.residentBlocks());
  math = tiling.tensorCores ? tensorCores(g, tiling) : fusedMultiplyAdds(g, tiling, element);
}

//===--- tensors ---===//

AttentionEmitter::Matrix AttentionEmitter::queryMatrix(unsigned operand, Value batch, Value head) {
  int64_t stride = shape.heads * shape.size;
  Value offset =
      g.add(g.mul(g.widen(batch), shape.queryLength * stride), g.mul(g.widen(head), shape.size));
  return {g.at(g.pointer(operand), element, offset), stride, shape.queryLength};
}

AttentionEmitter::Matrix AttentionEmitter::keyMatrix(unsigned operand, Value batch, Value kvHead) {
  int64_t stride = shape.kvHeads * shape.size;
  Value offset =
      g.add(g.mul(g.widen(batch), shape.keyLength * stride), g.mul(g.widen(kvHead), shape.size));
  return {g.at(g.pointer(operand), element, offset), stride, shape.keyLength};
}

Value AttentionEmitter::statistics(unsigned operand, Value batch, Value head) {
  Value row = g.add(g.mul(g.widen(batch), shape.heads), g.widen(head));
  return g.at(g.pointer(operand), math->sumType(), g.mul(row, shape.queryLength));
}

//===--- tiles ---===//

Type AttentionEmitter::chunkType() {
  int64_t bytes = tiling.chunk * tiling.elementBytes;
  Type word = g.b.getI32Type();
  return bytes == 2   ? Type(g.b.getI16Type())
         : bytes == 4 ? word
                      : Type(VectorType::get({bytes / 4}, word));
}

Value AttentionEmitter::chunkOf(Tile tile, const Chunk &chunk) {
  return g.at(tile.pointer, element, g.add(g.mul(chunk.row, tile.pitch), chunk.column));
}

void AttentionEmitter::forChunks(int64_t rows, llvm::function_ref<void(ArrayRef<Chunk>)> body) {
  int64_t ofRow = shape.size / tiling.chunk, chunks = rows * ofRow, threads = tiling.threads;
  int64_t turns = static_cast<int64_t>(llvm::divideCeil(chunks, threads));
  int64_t together = std::min(turns, kLoadsInFlight);
  bool isEven = chunks % (together * threads) == 0;
  Value thread = g.threadId();
  g.loop(g.i32(0), g.i32(turns), together, {}, [&](Value turn, ValueRange) {
    SmallVector<Chunk> group;
    for (int64_t i = 0; i < together; ++i) {
      Value index = g.add(g.add(g.mul(turn, threads), i * threads), thread);
      group.push_back({g.div(index, ofRow), g.mul(g.rem(index, ofRow), tiling.chunk),
                       isEven ? Value() : g.less(index, g.i32(chunks))});
    }
    body(group);
    return SmallVector<Value>();
  });
}

void AttentionEmitter::whenThere(const Chunk &chunk, llvm::function_ref<void()> body) {
  if (chunk.isThere)
    g.when(chunk.isThere, body);
  else
    body();
}

void AttentionEmitter::clearPads() {
  int64_t pads = tiling.size - shape.size;
  if (pads == 0)
    return;
  int64_t rows = tiling.weights() / (tiling.pitch * tiling.elementBytes);
  Tile all = rowTile(0);
  Value zero = g.real(element, 0);
  g.loop(g.threadId(), g.i32(rows * pads), tiling.threads, {}, [&](Value index, ValueRange) {
    Value column = g.add(g.rem(index, pads), shape.size);
    g.store(zero, chunkOf(all, {g.div(index, pads), column, {}}), tiling.elementBytes);
    return SmallVector<Value>();
  });
}

void AttentionEmitter::loadTile(const Matrix &from, Value first, int64_t rows, Tile to) {
  int64_t bytes = tiling.chunk * tiling.elementBytes;
  bool isWhole = from.length % rows == 0, isAsync = bytes >= 4;
  Type type = chunkType();
  Value zero = arith::ConstantOp::create(g.b, g.loc, g.b.getZeroAttr(type));
  forChunks(rows, [&](ArrayRef<Chunk> group) {
    SmallVector<Value> values;
    for (const Chunk &chunk : group) {
      // Behind the last row the last one is read, so that loads need no branch.
      Value row = g.add(first, chunk.row), last = g.i32(from.length - 1);
      Value offset = g.add(g.mul(g.widen(g.min(row, last)), from.stride), g.widen(chunk.column));
      Value source = g.at(from.pointer, element, offset);
      Value isRow = isWhole ? Value() : g.lessEqual(row, last);
      if (isAsync) {
        whenThere(chunk, [&] { g.copyAsync(source, chunkOf(to, chunk), bytes, isRow); });
        continue;
      }
      Value value = g.load(type, source, bytes);
      values.push_back(isWhole ? value : g.select(isRow, value, zero));
    }
    for (auto [chunk, value] : llvm::zip(group, values))
      whenThere(chunk, [&] { g.store(value, chunkOf(to, chunk), bytes); });
  });
}

SmallVector<Value> AttentionEmitter::overTiles(Value count, ValueRange start, LoadTile load,
                                               ComputeTile compute) {
  Value none = g.i32(0);
  if (tiling.stages == 1)
    return g.loop(none, count, 1, start, [&](Value number, ValueRange carried) {
      g.barrier();
      load(number, none);
      awaitTiles();
      return compute(number, none, carried);
    });
  g.when(g.less(none, count), [&] { load(none, none); });
  return g.loop(none, count, 1, start, [&](Value number, ValueRange carried) {
    Value stage = g.rem(number, 2), next = g.add(number, 1);
    // Nobody computes with the tile before any more: the next one may take its place.
    awaitTiles();
    g.when(g.less(next, count), [&] { load(next, g.sub(g.i32(1), stage)); });
    return compute(number, stage, carried);
  });
}

void AttentionEmitter::storeOutput(ArrayRef<Value> output, Tile staging, const Matrix &to,
                                   Value first) {
  int64_t alignment = tiling.chunk * tiling.elementBytes;
  bool isWhole = to.length % tiling.rows == 0;
  awaitTiles();
  math->storeOutput(output, staging);
  g.barrier();
  forChunks(tiling.rows, [&](ArrayRef<Chunk> group) {
    for (const Chunk &chunk : group) {
      Value row = g.add(first, chunk.row);
      auto store = [&] {
        Value offset = g.add(g.mul(g.widen(row), to.stride), g.widen(chunk.column));
        g.store(g.load(chunkType(), chunkOf(staging, chunk), alignment),
                g.at(to.pointer, element, offset), alignment);
      };
      Chunk there = chunk;
      if (!isWhole) {
        Value isRow = g.less(row, g.i32(to.length));
        there.isThere =
            chunk.isThere ? arith::AndIOp::create(g.b, g.loc, chunk.isThere, isRow) : isRow;
      }
      whenThere(there, store);
    }
  });
}

//===--- rows of queries ---===//

AttentionEmitter::QueryRows AttentionEmitter::queryRows() {
  int64_t heads = shape.batch * shape.heads, group = shape.heads / shape.kvHeads;
  Value block = g.blockId(), pair = g.rem(block, heads);
  Value number = g.sub(g.i32(tiling.blocks / heads - 1), g.div(block, heads));
  Value head = g.rem(pair, shape.heads);
  return {g.div(pair, shape.heads), head, g.div(head, group), g.mul(number, tiling.rows)};
}

Value AttentionEmitter::visibleEnd(Value query) {
  Value all = g.i32(shape.keyLength);
  return shape.causal ? g.max(g.i32(0), g.min(g.add(query, shift() + 1), all)) : all;
}

SmallVector<Value> AttentionEmitter::visibleEnds(Value firstQuery) {
  SmallVector<Value> ends;
  for (unsigned slot = 0; slot < math->rowSlots(); ++slot)
    ends.push_back(visibleEnd(g.add(firstQuery, math->row(slot))));
  return ends;
}

Value AttentionEmitter::exp(Value x) {
  MathExpansion math(g.b, g.loc);
  return element.isBF16() ? math.approximateExp(x) : math.expOfWeight(x);
}

} // namespace tpc::codegen::gpu
