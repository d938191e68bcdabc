//===- TileMath.cpp - Fragments, and products by fused multiply-adds -----------------------===//
#include "compiler/codegen/gpu/TileMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace tpc::codegen::gpu {

//===--- fragments ---===//

Fragment TileMath::zeroOutput() { return Fragment(rowSlots() * outputSlots(), g.real(sum, 0)); }

Value TileMath::address(Tile tile, Value row, Value column) {
  Type element = tiling.tensorCores ? Type(g.b.getBF16Type()) : sum;
  return g.at(tile.pointer, element, g.add(g.mul(row, tile.pitch), column));
}

Value TileMath::sumOfRow(Value x) {
  for (unsigned mask = threadsOfRow / 2; mask; mask /= 2)
    x = g.add(x, g.shuffleXor(x, static_cast<int>(mask)));
  return x;
}

Value TileMath::maxOfRow(Value x) {
  for (unsigned mask = threadsOfRow / 2; mask; mask /= 2)
    x = arith::MaximumFOp::create(g.b, g.loc, x, g.shuffleXor(x, static_cast<int>(mask)));
  return x;
}

Value TileMath::isFirstOfRow() { return g.less(g.rem(g.threadId(), threadsOfRow), g.i32(1)); }

//===--- fused multiply-adds ---===//

namespace {

/// A row belongs to 16 threads. Row slots and score columns are interleaved over the threads, so
/// that neighbours read neighbouring rows, whose pitch keeps them in different banks; of the
/// output, a thread has chunks of up to 16 bytes. Operands are read in chunks of 16 bytes; what a
/// half-warp reads of the left one is one address.
class FusedMultiplyAdds final : public TileMath {
public:
  FusedMultiplyAdds(AttentionBuilder &g, const AttentionTiling &tiling, Type element)
      : TileMath(g, tiling, element, 16), perChunk(16 / tiling.elementBytes) {
    Value thread = g.threadId();
    x = g.rem(thread, 16);
    int64_t step = tiling.threads / 16;
    for (int64_t row = 0; row < tiling.rows; row += step)
      rows.push_back(g.add(g.div(thread, 16), row));
    for (outputChunk = perChunk; outputSlots() % outputChunk != 0;)
      outputChunk /= 2;
  }

  SmallVector<Value> scoreColumns() override {
    SmallVector<Value> columns;
    for (int64_t column = 0; column < tiling.columns; column += 16)
      columns.push_back(g.add(x, column));
    return columns;
  }

  Fragment scores(Tile a, Tile b) override {
    SmallVector<Value> columns = scoreColumns();
    Fragment start(rowSlots() * columns.size(), g.real(sum, 0));
    return g.loop(g.i32(0), g.i32(tiling.size), perChunk, start, [&](Value k, ValueRange carried) {
      Fragment sums(carried);
      SmallVector<Value> left, right;
      for (Value row : rows)
        left.push_back(loadChunk(a, row, k, perChunk));
      for (Value column : columns)
        right.push_back(loadChunk(b, column, k, perChunk));
      for (int64_t i = 0; i < perChunk; ++i)
        for (unsigned r = 0; r < left.size(); ++r)
          for (unsigned c = 0; c < right.size(); ++c) {
            Value &element = sums[r * right.size() + c];
            element = g.fma(extract(left[r], i), extract(right[c], i), element);
          }
      return sums;
    });
  }

  Fragment addProduct(ArrayRef<Value> weights, Tile b, ArrayRef<Value> start) override {
    // The 16 threads of a row exchange its weights through memory that no other warp touches.
    Tile exchange{g.sharedMemory(tiling.weights()), tiling.weightsPitch};
    SmallVector<Value> columns = scoreColumns();
    g.warpBarrier();
    for (unsigned r = 0; r < rowSlots(); ++r)
      for (unsigned c = 0; c < columns.size(); ++c)
        g.store(weights[r * columns.size() + c], address(exchange, rows[r], columns[c]),
                tiling.elementBytes);
    g.warpBarrier();
    return g.loop(g.i32(0), g.i32(tiling.columns), perChunk, start,
                  [&](Value k, ValueRange carried) {
                    Fragment sums(carried);
                    SmallVector<Value> left;
                    for (Value row : rows)
                      left.push_back(loadChunk(exchange, row, k, perChunk));
                    for (int64_t i = 0; i < perChunk; ++i)
                      addOuterProduct(left, i, b, g.add(k, i), sums);
                    return sums;
                  });
  }

  void storeOutput(ArrayRef<Value> output, Tile to) override {
    auto type = VectorType::get({outputChunk}, sum);
    for (unsigned r = 0; r < rowSlots(); ++r)
      for (unsigned slot = 0; slot < outputSlots(); slot += outputChunk) {
        Value chunk = LLVM::PoisonOp::create(g.b, g.loc, type);
        for (int64_t i = 0; i < outputChunk; ++i)
          chunk = LLVM::InsertElementOp::create(g.b, g.loc, chunk,
                                                output[r * outputSlots() + slot + i], g.i32(i));
        g.store(chunk, address(to, rows[r], outputColumn(slot)), outputChunk * tiling.elementBytes);
      }
  }

private:
  unsigned outputSlots() const override { return static_cast<unsigned>(tiling.size / 16); }
  Value outputColumn(unsigned slot) { return g.add(g.mul(x, outputChunk), slot * 16); }
  Value loadChunk(Tile tile, Value row, Value column, int64_t elements) {
    return g.load(VectorType::get({elements}, sum), address(tile, row, column),
                  elements * tiling.elementBytes);
  }
  Value extract(Value chunk, int64_t i) {
    return LLVM::ExtractElementOp::create(g.b, g.loc, chunk, g.i32(i));
  }
  void addOuterProduct(ArrayRef<Value> left, int64_t i, Tile b, Value k, Fragment &sums) {
    for (unsigned slot = 0; slot < outputSlots(); slot += outputChunk) {
      Value right = loadChunk(b, k, outputColumn(slot), outputChunk);
      for (unsigned r = 0; r < left.size(); ++r)
        for (int64_t j = 0; j < outputChunk; ++j) {
          Value &element = sums[r * outputSlots() + slot + j];
          element = g.fma(extract(left[r], i), extract(right, j), element);
        }
    }
  }

  int64_t perChunk, outputChunk;
  Value x; ///< which of its row's threads this is
};

} // namespace

std::unique_ptr<TileMath> fusedMultiplyAdds(AttentionBuilder &g, const AttentionTiling &tiling,
                                            Type element) {
  return std::make_unique<FusedMultiplyAdds>(g, tiling, element);
}

} // namespace tpc::codegen::gpu
