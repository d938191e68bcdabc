//===- TensorCores.cpp - Products of bf16 tiles by mma.sync --------------------------------===//
//
// mma.m16n8k16: a warp multiplies a [16, 16] by b [16, 8]. Lane 4 g + t holds of the sum the rows g
// and g + 8 and the columns 2 t and 2 t + 1, of a the same of each 8 columns, of b the rows 2 t,
// 2 t + 1, and 8 further, of column g (PTX ISA, "Matrix Fragments for mma.m16n8k16"). ldmatrix
// brings four 8 x 8 matrices from shared memory into that form, transposed on request; lane l names
// row l mod 8 of matrix l / 8. A warp has 16 rows and all columns, so the weights of one
// product are the left operand of the next without leaving the registers.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/codegen/gpu/TileMath.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace tpc::codegen::gpu {

namespace {

class TensorCores final : public TileMath {
public:
  TensorCores(AttentionBuilder &g, const AttentionTiling &tiling)
      : TileMath(g, tiling, g.b.getF32Type(), 4) {
    Value thread = g.threadId();
    Value lane = g.rem(thread, kWarp);
    warpRow = g.mul(g.div(thread, kWarp), 16);
    twoT = g.mul(g.rem(lane, 4), 2);
    rows.push_back(g.add(warpRow, g.div(lane, 4)));
    rows.push_back(g.add(rows[0], 8));
    Value inMatrix = g.rem(lane, 8);
    Value bit3 = g.mul(g.rem(g.div(lane, 8), 2), 8), bit4 = g.mul(g.div(lane, 16), 8);
    lowBlock = g.add(inMatrix, bit3);
    highBlock = g.add(inMatrix, bit4);
    lowOffset = bit3;
    highOffset = bit4;
  }

  SmallVector<Value> scoreColumns() override {
    SmallVector<Value> columns;
    for (int64_t column = 0; column < tiling.columns; column += 8)
      for (int64_t i = 0; i < 2; ++i)
        columns.push_back(g.add(twoT, column + i));
    return columns;
  }

  Fragment scores(Tile a, Tile b) override {
    unsigned slots = static_cast<unsigned>(tiling.columns / 4);
    Fragment start(2 * slots, g.real(sum, 0));
    return g.loop(g.i32(0), g.i32(tiling.size), 16, start, [&](Value k, ValueRange carried) {
      Fragment sums(carried);
      Fragment left = loadMatrices(a, g.add(warpRow, lowBlock), g.add(k, highOffset), false);
      for (int64_t column = 0; column < tiling.columns; column += 16) {
        Fragment right = loadMatrices(b, g.add(highBlock, column), g.add(k, lowOffset), false);
        for (unsigned half = 0; half < 2; ++half)
          multiplyAdd(left, {right[2 * half], right[2 * half + 1]}, sums, slots,
                      static_cast<unsigned>(column / 4 + 2 * half));
      }
      return sums;
    });
  }

  Fragment addProduct(ArrayRef<Value> weights, Tile b, ArrayRef<Value> start) override {
    Fragment sums(start);
    unsigned slots = static_cast<unsigned>(tiling.columns / 4);
    for (int64_t k = 0; k < tiling.columns; k += 16) {
      Fragment left;
      for (unsigned eight = 0; eight < 2; ++eight)
        for (unsigned r = 0; r < 2; ++r) {
          const Value *pair = &weights[r * slots + static_cast<unsigned>(k / 4) + 2 * eight];
          left.push_back(roundPair(pair[0], pair[1]));
        }
      for (int64_t column = 0; column < tiling.size; column += 16) {
        Fragment right = loadMatrices(b, g.add(lowBlock, k), g.add(highOffset, column), true);
        for (unsigned half = 0; half < 2; ++half)
          multiplyAdd(left, {right[2 * half], right[2 * half + 1]}, sums, outputSlots(),
                      static_cast<unsigned>(column / 4 + 2 * half));
      }
    }
    return sums;
  }

  void storeOutput(ArrayRef<Value> output, Tile to) override {
    for (unsigned r = 0; r < 2; ++r)
      for (unsigned slot = 0; slot < outputSlots(); slot += 2) {
        const Value *pair = &output[r * outputSlots() + slot];
        g.store(roundPair(pair[0], pair[1]), address(to, rows[r], g.add(twoT, slot * 4)), 4);
      }
  }

private:
  unsigned outputSlots() const override { return static_cast<unsigned>(tiling.size / 4); }

  Type words(unsigned count, Type type) {
    return LLVM::LLVMStructType::getLiteral(g.b.getContext(), SmallVector<Type>(count, type));
  }
  Value field(Value of, int64_t i) { return LLVM::ExtractValueOp::create(g.b, g.loc, of, i); }

  Value roundPair(Value low, Value high) {
    Value pair =
        g.intrinsic("llvm.nvvm.ff2bf16x2.rn", VectorType::get({2}, g.b.getBF16Type()), {high, low});
    return LLVM::BitcastOp::create(g.b, g.loc, g.b.getI32Type(), pair);
  }

  /// Four 8 x 8 matrices; `row` and `column` are of the row that this lane names.
  Fragment loadMatrices(Tile tile, Value row, Value column, bool transposed) {
    Type word = g.b.getI32Type();
    Value all = g.intrinsic(transposed ? "llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.trans.b16.p3"
                                       : "llvm.nvvm.ldmatrix.sync.aligned.m8n8.x4.b16.p3",
                            words(4, word), address(tile, row, column));
    Fragment matrices;
    for (int64_t i = 0; i < 4; ++i)
      matrices.push_back(field(all, i));
    return matrices;
  }

  /// sums[both rows][slot, slot + 1] += left right
  void multiplyAdd(ArrayRef<Value> left, ArrayRef<Value> right, Fragment &sums, unsigned slots,
                   unsigned slot) {
    SmallVector<Value> arguments(left);
    arguments.append(right.begin(), right.end());
    unsigned at[] = {slot, slot + 1, slots + slot, slots + slot + 1};
    for (unsigned i : at)
      arguments.push_back(sums[i]);
    Value result = g.intrinsic("llvm.nvvm.mma.m16n8k16.row.col.bf16", words(4, sum), arguments);
    for (int64_t i = 0; i < 4; ++i)
      sums[at[i]] = field(result, i);
  }

  Value warpRow, twoT;
  /// Row and column offsets of the matrices that this lane names: `low` grows first.
  Value lowBlock, highBlock, lowOffset, highOffset;
};

} // namespace

std::unique_ptr<TileMath> tensorCores(AttentionBuilder &g, const AttentionTiling &tiling) {
  return std::make_unique<TensorCores>(g, tiling);
}

} // namespace tpc::codegen::gpu
