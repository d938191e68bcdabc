//===- Watch.h - The thread that sees whether the other processes live -----------------------===//
//
// Owns the control connections. Nothing else reads or writes them, so no message is ever cut.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/comm/tcp/Exchange.h"
#include "runtime/comm/tcp/Socket.h"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

struct pollfd; // NOLINT(readability-identifier-naming): of poll.h

namespace tpc::tcp {

struct WatchOptions {
  int rank = 0;
  std::vector<Socket> control; ///< on rank 0 by rank, with none for itself; on others to rank 0
  Socket listener;             ///< on rank 0: whoever comes too late is told so
  std::chrono::milliseconds timeout;
  int lifeline = -1;
};

class Watch {
public:
  explicit Watch(WatchOptions options);
  /// Tells the others of a failure, if there was one, and ends.
  ~Watch();
  Watch(const Watch &) = delete;

  /// See ProcessGroup::onFailure.
  void onFailure(std::function<Status(const Status &)> explain);
  /// The first failure is the one that counts.
  void abort(const Status &reason);
  /// From now on processes may end without being missed.
  void expectTheEnd() { ending_.store(true); }

  const Interrupt &interrupt() const { return interrupt_; }
  /// Waits up to `patience` for a reason.
  Status reason(std::chrono::milliseconds patience) const;

private:
  struct Process {
    int rank;
    Socket socket;
    MessageReader reader;
    std::vector<std::byte> out; ///< what the kernel has not taken yet
    Patience silence;
    bool gone = false;
  };

  void watch();
  void read(Process &process);
  void say(Process &process, std::span<const std::byte> message);
  void flush(Process &process);
  void refuseNewcomers();
  /// Of another process; explained before anybody here learns of it.
  void learn(const Status &failure);
  void set(const Status &reason);
  void sayGoodbye();

  const int rank_, lifeline_;
  const Socket listener_;
  const std::chrono::milliseconds silence_, interval_;
  std::vector<Process> processes_;
  Interrupt interrupt_, wake_;
  std::atomic<bool> ending_{false}, stop_{false};
  std::atomic<bool> failed_{false};
  mutable std::mutex mutex_;
  std::mutex explaining_;    ///< held while a failure is explained
  bool unexplained_ = false; ///< another's failure came before there was somebody to explain it
  mutable std::condition_variable changed_;
  std::optional<Status> reason_;
  std::function<Status(const Status &)> explain_;
  std::thread thread_;
};

} // namespace tpc::tcp
