//===- RunSession.h - All ranks of a plan in one process
//----------------------------------------===//
//
// Makes each rank's device, memory, communicators and executor, and runs steps with one thread per
// rank. The first failure of any rank stops all of them; what failed, where, and where the others
// were is one Status.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/comm/local/Barrier.h"
#include "runtime/exec/Executor.h"
#include "runtime/exec/FaultInjection.h"
#include "runtime/exec/Profile.h"

#include <functional>
#include <mutex>

namespace tpc {

/// Makes the device of one rank, with a pool of so many threads.
using DeviceFactory = std::function<Result<std::unique_ptr<Device>>(int threads)>;

struct SessionOptions {
  DeviceFactory makeDevice;
  int threadsPerRank = 0; ///< 0: the cores divided by the ranks
  std::chrono::milliseconds timeout = std::chrono::seconds(60); ///< how long ranks wait for others
  bool checkMemory = false;
  bool profile = false;
  std::optional<Fault> fault;
  /// Called when a rank has not stopped some seconds after a failure. Its thread can't be ended, so
  /// the program should be; if this returns, the session waits on.
  std::function<void(const Status &failure)> onStuck;
};

struct StepHooks {
  /// On each rank's thread, before its step: fills inputs and scalars.
  std::function<Status(int rank, int64_t step)> bind;
  /// On one thread after the step, while all ranks wait: any buffer of any rank may be read or
  /// written. Returns whether to go on with the next step.
  std::function<Result<bool>(int64_t step, double seconds)> done;
};

class RunSession {
public:
  static Result<std::unique_ptr<RunSession>> create(PlanFile plan, SessionOptions options);

  const PlanFile &plan() const { return plan_; }
  int numRanks() const { return static_cast<int>(ranks_.size()); }
  int threadsPerRank() const { return options_.threadsPerRank; }
  void *buffer(int rank, uint32_t index) const { return ranks_[rank]->memory->buffer(index); }
  /// Bytes that each rank allocated.
  uint64_t allocatedBytes() const { return ranks_[0]->memory->allocatedBytes(); }

  /// Must outlive the session.
  void addObserver(int rank, ExecutionObserver *observer);

  /// Calls `work(rank)` on a thread for every rank.
  Status onEveryRank(const std::function<Status(int rank)> &work);
  /// Loads the kernels of an entry.
  Status prepare(const plan::Entry &entry);
  /// Steps first, first + 1, ... of one entry.
  Status runSteps(const plan::Entry &entry, int64_t first, int64_t count, const StepHooks &hooks);

  Status writeProfile(const std::string &path) const;

private:
  struct Rank {
    std::unique_ptr<Device> device;
    std::unique_ptr<RankMemory> memory;
    std::vector<std::unique_ptr<Communicator>> communicators;
    std::unique_ptr<FaultInjector> faults;
    std::unique_ptr<Profile> profile;
    std::unique_ptr<Executor> executor;
    std::atomic<int64_t> step{0}; ///< that it is in; 0 between steps
  };

  RunSession(PlanFile plan, SessionOptions options);
  Status createRank(int rank, Profile::Clock::time_point origin);
  Status runRank(int rank, const plan::Entry &entry, int64_t first, int64_t count,
                 const StepHooks &hooks, bool &goOn);
  /// Records the first failure and wakes everybody.
  void fail(int rank, const plan::Entry *entry, Status status);
  std::string whereOthersWere(int rank, const plan::Entry &entry) const;
  Status runThreads(const plan::Entry *entry, const std::function<Status(int)> &work);

  PlanFile plan_;
  SessionOptions options_;
  std::vector<std::unique_ptr<Rank>> ranks_;
  Barrier stepBarrier_;
  std::atomic<bool> stopped_{false};
  std::mutex failureMutex_;
  Status failure_;
};

} // namespace tpc
