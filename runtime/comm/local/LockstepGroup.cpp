//===- LockstepGroup.cpp - Ranks that one thread drives --------------------------------------===//
#include "runtime/comm/local/LockstepGroup.h"

#include "runtime/comm/AllToAll.h"
#include "runtime/comm/PartLaunches.h"
#include "runtime/comm/Reduce.h"
#include "runtime/comm/local/MeshGroups.h"

using namespace tpc;

namespace {

std::byte *at(void *base, int64_t bytes) { return static_cast<std::byte *>(base) + bytes; }

/// What the ranks of a group share.
class Group {
public:
  explicit Group(std::span<Device *const> devices) : members_(devices.size()) {
    for (size_t c = 0; c < devices.size(); ++c)
      members_[c].device = devices[c];
  }

  int size() const { return static_cast<int>(members_.size()); }

  void abort(const Status &reason) {
    if (reason_.ok())
      reason_ = reason;
  }

  Status call(int coordinate, const CollectiveCall &call, Stream stream) {
    TPC_RETURN_IF_ERROR(reason_);
    Member &self = members_[coordinate];
    if (self.called)
      return Status(Code::RankFailed, "coordinate " + std::to_string(coordinate) + " calls " +
                                          describe(call) + " before all ranks have called " +
                                          describe(self.call));
    self.called = true;
    self.tensors.assign(call.tensors.begin(), call.tensors.end());
    self.call = call;
    self.call.tensors = self.tensors;
    self.stream = stream;
    if (++arrived_ < members_.size())
      return Status();
    arrived_ = 0;
    for (Member &member : members_)
      member.called = false;
    return runForAll();
  }

private:
  struct Member {
    Device *device = nullptr;
    Stream stream;
    /// Where the rank is when it calls, and of the first member where the work is done.
    Event event;
    CollectiveCall call;
    std::vector<CollectiveTensor> tensors;
    bool called = false;
  };

  Status runForAll() {
    for (size_t c = 1; c < members_.size(); ++c)
      if (!agree(members_[0].call, members_[c].call))
        return Status(Code::RankFailed, "ranks disagree: coordinate 0 runs " +
                                            describe(members_[0].call) + ", and coordinate " +
                                            std::to_string(c) + " runs " +
                                            describe(members_[c].call));
    TPC_RETURN_IF_ERROR(gatherStreams());
    for (size_t i = 0; i < members_[0].tensors.size(); ++i)
      switch (members_[0].call.kind) {
      case CollectiveKind::AllReduce:
        TPC_RETURN_IF_ERROR(allReduce(i));
        break;
      case CollectiveKind::AllGather:
        TPC_RETURN_IF_ERROR(allGather(i));
        break;
      case CollectiveKind::ReduceScatter:
        TPC_RETURN_IF_ERROR(reduceScatter(i));
        break;
      case CollectiveKind::AllToAll:
        TPC_RETURN_IF_ERROR(allToAll(i));
      }
    return releaseStreams();
  }

  Status makeEvents() {
    for (Member &member : members_)
      if (!member.event.handle) {
        TPC_ASSIGN_OR_RETURN(member.event, member.device->createEvent(EventUse::Order));
      }
    return Status();
  }

  /// What comes on the first member's stream sees what all have done before.
  Status gatherStreams() {
    TPC_RETURN_IF_ERROR(makeEvents());
    const Member &first = members_[0];
    for (size_t c = 1; c < members_.size(); ++c) {
      TPC_RETURN_IF_ERROR(members_[c].device->record(members_[c].event, members_[c].stream));
      TPC_RETURN_IF_ERROR(first.device->wait(first.stream, members_[c].event));
    }
    return Status();
  }
  Status releaseStreams() {
    const Member &first = members_[0];
    if (members_.size() > 1)
      TPC_RETURN_IF_ERROR(first.device->record(first.event, first.stream));
    for (size_t c = 1; c < members_.size(); ++c)
      TPC_RETURN_IF_ERROR(members_[c].device->wait(members_[c].stream, first.event));
    return Status();
  }

  Status copy(const void *source, void *destination, const CopyShape &shape) {
    return members_[0].device->copy(members_[0].stream, source, destination, shape);
  }

  /// Reduces [outer] rows of `elements` elements. Rows of the inputs are `pitch` elements apart.
  Status reduce(size_t i, std::span<void *const> inputs, std::span<void *const> outputs,
                int64_t elements, int64_t pitch) {
    const CollectiveTensor &tensor = members_[0].tensors[i];
    auto element = static_cast<int64_t>(byteSize(tensor.dtype));
    if (members_.size() == 1 && inputs[0] == outputs[0])
      return Status();
    if (members_.size() == 1)
      return copy(inputs[0], outputs[0],
                  {.bytes = static_cast<size_t>(tensor.outer * elements * element)});
    if (tensor.kernel) {
      std::vector<void *> pointers(inputs.begin(), inputs.end());
      pointers.insert(pointers.end(), outputs.begin(), outputs.end());
      return members_[0].device->launch(members_[0].stream, *tensor.kernel, pointers);
    }
    if (!members_[0].device->isHostMemory())
      return Status(Code::InvalidInput, "the plan has no kernel for " + describe(members_[0].call),
                    "compile the model again with this version of tpc");
    for (int64_t row = 0; row < tensor.outer; ++row) {
      std::vector<const void *> from;
      std::vector<void *> to;
      for (void *input : inputs)
        from.push_back(at(input, row * pitch * element));
      for (void *output : outputs)
        to.push_back(at(output, row * elements * element));
      reduceInto(tensor.dtype, members_[0].call.reduce, from, to, static_cast<size_t>(elements));
    }
    return Status();
  }

  Status allReduce(size_t i) {
    std::vector<void *> inputs, outputs;
    for (const Member &member : members_) {
      inputs.push_back(const_cast<void *>(member.tensors[i].input));
      outputs.push_back(member.tensors[i].output);
    }
    const CollectiveTensor &tensor = members_[0].tensors[i];
    int64_t elements = tensor.mid * tensor.inner;
    return reduce(i, inputs, outputs, elements, elements);
  }

  Status reduceScatter(size_t i) {
    const CollectiveTensor &tensor = members_[0].tensors[i];
    const int64_t elements = tensor.mid * tensor.inner;
    const int64_t bytes = elements * static_cast<int64_t>(byteSize(tensor.dtype));
    std::vector<void *> inputs, outputs;
    for (const Member &member : members_) {
      inputs.push_back(const_cast<void *>(member.tensors[i].input));
      outputs.push_back(member.tensors[i].output);
    }
    if (tensor.kernel && !isLaunchedForEachPart(bytes))
      return reduce(i, inputs, outputs, elements, elements * size());
    for (void *&output : outputs) {
      TPC_RETURN_IF_ERROR(reduce(i, inputs, {&output, 1}, elements, elements * size()));
      for (void *&input : inputs)
        input = at(input, bytes);
    }
    return Status();
  }

  Status allGather(size_t i) {
    for (size_t from = 0; from < members_.size(); ++from) {
      const CollectiveTensor &tensor = members_[from].tensors[i];
      int64_t piece = tensor.mid * tensor.inner * static_cast<int64_t>(byteSize(tensor.dtype));
      for (const Member &to : members_)
        TPC_RETURN_IF_ERROR(copy(tensor.input,
                                 at(to.tensors[i].output, static_cast<int64_t>(from) * piece),
                                 {.bytes = static_cast<size_t>(piece),
                                  .rows = static_cast<size_t>(tensor.outer),
                                  .sourcePitch = static_cast<size_t>(piece),
                                  .destinationPitch = static_cast<size_t>(piece * size())}));
    }
    return Status();
  }

  Status allToAll(size_t i) {
    for (size_t from = 0; from < members_.size(); ++from)
      for (size_t to = 0; to < members_.size(); ++to)
        TPC_RETURN_IF_ERROR(copyRuns(members_[from].tensors[i], static_cast<int>(from),
                                     members_[to].tensors[i], static_cast<int>(to)));
    return Status();
  }

  /// What one rank sends another: rows along the longer one of the two indices, so that there are
  /// few copies.
  Status copyRuns(const CollectiveTensor &from, int sender, const CollectiveTensor &to,
                  int receiver) {
    const AllToAllRuns runs = allToAllRuns(from, size());
    const bool rowsAreMid = runs.mid >= runs.outer;
    const int64_t rows = rowsAreMid ? runs.mid : runs.outer;
    auto pitch = [&](const RunPlaces &places) {
      return static_cast<size_t>(rowsAreMid ? places.mid : places.outer);
    };
    auto start = [&](const RunPlaces &places, int peer, int64_t index) {
      return rowsAreMid ? places.at(peer, index, 0) : places.at(peer, 0, index);
    };
    for (int64_t index = 0; index < (rowsAreMid ? runs.outer : runs.mid); ++index)
      TPC_RETURN_IF_ERROR(
          copy(static_cast<const std::byte *>(from.input) + start(runs.input, receiver, index),
               at(to.output, start(runs.output, sender, index)),
               {.bytes = static_cast<size_t>(runs.bytes),
                .rows = static_cast<size_t>(rows),
                .sourcePitch = pitch(runs.input),
                .destinationPitch = pitch(runs.output)}));
    return Status();
  }

  std::vector<Member> members_;
  size_t arrived_ = 0;
  Status reason_;
};

class LockstepCommunicator final : public Communicator {
public:
  LockstepCommunicator(std::shared_ptr<Group> group, int coordinate)
      : group_(std::move(group)), coordinate_(coordinate) {}

  int size() const override { return group_->size(); }
  int coordinate() const override { return coordinate_; }
  Status run(const CollectiveCall &call, Stream stream) override {
    return group_->call(coordinate_, call, stream);
  }
  /// The one thread that calls has noticed by itself.
  void abort(const Status &reason) override { group_->abort(reason); }

private:
  std::shared_ptr<Group> group_;
  const int coordinate_;
};

} // namespace

std::vector<std::unique_ptr<Communicator>>
tpc::makeLockstepGroup(std::span<Device *const> devices) {
  auto group = std::make_shared<Group>(devices);
  std::vector<std::unique_ptr<Communicator>> communicators;
  for (size_t c = 0; c < devices.size(); ++c)
    communicators.push_back(std::make_unique<LockstepCommunicator>(group, static_cast<int>(c)));
  return communicators;
}

std::vector<std::vector<std::unique_ptr<Communicator>>>
tpc::makeLockstepCommunicators(const Mesh &mesh, std::span<Device *const> devices) {
  return makeGroupsOfMesh(mesh, [&](const std::vector<int64_t> &ranks) {
    std::vector<Device *> members;
    for (int64_t rank : ranks)
      members.push_back(devices[static_cast<size_t>(rank)]);
    return makeLockstepGroup(members);
  });
}
