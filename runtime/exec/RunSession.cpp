//===- RunSession.cpp - The ranks of a plan that live in one process --------------------------===//

#include "runtime/exec/RunSession.h"

#include "runtime/comm/local/LocalGroup.h"
#include "runtime/comm/local/LockstepGroup.h"
#include "runtime/device/HostAccess.h"
#include "runtime/exec/GuardedMemory.h"
#include "runtime/plan/PlanCheck.h"

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <numeric>
#include <sys/sysinfo.h>
#include <thread>

using namespace tpc;
using namespace std::chrono_literals;

namespace {

/// How long ranks have to notice that another one failed.
constexpr std::chrono::seconds kGrace = 5s;
/// A rank that died is noticed all the same.
constexpr std::chrono::milliseconds kNoTimeout = 24h;
/// What rank 0 tells the others beside a signal: that its hook does not want to go on.
constexpr int64_t kHookStops = 256;

} // namespace

RunSession::RunSession(PlanFile plan, SessionOptions options)
    : plan_(std::move(plan)), options_(std::move(options)), ranks_(plan_.mesh().numRanks()),
      stepBarrier_(
          options_.processes || options_.lockstep ? 1 : static_cast<int>(plan_.mesh().numRanks())) {
}

Result<std::unique_ptr<RunSession>> RunSession::create(PlanFile plan, SessionOptions options) {
  std::unique_ptr<RunSession> session(new RunSession(std::move(plan), std::move(options)));
  if (Status status = session->open(); !status.ok()) {
    session->abort(status);
    return status;
  }
  return session;
}

Status RunSession::open() {
  const Mesh &mesh = plan_.mesh();
  int ranks = static_cast<int>(mesh.numRanks());
  const std::optional<Fault> &fault = options_.fault;
  if (fault && fault->rank >= ranks)
    return Status(Code::Usage, "TPC_INJECT_FAULT names rank " + std::to_string(fault->rank) +
                                   " of a plan for " + std::to_string(ranks) + " rank(s)");
  ProcessGroup *processes = options_.processes.get();
  if (fault && fault->kind == Fault::Kind::Stall && options_.lockstep && !processes)
    return Status(Code::Usage, "TPC_INJECT_FAULT stalls the one thread that drives all ranks, and "
                               "nobody is left to notice");
  if (options_.threadsPerRank == 0)
    options_.threadsPerRank =
        std::max(1, static_cast<int>(std::thread::hardware_concurrency()) /
                        (processes ? processes->ranksOnThisMachine() : ranks));

  if (processes) {
    hosted_ = {processes->rank()};
    processes->onFailure([this](const Status &failure) { return explain(failure); });
    // All come out of it within microseconds, so that their profiles count from the same time.
    TPC_RETURN_IF_ERROR(meet());
  } else {
    hosted_.resize(static_cast<size_t>(ranks));
    std::iota(hosted_.begin(), hosted_.end(), 0);
  }
  TPC_RETURN_IF_ERROR(checkHostMemory());
  Profile::Clock::time_point origin = Profile::Clock::now();
  for (int rank : hosted_) {
    ranks_[rank] = std::make_unique<Rank>();
    single_.push_back({rank});
  }
  TPC_RETURN_IF_ERROR(onEveryRank([&](int rank) { return createDevice(rank); }));
  TPC_RETURN_IF_ERROR(checkDeviceMemory());
  // Each rank's memory is first touched by a thread of its own.
  TPC_RETURN_IF_ERROR(onEveryRank([&](int rank) { return createMemory(rank); }));
  connectRanks();
  for (int rank : hosted_)
    createExecutor(rank, origin);
  makeTeams();
  return Status();
}

RunSession::~RunSession() {
  if (!options_.processes)
    return;
  options_.processes->onFailure({});
  // In this order: what runs, the graphs that hold collectives, the communicators, and only then
  // memory. It may be registered with the communicators, and others may read it through them.
  for (const std::vector<int> &rank : single_)
    quiesce(rank);
  teams_.clear();
  options_.processes.reset();
}

/// All ranks of this machine fit into its memory, or none begins: Linux promises more than there
/// is, and then ends the process that uses it.
Status RunSession::checkHostMemory() const {
  struct sysinfo machine;
  if (plan_->target()->string_view() != "cpu" || sysinfo(&machine) != 0)
    return Status();
  constexpr double gibibyte = 1 << 30;
  double has = (double(machine.totalram) + double(machine.totalswap)) * machine.mem_unit;
  int ranks = options_.processes ? options_.processes->ranksOnThisMachine()
                                 : static_cast<int>(hosted_.size());
  double needed = double(plan_.arenaBytes()) * ranks;
  if (needed <= has)
    return Status();
  char text[96];
  std::snprintf(text, sizeof(text), "%d rank(s) need %.1f GiB, and this machine has %.1f", ranks,
                needed / gibibyte, has / gibibyte);
  return Status(
      Code::Unavailable, text,
      "`tpc inspect --view memory` says what takes it; `tpc compile --memory-limit` bounds "
      "it, and --dim binds a smaller batch");
}

/// The ranks of this process share a GPU, and none of them begins where it has not room for all.
Status RunSession::checkDeviceMemory() const {
  TPC_ASSIGN_OR_RETURN(std::optional<uint64_t> free, ranks_[hosted_[0]]->device->bytesFree());
  double needed = double(plan_.arenaBytes()) * double(hosted_.size());
  if (!free || needed <= double(*free))
    return Status();
  constexpr double mebibyte = 1 << 20;
  char text[128];
  std::snprintf(text, sizeof(text), "%zu rank(s) need %.1f MiB of a GPU, and %.1f MiB are free",
                hosted_.size(), needed / mebibyte, double(*free) / mebibyte);
  std::string who = options_.processes ? "rank " + std::to_string(hosted_[0]) + ": " : "";
  return Status(
      Code::Unavailable, who + text,
      "`tpc inspect --view memory` says what takes it; `tpc compile --memory-limit` bounds it, and "
      "--dim binds a smaller batch" +
          std::string(hosted_.size() > 1 ? "; with --comm nccl each rank has a GPU" : ""));
}

Status RunSession::createDevice(int index) {
  TPC_ASSIGN_OR_RETURN(ranks_[index]->device, options_.makeDevice(options_.threadsPerRank));
  return Status();
}

Status RunSession::createMemory(int index) {
  Rank &rank = *ranks_[index];
  if (options_.checkMemory) {
    TPC_ASSIGN_OR_RETURN(std::unique_ptr<GuardedMemory> memory,
                         GuardedMemory::create(plan_, *rank.device));
    rank.guarded = memory.get();
    rank.memory = std::move(memory);
  } else {
    TPC_ASSIGN_OR_RETURN(rank.memory, RankMemory::create(plan_, *rank.device));
  }
  TPC_ASSIGN_OR_RETURN(rank.inputs,
                       StepInputs::create(plan_, *rank.device, *rank.memory, options_.timeout));
  return Status();
}

void RunSession::connectRanks() {
  if (options_.processes) {
    ranks_[hosted_[0]]->communicators = options_.processes->communicators();
    return;
  }
  std::vector<Device *> devices;
  for (const std::unique_ptr<Rank> &rank : ranks_)
    devices.push_back(rank->device.get());
  local_ = options_.lockstep ? makeLockstepCommunicators(plan_.mesh(), devices)
                             : makeLocalCommunicators(plan_.mesh(), options_.timeout);
  for (int rank : hosted_)
    for (const std::unique_ptr<Communicator> &communicator : local_[rank])
      ranks_[rank]->communicators.push_back(communicator.get());
}

void RunSession::createExecutor(int index, Profile::Clock::time_point origin) {
  Rank &rank = *ranks_[index];
  RankResources resources{index, *rank.device, *rank.memory, *rank.inputs, rank.communicators};
  rank.executor = std::make_unique<Executor>(plan_, std::move(resources));
  for (ExecutionObserver *observer : options_.observers)
    rank.executor->addObserver(observer);
  if (rank.guarded)
    rank.executor->addObserver(rank.guarded);
  if (options_.fault) {
    rank.faults =
        std::make_unique<FaultInjector>(*options_.fault, [this] { return stopped_.load(); });
    rank.executor->addObserver(rank.faults.get());
  }
  if (options_.profile) {
    rank.profile = std::make_unique<Profile>(*rank.device, origin);
    rank.executor->addObserver(rank.profile.get());
  }
}

void RunSession::makeTeams() {
  teamRanks_ = options_.lockstep ? std::vector<std::vector<int>>{hosted_} : single_;
  for (const std::vector<int> &ranks : teamRanks_) {
    std::vector<Executor *> executors;
    for (int rank : ranks)
      executors.push_back(ranks_[rank]->executor.get());
    teams_.push_back(std::make_unique<Team>(std::move(executors), options_.timeout));
  }
}

void RunSession::addObserver(int rank, ExecutionObserver *observer) {
  ranks_[rank]->executor->addObserver(observer);
}

Status RunSession::onEveryRank(const std::function<Status(int rank)> &work) {
  return runThreads(nullptr, single_, [&](size_t i) { return work(hosted_[i]); });
}

Status RunSession::prepare(const plan::Entry &entry) {
  return onEveryRank([&](int rank) { return ranks_[rank]->executor->prepare(entry); });
}

Status RunSession::runSteps(const plan::Entry &entry, int64_t first, int64_t count,
                            const StepHooks &hooks) {
  goOn_ = true;
  stoppedBy_ = 0;
  running_ = &entry;
  Status status = runThreads(
      &entry, teamRanks_, [&](size_t team) { return runTeam(team, entry, first, count, hooks); });
  running_ = nullptr;
  return status;
}

Status RunSession::runTeam(size_t team, const plan::Entry &entry, int64_t first, int64_t count,
                           const StepHooks &hooks) {
  const std::vector<int> &ranks = teamRanks_[team];
  auto noteStep = [&](int64_t step) {
    for (int rank : ranks)
      ranks_[rank]->step.store(step, std::memory_order_relaxed);
  };
  // Processes take different times to read their parameters, which is not to count as waiting.
  TPC_RETURN_IF_ERROR(meet());
  for (int64_t step = first; step < first + count && goOn_; ++step) {
    auto start = std::chrono::steady_clock::now();
    for (int rank : ranks)
      if (hooks.bind)
        TPC_RETURN_IF_ERROR(hooks.bind(rank, step));
    noteStep(step);
    TPC_RETURN_IF_ERROR(teams_[team]->run(entry, step));
    noteStep(0);
    TPC_RETURN_IF_ERROR(endStep(ranks[0], step, start, hooks));
    for (int rank : ranks)
      if (hooks.check)
        TPC_RETURN_IF_ERROR(hooks.check(rank, step));
  }
  return Status();
}

Status RunSession::endStep(int index, int64_t step, std::chrono::steady_clock::time_point start,
                           const StepHooks &hooks) {
  auto report = [&](int64_t signal) -> Result<int64_t> {
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    bool more = true;
    if (hooks.done) {
      TPC_ASSIGN_OR_RETURN(more, hooks.done(step, seconds.count()));
    }
    return more ? signal : signal | kHookStops;
  };
  auto asked = [&]() -> int64_t { return hooks.stop ? hooks.stop() : 0; };
  auto obey = [&](int64_t verdict) {
    stoppedBy_ = static_cast<int>(verdict & ~kHookStops);
    goOn_ = verdict == 0;
  };
  std::string where = " at the end of step " + std::to_string(step);
  if (ProcessGroup *processes = options_.processes.get()) {
    Status hookFailure;
    Result<int64_t> verdict = processes->agree(
        asked(),
        [&](int64_t signal) {
          Result<int64_t> result = report(signal);
          hookFailure = result.status();
          return result;
        },
        options_.timeout);
    TPC_RETURN_IF_ERROR(std::move(hookFailure));
    if (!verdict.ok())
      return Status(verdict.status()).withContext("rank " + std::to_string(index) + where);
    obey(*verdict);
    return Status();
  }
  if (stepBarrier_.arriveAndWait(options_.timeout) != Barrier::Outcome::Passed)
    return Status(Code::RankFailed, "rank " + std::to_string(index) + " waited " +
                                        std::to_string(options_.timeout.count()) + " ms" + where +
                                        " for the other ranks");
  if (index == 0) {
    TPC_ASSIGN_OR_RETURN(int64_t verdict, report(asked()));
    obey(verdict);
  }
  // No timeout: the hook may save a checkpoint, and if it fails it wakes us.
  if (stepBarrier_.arriveAndWait(24h) != Barrier::Outcome::Passed)
    return Status(Code::RankFailed, "another rank failed");
  return Status();
}

Status RunSession::meet() const {
  if (!options_.processes)
    return Status();
  return options_.processes->agree(0, [](int64_t) { return int64_t(0); }, kNoTimeout).status();
}

Status RunSession::runThreads(const plan::Entry *entry, std::span<const std::vector<int>> groups,
                              const std::function<Status(size_t)> &work) {
  std::mutex mutex;
  std::condition_variable changed;
  size_t running = groups.size();
  std::vector<std::thread> threads;
  for (size_t i = 0; i < groups.size(); ++i)
    threads.emplace_back([&, i] {
      if (Status status = work(i); !status.ok()) {
        fail(groups[i], entry, std::move(status));
        quiesce(groups[i]);
      }
      std::lock_guard lock(mutex);
      --running;
      changed.notify_all();
    });
  {
    std::unique_lock lock(mutex);
    std::chrono::nanoseconds sinceFailure = 0ms;
    while (running > 0) {
      const auto before = std::chrono::steady_clock::now();
      changed.wait_for(lock, 100ms);
      if (!stopped_.load() || running == 0 || sinceFailure > kGrace)
        continue;
      // Time in which the process was stopped does not count.
      sinceFailure +=
          std::min<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - before, 100ms);
      if (sinceFailure > kGrace && options_.onStuck)
        options_.onStuck(failure());
    }
  }
  for (std::thread &thread : threads)
    thread.join();
  return failure();
}

Status RunSession::failure() {
  std::lock_guard lock(failureMutex_);
  return failure_;
}

void RunSession::fail(Ranks ranks, const plan::Entry *entry, Status status) {
  {
    std::lock_guard lock(failureMutex_);
    if (stopped_.load())
      return;
    std::string others = entry ? whereOthersWere(ranks, *entry) : "";
    // In a step the message names the rank; before, only ranks of one process fail alike.
    std::string who = options_.processes && !entry ? "rank " + std::to_string(ranks[0]) + ": " : "";
    failure_ = Status(status.code(), who + status.message() + others, status.hint());
    stopped_.store(true);
  }
  stepBarrier_.abort();
  if (options_.processes)
    options_.processes->abort(failure_);
  for (const std::vector<std::unique_ptr<Communicator>> &axes : local_)
    for (const std::unique_ptr<Communicator> &communicator : axes)
      communicator->abort(failure_);
}

void RunSession::quiesce(Ranks ranks) {
  for (int index : ranks) {
    Rank &rank = *ranks_[index];
    if (!rank.device)
      continue;
    // Collectives that wait for a rank that failed end by this.
    for (Communicator *communicator : rank.communicators)
      (void)communicator->check();
    for (Result<bool> idle = rank.device->isIdle(); idle.ok() && !*idle;
         idle = rank.device->isIdle())
      std::this_thread::sleep_for(1ms);
  }
}

Status RunSession::explain(const Status &failure) {
  std::lock_guard lock(failureMutex_);
  if (stopped_.load())
    return failure_;
  const plan::Entry *entry = running_;
  failure_ = Status(failure.code(), failure.message() + (entry ? whereOthersWere({}, *entry) : ""),
                    failure.hint());
  stopped_.store(true);
  return failure_;
}

std::string RunSession::whereOthersWere(Ranks ranks, const plan::Entry &entry) const {
  constexpr int kMost = 8;
  std::string text;
  int listed = 0;
  for (int other : hosted_) {
    int64_t step = ranks_[other]->step.load(std::memory_order_relaxed);
    bool isOne = std::find(ranks.begin(), ranks.end(), other) != ranks.end();
    if (isOne || step == 0 || ++listed > kMost)
      continue;
    uint32_t at = ranks_[other]->executor->currentInstruction();
    text += (text.empty() ? "; meanwhile rank " : ", rank ") + std::to_string(other) +
            " was in step " + std::to_string(step);
    if (at != Executor::kWholeStep)
      text += " at " + describe(*entry.instructions()->Get(at), at);
  }
  if (listed > kMost)
    text += ", and " + std::to_string(listed - kMost) + " more ranks elsewhere";
  return text;
}

Status RunSession::read(int rank, uint32_t index,
                        const std::function<Status(const void *)> &visit) const {
  TPC_RETURN_IF_ERROR(ranks_[rank]->inputs->flush());
  return readOnHost(device(rank), buffer(rank, index), plan_.buffer(index).bytes(), visit);
}

Status RunSession::write(int rank, uint32_t index,
                         const std::function<Status(void *)> &fill) const {
  TPC_RETURN_IF_ERROR(ranks_[rank]->inputs->flush());
  return writeOnHost(device(rank), buffer(rank, index), plan_.buffer(index).bytes(), fill);
}

uint64_t RunSession::stagedBytes() const {
  uint64_t bytes = 0;
  for (int rank : hosted_)
    bytes += ranks_[rank]->inputs->stagedBytes();
  return bytes;
}

Status RunSession::gather(uint32_t buffer, std::span<const int> ranks,
                          const std::function<Status(int rank, const void *data)> &visit) const {
  if (!options_.processes) {
    for (int rank : ranks)
      TPC_RETURN_IF_ERROR(read(rank, buffer, [&](const void *data) { return visit(rank, data); }));
    return Status();
  }
  return read(hosted_[0], buffer, [&](const void *data) {
    std::span<const std::byte> mine(static_cast<const std::byte *>(data),
                                    plan_.buffer(buffer).bytes());
    return options_.processes->gather(
        ranks, mine, [&](int rank, std::span<const std::byte> bytes) -> Status {
          if (bytes.size() != mine.size())
            return Status(Code::Internal, "rank " + std::to_string(rank) +
                                              " sent a buffer of another size than rank 0 has");
          return visit(rank, bytes.data());
        });
  });
}

Status RunSession::writeProfile(const std::string &path) const {
  std::vector<std::string> events;
  if (!options_.processes) {
    for (const std::unique_ptr<Rank> &rank : ranks_)
      events.push_back(rank->profile->traceEvents());
    return writeTrace(path, events);
  }
  std::vector<int> all(ranks_.size());
  std::iota(all.begin(), all.end(), 0);
  std::string mine = ranks_[hosted_[0]]->profile->traceEvents();
  TPC_RETURN_IF_ERROR(options_.processes->gather(
      all, std::as_bytes(std::span(mine)), [&](int, std::span<const std::byte> bytes) {
        events.emplace_back(reinterpret_cast<const char *>(bytes.data()), bytes.size());
        return Status();
      }));
  return isRoot() ? writeTrace(path, events) : Status();
}

void RunSession::abort(const Status &reason) const {
  if (options_.processes)
    options_.processes->abort(reason);
}

Result<int64_t> RunSession::finish(int64_t value) const {
  if (!options_.processes)
    return value;
  return options_.processes->finish(value);
}
