//===- Watch.cpp - The thread that sees whether the other processes live ---------------------===//

#include "runtime/comm/tcp/Watch.h"

#include "runtime/comm/tcp/Handshake.h"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <sys/socket.h>

using namespace tpc;
using namespace tpc::tcp;
using namespace std::chrono_literals;

namespace {

/// Shorter silences happen on a machine that has too much to do.
constexpr std::chrono::milliseconds kLeastSilence = 1s;
/// How long an ending process tries to say why.
constexpr std::chrono::milliseconds kLastWords = 500ms;

} // namespace

Watch::Watch(WatchOptions options)
    : rank_(options.rank), lifeline_(options.lifeline), listener_(std::move(options.listener)),
      silence_(std::max(options.timeout, kLeastSilence)),
      interval_(std::clamp<std::chrono::milliseconds>(silence_ / 5, 20ms, 1s)) {
  for (size_t i = 0; i < options.control.size(); ++i)
    if (options.control[i])
      processes_.push_back({rank_ == 0 ? static_cast<int>(i) : 0,
                            std::move(options.control[i]),
                            {},
                            {},
                            Patience(silence_)});
  thread_ = std::thread([this] { watch(); });
}

Watch::~Watch() {
  stop_ = true;
  wake_.raise();
  thread_.join();
}

void Watch::onFailure(std::function<Status(const Status &)> explain) {
  std::lock_guard lock(explaining_);
  explain_ = std::move(explain);
  if (!explain_ || !unexplained_)
    return;
  unexplained_ = false;
  set(explain_(reason(0ms)));
}

void Watch::abort(const Status &reason) {
  if (!failed_.exchange(true))
    set(reason);
}

void Watch::learn(const Status &failure) {
  if (failed_.exchange(true))
    return;
  std::lock_guard lock(explaining_);
  unexplained_ = !explain_;
  set(explain_ ? explain_(failure) : failure);
}

void Watch::set(const Status &reason) {
  {
    std::lock_guard lock(mutex_);
    reason_ = reason;
  }
  changed_.notify_all();
  interrupt_.raise();
}

Status Watch::reason(std::chrono::milliseconds patience) const {
  std::unique_lock lock(mutex_);
  for (Patience left(patience); !reason_ && !left.over();)
    changed_.wait_for(lock, std::chrono::milliseconds(left.slice()));
  return reason_.value_or(Status());
}

void Watch::watch() {
  bool told = false;
  auto nextBeat = std::chrono::steady_clock::now();
  while (!stop_) {
    std::vector<pollfd> waits{{wake_.fd(), POLLIN, 0},
                              {told ? -1 : interrupt_.fd(), POLLIN, 0},
                              {listener_.fd(), POLLIN, 0},
                              {lifeline_, POLLIN, 0}};
    for (const Process &process : processes_)
      waits.push_back({process.gone ? -1 : process.socket.fd(),
                       static_cast<short>(POLLIN | (process.out.empty() ? 0 : POLLOUT)), 0});
    poll(waits.data(), waits.size(), static_cast<int>(std::min(interval_, 100ms).count()));
    if (waits[2].revents)
      refuseNewcomers();
    if (waits[3].revents)
      learn(Status(Code::RankFailed, "the process that started the ranks has ended"));
    for (Process &process : processes_) {
      if (process.gone)
        continue;
      read(process);
      if (process.silence.over() && !process.gone && !ending_)
        learn(Status(Code::RankFailed,
                     "rank " + std::to_string(process.rank) + " has shown no sign of life for " +
                         std::to_string(silence_.count()) + " ms: it, or its machine, has stopped",
                     "--timeout sets how long ranks wait for each other"));
    }
    if (interrupt_.raised() && !told) {
      told = true;
      for (Process &process : processes_)
        say(process, encode(MessageType::Abort, reason(0ms)));
    }
    if (auto now = std::chrono::steady_clock::now(); now >= nextBeat) {
      nextBeat = now + interval_;
      for (Process &process : processes_)
        if (process.out.empty())
          say(process, encodeHeartbeat());
    }
    for (Process &process : processes_)
      flush(process);
  }
  if (interrupt_.raised() && !told)
    for (Process &process : processes_)
      say(process, encode(MessageType::Abort, reason(0ms)));
  sayGoodbye();
}

void Watch::read(Process &process) {
  for (;;) {
    switch (process.reader.read(process.socket)) {
    case MessageReader::State::More:
      return;
    case MessageReader::State::Complete:
      process.silence = Patience(silence_);
      if (Result<Reason> reason = parseReason(process.reader.message()); reason.ok())
        learn(reason->status);
      process.reader.next();
      continue;
    case MessageReader::State::Closed:
    case MessageReader::State::Garbage:
      process.gone = true;
      if (!ending_)
        learn(Status(Code::RankFailed, "rank " + std::to_string(process.rank) +
                                           " ended without saying why: its connection was closed"));
      return;
    }
  }
}

void Watch::say(Process &process, std::span<const std::byte> message) {
  if (!process.gone)
    process.out.insert(process.out.end(), message.begin(), message.end());
  flush(process);
}

void Watch::flush(Process &process) {
  while (!process.gone && !process.out.empty()) {
    ssize_t sent = send(process.socket.fd(), process.out.data(), process.out.size(),
                        MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR)
      continue;
    // A broken connection shows when it is read.
    if (sent <= 0)
      return;
    process.out.erase(process.out.begin(), process.out.begin() + sent);
  }
}

void Watch::refuseNewcomers() {
  while (Socket socket = acceptFrom(listener_)) {
    Patience patience(50ms);
    (void)sendMessage(socket,
                      encode(MessageType::Reject,
                             Status(Code::InvalidInput, "all ranks of this run are there already",
                                    "every process needs a rank of its own")),
                      patience);
    shutdown(socket.fd(), SHUT_WR);
    // What it has said is read, or closing would take back what it was told.
    MessageReader reader;
    pollfd ready{socket.fd(), POLLIN, 0};
    if (poll(&ready, 1, 50) > 0)
      (void)reader.read(socket);
  }
}

void Watch::sayGoodbye() {
  Patience patience(kLastWords);
  auto busy = [](const Process &process) { return !process.gone && !process.out.empty(); };
  while (std::any_of(processes_.begin(), processes_.end(), busy) && !patience.over()) {
    for (Process &process : processes_)
      flush(process);
    std::this_thread::sleep_for(1ms);
  }
  for (Process &process : processes_) {
    // Closing with something unread would make the kernel drop what was said.
    if (!process.gone) {
      shutdown(process.socket.fd(), SHUT_WR);
      while (process.reader.read(process.socket) == MessageReader::State::Complete)
        process.reader.next();
    }
    process.socket.close();
  }
}
