//===- Executor.h - Runs the instructions of one rank
//-------------------------------------------===//
//
// One thread, one rank, one entry at a time, in the plan's order, which is a valid order of all its
// streams.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/exec/Command.h"
#include "runtime/exec/Observer.h"

#include <atomic>

namespace tpc {

class Executor {
public:
  Executor(const PlanFile &plan, RankResources resources);

  /// Observers are told of the beginning in this order and of the end in reverse, so that the last
  /// one sees the instruction alone. They must outlive the executor.
  void addObserver(ExecutionObserver *observer) { observers_.push_back(observer); }

  /// Makes the commands of an entry; run does it when it has not been done.
  Status prepare(const plan::Entry &entry);
  /// One step. A failure names the instruction.
  Status run(const plan::Entry &entry, int64_t step);

  /// The instruction that runs now, or ran last; any thread may ask.
  uint32_t currentInstruction() const { return current_.load(std::memory_order_relaxed); }

private:
  Status execute(const Command &command);
  Status executeCopy(const CopyCommand &copy, const std::byte *source, std::byte *destination);
  Status runOne(const Command &command, const InstructionEvent &event);
  std::string describeFailure(const plan::Instruction &instruction, uint32_t index) const;

  const PlanFile &plan_;
  RankResources resources_;
  KernelImages images_;
  std::vector<ExecutionObserver *> observers_;
  std::map<const plan::Entry *, std::vector<Command>> commands_;
  std::atomic<uint32_t> current_{0};
};

} // namespace tpc
