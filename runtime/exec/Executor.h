//===- Executor.h - Enqueues the instructions of one rank -------------------------------------===//
//
// One rank, one entry at a time, in the plan's order, which is a valid order of all its streams. A
// Team drives it: several ranks may go through one step side by side.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/exec/Command.h"
#include "runtime/exec/Observer.h"

#include <atomic>
#include <limits>
#include <optional>

namespace tpc {

class Executor {
public:
  Executor(const PlanFile &plan, RankResources resources);

  /// Observers are told of the beginning in this order and of the end in reverse, so that the last
  /// one sees the instruction alone. They must outlive the executor.
  void addObserver(ExecutionObserver *observer) { observers_.push_back(observer); }
  ExecutionObserver::Needs needs() const;

  int rank() const { return resources_.rank; }
  Device &device() const { return resources_.device; }

  /// Makes the commands of an entry; beginStep does it when it has not been done.
  Status prepare(const plan::Entry &entry);

  // A step, in this order. Failures say "rank 1 failed in step 3 at instruction 7 ...".
  /// `origin`: the stream that all work of the step comes after, perhaps of another rank.
  Status beginStep(const plan::Entry &entry, int64_t step, Stream origin);
  Status issue(uint32_t index);
  /// Once all ranks of the team have issued it: only then a collective is enqueued whole. What
  /// waits for the instruction waits for this point, and the observers are told.
  Status complete(uint32_t index);
  Status endStep();
  /// The step is done as a whole, instead of instruction by instruction.
  void skipToEnd() { current_.store(kWholeStep, std::memory_order_relaxed); }

  /// What has become of the work that was enqueued.
  Result<bool> isIdle();
  /// The last instruction that is known to be done, of those that another one waits for; where work
  /// was enqueued one by one.
  std::optional<uint32_t> lastDone();
  /// "instruction 7 'fc: linear' of nn.linear at model.mlir:3:5"
  std::string describeInstruction(uint32_t index) const;

  static constexpr uint32_t kWholeStep = std::numeric_limits<uint32_t>::max();
  /// The instruction that was enqueued last, or kWholeStep; any thread may ask.
  uint32_t currentInstruction() const { return current_.load(std::memory_order_relaxed); }

  /// Of an instruction that was enqueued alone.
  Status failed(Status status, uint32_t index) const;

private:
  struct Step {
    Command command;
    Stream stream;
    std::vector<Event> waits;
    Event done; ///< null: nobody waits for it
  };

  Result<std::vector<Step>> makeSteps(const plan::Entry &entry);
  Status enqueue(const Step &step);
  Status execute(const Command &command, Stream stream);
  Status executeCopy(const CopyCommand &copy, const std::byte *source, std::byte *destination,
                     Stream stream);
  InstructionEvent eventOf(uint32_t index) const;
  Status failed(Status status) const;

  const PlanFile &plan_;
  RankResources resources_;
  KernelImages images_;
  std::vector<ExecutionObserver *> observers_;
  std::map<const plan::Entry *, std::vector<Step>> entries_;
  const plan::Entry *entry_ = nullptr; ///< of the step at hand
  const std::vector<Step> *steps_ = nullptr;
  int64_t step_ = 0;
  std::atomic<uint32_t> current_{0};
};

} // namespace tpc
