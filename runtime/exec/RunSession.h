//===- RunSession.h - The ranks of a plan that live in one process ----------------------------===//
//
// Makes each rank's device, memory, communicators and executor, and runs steps with one thread for
// each rank, or one for all of them (Team.h). All ranks live in this process, or one of them does,
// and a ProcessGroup connects it with the others. The first failure of any rank stops all of them;
// what failed, where, and where the others were is one Status.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/comm/ProcessGroup.h"
#include "runtime/comm/local/Barrier.h"
#include "runtime/exec/FaultInjection.h"
#include "runtime/exec/Profile.h"
#include "runtime/exec/Team.h"

#include <functional>
#include <mutex>

namespace tpc {

class GuardedMemory;

/// Makes the device of one rank, with a pool of so many threads.
using DeviceFactory = std::function<Result<std::unique_ptr<Device>>(int threads)>;

struct SessionOptions {
  DeviceFactory makeDevice;
  /// Null: all ranks live in this process. The session ends the group before it frees memory:
  /// communicators may use the buffers of their collectives until they have ended.
  std::unique_ptr<ProcessGroup> processes = nullptr;
  /// One thread drives all ranks that live here; else each has a thread of its own.
  bool lockstep = false;
  int threadsPerRank = 0; ///< 0: the cores divided by the ranks
  std::chrono::milliseconds timeout =
      std::chrono::seconds(60); ///< how long ranks wait for others, and the host for a device
  /// Of every rank that lives here, told before all others. Must outlive the session.
  std::vector<ExecutionObserver *> observers;
  bool checkMemory = false;
  bool profile = false;
  std::optional<Fault> fault;
  /// Called when a rank, or what it enqueued, has not stopped some seconds after a failure. It
  /// can't be ended, so the program should be; if this returns, the session waits on.
  std::function<void(const Status &failure)> onStuck;
};

struct StepHooks {
  /// On the thread that drives the rank, before its step: fills inputs and scalars.
  std::function<Status(int rank, int64_t step)> bind;
  /// In every process after the step: the signal that asks to end the run, or 0. If one process is
  /// asked, the run ends for all of them.
  std::function<int()> stop;
  /// On one thread of rank 0's process after the step, while all ranks wait: any buffer of any rank
  /// of this process may be read or written. Returns whether to go on with the next step.
  std::function<Result<bool>(int64_t step, double seconds)> done;
  /// On the thread that drives the rank after that.
  std::function<Status(int rank, int64_t step)> check;
};

class RunSession {
public:
  /// If it fails, so has the group of processes, for all ranks.
  static Result<std::unique_ptr<RunSession>> create(PlanFile plan, SessionOptions options);
  ~RunSession();

  const PlanFile &plan() const { return plan_; }
  int numRanks() const { return static_cast<int>(ranks_.size()); }
  /// The ranks that live in this process, ascending.
  std::span<const int> hostedRanks() const { return hosted_; }
  /// Whether rank 0 lives here: this process writes all files.
  bool isRoot() const { return hosted_[0] == 0; }
  int threadsPerRank() const { return options_.threadsPerRank; }
  /// Of a rank that lives here: where it lies on its device.
  void *buffer(int rank, uint32_t index) const { return ranks_[rank]->memory->buffer(index); }
  Device &device(int rank) const { return *ranks_[rank]->device; }
  /// Between steps, or in an observer of the rank: what a buffer holds, seen from the host, and new
  /// contents for it (HostAccess.h).
  Status read(int rank, uint32_t index, const std::function<Status(const void *)> &visit) const;
  Status write(int rank, uint32_t index, const std::function<Status(void *)> &fill) const;
  /// Bytes that each rank allocated.
  uint64_t allocatedBytes() const { return ranks_[hosted_[0]]->memory->allocatedBytes(); }

  /// Between steps and in StepHooks::bind, on the thread of the rank: new contents for an input, a
  /// scalar, the step number or the seed. They are copied to the device together, and the host does
  /// not wait for it (StepInputs.h).
  Status writeInput(int rank, uint32_t index, const std::function<Status(void *)> &fill) const {
    return ranks_[rank]->inputs->write(index, fill);
  }
  /// Host memory that all ranks of this process reserved for that.
  uint64_t stagedBytes() const;

  /// Must outlive the session.
  void addObserver(int rank, ExecutionObserver *observer);

  /// Calls `work(rank)` on a thread for every rank.
  Status onEveryRank(const std::function<Status(int rank)> &work);
  /// Loads the kernels of an entry.
  Status prepare(const plan::Entry &entry);
  /// Steps first, first + 1, ... of one entry.
  Status runSteps(const plan::Entry &entry, int64_t first, int64_t count, const StepHooks &hooks);
  /// The signal that ended runSteps, or 0.
  int stoppedBy() const { return stoppedBy_; }

  /// Shows the process of rank 0 a buffer of each of `ranks`, in that order; `data` is gone after
  /// `visit` returns. Between steps; every process calls it, and in the same order as any other
  /// call of this kind.
  Status gather(uint32_t buffer, std::span<const int> ranks,
                const std::function<Status(int rank, const void *data)> &visit) const;
  /// Of all ranks, into one file; every process calls it.
  Status writeProfile(const std::string &path) const;
  /// The last meeting of all processes, after which they may end. Returns the largest value.
  Result<int64_t> finish(int64_t value) const;
  /// Between steps: what this process fails with; the others then fail, too.
  void abort(const Status &reason) const;

private:
  struct Rank {
    std::unique_ptr<Device> device;
    std::unique_ptr<RankMemory> memory;
    std::unique_ptr<StepInputs> inputs;
    GuardedMemory *guarded = nullptr;          ///< that the memory is, if it is checked
    std::vector<Communicator *> communicators; ///< one per axis
    std::unique_ptr<FaultInjector> faults;
    std::unique_ptr<Profile> profile;
    std::unique_ptr<Executor> executor;
    std::atomic<int64_t> step{0}; ///< that it is in; 0 between steps
  };

  using Ranks = std::span<const int>;

  RunSession(PlanFile plan, SessionOptions options);
  Status open();
  Status checkHostMemory() const;
  Status checkDeviceMemory() const;
  Status createDevice(int rank);
  Status createMemory(int rank);
  void connectRanks();
  void createExecutor(int rank, Profile::Clock::time_point origin);
  void makeTeams();
  Status runTeam(size_t team, const plan::Entry &entry, int64_t first, int64_t count,
                 const StepHooks &hooks);
  Status endStep(int rank, int64_t step, std::chrono::steady_clock::time_point start,
                 const StepHooks &hooks);
  /// Waits for the ranks of other processes.
  Status meet() const;
  /// Records the first failure and wakes everybody.
  void fail(Ranks ranks, const plan::Entry *entry, Status status);
  /// Returns when nothing runs on the devices of the ranks any more: what runs there uses memory
  /// and graphs, which can't be freed before. If that never comes, onStuck is called.
  void quiesce(Ranks ranks);
  /// What the run has failed with, if it has.
  Status failure();
  /// What this process says of the failure of a rank of another one.
  Status explain(const Status &failure);
  std::string whereOthersWere(Ranks ranks, const plan::Entry &entry) const;
  /// Calls `work(i)` on a thread for each of some groups of ranks.
  Status runThreads(const plan::Entry *entry, std::span<const std::vector<int>> groups,
                    const std::function<Status(size_t)> &work);

  PlanFile plan_;
  SessionOptions options_;
  std::vector<std::vector<std::unique_ptr<Communicator>>> local_;
  std::vector<int> hosted_;
  std::vector<std::vector<int>> single_;     ///< each of them alone
  std::vector<std::unique_ptr<Rank>> ranks_; ///< null: lives in another process
  std::vector<std::vector<int>> teamRanks_;
  std::vector<std::unique_ptr<Team>> teams_;
  Barrier stepBarrier_; ///< of the teams
  bool goOn_ = true;
  int stoppedBy_ = 0;
  std::atomic<const plan::Entry *> running_{nullptr};
  std::atomic<bool> stopped_{false};
  std::mutex failureMutex_;
  Status failure_;
};

} // namespace tpc
