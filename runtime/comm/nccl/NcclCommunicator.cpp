//===- NcclCommunicator.cpp - The collectives of one axis between GPUs ---------------------===//

#include "runtime/comm/nccl/NcclCommunicator.h"

#include "runtime/support/Patience.h"

#include <thread>
#include <tuple>
#include <utility>

using namespace tpc;
using namespace tpc::nccl;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

/// How long a failure may take from the process that failed to the others, through rank 0.
constexpr std::chrono::milliseconds kNewsTravel = 5s;

ncclDataType_t dataType(DType dtype) {
  switch (dtype) {
  case DType::F32:
    return ncclFloat32;
  case DType::F64:
    return ncclFloat64;
  case DType::BF16:
    return ncclBfloat16;
  case DType::I32:
    return ncclInt32;
  }
  return ncclFloat32;
}

} // namespace

Status NcclState::complete(ncclComm_t comm, ncclResult_t result, Code code,
                           const std::string &what) {
  for (Patience patience(timeout); result == ncclInProgress;) {
    TPC_RETURN_IF_ERROR(check());
    if (ncclResult_t asked = api.commGetAsyncError(comm, &result); asked != ncclSuccess)
      result = asked;
    if (result != ncclInProgress)
      break;
    if (!patience.pause()) {
      Status late(Code::RankFailed,
                  "waited " + std::to_string(timeout.count()) + " ms for NCCL to " + what,
                  "--timeout sets how long ranks wait for each other");
      abort(late);
      return check();
    }
  }
  if (result == ncclSuccess)
    return Status();
  // Where another rank has failed, NCCL says "remote error" before the news of it comes.
  if (result == ncclRemoteError || result == ncclSystemError)
    for (Patience patience(kNewsTravel); patience.pause();)
      TPC_RETURN_IF_ERROR(check());
  abort(api.error(result, comm, code, what));
  return check();
}

Status NcclState::check() {
  if (!failed_.load(std::memory_order_acquire))
    return Status();
  abortAll();
  std::lock_guard lock(mutex_);
  return failure_;
}

void NcclState::note(const Status &failure) {
  std::lock_guard lock(mutex_);
  if (failed_.load(std::memory_order_relaxed))
    return;
  failure_ = failure;
  failed_.store(true, std::memory_order_release);
}

void NcclState::abort(const Status &reason) {
  note(reason);
  group_.abort(reason);
}

void NcclState::onFailure(std::function<Status(const Status &)> explain) {
  group_.onFailure([this, explain = std::move(explain)](const Status &failure) {
    Status explained = explain ? explain(failure) : failure;
    note(explained);
    return explained;
  });
}

Result<ncclComm_t> NcclState::split(ncclComm_t parent, int color, int key, ncclConfig_t &config,
                                    const std::string &name) {
  split_ = std::make_shared<Split>(Split{parent});
  ncclResult_t result = api.commSplit(parent, color, key, &split_->made, &config);
  // NCCL says "success" to a split that has only begun (2.21 to 2.30: the macro around its group's
  // end drops "in progress"). The parent knows how far it is, and then the place is filled in.
  if (result == ncclSuccess)
    result = ncclInProgress;
  TPC_RETURN_IF_ERROR(complete(parent, result, Code::Unavailable, "make " + name));
  ncclComm_t made = std::exchange(split_, nullptr)->made;
  if (made)
    add(made);
  TPC_RETURN_IF_ERROR(complete(made, ncclInProgress, Code::Unavailable, "connect " + name));
  return made;
}

void NcclState::abortAll() {
  for (ncclComm_t comm : comms_) {
    // Of a split the parent is aborted first, and then what it has left behind.
    std::shared_ptr<Split> split = split_ && split_->parent == comm ? split_ : nullptr;
    std::packaged_task<void()> abort([commAbort = api.commAbort, comm, split = std::move(split)] {
      (void)commAbort(comm);
      if (split && split->made)
        (void)commAbort(split->made);
    });
    aborts_.push_back(abort.get_future());
    std::thread(std::move(abort)).detach();
  }
  comms_.clear();
}

void NcclState::close() {
  for (; !comms_.empty() && check().ok(); comms_.pop_back()) {
    ncclComm_t comm = comms_.back();
    if (!complete(comm, api.commFinalize(comm), Code::RankFailed, "end a communicator").ok())
      break;
    (void)api.commDestroy(comm);
  }
  abortAll();
  const Clock::time_point latest = Clock::now() + timeout;
  for (const std::future<void> &ended : aborts_)
    ended.wait_until(latest);
  // The group may outlive this.
  group_.onFailure({});
}

ncclResult_t NcclCommunicator::enqueue(const CollectiveCall &call, const NcclStep &step,
                                       cudaStream_t stream) {
  const ncclRedOp_t reduce = call.reduce == ReduceKind::Max ? ncclMax : ncclSum;
  const ncclDataType_t dtype = dataType(step.dtype);
  const auto [send, receive, count] = std::tuple(step.send, step.receive, step.count);
  switch (call.kind) {
  case CollectiveKind::AllReduce:
    return state_.api.allReduce(send, receive, count, dtype, reduce, comm_, stream);
  case CollectiveKind::AllGather:
    return state_.api.allGather(send, receive, count, dtype, comm_, stream);
  case CollectiveKind::ReduceScatter:
    return state_.api.reduceScatter(send, receive, count, dtype, reduce, comm_, stream);
  case CollectiveKind::AllToAll: {
    ncclResult_t result = state_.api.send(send, count, dtype, step.peer, comm_, stream);
    if (result != ncclSuccess && result != ncclInProgress)
      return result;
    return state_.api.recv(receive, count, dtype, step.peer, comm_, stream);
  }
  }
  return ncclInvalidArgument;
}

Status NcclCommunicator::run(const CollectiveCall &call, Stream stream) {
  TPC_RETURN_IF_ERROR(state_.check());
  const std::string what = describe(call);
  // One group, one launch, and one answer: a call inside a group does not fail for what the others
  // do, only for how it is made.
  ncclResult_t result = state_.api.groupStart();
  for (const NcclStep &step : stepsOf(call, size_))
    if (result == ncclSuccess || result == ncclInProgress)
      result = enqueue(call, step, static_cast<cudaStream_t>(stream.handle));
  ncclResult_t ended = state_.api.groupEnd();
  if (result == ncclSuccess || result == ncclInProgress)
    result = ended;
  return state_.complete(comm_, result, Code::RankFailed, "enqueue " + what);
}

Status NcclCommunicator::check() {
  TPC_RETURN_IF_ERROR(state_.check());
  ncclResult_t result = ncclSuccess;
  if (ncclResult_t asked = state_.api.commGetAsyncError(comm_, &result); asked != ncclSuccess)
    result = asked;
  if (result == ncclInProgress)
    return Status();
  return state_.complete(comm_, result, Code::RankFailed, "carry out what was enqueued");
}
