//===- SumEmitter.cpp - Second stages of sums on GPUs --------------------------------------===//
#include "compiler/codegen/gpu/SumEmitter.h"

using namespace mlir;

namespace tpc::codegen {

Value SumEmitter::sumOf(Value first, int64_t end, int64_t step,
                        llvm::function_ref<Value(Value)> part) {
  Value sum = zero(b.getF64Type());
  carriedLoop(first, index(end), step, {&sum},
              [&](Value i) { sum = addReal(sum, rounded(part(i), b.getF64Type())); });
  return sum;
}

void SumEmitter::emitRowSums() {
  begin();
  Type wide = b.getF64Type();
  constexpr unsigned slices = kSumThreads / kSumBlockColumns;
  int64_t columns = graph.domain().columns;
  Value inSlice = gpu.toIndex(arith::AndIOp::create(b, loc, thread, gpu.word(kWarp - 1)));
  Value slice = gpu.toIndex(arith::ShRUIOp::create(b, loc, thread, gpu.word(5)));
  Value column = addIndex(mulIndex(gpu.toIndex(block), kSumBlockColumns), inSlice);
  Value counts = compare(arith::CmpIPredicate::slt, column, index(columns));
  Value readable = minIndex(column, index(columns - 1));
  Value isFirst = compare(arith::CmpIPredicate::eq, slice, index(0));
  Value workspace = pointer(FunctionOperand::Workspace, 0);
  for (auto [number, store] : llvm::enumerate(graph.stores())) {
    if (store.kind != Store::SumRows)
      continue;
    int64_t offset = tiling.sumOffset[number];
    Type type = store.value.getType();
    Value sum = sumOf(slice, tiling.sumBlocks, slices, [&](Value rowBlock) {
      return loadElement(workspace, type, addIndex(mulIndex(rowBlock, columns), readable), offset);
    });
    gpu.barrier(); // the sums of the store before have been read
    Value mine = addIndex(mulIndex(slice, kSumBlockColumns), inSlice);
    LLVM::StoreOp::create(b, loc, sum, sharedAt(wide, mine));
    gpu.barrier();
    guarded(both(counts, isFirst), [&, &store = store] {
      Lanes parts;
      for (unsigned i = 0; i < slices; ++i)
        parts.push_back(LLVM::LoadOp::create(
            b, loc, wide, sharedAt(wide, addIndex(inSlice, index(i * kSumBlockColumns)))));
      Value whole = rounded(joinHalves(ReduceKind::Sum, parts), resultType(store.result));
      storeElement(whole, resultPointer(store.result), resultType(store.result), column);
    });
  }
}

void SumEmitter::emitTotals() {
  begin();
  Value isFirst = compare(arith::CmpIPredicate::eq, thread, gpu.word(0));
  for (auto [number, store] : llvm::enumerate(graph.stores())) {
    if (store.kind != Store::SumAll)
      continue;
    int64_t offset = tiling.sumOffset[number];
    Value sum = sumOf(gpu.toIndex(thread), tiling.blocks, kTotalThreads, [&](Value part) {
      return loadElement(pointer(FunctionOperand::Workspace, 0), b.getF64Type(), part, offset);
    });
    sum = sumOfBlock(sum);
    guarded(isFirst, [&, &store = store] { storeTotal(sum, store); });
  }
}

} // namespace tpc::codegen
