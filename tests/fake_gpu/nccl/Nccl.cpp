//===- Nccl.cpp - A double of NCCL between processes on the fake driver -------------------===//
//
// Collectives are work on the streams of the fake driver, like a kernel, and captured like one.
// When they run, the ranks exchange what they have through shared memory, and reduce it in
// ascending order of ranks. Communicators must be non-blocking, and are in progress for a while.
//
//===---------------------------------------------------------------------------------------===//

#include "runtime/comm/Reduce.h"
#include "tests/fake_gpu/driver/FakeGpu.h"
#include "tests/fake_gpu/nccl/SharedRing.h"

#include <nccl.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace tpc;
using namespace tpc::fake_gpu;

/// NCCL's opaque type.
struct ncclComm {
  std::shared_ptr<SharedRing> ring;
  int splits = 0;
  int questions = 0; ///< that are still answered with "in progress"
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

ncclResult_t put(Kind kind, const void *send, void *receive, size_t count, ncclDataType_t type,
                 ncclRedOp_t reduce, ncclComm_t comm, cudaStream_t stream, int peer = -1) {
  DType dtype = type == ncclFloat64    ? DType::F64
                : type == ncclBfloat16 ? DType::BF16
                : type == ncclInt32    ? DType::I32
                                       : DType::F32;
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
  if (config->blocking != 0)
    return ncclInvalidArgument;
  std::shared_ptr<SharedRing> ring = SharedRing::open(id.internal, ranks, rank);
  if (!ring)
    return ncclSystemError;
  *comm = new ncclComm{.ring = std::move(ring)};
  return ncclInProgress;
}

ncclResult_t ncclCommSplit(ncclComm_t comm, int color, int key, ncclComm_t *made,
                           ncclConfig_t *config) {
  if (config->blocking != 0)
    return ncclInvalidArgument;
  SharedRing &ring = *comm->ring;
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
      ring.name() + "-" + std::to_string(comm->splits++) + "-" + std::to_string(color);
  std::shared_ptr<SharedRing> part =
      SharedRing::open(name, static_cast<int>(line.size()), static_cast<int>(place));
  if (!part)
    return ncclSystemError;
  *made = new ncclComm{.ring = std::move(part)};
  return ncclInProgress;
}

ncclResult_t ncclCommGetAsyncError(ncclComm_t comm, ncclResult_t *result) {
  if (!comm)
    return ncclInvalidArgument;
  bool busy = !comm->ring->complete() || comm->questions > 0;
  if (comm->questions > 0)
    --comm->questions;
  *result = busy ? ncclInProgress : ncclSuccess;
  return ncclSuccess;
}

ncclResult_t ncclCommFinalize(ncclComm_t comm) {
  comm->questions = 2;
  return ncclInProgress;
}
ncclResult_t ncclCommDestroy(ncclComm_t comm) {
  delete comm;
  return ncclSuccess;
}
/// As in NCCL, its kernels leave at once, and it returns only when no graph holds one of them.
ncclResult_t ncclCommAbort(ncclComm_t comm) {
  comm->ring->abort();
  while (comm->ring.use_count() > 1)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return ncclCommDestroy(comm);
}

ncclResult_t ncclGroupStart() {
  ++groupDepth;
  return ncclSuccess;
}

ncclResult_t ncclGroupEnd() {
  if (--groupDepth > 0)
    return ncclSuccess;
  ncclResult_t result = ncclSuccess;
  for (auto &[comm, ops] : grouped) {
    CUstream stream = reinterpret_cast<CUstream>(ops[0].stream);
    // The ring lives as long as a graph that holds the work.
    CUresult enqueued = enqueue(stream, "nccl", [ring = comm->ring, ops = ops] {
      std::string wrong = carryOut(*ring, ops);
      return ring->isAborted() ? std::string() : wrong;
    });
    comm->questions = 3;
    result = enqueued == CUDA_SUCCESS ? ncclInProgress : ncclUnhandledCudaError;
  }
  grouped.clear();
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
