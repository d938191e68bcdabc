//===- GuardedAllocations.h - Guarded memory of a device -------------------------------------===//
//
// A GPU's memory has no pages small enough to guard every buffer, so a cell lies between bytes that
// are NaNs of every float type: who reads beyond it computes NaNs, and who writes there changes a
// guard, which is looked at after each instruction. What a write further away hit shows at the end
// of the step.
//
// A cell begins at an address that is, modulo what any library looks at, the one it has in its
// arena: products choose their algorithms by it, and so their bits.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/exec/GuardedMemory.h"

namespace tpc {

class GuardedAllocations final : public GuardedMemory {
public:
  GuardedAllocations(const PlanFile &plan, Device &device) : GuardedMemory(plan), device_(device) {}

  Status endStep(const plan::Entry &entry, int64_t step) override;

private:
  /// An allocation: guard, cell, guard.
  struct Guarded {
    std::byte *begin = nullptr;
    size_t front = 0; ///< bytes before the cell
    size_t bytes = 0; ///< in all
  };

  Status allocate() override;
  std::byte *data(uint32_t cell) const override {
    return allocations_[cell].begin + allocations_[cell].front;
  }
  Status poison(uint32_t cell) override;
  Result<bool> isIntact(uint32_t cell) const override;
  /// Writes NaNs over [begin, begin + bytes).
  Status fill(std::byte *begin, size_t bytes);

  Device &device_;
  std::vector<Guarded> allocations_; ///< by cell
};

} // namespace tpc
