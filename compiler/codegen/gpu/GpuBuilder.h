//===- GpuBuilder.h - Threads, warps and shared memory of a GPU ------------------------------===//
//
// What kernels for GPUs need beyond arithmetic, as few operations on values: who a thread is, what
// the threads of a warp tell each other, and the memory that a block shares.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

namespace tpc::codegen {

constexpr unsigned kWarp = 32;

/// Address spaces of pointers, as NVPTX numbers them.
constexpr unsigned kGlobalSpace = 1, kSharedSpace = 3;

class GpuBuilder {
public:
  GpuBuilder(mlir::OpBuilder &builder, mlir::Location loc) : b(builder), loc(loc) {}

  mlir::Value threadId(); ///< i32
  mlir::Value blockId();  ///< i32
  mlir::Value word(int64_t value);
  /// A non-negative i32 as an index.
  mlir::Value toIndex(mlir::Value word);

  /// All threads of the block have come here, and see each other's writes.
  void barrier();
  /// The value of the thread whose number in the warp differs in the bits `mask`: i32, f32 or f64.
  /// All threads of the warp take part.
  mlir::Value shuffleXor(mlir::Value value, int mask);
  /// Which threads of the warp say yes: bit i is thread i.
  mlir::Value ballot(mlir::Value condition);

  /// Opens the function of a kernel: `types` are its parameters. The builder then stands in it. A
  /// thread may have as many registers as so many blocks at a time leave it; 0: as the assembler
  /// sees fit, which spares registers.
  mlir::LLVM::LLVMFuncOp openKernel(mlir::ModuleOp module, llvm::StringRef name,
                                    llvm::ArrayRef<mlir::Type> types, unsigned threads,
                                    unsigned blocksAtATime = 0);
  /// The memory that the launch gives each block; declared once a function.
  mlir::Value sharedMemory(mlir::ModuleOp module, llvm::StringRef function);

private:
  mlir::OpBuilder &b;
  mlir::Location loc;
};

} // namespace tpc::codegen
