//===- GuardedMemory.h - Memory that shows wrong accesses (--check-memory) --------------------===//
//
// Every buffer has an allocation of its own between two guards, instead of a place in an arena.
// Bytes are NaNs of every float type before the first and after the last use of a step, so that a
// value used outside its lifetime shows. A plan that is right gives the same bits as in arenas.
//
// Of the host's memory (GuardedPages.h) the guards are pages that nobody may touch; of a GPU's
// (GuardedAllocations.h) they are bytes that are looked at after each instruction.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/exec/BufferCells.h"
#include "runtime/exec/Observer.h"
#include "runtime/exec/RankMemory.h"

namespace tpc {

class GuardedMemory : public RankMemory, public ExecutionObserver {
public:
  /// Of the kind that the device has; it must outlive the memory.
  static Result<std::unique_ptr<GuardedMemory>> create(const PlanFile &plan, Device &device);

  Status beginStep(const plan::Entry &entry, int64_t step) override;
  Status after(const InstructionEvent &event) override;

protected:
  /// A NaN as bf16, f32 and f64, and an index far out of range as i32: repeated, in dead bytes.
  static constexpr uint16_t kPoison = 0x7FF7;

  explicit GuardedMemory(const PlanFile &plan) : plan_(plan), cells_(plan) {}

  /// Gives every cell zeroed memory between guards.
  virtual Status allocate() = 0;
  /// Where that memory begins.
  virtual std::byte *data(uint32_t cell) const = 0;
  virtual Status poison(uint32_t cell) = 0;
  /// Whether nobody has written into the guards of a cell.
  virtual Result<bool> isIntact(uint32_t cell) const = 0;

  PlanFile plan_;
  const BufferCells cells_;

private:
  std::map<const plan::Entry *, CellLifetimes> lifetimes_;
};

} // namespace tpc
