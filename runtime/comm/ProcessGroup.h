//===- ProcessGroup.h - The ranks of a run as processes -------------------------------------===//
//
// What a run needs when each of its ranks is a process of its own: communicators, to fail together,
// to meet, and to bring data to rank 0, which writes all files. Calls that move data are made by
// all ranks in the same order.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/comm/Communicator.h"

#include <chrono>
#include <functional>
#include <vector>

namespace tpc {

class ProcessGroup {
public:
  virtual ~ProcessGroup() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;
  /// Ranks on this machine, this one included.
  virtual int ranksOnThisMachine() const = 0;
  /// One per axis of the mesh; they live as long as the group.
  virtual std::vector<Communicator *> communicators() = 0;

  /// `explain` is called at most once, on any thread, when another rank fails or is lost: it gets
  /// what is known and returns what all calls of this rank fail with from then on. A failure that
  /// nobody has explained yet calls it before this returns.
  virtual void onFailure(std::function<Status(const Status &)> explain) = 0;
  /// Makes all pending and future calls of all ranks fail with `reason`; the first one counts.
  virtual void abort(const Status &reason) = 0;

  /// Waits for all ranks: for at most `timeout` until they come, then for as long as rank 0 needs
  /// in `atRoot`, which gets the largest value and says what all ranks get.
  virtual Result<int64_t> agree(int64_t value,
                                const std::function<Result<int64_t>(int64_t largest)> &atRoot,
                                std::chrono::milliseconds timeout) = 0;
  /// On rank 0 `visit` gets the bytes of each of `ranks`, in that order; they are gone after it
  /// returns. `mine` is what this rank has, if it is one of them.
  virtual Status
  gather(std::span<const int> ranks, std::span<const std::byte> mine,
         const std::function<Status(int rank, std::span<const std::byte> bytes)> &visit) = 0;
  /// On all ranks `bytes`, of one size, becomes what it is on rank 0.
  virtual Status broadcast(std::span<std::byte> bytes) = 0;
  /// The last meeting: afterwards ranks may end. Returns the largest value.
  virtual Result<int64_t> finish(int64_t value) = 0;
};

} // namespace tpc
