//===- EmitEntry.h - The instructions of one entry ----------------------------------------===//
#pragma once

#include "algebra/Cost.h"
#include "compiler/emit/KernelTable.h"
#include "compiler/memory/MemoryPlan.h"

namespace tpc {

/// Numbers the results of the ops of an entry in order; views, and further reads of a symbol, have
/// the number of what they show. So `value` in a plan can be found again in its scheduled IR.
class ValueNumbers {
public:
  explicit ValueNumbers(nn::EntryOp entry);

  uint32_t operator[](mlir::Value value) const { return numbers.at(rootOf(value)); }
  /// A number of its own, for bytes that no SSA value stands for: scratch memory, copies.
  uint32_t fresh() { return count++; }

private:
  llvm::DenseMap<mlir::Value, uint32_t> numbers;
  uint32_t count = 0;
};

/// Scratch memory of a step in bytes.
uint64_t workspaceBytes(mlir::Operation *step, const KernelTable &kernels);

/// Fails with an emitted error where a step has no form in a plan.
mlir::FailureOr<std::unique_ptr<plan::EntryT>>
emitEntry(nn::EntryOp entry, const MemoryPlan &memory, const KernelTable &kernels, const Mesh &mesh,
          const Hardware &hardware);

} // namespace tpc
