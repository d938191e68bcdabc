//===- NcclCommunicator.h - The collectives of one axis between GPUs -----------------------===//
//
// Communicators are non-blocking: a call that NCCL has not finished says so, and is asked again
// until it has, until it fails, or until the group has failed elsewhere. One thread, that which
// issues the rank's instructions, makes all calls into NCCL but the aborts, and makes none after
// it has started them: an abort is safe only while nobody else is inside.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/comm/Communicator.h"
#include "runtime/comm/ProcessGroup.h"
#include "runtime/comm/nccl/NcclApi.h"
#include "runtime/comm/nccl/NcclSteps.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <mutex>

namespace tpc::nccl {

/// What the communicators of a rank share: NCCL, and how everything ends.
class NcclState {
public:
  /// `group` tells the other ranks; it must outlive this.
  NcclState(const NcclApi &api, ProcessGroup &group, std::chrono::milliseconds timeout)
      : api(api), timeout(timeout), group_(group) {}

  /// Asks `comm` until what it does is done. The status blames this rank with `code`, or is what
  /// the group has failed with.
  Status complete(ncclComm_t comm, ncclResult_t result, Code code, const std::string &what);
  /// Ok unless the group has failed, whose communicators are then aborted; for the issuing thread.
  Status check();

  /// See ProcessGroup.
  void abort(const Status &reason);
  void onFailure(std::function<Status(const Status &)> explain);

  /// Children after their parents.
  void add(ncclComm_t comm) { comms_.push_back(comm); }
  /// The communicator of those ranks of `parent` that give the same color, ordered by key. It is
  /// added; the messages call it `name`.
  Result<ncclComm_t> split(ncclComm_t parent, int color, int key, ncclConfig_t &config,
                           const std::string &name);
  /// Ends all communicators, in peace if nothing has failed. Nothing holds a graph of their
  /// collectives any more.
  void close();

  const NcclApi &api;
  const std::chrono::milliseconds timeout;

private:
  /// Keeps the first failure.
  void note(const Status &failure);
  /// Starts all aborts, each in a thread of its own: each waits for the GPU, where the kernels of
  /// the communicators wait for each other, and for the graphs that hold its collectives to be
  /// destroyed (`localPersistentRefs` in NCCL's init.cc), which its caller would never come to.
  void abortAll();

  /// A split that is under way. A thread of NCCL's own writes what it made, when the split ends or
  /// is aborted, by when the caller may have gone on.
  struct Split {
    ncclComm_t parent;
    ncclComm_t made = nullptr;
  };

  ProcessGroup &group_;
  std::vector<ncclComm_t> comms_;
  std::shared_ptr<Split> split_;
  std::vector<std::future<void>> aborts_;
  std::atomic<bool> failed_{false};
  std::mutex mutex_;
  Status failure_;
};

class NcclCommunicator final : public Communicator {
public:
  NcclCommunicator(NcclState &state, ncclComm_t comm, int size, int coordinate)
      : state_(state), comm_(comm), size_(size), coordinate_(coordinate) {}

  int size() const override { return size_; }
  int coordinate() const override { return coordinate_; }
  Status run(const CollectiveCall &call, Stream stream) override;
  Status check() override;
  void abort(const Status &reason) override { state_.abort(reason); }

private:
  /// One call to NCCL, or a message in both directions.
  ncclResult_t enqueue(const CollectiveCall &call, const NcclStep &step, cudaStream_t stream);

  NcclState &state_;
  const ncclComm_t comm_;
  const int size_, coordinate_;
};

} // namespace tpc::nccl
