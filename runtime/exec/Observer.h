//===- Observer.h - Looking at instructions while they run
//-------------------------------------===//
//
// An executor tells its observers before and after every instruction. Memory checks, profiles,
// fault injection and the per-op verification are observers, so that the loop itself knows none of
// them.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/plan/plan_generated.h"
#include "runtime/support/Status.h"

#include <cstdint>
#include <span>

namespace tpc {

struct InstructionEvent {
  int rank;
  int64_t step; ///< 1 is the first
  const plan::Entry &entry;
  const plan::Instruction &instruction;
  uint32_t index;                  ///< of the instruction in the entry
  std::span<void *const> operands; ///< where each operand slice begins, on this rank
};

/// Called on the rank's thread. A failure stops the run like a failing instruction.
class ExecutionObserver {
public:
  virtual ~ExecutionObserver() = default;
  virtual Status beginStep(const plan::Entry &, int64_t /*step*/) { return Status(); }
  virtual Status before(const InstructionEvent &) { return Status(); }
  /// The operands hold what the instruction left, and nothing has run since.
  virtual Status after(const InstructionEvent &) { return Status(); }
};

} // namespace tpc
