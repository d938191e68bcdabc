//===- ValueNumbers.h - The numbers by which a plan names values --------------------------===//
#pragma once

#include "compiler/schedule/Program.h"

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

} // namespace tpc
