//===- Exchange.h - Sending and receiving on many connections at once ------------------------===//
//
// One thread, one poll loop: every connection sends and receives as far as the kernel takes and
// gives, so two ranks that both send never wait for each other. What can't go on spins briefly,
// because ranks usually come within microseconds of each other, and then sleeps.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/comm/tcp/Socket.h"

#include <atomic>
#include <functional>
#include <sys/uio.h>

namespace tpc::tcp {

/// Ends the waits of a process, for good. Any thread may raise it.
class Interrupt {
public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt &) = delete;

  void raise();
  bool raised() const { return raised_.load(std::memory_order_acquire); }
  /// Readable once it is raised.
  int fd() const { return fd_; }

private:
  std::atomic<bool> raised_{false};
  int fd_;
};

/// Ranges of memory, in order.
class Segments {
public:
  void add(const void *data, size_t bytes);
  bool done() const { return next_ == list_.size(); }
  /// The first `count` that are left, for sendmsg and recvmsg.
  iovec *data() { return list_.data() + next_; }
  size_t count() const;
  void advance(size_t bytes);
  void clear();

private:
  std::vector<iovec> list_;
  size_t next_ = 0;
};

/// What one connection sends and receives.
struct Transfer {
  int fd = -1;
  Segments send, receive;
  /// After so many received bytes the exchange's check is called; 0: never.
  size_t checkAfter = 0;
  size_t received = 0;
};

struct ExchangeResult {
  enum Outcome { Done, Interrupted, TimedOut, Closed, CheckFailed } outcome = Done;
  size_t transfer = 0; ///< of Closed and CheckFailed
};

struct ExchangeLimits {
  std::chrono::milliseconds timeout;
  std::chrono::microseconds spin;
};

/// Until everything is sent and received. `check`: whether what came first on a connection is as it
/// must be.
ExchangeResult exchange(std::span<Transfer> transfers, const Interrupt &interrupt,
                        const ExchangeLimits &limits,
                        const std::function<bool(size_t transfer)> &check = {});

} // namespace tpc::tcp
