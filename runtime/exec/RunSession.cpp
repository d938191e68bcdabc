//===- RunSession.cpp - All ranks of a plan in one process
//--------------------------------------===//

#include "runtime/exec/RunSession.h"

#include "runtime/comm/local/LocalGroup.h"
#include "runtime/exec/GuardedMemory.h"
#include "runtime/plan/PlanCheck.h"

#include <algorithm>
#include <condition_variable>
#include <thread>

using namespace tpc;
using namespace std::chrono_literals;

namespace {

/// How long ranks have to notice that another one failed.
constexpr std::chrono::seconds kGrace = 5s;

} // namespace

RunSession::RunSession(PlanFile plan, SessionOptions options)
    : plan_(std::move(plan)), options_(std::move(options)),
      stepBarrier_(static_cast<int>(plan_.mesh().numRanks())) {}

Result<std::unique_ptr<RunSession>> RunSession::create(PlanFile plan, SessionOptions options) {
  std::unique_ptr<RunSession> session(new RunSession(std::move(plan), std::move(options)));
  const Mesh &mesh = session->plan_.mesh();
  int ranks = static_cast<int>(mesh.numRanks());
  if (const std::optional<Fault> &fault = session->options_.fault; fault && fault->rank >= ranks)
    return Status(Code::Usage, "TPC_INJECT_FAULT names rank " + std::to_string(fault->rank) +
                                   " of a plan for " + std::to_string(ranks) + " rank(s)");
  if (session->options_.threadsPerRank == 0)
    session->options_.threadsPerRank =
        std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / ranks);

  auto communicators = makeLocalCommunicators(mesh, session->options_.timeout);
  for (int rank = 0; rank < ranks; ++rank) {
    session->ranks_.push_back(std::make_unique<Rank>());
    session->ranks_[rank]->communicators = std::move(communicators[rank]);
  }
  // Each rank's memory is first touched by a thread of its own.
  Profile::Clock::time_point origin = Profile::Clock::now();
  TPC_RETURN_IF_ERROR(
      session->onEveryRank([&](int rank) { return session->createRank(rank, origin); }));
  return session;
}

Status RunSession::createRank(int index, Profile::Clock::time_point origin) {
  Rank &rank = *ranks_[index];
  TPC_ASSIGN_OR_RETURN(rank.device, options_.makeDevice(options_.threadsPerRank));
  GuardedMemory *guarded = nullptr;
  if (options_.checkMemory) {
    TPC_ASSIGN_OR_RETURN(std::unique_ptr<GuardedMemory> memory, GuardedMemory::create(plan_));
    guarded = memory.get();
    rank.memory = std::move(memory);
  } else {
    TPC_ASSIGN_OR_RETURN(rank.memory, RankMemory::create(plan_, *rank.device));
  }
  RankResources resources{index, *rank.device, *rank.memory, {}};
  for (const std::unique_ptr<Communicator> &communicator : rank.communicators)
    resources.communicators.push_back(communicator.get());
  rank.executor = std::make_unique<Executor>(plan_, std::move(resources));
  if (guarded)
    rank.executor->addObserver(guarded);
  if (options_.fault) {
    rank.faults =
        std::make_unique<FaultInjector>(*options_.fault, [this] { return stopped_.load(); });
    rank.executor->addObserver(rank.faults.get());
  }
  if (options_.profile) {
    rank.profile = std::make_unique<Profile>(origin);
    rank.executor->addObserver(rank.profile.get());
  }
  return Status();
}

void RunSession::addObserver(int rank, ExecutionObserver *observer) {
  ranks_[rank]->executor->addObserver(observer);
}

Status RunSession::onEveryRank(const std::function<Status(int rank)> &work) {
  return runThreads(nullptr, work);
}

Status RunSession::prepare(const plan::Entry &entry) {
  return onEveryRank([&](int rank) { return ranks_[rank]->executor->prepare(entry); });
}

Status RunSession::runSteps(const plan::Entry &entry, int64_t first, int64_t count,
                            const StepHooks &hooks) {
  bool goOn = true;
  return runThreads(&entry,
                    [&](int rank) { return runRank(rank, entry, first, count, hooks, goOn); });
}

Status RunSession::runRank(int index, const plan::Entry &entry, int64_t first, int64_t count,
                           const StepHooks &hooks, bool &goOn) {
  Rank &rank = *ranks_[index];
  for (int64_t step = first; step < first + count && goOn; ++step) {
    auto start = std::chrono::steady_clock::now();
    if (hooks.bind)
      TPC_RETURN_IF_ERROR(hooks.bind(index, step));
    rank.step.store(step, std::memory_order_relaxed);
    if (Status status = rank.executor->run(entry, step); !status.ok())
      return Status(Code::RankFailed,
                    "rank " + std::to_string(index) + " failed in step " + std::to_string(step) +
                        " at " + status.message(),
                    status.hint());
    rank.step.store(0, std::memory_order_relaxed);
    if (stepBarrier_.arriveAndWait(options_.timeout) != Barrier::Outcome::Passed)
      return Status(Code::RankFailed, "rank " + std::to_string(index) + " waited " +
                                          std::to_string(options_.timeout.count()) +
                                          " ms at the end of step " + std::to_string(step) +
                                          " for the other ranks");
    if (index == 0 && hooks.done) {
      std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
      TPC_ASSIGN_OR_RETURN(goOn, hooks.done(step, seconds.count()));
    }
    // No timeout: the hook may save a checkpoint, and if it fails it wakes us.
    if (stepBarrier_.arriveAndWait(24h) != Barrier::Outcome::Passed)
      return Status(Code::RankFailed, "another rank failed");
  }
  return Status();
}

Status RunSession::runThreads(const plan::Entry *entry, const std::function<Status(int)> &work) {
  std::mutex mutex;
  std::condition_variable changed;
  int running = numRanks();
  std::vector<std::thread> threads;
  for (int rank = 0; rank < numRanks(); ++rank)
    threads.emplace_back([&, rank] {
      if (Status status = work(rank); !status.ok())
        fail(rank, entry, std::move(status));
      std::lock_guard lock(mutex);
      --running;
      changed.notify_all();
    });
  {
    std::unique_lock lock(mutex);
    std::chrono::milliseconds sinceFailure = 0ms;
    while (running > 0) {
      changed.wait_for(lock, 100ms);
      if (stopped_.load() && running > 0 && (sinceFailure += 100ms) == kGrace && options_.onStuck)
        options_.onStuck(failure_);
    }
  }
  for (std::thread &thread : threads)
    thread.join();
  return failure_;
}

void RunSession::fail(int rank, const plan::Entry *entry, Status status) {
  {
    std::lock_guard lock(failureMutex_);
    if (stopped_.load())
      return;
    std::string others = entry ? whereOthersWere(rank, *entry) : "";
    failure_ = Status(status.code(), status.message() + others, status.hint());
    stopped_.store(true);
  }
  stepBarrier_.abort();
  for (const std::unique_ptr<Rank> &other : ranks_)
    for (const std::unique_ptr<Communicator> &communicator : other->communicators)
      communicator->abort(failure_);
}

std::string RunSession::whereOthersWere(int rank, const plan::Entry &entry) const {
  constexpr int kMost = 8;
  std::string text;
  int listed = 0;
  for (int other = 0; other < numRanks(); ++other) {
    int64_t step = ranks_[other]->step.load(std::memory_order_relaxed);
    if (other == rank || step == 0 || ++listed > kMost)
      continue;
    uint32_t at = ranks_[other]->executor->currentInstruction();
    text += (text.empty() ? "; meanwhile rank " : ", rank ") + std::to_string(other) +
            " was in step " + std::to_string(step) + " at " +
            describe(*entry.instructions()->Get(at), at);
  }
  if (listed > kMost)
    text += ", and " + std::to_string(listed - kMost) + " more ranks elsewhere";
  return text;
}

Status RunSession::writeProfile(const std::string &path) const {
  std::vector<const Profile *> profiles;
  for (const std::unique_ptr<Rank> &rank : ranks_)
    profiles.push_back(rank->profile.get());
  return writeTrace(path, profiles);
}
