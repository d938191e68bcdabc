//===- Observer.h - Looking at instructions while they run ------------------------------------===//
//
// An executor tells its observers before and after every instruction. Memory checks, profiles,
// fault injection and the per-op verification are observers, so that the loop itself knows none of
// them.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/Device.h"
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
  Device &device;                  ///< whose memory that is
  Stream stream;                   ///< on which the instruction is enqueued
};

/// Called on the thread that drives the rank. A failure stops the run like a failing instruction.
class ExecutionObserver {
public:
  virtual ~ExecutionObserver() = default;

  /// How closely a step has to be run for this observer; the closest one counts.
  enum class Needs : uint8_t {
    Steps,        ///< the device may do a step as a whole, and then only steps are seen
    Instructions, ///< they are enqueued one by one
    Data,         ///< and each one is done before `after` is called
  };
  virtual Needs needs() const { return Needs::Data; }

  virtual Status beginStep(const plan::Entry &, int64_t /*step*/) { return Status(); }
  virtual Status before(const InstructionEvent &) { return Status(); }
  /// With Needs::Data the operands hold what the instruction left, and nothing has run since.
  virtual Status after(const InstructionEvent &) { return Status(); }
  /// All of the step is done.
  virtual Status endStep(const plan::Entry &, int64_t /*step*/) { return Status(); }
};

} // namespace tpc
