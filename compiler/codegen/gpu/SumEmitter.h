//===- SumEmitter.h - Second stages of sums on GPUs ----------------------------------------===//
#pragma once

#include "compiler/codegen/gpu/LaneEmitter.h"

namespace tpc::codegen {

/// Adds what the blocks of a kernel have left in its workspace, in an order of their number alone,
/// in f64.
class SumEmitter final : LaneEmitter {
public:
  using LaneEmitter::LaneEmitter;

  /// A block per 32 columns: each warp adds every 32nd block's sums, then the warps' are added.
  void emitRowSums();
  /// One block.
  void emitTotals();

private:
  /// The sum over i = first, first + step, ... below the end, of `part(i)`.
  mlir::Value sumOf(mlir::Value first, int64_t end, int64_t step,
                    llvm::function_ref<mlir::Value(mlir::Value)> part);
};

} // namespace tpc::codegen
