//===- RankProcesses.h - Starting the ranks of a run on this machine -------------------------===//
//
// Without a launcher `tpc run --comm tcp` starts the ranks itself: one small process that computes
// nothing starts one for each rank, passes signals on, and waits for all of them. It says what went
// wrong in one line, which names a rank that died and where it was. No rank outlives it: the kernel
// ends them with it, and a pipe tells them that it is gone.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/cli/RunCommand.h"
#include "runtime/comm/tcp/Socket.h"
#include "runtime/exec/Observer.h"

#include <atomic>
#include <limits>
#include <vector>

namespace tpc {

/// The signals that end a run after its step. A terminal that closes is one of them, unless who
/// started the program had that ignored, as nohup does.
std::vector<int> stopSignals();

/// What the processes share, in memory of all of them.
struct RankBoard {
  struct Rank {
    std::atomic<int64_t> step;         ///< that it is in, or was in last; 0: none yet
    std::atomic<uint32_t> instruction; ///< of that step
  };
  std::atomic<int> signal;  ///< that asks the run to stop
  std::atomic<bool> endNow; ///< it came again: the next one that a rank gets ends it
  Rank ranks[];
};

/// Notes on the board where a rank is.
class BoardObserver final : public ExecutionObserver {
public:
  explicit BoardObserver(RankBoard::Rank &rank) : rank_(rank) {}
  Needs needs() const override { return Needs::Steps; }
  Status beginStep(const plan::Entry &, int64_t step) override {
    // Until an instruction is seen, and of steps that are done as a whole.
    rank_.instruction.store(std::numeric_limits<uint32_t>::max(), std::memory_order_relaxed);
    rank_.step.store(step, std::memory_order_relaxed);
    return Status();
  }
  Status before(const InstructionEvent &event) override {
    rank_.instruction.store(event.index, std::memory_order_relaxed);
    rank_.step.store(event.step, std::memory_order_relaxed);
    return Status();
  }

private:
  RankBoard::Rank &rank_;
};

/// What a started process is.
struct StartedRank {
  int rank = 0;
  uint16_t port = 0;    ///< where rank 0 listens, on the loopback address
  tcp::Socket listener; ///< rank 0's
  int lifeline = -1;    ///< see TcpGroupOptions
  RankBoard *board = nullptr;
  /// Tells the starting process what failed, which says it.
  std::function<void(const Status &)> report;
};

struct RankProcessesOptions {
  int ranks = 1;
  /// What a rank's process does; its result is the run's.
  std::function<Result<int>(StartedRank)> run;
  /// "instruction 17 'h.0.mlp: linear'", for messages.
  std::function<std::string(uint32_t)> describe;
  ExitNow exitNow;
};

/// The signal that ended the run, or 0.
Result<int> runRankProcesses(const RankProcessesOptions &options);

} // namespace tpc
