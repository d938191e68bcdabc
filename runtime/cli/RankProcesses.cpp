//===- RankProcesses.cpp - Starting the ranks of a run on this machine -----------------------===//

#include "runtime/cli/RankProcesses.h"

#include "runtime/comm/tcp/Handshake.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <new>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace tpc;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

namespace {

/// How long ranks may take to stop after one of them failed: a little more than a session takes to
/// end its own stuck threads.
constexpr std::chrono::seconds kGrace = 7s;
/// How long they may take to remove an unfinished file, when they are to end at once: a moment, but
/// for a machine that has much to do.
constexpr std::chrono::seconds kSignalGrace = 4s;

Status systemError(const std::string &what) {
  return Status(Code::Unavailable, "cannot " + what + ": " + std::strerror(errno));
}

class Supervisor {
public:
  explicit Supervisor(const RankProcessesOptions &options) : options_(options) {}

  Result<int> run() {
    TPC_RETURN_IF_ERROR(prepare());
    for (int rank = 0; rank < options_.ranks; ++rank)
      if (Status status = start(rank); !status.ok()) {
        killAll();
        reapAll();
        return status;
      }
    listener_.close();
    ::close(lifeline_[0]);
    while (anyAlive()) {
      pollfd ready{signals_, POLLIN, 0};
      poll(&ready, 1, 200);
      // In this order: a signal that ended a rank is here, too, once the rank is seen to have
      // ended.
      reapAll();
      takeSignals();
      endTheRest();
    }
    // What comes after the one that ended the run changes nothing any more.
    if (!board_->signal)
      sigprocmask(SIG_SETMASK, &oldMask_, nullptr);
    return verdict();
  }

private:
  struct Child {
    pid_t pid = -1;
    int report = -1;                   ///< where it says how it ended
    bool alive = true, killed = false; ///< killed: by us
    bool stopped = false;              ///< and so it was when it ended
    int status = 0;                    ///< as waitpid gives it
    int order = 0;                     ///< in which they ended
    std::vector<std::byte> said;
  };

  Status prepare() {
    TPC_ASSIGN_OR_RETURN(listener_, tcp::listenOn("127.0.0.1", 0));
    size_t bytes =
        sizeof(RankBoard) + sizeof(RankBoard::Rank) * static_cast<size_t>(options_.ranks);
    void *memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
      return systemError("share memory between ranks");
    board_ = new (memory) RankBoard;
    if (pipe2(lifeline_, O_CLOEXEC))
      return systemError("make a pipe");
    sigset_t taken;
    sigemptyset(&taken);
    sigaddset(&taken, SIGCHLD);
    for (int signal : stopSignals())
      sigaddset(&taken, signal);
    // A program may have been started with SIGCHLD ignored, and then nothing is left to wait for.
    std::signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_BLOCK, &taken, &oldMask_);
    signals_ = signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
    return signals_ < 0 ? systemError("take signals") : Status();
  }

  Status start(int rank) {
    int report[2];
    if (pipe2(report, O_CLOEXEC))
      return systemError("make a pipe");
    std::fflush(nullptr);
    pid_t self = getpid(), pid = fork();
    if (pid < 0)
      return systemError("start the process of rank " + std::to_string(rank));
    if (pid > 0) {
      ::close(report[1]);
      children_.emplace_back();
      children_.back().pid = pid;
      children_.back().report = report[0];
      return Status();
    }
    // The kernel ends this process with its parent, unless that one is gone already.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != self)
      options_.exitNow(static_cast<int>(Code::RankFailed));
    for (const Child &child : children_)
      ::close(child.report);
    ::close(report[0]);
    ::close(lifeline_[1]);
    ::close(signals_);
    sigprocmask(SIG_SETMASK, &oldMask_, nullptr);
    runChild(rank, report[1]);
    return Status();
  }

  void runChild(int rank, int report) {
    auto say = [&](std::span<const std::byte> message) {
      // The pipe holds a whole message.
      return write(report, message.data(), message.size()) == static_cast<ssize_t>(message.size());
    };
    StartedRank started;
    started.rank = rank;
    started.port = tcp::portOf(listener_);
    if (rank == 0)
      started.listener = std::move(listener_);
    listener_.close();
    started.lifeline = lifeline_[0];
    started.board = board_;
    started.report = [&](const Status &failure) {
      say(tcp::encode(tcp::MessageType::Reject, failure));
    };
    Result<int> result = options_.run(std::move(started));
    if (result.ok()) {
      say(tcp::encodeHeartbeat());
      options_.exitNow(*result ? 128 + *result : 0);
    }
    say(tcp::encode(tcp::MessageType::Reject, result.status()));
    options_.exitNow(static_cast<int>(result.status().code()));
  }

  bool anyAlive() const {
    return std::any_of(children_.begin(), children_.end(), [](const Child &c) { return c.alive; });
  }
  void killAll() {
    for (Child &child : children_)
      if (child.alive) {
        child.killed = true;
        kill(child.pid, SIGKILL);
      }
  }

  void takeSignals() {
    signalfd_siginfo info;
    while (read(signals_, &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
      int signal = static_cast<int>(info.ssi_signo);
      if (signal == SIGCHLD)
        continue;
      // The first one ends the step, saves if asked, and stops; before steps there is nothing to
      // end, and the second one does not wait. A terminal says twice that it closes.
      bool isSecond = board_->signal.exchange(signal) && signal != SIGHUP;
      if (isSecond || board_->ranks[0].step.load() == 0)
        endNow(signal);
    }
  }

  /// By the signal, and not by SIGKILL: rank 0 removes the file that it has not finished.
  void endNow(int signal) {
    endedBy_ = signal;
    if (!endedSince_)
      endedSince_ = Clock::now();
    board_->endNow = true;
    for (const Child &child : children_)
      if (child.alive)
        kill(child.pid, signal);
  }

  void reapAll() {
    for (Child &child : children_) {
      int status = 0;
      while (child.alive &&
             waitpid(child.pid, &status, WNOHANG | WUNTRACED | WCONTINUED) == child.pid) {
        if (WIFSTOPPED(status) || WIFCONTINUED(status)) {
          child.stopped = WIFSTOPPED(status);
          continue;
        }
        child.alive = false;
        child.status = status;
        child.order = ++ended_;
        std::byte buffer[4096];
        for (ssize_t got; (got = read(child.report, buffer, sizeof(buffer))) > 0;)
          child.said.insert(child.said.end(), buffer, buffer + got);
        ::close(child.report);
        if (failed(child) && !failedSince_)
          failedSince_ = Clock::now();
      }
    }
  }

  /// Once one has failed or all are to end, they stop by themselves, except those that can't.
  void endTheRest() {
    if (endedSince_ && Clock::now() - *endedSince_ > kSignalGrace)
      killAll();
    if (!failedSince_)
      return;
    if (Clock::now() - *failedSince_ > kGrace)
      killAll();
    for (Child &child : children_)
      if (child.alive && child.stopped) {
        child.killed = true;
        kill(child.pid, SIGKILL);
      }
  }

  /// Without a last word nobody knows that it is done, whatever its exit status.
  static bool failed(const Child &child) {
    Result<tcp::MessageHeader> header = tcp::parseHeader(child.said);
    return !header.ok() || header->type != tcp::MessageType::Heartbeat || !WIFEXITED(child.status);
  }
  /// Of two signals to the whole group a rank may have taken both when we have seen them as one.
  bool wasEndedByUser(const Child &child) const {
    int signal = board_->signal.load();
    return signal && WIFEXITED(child.status) && WEXITSTATUS(child.status) == 128 + signal;
  }
  static std::optional<Status> reasonOf(const Child &child) {
    Result<tcp::Reason> reason = tcp::parseReason(child.said);
    return reason.ok() ? std::optional<Status>(reason->status) : std::nullopt;
  }

  std::string whereWas(size_t rank) const {
    const RankBoard::Rank &place = board_->ranks[rank];
    if (int64_t step = place.step.load())
      return " in step " + std::to_string(step) + " at " + options_.describe(place.instruction);
    return " before the first step";
  }

  Result<int> verdict() const {
    if (endedBy_)
      return endedBy_;
    // Who died without a word is the cause of what the others say.
    const Child *first = nullptr;
    auto better = [&](const Child &child) { return !first || child.order < first->order; };
    for (const Child &child : children_)
      if (failed(child) && !child.killed && !reasonOf(child) && better(child))
        first = &child;
    if (first && wasEndedByUser(*first))
      return board_->signal.load();
    if (first) {
      size_t rank = static_cast<size_t>(first - children_.data());
      std::string how = WIFSIGNALED(first->status)
                            ? "was ended by signal " + std::to_string(WTERMSIG(first->status)) +
                                  " (" + strsignal(WTERMSIG(first->status)) + ")"
                            : "ended with status " + std::to_string(WEXITSTATUS(first->status)) +
                                  ", before the run did,";
      return Status(Code::RankFailed, "rank " + std::to_string(rank) + " " + how + whereWas(rank));
    }
    for (const Child &child : children_)
      if (reasonOf(child) && better(child))
        first = &child;
    if (first) {
      Status reason = *reasonOf(*first);
      std::string stopped;
      for (size_t rank = 0; rank < children_.size(); ++rank)
        if (children_[rank].stopped)
          stopped += "; rank " + std::to_string(rank) + " was stopped" + whereWas(rank);
      return Status(reason.code(), reason.message() + stopped, reason.hint());
    }
    for (const Child &child : children_)
      if (failed(child))
        return Status(Code::Internal, "a rank did not stop, and was ended");
    int code = WEXITSTATUS(children_[0].status);
    return code > 128 ? code - 128 : 0;
  }

  const RankProcessesOptions &options_;
  tcp::Socket listener_;
  RankBoard *board_ = nullptr; ///< until the process ends
  int lifeline_[2] = {-1, -1}, signals_ = -1;
  sigset_t oldMask_{};
  std::vector<Child> children_;
  int ended_ = 0, endedBy_ = 0;
  std::optional<Clock::time_point> failedSince_, endedSince_;
};

} // namespace

std::vector<int> tpc::stopSignals() {
  std::vector<int> signals = {SIGINT, SIGTERM};
  struct sigaction hangup;
  if (sigaction(SIGHUP, nullptr, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
    signals.push_back(SIGHUP);
  return signals;
}

Result<int> tpc::runRankProcesses(const RankProcessesOptions &options) {
  return Supervisor(options).run();
}
