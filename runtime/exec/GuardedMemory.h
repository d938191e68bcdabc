//===- GuardedMemory.h - Memory that shows wrong accesses (--check-memory)
//----------------------===//
//
// Every buffer has an allocation of its own between two pages that nobody may touch, instead of a
// place in an arena, so that reading or writing beyond it is a fault or a changed canary. Bytes are
// NaNs of every float type before the first and after the last use of a step, so that a value used
// outside its lifetime shows. A plan that is right gives the same bits as in arenas.
//
// Buffers through which one value is written and read are views of the same bytes, and stay
// together.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/exec/GuardFault.h"
#include "runtime/exec/Observer.h"
#include "runtime/exec/RankMemory.h"

#include <map>

namespace tpc {

class GuardedMemory final : public RankMemory, public ExecutionObserver, public GuardedRange {
public:
  static Result<std::unique_ptr<GuardedMemory>> create(const PlanFile &plan);
  ~GuardedMemory() override;

  Status beginStep(const plan::Entry &entry, int64_t step) override;
  Status before(const InstructionEvent &event) override;
  Status after(const InstructionEvent &event) override;
  bool explain(const void *address, char *message, size_t size) const override;

private:
  /// Consecutive bytes of an arena that hold one buffer and its views.
  struct Cell {
    uint32_t arena;
    uint64_t begin, end;
    std::byte *mapping = nullptr;
    size_t mappedBytes = 0;
    std::byte *data = nullptr; ///< of byte `begin`; what comes before it in its page is canary

    size_t bytes() const { return end - begin; }
  };
  /// Per entry: which cells live within a step only, and after which instruction they are dead.
  struct Lifetimes {
    std::vector<uint32_t> scratch;
    std::multimap<uint32_t, uint32_t> lastUse; ///< instruction -> cell
  };

  explicit GuardedMemory(const PlanFile &plan) : plan_(plan) {}
  void groupBuffers();
  Status map();
  Lifetimes lifetimesOf(const plan::Entry &entry) const;
  bool canariesIntact(const Cell &cell) const;

  PlanFile plan_;
  std::vector<Cell> cells_;
  std::vector<uint32_t> cellOf_; ///< by buffer
  std::map<const plan::Entry *, Lifetimes> lifetimes_;
  /// What runs now, for explain.
  std::atomic<const plan::Instruction *> running_{nullptr};
  std::atomic<uint32_t> runningIndex_{0};
  std::atomic<int> rank_{0};
  GuardFaultScope faults_{this};
};

} // namespace tpc
