//===- GuardedPages.h - Guarded memory of the host -------------------------------------------===//
//
// A cell lies between two pages that nobody may touch, so that reading or writing beyond it is a
// fault, which is explained (GuardFault.h), or changes a canary in what is left of its pages.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/exec/GuardFault.h"
#include "runtime/exec/GuardedMemory.h"

namespace tpc {

class GuardedPages final : public GuardedMemory, public GuardedRange {
public:
  explicit GuardedPages(const PlanFile &plan) : GuardedMemory(plan) {}
  ~GuardedPages() override;

  Status before(const InstructionEvent &event) override;
  bool explain(const void *address, char *message, size_t size) const override;

private:
  struct Mapping {
    std::byte *begin = nullptr;
    size_t bytes = 0;
    std::byte *data = nullptr; ///< of the cell; what comes before it in its page is canary
  };

  Status allocate() override;
  std::byte *data(uint32_t cell) const override { return mappings_[cell].data; }
  Status poison(uint32_t cell) override;
  Result<bool> isIntact(uint32_t cell) const override;

  std::vector<Mapping> mappings_; ///< by cell
  /// What runs now, for explain.
  std::atomic<const plan::Instruction *> running_{nullptr};
  std::atomic<uint32_t> runningIndex_{0};
  std::atomic<int> rank_{0};
  GuardFaultScope faults_{this};
};

} // namespace tpc
