//===- NcclGroup.cpp - Rank processes, each with a GPU of its own --------------------------===//

#include "runtime/comm/nccl/NcclGroup.h"

#include "runtime/comm/nccl/NcclApi.h"
#include "runtime/comm/nccl/NcclCommunicator.h"

#include <algorithm>
#include <cstdlib>

using namespace tpc;
using namespace tpc::nccl;

namespace {

/// As many channels as one GPU's links need for their full speed; half of what NCCL may take.
constexpr int kDeterministicChannels = 16;

/// Each bounds the number of channels.
constexpr const char *kChannelVariables[] = {"NCCL_MIN_NCHANNELS", "NCCL_MAX_NCHANNELS",
                                             "NCCL_MIN_CTAS", "NCCL_MAX_CTAS"};

bool channelsAreGiven() {
  return std::ranges::any_of(kChannelVariables, [](const char *name) { return std::getenv(name); });
}

/// What changes how NCCL adds, or whether ranks understand each other, must agree.
void addVariables(std::vector<tcp::Agreed> &run) {
  auto add = [&](const char *name) {
    const char *value = std::getenv(name);
    run.push_back({name, value ? value : ""});
  };
  add("NCCL_ALGO");
  add("NCCL_PROTO");
  for (const char *name : kChannelVariables)
    add(name);
}

class NcclGroup final : public ProcessGroup {
public:
  NcclGroup(const NcclApi &api, std::unique_ptr<ProcessGroup> tcp,
            std::chrono::milliseconds timeout)
      : tcp_(std::move(tcp)), state_(api, *tcp_, timeout) {
    state_.onFailure({});
  }
  ~NcclGroup() override { state_.close(); }

  /// `channels`: 0 leaves their number to NCCL.
  Status connect(const Mesh &mesh, int channels);

  int rank() const override { return tcp_->rank(); }
  int size() const override { return tcp_->size(); }
  int ranksOnThisMachine() const override { return tcp_->ranksOnThisMachine(); }
  std::vector<Communicator *> communicators() override {
    std::vector<Communicator *> result;
    for (const std::unique_ptr<NcclCommunicator> &communicator : communicators_)
      result.push_back(communicator.get());
    return result;
  }
  void onFailure(std::function<Status(const Status &)> explain) override {
    state_.onFailure(std::move(explain));
  }
  void abort(const Status &reason) override { state_.abort(reason); }
  Result<int64_t> agree(int64_t value,
                        const std::function<Result<int64_t>(int64_t largest)> &atRoot,
                        std::chrono::milliseconds timeout) override {
    return tcp_->agree(value, atRoot, timeout);
  }
  Status
  gather(std::span<const int> ranks, std::span<const std::byte> mine,
         const std::function<Status(int rank, std::span<const std::byte> bytes)> &visit) override {
    return tcp_->gather(ranks, mine, visit);
  }
  Status broadcast(std::span<std::byte> bytes) override { return tcp_->broadcast(bytes); }
  Result<int64_t> finish(int64_t value) override { return tcp_->finish(value); }

private:
  std::unique_ptr<ProcessGroup> tcp_;
  NcclState state_;
  std::vector<std::unique_ptr<NcclCommunicator>> communicators_;
};

Status NcclGroup::connect(const Mesh &mesh, int channels) {
  const NcclApi &api = state_.api;
  ncclUniqueId id = {};
  if (rank() == 0)
    if (ncclResult_t result = api.getUniqueId(&id); result != ncclSuccess) {
      state_.abort(api.error(result, nullptr, Code::Unavailable, "make a unique id"));
      return state_.check();
    }
  TPC_RETURN_IF_ERROR(tcp_->broadcast(std::as_writable_bytes(std::span(id.internal))));

  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
  config.blocking = 0;
  config.commName = "tpc";
  if (channels)
    config.minCTAs = config.maxCTAs = channels;
  ncclComm_t world = nullptr;
  ncclResult_t result = api.commInitRankConfig(&world, size(), id, rank(), &config);
  if (world)
    state_.add(world);
  TPC_RETURN_IF_ERROR(state_.complete(world, result, Code::Unavailable,
                                      "connect " + std::to_string(size()) + " GPU(s)"));
  for (size_t i = 0; i < mesh.axes.size(); ++i) {
    const auto axis = static_cast<AxisId>(i);
    const auto coordinate = static_cast<int>(mesh.coordinate(rank(), axis));
    ncclComm_t comm = world;
    if (mesh.axes.size() > 1) {
      // The smallest rank of a line is its own and nobody else's.
      auto color = static_cast<int>(mesh.group(rank(), axis).front());
      TPC_ASSIGN_OR_RETURN(comm, state_.split(world, color, coordinate, config,
                                              "a communicator for axis " + mesh.axes[i].name));
    }
    communicators_.push_back(std::make_unique<NcclCommunicator>(
        state_, comm, static_cast<int>(mesh.axisSize(axis)), coordinate));
  }
  return Status();
}

} // namespace

Result<std::unique_ptr<ProcessGroup>> tpc::nccl::joinNcclGroup(NcclGroupOptions options) {
  tcp::BootstrapOptions &bootstrap = options.tcp.bootstrap;
  Result<const NcclApi *> api = options.api ? Result(options.api) : openNccl();
  // A rank without NCCL comes all the same, to say so to the others.
  if (!api.ok() && bootstrap.self.failure.ok())
    bootstrap.self.failure = api.status();
  int channels = 0;
  if (options.deterministic) {
    setenv("NCCL_ALGO", "Ring", 1);
    setenv("NCCL_PROTO", "Simple", 1);
    // A number that somebody has given is as fixed as ours.
    channels = channelsAreGiven() ? 0 : kDeterministicChannels;
  }
  std::vector<tcp::Agreed> &run = bootstrap.self.run;
  run.push_back({"NCCL", api.ok() ? (*api)->versionText() : ""});
  for (tcp::Agreed &library : options.libraries)
    run.push_back(std::move(library));
  addVariables(run);
  const Mesh mesh = bootstrap.mesh;
  const std::chrono::milliseconds timeout = bootstrap.timeout;
  TPC_ASSIGN_OR_RETURN(std::unique_ptr<ProcessGroup> tcp,
                       tcp::joinTcpGroup(std::move(options.tcp)));
  auto group = std::make_unique<NcclGroup>(**api, std::move(tcp), timeout);
  TPC_RETURN_IF_ERROR(group->connect(mesh, channels));
  return std::unique_ptr<ProcessGroup>(std::move(group));
}
