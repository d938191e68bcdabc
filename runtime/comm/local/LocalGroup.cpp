//===- LocalGroup.cpp - Ranks as threads of one process ---------------------------------------===//

#include "runtime/comm/local/LocalGroup.h"

#include "runtime/comm/AllToAll.h"
#include "runtime/comm/Reduce.h"
#include "runtime/comm/local/Barrier.h"
#include "runtime/comm/local/MeshGroups.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>

using namespace tpc;

namespace {

/// What the ranks of a group share.
struct Group {
  Group(int size, std::chrono::milliseconds timeout)
      : size(size), timeout(timeout), barrier(size), members(size) {}

  const int size;
  const std::chrono::milliseconds timeout;
  Barrier barrier;

  struct alignas(64) Member {
    /// A copy, because an aborted rank returns while others still look at what it called.
    CollectiveCall call;
    std::vector<CollectiveTensor> tensors;
    std::atomic<uint64_t> calls{0}; ///< that the rank has begun
  };
  std::vector<Member> members;

  void abort(const Status &status) {
    {
      std::lock_guard lock(mutex);
      if (reason.ok())
        reason = status;
    }
    barrier.abort();
  }
  Status abortReason() {
    std::lock_guard lock(mutex);
    return reason;
  }

private:
  std::mutex mutex;
  Status reason;
};

const std::byte *at(const void *base, int64_t bytes) {
  return static_cast<const std::byte *>(base) + bytes;
}
std::byte *at(void *base, int64_t bytes) { return static_cast<std::byte *>(base) + bytes; }

class LocalCommunicator final : public Communicator {
public:
  LocalCommunicator(std::shared_ptr<Group> group, int coordinate)
      : group_(std::move(group)), coordinate_(coordinate), inputs_(group_->size),
        outputs_(group_->size) {}

  int size() const override { return group_->size; }
  int coordinate() const override { return coordinate_; }
  void abort(const Status &reason) override { group_->abort(reason); }

  Status run(const CollectiveCall &call, Stream) override {
    Group::Member &self = group_->members[coordinate_];
    if (group_->barrier.aborted())
      return group_->abortReason();
    self.tensors.assign(call.tensors.begin(), call.tensors.end());
    self.call = call;
    self.call.tensors = self.tensors;
    self.calls.fetch_add(1, std::memory_order_relaxed);
    TPC_RETURN_IF_ERROR(meet(call));
    TPC_RETURN_IF_ERROR(checkAgreement());
    for (size_t i = 0; i < call.tensors.size(); ++i)
      switch (call.kind) {
      case CollectiveKind::AllReduce:
        allReduce(call, i);
        break;
      case CollectiveKind::AllGather:
        allGather(call.tensors[i], i);
        break;
      case CollectiveKind::ReduceScatter:
        reduceScatter(call, i);
        break;
      case CollectiveKind::AllToAll:
        allToAll(call.tensors[i], i);
      }
    return meet(call);
  }

private:
  Status meet(const CollectiveCall &call) {
    switch (group_->barrier.arriveAndWait(group_->timeout)) {
    case Barrier::Outcome::Passed:
      return Status();
    case Barrier::Outcome::Aborted:
      return group_->abortReason();
    case Barrier::Outcome::TimedOut:
      break;
    }
    std::string missing;
    uint64_t mine = group_->members[coordinate_].calls.load(std::memory_order_relaxed);
    for (int c = 0; c < group_->size; ++c)
      if (group_->members[c].calls.load(std::memory_order_relaxed) < mine)
        missing += (missing.empty() ? "" : ", ") + std::to_string(c);
    group_->abort(Status(Code::RankFailed,
                         "coordinate " + std::to_string(coordinate_) + " waited " +
                             std::to_string(group_->timeout.count()) + " ms in " + describe(call) +
                             " for coordinate " +
                             (missing.empty() ? "that did not finish it" : missing),
                         "--timeout sets how long ranks wait for each other"));
    return group_->abortReason();
  }

  /// All ranks look at all calls, so that all come to one verdict before any touches data.
  Status checkAgreement() {
    const CollectiveCall &first = group_->members[0].call;
    for (int c = 1; c < group_->size; ++c)
      if (const CollectiveCall &other = group_->members[c].call; !agree(first, other)) {
        Status status(Code::RankFailed, "ranks disagree: coordinate 0 runs " + describe(first) +
                                            ", and coordinate " + std::to_string(c) + " runs " +
                                            describe(other));
        group_->abort(status);
        return status;
      }
    return Status();
  }

  const CollectiveTensor &tensorOf(int coordinate, size_t i) const {
    return group_->members[coordinate].tensors[i];
  }

  void allReduce(const CollectiveCall &call, size_t i) {
    const CollectiveTensor &tensor = call.tensors[i];
    int64_t elements = tensor.outer * tensor.mid * tensor.inner;
    int64_t element = static_cast<int64_t>(byteSize(tensor.dtype));
    // Whole cache lines, so that two ranks never write one line.
    int64_t line = 64 / element;
    int64_t lines = (elements + line - 1) / line;
    int64_t chunk = (lines + group_->size - 1) / group_->size * line;
    int64_t begin = std::min(elements, coordinate_ * chunk);
    int64_t end = std::min(elements, begin + chunk);
    for (int c = 0; c < group_->size; ++c) {
      inputs_[c] = at(tensorOf(c, i).input, begin * element);
      outputs_[c] = at(tensorOf(c, i).output, begin * element);
    }
    reduceInto(tensor.dtype, call.reduce, inputs_, outputs_, static_cast<size_t>(end - begin));
  }

  void allGather(const CollectiveTensor &tensor, size_t i) {
    int64_t piece = tensor.mid * tensor.inner * static_cast<int64_t>(byteSize(tensor.dtype));
    for (int c = 0; c < group_->size; ++c)
      for (int64_t o = 0; o < tensor.outer; ++o)
        std::memcpy(at(tensor.output, (o * group_->size + c) * piece),
                    at(tensorOf(c, i).input, o * piece), static_cast<size_t>(piece));
  }

  void reduceScatter(const CollectiveCall &call, size_t i) {
    const CollectiveTensor &tensor = call.tensors[i];
    int64_t elements = tensor.mid * tensor.inner;
    int64_t piece = elements * static_cast<int64_t>(byteSize(tensor.dtype));
    for (int64_t o = 0; o < tensor.outer; ++o) {
      for (int c = 0; c < group_->size; ++c)
        inputs_[c] = at(tensorOf(c, i).input, (o * group_->size + coordinate_) * piece);
      void *output = at(tensor.output, o * piece);
      reduceInto(tensor.dtype, call.reduce, inputs_, {&output, 1}, static_cast<size_t>(elements));
    }
  }

  void allToAll(const CollectiveTensor &tensor, size_t i) {
    const AllToAllRuns runs = allToAllRuns(tensor, group_->size);
    for (int c = 0; c < group_->size; ++c)
      copyRuns(runs, tensorOf(c, i).input, c, tensor.output, coordinate_);
  }

  std::shared_ptr<Group> group_;
  const int coordinate_;
  std::vector<const void *> inputs_;
  std::vector<void *> outputs_;
};

} // namespace

std::vector<std::unique_ptr<Communicator>> tpc::makeLocalGroup(int size,
                                                               std::chrono::milliseconds timeout) {
  auto group = std::make_shared<Group>(size, timeout);
  std::vector<std::unique_ptr<Communicator>> communicators;
  for (int c = 0; c < size; ++c)
    communicators.push_back(std::make_unique<LocalCommunicator>(group, c));
  return communicators;
}

std::vector<std::vector<std::unique_ptr<Communicator>>>
tpc::makeLocalCommunicators(const Mesh &mesh, std::chrono::milliseconds timeout) {
  return makeGroupsOfMesh(mesh, [&](const std::vector<int64_t> &ranks) {
    return makeLocalGroup(static_cast<int>(ranks.size()), timeout);
  });
}
