//===- NcclDouble.cpp - NCCL's interface over threads and host memory ------------------------===//

#include "NcclDouble.h"

#include "runtime/comm/Communicator.h"
#include "runtime/comm/Reduce.h"

#include <atomic>
#include <cstring>
#include <map>
#include <memory>
#include <mutex>

using namespace tpc;

namespace {

/// What one rank brings to a meeting: operations of a group, or its part of a split.
struct Op {
  CollectiveKind kind = CollectiveKind::AllToAll;
  ReduceKind reduce = ReduceKind::Sum;
  DType dtype = DType::F32;
  const void *send = nullptr; ///< null: a message is received
  void *receive = nullptr;
  size_t count = 0;
  int peer = -1; ///< of a message
};
struct Visit {
  std::vector<Op> ops = {};
  int color = 0, key = 0;
  ncclComm_t *made = nullptr; ///< of a split
  ncclConfig_t config = NCCL_CONFIG_INITIALIZER;
};

struct Ring;

} // namespace

/// NCCL's opaque type.
struct ncclComm { // NOLINT(readability-identifier-naming): NCCL's name
  std::shared_ptr<Ring> ring;
  int rank;
  uint64_t visits = 0; ///< meetings that it has come to
  ncclResult_t failed = ncclSuccess;
  ncclComm_t *splitting = nullptr; ///< where its split puts what it makes
};

namespace {

/// The ranks of one communicator. They meet once for each thing that all do.
struct Ring {
  explicit Ring(int size) : size(size) {}
  const int size;
  std::map<uint64_t, std::map<int, Visit>> meetings; ///< by number, then rank
  uint64_t met = 0;
  bool broken = false; ///< a rank has aborted: what the others wait for never comes
};

std::mutex mutex; ///< one for everything: this is no benchmark
std::map<std::string, std::weak_ptr<Ring>> rings;
tpc::test::NcclDoubleFaults faults;
std::atomic<int> ids{0}, living{0};

/// What a thread has put into its open group.
thread_local int groupDepth = 0;
thread_local std::map<ncclComm_t, std::vector<Op>> grouped;

size_t bytesOf(const Op &op) { return op.count * byteSize(op.dtype); }

void carryOut(std::map<int, Visit> &visits, size_t index) {
  const auto n = visits.size();
  const Op &first = visits.at(0).ops[index];
  auto of = [&](size_t rank) -> const Op & { return visits.at(static_cast<int>(rank)).ops[index]; };
  auto at = [](const void *base, size_t bytes) { return static_cast<const char *>(base) + bytes; };
  // All inputs are read before anything is written, as far as buffers overlap.
  if (first.kind == CollectiveKind::AllGather) {
    for (size_t to = 0; to < n; ++to)
      for (size_t from = 0; from < n; ++from)
        std::memmove(static_cast<char *>(of(to).receive) + from * bytesOf(first), of(from).send,
                     bytesOf(first));
    return;
  }
  const bool scatters = first.kind == CollectiveKind::ReduceScatter;
  for (size_t part = 0; part < (scatters ? n : 1); ++part) {
    std::vector<const void *> inputs;
    std::vector<void *> outputs;
    for (size_t rank = 0; rank < n; ++rank) {
      inputs.push_back(at(of(rank).send, part * bytesOf(first)));
      if (!scatters || rank == part)
        outputs.push_back(of(rank).receive);
    }
    reduceInto(first.dtype, first.reduce, inputs, outputs, first.count);
  }
}

/// Brings the messages between two ranks from the one to the other, in the order in which they are
/// sent and received.
void deliver(const Visit &from, int sender, const Visit &to, int receiver) {
  auto next = [](const Visit &visit, size_t &at, int peer, bool sends) -> const Op * {
    while (at < visit.ops.size()) {
      const Op &op = visit.ops[at++];
      if (op.kind == CollectiveKind::AllToAll && op.peer == peer && (op.send != nullptr) == sends)
        return &op;
    }
    return nullptr;
  };
  size_t sent = 0, received = 0;
  while (const Op *message = next(from, sent, receiver, true))
    // One that nobody receives stays away, as does what does not fit.
    if (const Op *place = next(to, received, sender, false);
        place && place->count == message->count)
      std::memcpy(place->receive, message->send, bytesOf(*message));
}

ncclComm_t makeComm(std::shared_ptr<Ring> ring, int rank) {
  ++living;
  return new ncclComm{.ring = std::move(ring), .rank = rank};
}

/// What happens when the last rank has come.
void meet(std::map<int, Visit> &visits) {
  if (visits.at(0).made) {
    std::map<int, std::map<int, int>> lines; // color, then key: the rank
    for (auto &[rank, visit] : visits)
      lines[visit.color][visit.key] = rank;
    for (auto &[color, line] : lines) {
      auto ring = std::make_shared<Ring>(static_cast<int>(line.size()));
      int place = 0;
      for (auto &[key, rank] : line)
        *visits.at(rank).made = makeComm(ring, place++);
    }
    return;
  }
  for (size_t i = 0; i < visits.at(0).ops.size(); ++i)
    if (visits.at(0).ops[i].kind != CollectiveKind::AllToAll)
      carryOut(visits, i);
  for (const auto &[sender, from] : visits)
    for (const auto &[receiver, to] : visits)
      deliver(from, sender, to, receiver);
}

/// Under the mutex.
void come(ncclComm_t comm, Visit visit) {
  Ring &ring = *comm->ring;
  std::map<int, Visit> &visits = ring.meetings[comm->visits++];
  visits[comm->rank] = std::move(visit);
  if (static_cast<int>(visits.size()) == ring.size && !ring.broken) {
    meet(visits);
    ++ring.met;
  }
}

/// Under the mutex.
ncclResult_t stateOf(ncclComm_t comm) {
  if (comm->failed != ncclSuccess)
    return comm->failed;
  return comm->visits > comm->ring->met ? ncclInProgress : ncclSuccess;
}

/// What NCCL says to a call: none may come before the last one is done (ncclCommEnsureReady).
ncclResult_t ready(ncclComm_t comm) {
  if (!comm)
    return ncclInvalidArgument;
  std::lock_guard lock(mutex);
  ncclResult_t state = stateOf(comm);
  return state == ncclInProgress ? ncclInvalidArgument : state;
}

/// A blocking communicator could not be aborted. One bound of the CTAs without the other is an
/// error, because "not given" is the least number.
bool isGood(const ncclConfig_t &config) {
  return config.size == sizeof(config) && config.magic == 0xcafebeef && config.blocking == 0 &&
         config.minCTAs <= config.maxCTAs;
}

ncclResult_t getUniqueId(ncclUniqueId *id) {
  std::memset(id->internal, 0, sizeof(id->internal));
  std::string text = "double " + std::to_string(++ids);
  std::memcpy(id->internal, text.data(), text.size());
  return ncclSuccess;
}

ncclResult_t commInitRankConfig(ncclComm_t *comm, int ranks, ncclUniqueId id, int rank,
                                ncclConfig_t *config) {
  if (!isGood(*config))
    return ncclInvalidArgument;
  std::lock_guard lock(mutex);
  std::weak_ptr<Ring> &known = rings[id.internal];
  std::shared_ptr<Ring> ring = known.lock();
  if (!ring)
    known = ring = std::make_shared<Ring>(ranks);
  *comm = makeComm(ring, rank);
  if (faults.failInitOfRank == rank) {
    (*comm)->failed = ncclUnhandledCudaError;
    return ncclInProgress;
  }
  come(*comm, {});
  return ncclInProgress;
}

/// As NCCL does, it says "success" to what it has only begun; the parent tells how it goes on.
ncclResult_t commSplit(ncclComm_t comm, int color, int key, ncclComm_t *made,
                       ncclConfig_t *config) {
  if (ncclResult_t result = ready(comm); result != ncclSuccess)
    return result;
  if (!isGood(*config) || color < 0)
    return ncclInvalidArgument;
  std::lock_guard lock(mutex);
  *made = nullptr;
  comm->splitting = made;
  if (faults.failSplitOfRank == comm->rank)
    comm->failed = ncclUnhandledCudaError;
  else
    come(comm, {.color = color, .key = key, .made = made});
  return ncclSuccess;
}

ncclResult_t commGetAsyncError(ncclComm_t comm, ncclResult_t *result) {
  if (!comm)
    return ncclInvalidArgument;
  std::lock_guard lock(mutex);
  *result = stateOf(comm);
  if (*result == ncclSuccess)
    comm->splitting = nullptr;
  return ncclSuccess;
}

ncclResult_t commFinalize(ncclComm_t comm) {
  if (ncclResult_t result = ready(comm); result != ncclSuccess)
    return result;
  std::lock_guard lock(mutex);
  come(comm, {});
  return ncclInProgress;
}

ncclResult_t end(ncclComm_t comm) {
  --living;
  delete comm;
  return ncclSuccess;
}

ncclResult_t commDestroy(ncclComm_t comm) {
  ncclResult_t result = ready(comm);
  return result == ncclSuccess ? end(comm) : result;
}

ncclResult_t commAbort(ncclComm_t comm) {
  {
    std::lock_guard lock(mutex);
    comm->ring->broken = true;
    // A split that does not come to its end leaves a communicator, too.
    if (comm->splitting && !*comm->splitting)
      *comm->splitting = makeComm(std::make_shared<Ring>(1), 0);
  }
  return end(comm);
}

ncclResult_t groupStart() {
  ++groupDepth;
  return ncclSuccess;
}

ncclResult_t groupEnd() {
  if (--groupDepth > 0 || grouped.empty())
    return ncclSuccess;
  std::lock_guard lock(mutex);
  ncclResult_t result = ncclSuccess;
  for (auto &[comm, ops] : grouped) {
    if (faults.failCollectiveOfRank == comm->rank)
      comm->failed = ncclUnhandledCudaError;
    else
      come(comm, {.ops = std::move(ops)});
    // With one rank there is nothing to wait for.
    if (comm->ring->size > 1)
      result = ncclInProgress;
  }
  grouped.clear();
  return result;
}

DType typeOf(ncclDataType_t type) {
  switch (type) {
  case ncclFloat64:
    return DType::F64;
  case ncclBfloat16:
    return DType::BF16;
  case ncclInt32:
    return DType::I32;
  default:
    return DType::F32;
  }
}

ncclResult_t put(CollectiveKind kind, ncclRedOp_t reduce, const void *send, void *receive,
                 size_t count, ncclDataType_t type, ncclComm_t comm) {
  if (groupDepth == 0)
    return ncclInvalidUsage;
  if (ncclResult_t result = ready(comm); result != ncclSuccess)
    return result;
  grouped[comm].push_back({kind, reduce == ncclMax ? ReduceKind::Max : ReduceKind::Sum,
                           typeOf(type), send, receive, count});
  return ncclSuccess;
}

ncclResult_t putMessage(const Op &message, ncclComm_t comm) {
  if (ncclResult_t result = ready(comm); result != ncclSuccess)
    return result;
  if (groupDepth == 0 || message.peer < 0 || message.peer >= comm->ring->size)
    return ncclInvalidUsage;
  grouped[comm].push_back(message);
  return ncclSuccess;
}

ncclResult_t allReduce(const void *send, void *receive, size_t count, ncclDataType_t type,
                       ncclRedOp_t reduce, ncclComm_t comm, cudaStream_t) {
  return put(CollectiveKind::AllReduce, reduce, send, receive, count, type, comm);
}
ncclResult_t allGather(const void *send, void *receive, size_t count, ncclDataType_t type,
                       ncclComm_t comm, cudaStream_t) {
  return put(CollectiveKind::AllGather, ncclSum, send, receive, count, type, comm);
}
ncclResult_t reduceScatter(const void *send, void *receive, size_t count, ncclDataType_t type,
                           ncclRedOp_t reduce, ncclComm_t comm, cudaStream_t) {
  return put(CollectiveKind::ReduceScatter, reduce, send, receive, count, type, comm);
}

ncclResult_t send(const void *from, size_t count, ncclDataType_t type, int peer, ncclComm_t comm,
                  cudaStream_t) {
  return putMessage({.dtype = typeOf(type), .send = from, .count = count, .peer = peer}, comm);
}
ncclResult_t recv(void *to, size_t count, ncclDataType_t type, int peer, ncclComm_t comm,
                  cudaStream_t) {
  return putMessage({.dtype = typeOf(type), .receive = to, .count = count, .peer = peer}, comm);
}

const char *errorString(ncclResult_t result) {
  return result == ncclUnhandledCudaError ? "unhandled cuda error" : "another error";
}
const char *lastError(ncclComm_t) { return "as the test wants it"; }

} // namespace

void tpc::test::setNcclDoubleFaults(const NcclDoubleFaults &wanted) {
  std::lock_guard lock(mutex);
  faults = wanted;
}

int tpc::test::livingNcclDoubles() { return living; }

const nccl::NcclApi &tpc::test::doubleOfNccl() {
  static const nccl::NcclApi api{
      .version = NCCL_VERSION_CODE,
      .getErrorString = errorString,
      .getLastError = lastError,
      .getUniqueId = getUniqueId,
      .commInitRankConfig = commInitRankConfig,
      .commSplit = commSplit,
      .commGetAsyncError = commGetAsyncError,
      .commFinalize = commFinalize,
      .commDestroy = commDestroy,
      .commAbort = commAbort,
      .groupStart = groupStart,
      .groupEnd = groupEnd,
      .allReduce = allReduce,
      .allGather = allGather,
      .reduceScatter = reduceScatter,
      .send = send,
      .recv = recv,
  };
  return api;
}
