//===- NcclOnGpus.cpp - The suite over NCCL between real GPUs ---------------------------------===//
//
// Each rank is a thread with a GPU of its own. Without GPUs all of it is skipped, by name.
//
//===---------------------------------------------------------------------------------------===//

#include "CommunicatorConformance.h"
#include "NcclExceptions.h"
#include "TcpGroups.h"

#include "runtime/comm/nccl/NcclApi.h"
#include "runtime/comm/nccl/NcclGroup.h"
#include "runtime/device/cuda/CudaBackend.h"

#include <thread>

using namespace tpc;
using namespace tpc::test;
using namespace std::chrono_literals;

namespace {

/// A rank: its GPU, its group, and buffers on the GPU for those of the host.
struct Rank {
  std::unique_ptr<CudaBackend> backend;
  std::unique_ptr<Device> device;
  std::unique_ptr<ProcessGroup> group;
  std::vector<std::pair<void *, size_t>> buffers; ///< reused from call to call, by order

  Result<void *> buffer(size_t index, size_t bytes) {
    if (index >= buffers.size())
      buffers.resize(index + 1);
    auto &[memory, size] = buffers[index];
    if (size < bytes) {
      TPC_ASSIGN_OR_RETURN(memory, device->allocate(bytes));
      size = bytes;
    }
    return memory;
  }
};

/// The ranks of a group. They end together, as NCCL wants it.
struct Together {
  std::vector<Rank> ranks;
  ~Together() {
    std::vector<std::thread> threads;
    for (Rank &rank : ranks)
      threads.emplace_back([&rank] {
        rank.group.reset();
        rank.device.reset();
        rank.backend.reset();
      });
    for (std::thread &thread : threads)
      thread.join();
  }
};

/// Takes buffers of the host to the GPU, and back.
class OnGpu final : public Communicator {
public:
  OnGpu(std::shared_ptr<Together> all, Rank &rank)
      : all_(std::move(all)), rank_(rank), inner_(*rank.group->communicators()[0]) {}
  int size() const override { return inner_.size(); }
  int coordinate() const override { return inner_.coordinate(); }
  Status check() override { return inner_.check(); }
  void abort(const Status &reason) override { inner_.abort(reason); }

  Status run(const CollectiveCall &call, Stream) override {
    std::vector<CollectiveTensor> tensors(call.tensors.begin(), call.tensors.end());
    for (size_t i = 0; i < tensors.size(); ++i) {
      const CollectiveTensor &host = call.tensors[i];
      TPC_ASSIGN_OR_RETURN(void *input, rank_.buffer(2 * i, bytesOf(call, host, true)));
      TPC_RETURN_IF_ERROR(rank_.device->upload(host.input, input, bytesOf(call, host, true)));
      tensors[i].input = tensors[i].output = input;
      if (host.output != host.input) {
        TPC_ASSIGN_OR_RETURN(tensors[i].output,
                             rank_.buffer(2 * i + 1, bytesOf(call, host, false)));
      }
    }
    CollectiveCall there = call;
    there.tensors = tensors;
    TPC_RETURN_IF_ERROR(inner_.run(there, rank_.device->stream(1)));
    for (;;) {
      TPC_ASSIGN_OR_RETURN(bool idle, rank_.device->isIdle());
      if (idle)
        break;
      TPC_RETURN_IF_ERROR(inner_.check());
      std::this_thread::yield();
    }
    for (size_t i = 0; i < tensors.size(); ++i)
      TPC_RETURN_IF_ERROR(rank_.device->download(tensors[i].output, call.tensors[i].output,
                                                 bytesOf(call, call.tensors[i], false)));
    return Status();
  }

private:
  size_t bytesOf(const CollectiveCall &call, const CollectiveTensor &tensor, bool input) const {
    auto bytes =
        static_cast<size_t>(tensor.outer * tensor.mid * tensor.inner) * byteSize(tensor.dtype);
    bool whole =
        input ? call.kind == CollectiveKind::ReduceScatter : call.kind == CollectiveKind::AllGather;
    return whole ? bytes * static_cast<size_t>(size()) : bytes;
  }

  std::shared_ptr<Together> all_;
  Rank &rank_;
  Communicator &inner_;
};

Communicators make(int ranks, std::chrono::milliseconds timeout) {
  auto all = std::make_shared<Together>();
  all->ranks.resize(static_cast<size_t>(ranks));
  JoinedGroups joined =
      joinOnThreads(Mesh{{{"tp", ranks}}}, timeout,
                    [&](tcp::TcpGroupOptions tcp) -> Result<std::unique_ptr<ProcessGroup>> {
                      Rank &rank = all->ranks[tcp.bootstrap.self.rank];
                      CudaOptions cuda;
                      cuda.gpu = static_cast<int>(tcp.bootstrap.self.rank);
                      TPC_ASSIGN_OR_RETURN(rank.backend, openCudaBackend(cuda));
                      TPC_ASSIGN_OR_RETURN(rank.device, rank.backend->createDevice());
                      return nccl::joinNcclGroup({.tcp = std::move(tcp)});
                    });
  Communicators result;
  for (size_t i = 0; i < joined.size(); ++i) {
    EXPECT_TRUE(joined[i].ok()) << joined[i].status().message();
    all->ranks[i].group = std::move(*joined[i]);
    result.push_back(std::make_unique<OnGpu>(all, all->ranks[i]));
  }
  return result;
}

CommunicatorFactory onGpus() {
  CommunicatorFactory factory{"nccl_on_gpus", make, ncclExceptions()};
  factory.mostRanks = 0;
  // Only asked, nothing is started: what NCCL itself lacks shows when a group is made.
  if (Result<const nccl::NcclApi *> api = nccl::openNccl(); !api.ok()) {
    factory.missing = api.status().message();
  } else if (Result<std::unique_ptr<CudaBackend>> backend = openCudaBackend({}); !backend.ok()) {
    factory.missing = backend.status().message();
  } else {
    factory.mostRanks = (*backend)->numGpus();
    factory.missing = "this machine has " + std::to_string(factory.mostRanks) + " GPU(s)";
  }
  return factory;
}

INSTANTIATE_TEST_SUITE_P(NcclOnGpus, CommunicatorConformance, testing::Values(onGpus()),
                         [](const auto &info) { return info.param.name; });

} // namespace
