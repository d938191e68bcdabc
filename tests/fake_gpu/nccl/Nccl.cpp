//===- Nccl.cpp - A double of NCCL between processes on the fake driver -------------------===//
//
// Collectives are work on the streams of the fake driver, like a kernel, and captured like one.
// When they run, the ranks exchange what they have through shared memory, and reduce it in
// ascending order of ranks. Communicators must be non-blocking: what a call begins is done a moment
// later by a thread of their own, as in NCCL, and until then they take no other call. So work comes
// late into a stream whose user does not wait for it, and a communicator ends only when no graph
// holds its work.
//
//===---------------------------------------------------------------------------------------===//

#include "runtime/comm/Reduce.h"
#include "tests/fake_gpu/driver/FakeGpu.h"
#include "tests/fake_gpu/nccl/SharedRing.h"

#include <nccl.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace tpc;
using namespace tpc::fake_gpu;
using namespace std::chrono_literals;

/// NCCL's opaque type.
struct ncclComm {
  std::shared_ptr<SharedRing> ring;
  CUcontext context = nullptr; ///< that was current when it was made
  int splits = 0;
  std::thread helper = {}; ///< carries out the last call
  std::atomic<ncclResult_t> state{ncclSuccess};
};

namespace {

enum class Kind : uint8_t { AllReduce, AllGather, ReduceScatter, Send, Receive };

struct Op {
  Kind kind;
  ReduceKind reduce;
  DType dtype;
  const std::byte *send;
  std::byte *receive;
  size_t count;
  cudaStream_t stream;
  int peer = -1; ///< of a message
};

thread_local int groupDepth = 0;
thread_local std::map<ncclComm_t, std::vector<Op>> grouped;

const char *const kNobody = "a rank did not come to a collective";

/// Brings `bytes` bytes of each rank to `take`, chunk by chunk: its offset, and its size.
template <typename Take>
std::string exchange(SharedRing &ring, const std::byte *mine, size_t bytes, Take take) {
  for (size_t begin = 0; begin < bytes; begin += SharedRing::kSlotBytes) {
    size_t size = std::min(bytes - begin, SharedRing::kSlotBytes);
    std::memcpy(ring.slot(ring.rank()), mine + begin, size);
    if (!ring.meet())
      return kNobody;
    take(begin, size);
    if (!ring.meet())
      return kNobody;
  }
  return "";
}

std::string carryOut(SharedRing &ring, const Op &enqueued) {
  Op op = enqueued;
  const size_t element = byteSize(op.dtype), bytes = op.count * element;
  const auto n = static_cast<size_t>(ring.ranks()), me = static_cast<size_t>(ring.rank());
  const size_t sent = op.kind == Kind::ReduceScatter ? n * bytes : bytes,
               received = op.kind == Kind::AllGather ? n * bytes : bytes;
  const auto from = reinterpret_cast<CUdeviceptr>(op.send),
             to = reinterpret_cast<CUdeviceptr>(op.receive);
  for (const std::string &wrong : {checkMemory(from, sent), checkMemory(to, received)})
    if (!wrong.empty())
      return wrong;
  op.send = static_cast<const std::byte *>(hostView(from));
  op.receive = static_cast<std::byte *>(hostView(to));
  auto reduce = [&](size_t begin, size_t size) {
    std::vector<const void *> inputs;
    for (size_t rank = 0; rank < n; ++rank)
      inputs.push_back(ring.slot(static_cast<int>(rank)));
    void *output = op.receive + begin;
    reduceInto(op.dtype, op.reduce, inputs, {&output, 1}, size / element);
  };
  switch (op.kind) {
  case Kind::AllReduce:
    return exchange(ring, op.send, bytes, reduce);
  case Kind::AllGather:
    return exchange(ring, op.send, bytes, [&](size_t begin, size_t size) {
      for (size_t rank = 0; rank < n; ++rank)
        std::memcpy(op.receive + rank * bytes + begin, ring.slot(static_cast<int>(rank)), size);
    });
  case Kind::ReduceScatter:
    for (size_t part = 0; part < n; ++part)
      if (std::string wrong = exchange(ring, op.send + part * bytes, bytes,
                                       [&](size_t begin, size_t size) {
                                         if (part == me)
                                           reduce(begin, size);
                                       });
          !wrong.empty())
        return wrong;
    return "";
  case Kind::Send:
  case Kind::Receive:
    break;
  }
  return "";
}

/// Ranks run one program: the next message of all of them goes to the same rank, which has a place
/// for each.
std::string sendMessage(SharedRing &ring, const Op &message,
                        const std::vector<const Op *> &places) {
  const size_t bytes = message.count * byteSize(message.dtype);
  const auto from = reinterpret_cast<CUdeviceptr>(message.send);
  if (std::string wrong = checkMemory(from, bytes); !wrong.empty())
    return wrong;
  std::vector<std::byte *> outputs;
  for (const Op *place : places) {
    const auto to = reinterpret_cast<CUdeviceptr>(place->receive);
    if (std::string wrong = checkMemory(to, bytes); !wrong.empty())
      return wrong;
    if (place->count != message.count)
      return "a message of another size than its receiver has a place for";
    outputs.push_back(static_cast<std::byte *>(hostView(to)));
  }
  return exchange(ring, static_cast<const std::byte *>(hostView(from)), bytes,
                  [&](size_t begin, size_t size) {
                    for (size_t rank = 0; rank < outputs.size(); ++rank)
                      std::memcpy(outputs[rank] + begin, ring.slot(static_cast<int>(rank)), size);
                  });
}

/// Between two ranks messages come in the order in which they are sent.
std::string carryOut(SharedRing &ring, const std::vector<Op> &group) {
  std::vector<std::vector<const Op *>> receives(static_cast<size_t>(ring.ranks()));
  for (const Op &op : group)
    if (op.kind == Kind::Receive)
      receives[static_cast<size_t>(op.peer)].push_back(&op);
  size_t received = 0;
  for (const Op &op : group) {
    std::vector<const Op *> places;
    if (op.kind == Kind::Send && op.peer == ring.rank()) {
      for (const std::vector<const Op *> &from : receives) {
        if (received >= from.size())
          return "a message that nobody receives";
        places.push_back(from[received]);
      }
      ++received;
    }
    std::string wrong = op.kind == Kind::Send      ? sendMessage(ring, op, places)
                        : op.kind == Kind::Receive ? ""
                                                   : carryOut(ring, op);
    if (!wrong.empty())
      return wrong;
  }
  return "";
}

/// Lets a thread of the communicator's own do `work`, in a moment.
ncclResult_t begin(ncclComm_t comm, std::function<ncclResult_t()> work) {
  comm->state = ncclInProgress;
  comm->helper = std::thread([comm, work = std::move(work)] {
    (void)cuCtxSetCurrent(comm->context);
    std::this_thread::sleep_for(100us);
    comm->state = work();
  });
  return ncclInProgress;
}

void joinHelper(ncclComm_t comm) {
  if (comm->helper.joinable())
    comm->helper.join();
}

/// What NCCL says to a call: none may come before the last one is done (ncclCommEnsureReady).
ncclResult_t ready(ncclComm_t comm) {
  if (!comm || comm->state == ncclInProgress)
    return ncclInvalidArgument;
  joinHelper(comm);
  return comm->state;
}

/// One bound of the CTAs without the other is an error, because "not given" is the least number.
bool isGood(const ncclConfig_t &config) {
  return config.size == sizeof(config) && config.magic == 0xcafebeef && config.blocking == 0 &&
         config.minCTAs <= config.maxCTAs;
}

/// Asked to say anything, NCCL says on rank 0's standard output which one it is.
void sayVersion(int rank) {
  if (rank != 0 || !std::getenv("NCCL_DEBUG") || std::getenv("NCCL_DEBUG_FILE"))
    return;
  std::printf("NCCL version %d.%d.%d (double)\n", NCCL_MAJOR, NCCL_MINOR, NCCL_PATCH);
  std::fflush(stdout);
}

/// Until all ranks have opened `ring`, or this one has given up `asked`.
ncclResult_t awaitAll(const SharedRing &ring, const SharedRing &asked) {
  while (!ring.complete()) {
    if (asked.isAborted())
      return ncclInternalError;
    std::this_thread::sleep_for(100us);
  }
  return ncclSuccess;
}

/// The part of `parent` that has `color`.
ncclResult_t split(ncclComm_t parent, int color, int key, ncclComm_t *made) {
  SharedRing &ring = *parent->ring;
  int mine[2] = {color, key};
  std::vector<std::pair<int, int>> line; // key, rank
  std::string wrong =
      exchange(ring, reinterpret_cast<std::byte *>(mine), sizeof(mine), [&](size_t, size_t) {
        for (int rank = 0; rank < ring.ranks(); ++rank) {
          int other[2];
          std::memcpy(other, ring.slot(rank), sizeof(other));
          if (other[0] == color)
            line.emplace_back(other[1], rank);
        }
      });
  if (!wrong.empty())
    return ncclRemoteError;
  std::ranges::sort(line);
  auto place = std::ranges::find(line, ring.rank(), &std::pair<int, int>::second) - line.begin();
  std::string name =
      ring.name() + "-" + std::to_string(parent->splits++) + "-" + std::to_string(color);
  std::shared_ptr<SharedRing> part =
      SharedRing::open(name, static_cast<int>(line.size()), static_cast<int>(place));
  if (!part)
    return ncclSystemError;
  *made = new ncclComm{.ring = part, .context = parent->context};
  return awaitAll(*part, ring);
}

/// The ring lives as long as a graph that holds the work.
ncclResult_t launch(const std::shared_ptr<SharedRing> &ring, const std::vector<Op> &ops) {
  CUresult result = enqueue(reinterpret_cast<CUstream>(ops[0].stream), "nccl", [ring, ops] {
    std::string wrong = carryOut(*ring, ops);
    return ring->isAborted() ? std::string() : wrong;
  });
  return result == CUDA_SUCCESS ? ncclSuccess : ncclUnhandledCudaError;
}

ncclResult_t put(Kind kind, const void *send, void *receive, size_t count, ncclDataType_t type,
                 ncclRedOp_t reduce, ncclComm_t comm, cudaStream_t stream, int peer = -1) {
  DType dtype = type == ncclFloat64    ? DType::F64
                : type == ncclBfloat16 ? DType::BF16
                : type == ncclInt32    ? DType::I32
                                       : DType::F32;
  if (ncclResult_t result = ready(comm); result != ncclSuccess)
    return result;
  const bool isMessage = kind == Kind::Send || kind == Kind::Receive;
  if (groupDepth == 0 || (isMessage && (peer < 0 || peer >= comm->ring->ranks())))
    return ncclInvalidUsage;
  grouped[comm].push_back({kind, reduce == ncclMax ? ReduceKind::Max : ReduceKind::Sum, dtype,
                           static_cast<const std::byte *>(send), static_cast<std::byte *>(receive),
                           count, stream, peer});
  return ncclSuccess;
}

} // namespace

ncclResult_t ncclGetVersion(int *version) {
  *version = NCCL_VERSION_CODE;
  return ncclSuccess;
}
const char *ncclGetErrorString(ncclResult_t) { return "the double of NCCL says no"; }
const char *ncclGetLastError(ncclComm_t) { return ""; }

ncclResult_t ncclGetUniqueId(ncclUniqueId *id) {
  static int made = 0;
  std::memset(id->internal, 0, sizeof(id->internal));
  std::string name = "/tpc-nccl-double-" + std::to_string(getpid()) + "-" + std::to_string(++made);
  std::memcpy(id->internal, name.data(), name.size());
  return ncclSuccess;
}

ncclResult_t ncclCommInitRankConfig(ncclComm_t *comm, int ranks, ncclUniqueId id, int rank,
                                    ncclConfig_t *config) {
  CUcontext context = nullptr;
  if (!isGood(*config) || cuCtxGetCurrent(&context) != CUDA_SUCCESS)
    return ncclInvalidArgument;
  std::shared_ptr<SharedRing> ring = SharedRing::open(id.internal, ranks, rank);
  if (!ring)
    return ncclSystemError;
  sayVersion(rank);
  ncclComm_t made = *comm = new ncclComm{.ring = std::move(ring), .context = context};
  return begin(made, [made] { return awaitAll(*made->ring, *made->ring); });
}

/// As NCCL does, it says "success" to what it has only begun; the parent tells how it goes on.
ncclResult_t ncclCommSplit(ncclComm_t comm, int color, int key, ncclComm_t *made,
                           ncclConfig_t *config) {
  if (ncclResult_t result = ready(comm); result != ncclSuccess)
    return result;
  if (!isGood(*config) || color < 0)
    return ncclInvalidArgument;
  *made = nullptr;
  (void)begin(comm, [=] { return split(comm, color, key, made); });
  return ncclSuccess;
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t *result) {
  if (!comm)
    return ncclInvalidArgument;
  *result = comm->state;
  if (*result == ncclSuccess)
    joinHelper(comm);
  return ncclSuccess;
}

/// As in NCCL, it is done only when no graph holds work of the communicator.
ncclResult_t ncclCommFinalize(ncclComm_t comm) {
  if (ncclResult_t result = ready(comm); result != ncclSuccess)
    return result;
  return begin(comm, [comm] {
    while (comm->ring.use_count() > 1 && !comm->ring->isAborted())
      std::this_thread::sleep_for(100us);
    return ncclSuccess;
  });
}
ncclResult_t ncclCommDestroy(ncclComm_t comm) {
  if (ncclResult_t result = ready(comm); result != ncclSuccess)
    return result;
  delete comm;
  return ncclSuccess;
}
/// As in NCCL, its kernels leave at once, and it returns only when no graph holds one of them.
ncclResult_t ncclCommAbort(ncclComm_t comm) {
  comm->ring->abort();
  joinHelper(comm);
  while (comm->ring.use_count() > 1)
    std::this_thread::sleep_for(1ms);
  delete comm;
  return ncclSuccess;
}

ncclResult_t ncclGroupStart() {
  ++groupDepth;
  return ncclSuccess;
}

ncclResult_t ncclGroupEnd() {
  if (--groupDepth > 0)
    return ncclSuccess;
  ncclResult_t result = ncclSuccess;
  for (auto &[comm, ops] : std::exchange(grouped, {}))
    // With one rank NCCL enqueues a copy, at once.
    result = comm->ring->ranks() == 1
                 ? launch(comm->ring, ops)
                 : begin(comm, [comm, ops] { return launch(comm->ring, ops); });
  return result;
}

ncclResult_t ncclAllReduce(const void *send, void *receive, size_t count, ncclDataType_t type,
                           ncclRedOp_t reduce, ncclComm_t comm, cudaStream_t stream) {
  return put(Kind::AllReduce, send, receive, count, type, reduce, comm, stream);
}
ncclResult_t ncclAllGather(const void *send, void *receive, size_t count, ncclDataType_t type,
                           ncclComm_t comm, cudaStream_t stream) {
  return put(Kind::AllGather, send, receive, count, type, ncclSum, comm, stream);
}
ncclResult_t ncclReduceScatter(const void *send, void *receive, size_t count, ncclDataType_t type,
                               ncclRedOp_t reduce, ncclComm_t comm, cudaStream_t stream) {
  return put(Kind::ReduceScatter, send, receive, count, type, reduce, comm, stream);
}
ncclResult_t ncclSend(const void *send, size_t count, ncclDataType_t type, int peer,
                      ncclComm_t comm, cudaStream_t stream) {
  return put(Kind::Send, send, nullptr, count, type, ncclSum, comm, stream, peer);
}
ncclResult_t ncclRecv(void *receive, size_t count, ncclDataType_t type, int peer, ncclComm_t comm,
                      cudaStream_t stream) {
  return put(Kind::Receive, nullptr, receive, count, type, ncclSum, comm, stream, peer);
}
