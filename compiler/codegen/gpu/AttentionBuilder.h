//===- AttentionBuilder.h - A PTX entry, written op by op ----------------------------------===//
//
// Short names for what a kernel written by hand, in values, needs: numbers, memory, loops. Numbers
// within a block are i32; offsets into tensors are i64.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/gpu/GpuBuilder.h"

#include "llvm/ADT/STLFunctionalExtras.h"

namespace tpc::codegen::gpu {

/// A parameter of an entry that is a pointer to a tensor. No two of them overlap.
struct PointerParameter {
  bool isRead = true, isWritten = false;
};

class AttentionBuilder {
public:
  explicit AttentionBuilder(mlir::ModuleOp module)
      : module(module), b(module.getContext()), loc(b.getUnknownLoc()) {}

  /// Opens the entry `name` (runtime/device/kernel_abi.h) for blocks of `threads` threads, so many
  /// of which shall fit on a multiprocessor, and inserts behind what has been built before.
  void beginEntry(llvm::StringRef name, llvm::ArrayRef<PointerParameter> pointers, unsigned threads,
                  unsigned residentBlocks);
  void endEntry();
  mlir::Value pointer(unsigned number) { return entry.getArgument(number); }

  //===--- who computes ---===//

  mlir::Value threadId() { return gpu.threadId(); }
  mlir::Value blockId() { return gpu.blockId(); }
  void barrier() { gpu.barrier(); }
  /// All threads of the warp are here, and see what the others wrote to shared memory.
  void warpBarrier();
  mlir::Value shuffleXor(mlir::Value x, int mask) { return gpu.shuffleXor(x, mask); }

  //===--- memory ---===//

  /// The block's dynamic shared memory, from this byte on.
  mlir::Value sharedMemory(int64_t byteOffset = 0);
  /// `index` (i32 or i64) elements behind `pointer`.
  mlir::Value at(mlir::Value pointer, mlir::Type element, mlir::Value index);
  mlir::Value load(mlir::Type type, mlir::Value pointer, int64_t alignment);
  void store(mlir::Value value, mlir::Value pointer, int64_t alignment);
  /// Begins to copy 4, 8 or 16 bytes to shared memory; zeros if `isThere` is given and false.
  void copyAsync(mlir::Value from, mlir::Value to, int64_t bytes, mlir::Value isThere);
  /// This thread's copies have arrived.
  void awaitCopies() { intrinsic("llvm.nvvm.cp.async.wait.all", mlir::ValueRange{}); }

  //===--- numbers ---===//

  mlir::Value i32(int64_t value);
  mlir::Value i64(int64_t value);
  mlir::Value real(mlir::Type type, double value);
  mlir::Value add(mlir::Value x, mlir::Value y);
  mlir::Value add(mlir::Value x, int64_t y) { return y ? add(x, like(x, y)) : x; }
  mlir::Value sub(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, mlir::Value y);
  mlir::Value mul(mlir::Value x, int64_t y) { return y == 1 ? x : mul(x, like(x, y)); }
  /// Of numbers that are not negative.
  mlir::Value div(mlir::Value x, int64_t y);
  mlir::Value rem(mlir::Value x, int64_t y);
  mlir::Value min(mlir::Value x, mlir::Value y);
  mlir::Value max(mlir::Value x, mlir::Value y);
  /// Signed comparisons.
  mlir::Value less(mlir::Value x, mlir::Value y);
  mlir::Value lessEqual(mlir::Value x, mlir::Value y) { return less(x, add(y, 1)); }
  mlir::Value widen(mlir::Value x); ///< i32 to i64
  mlir::Value select(mlir::Value condition, mlir::Value x, mlir::Value y);
  mlir::Value fma(mlir::Value x, mlir::Value y, mlir::Value z);

  //===--- control ---===//

  using LoopBody =
      llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value, mlir::ValueRange)>;
  /// for (i = lower; i < upper; i += step), of i32, with values carried from turn to turn.
  llvm::SmallVector<mlir::Value> loop(mlir::Value lower, mlir::Value upper, int64_t step,
                                      mlir::ValueRange carried, LoopBody body);
  void when(mlir::Value condition, llvm::function_ref<void()> body);

  mlir::Value intrinsic(llvm::StringRef name, mlir::Type result, mlir::ValueRange arguments);
  void intrinsic(llvm::StringRef name, mlir::ValueRange arguments);

  mlir::ModuleOp module;
  mlir::OpBuilder b;
  mlir::Location loc;

private:
  mlir::Value like(mlir::Value x, int64_t value);

  GpuBuilder gpu{b, loc};
  mlir::LLVM::LLVMFuncOp entry;
};

} // namespace tpc::codegen::gpu
