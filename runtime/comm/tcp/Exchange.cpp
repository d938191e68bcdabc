//===- Exchange.cpp - Sending and receiving on many connections at once ----------------------===//

#include "runtime/comm/tcp/Exchange.h"

#include <algorithm>
#include <cerrno>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace tpc;
using namespace tpc::tcp;

Interrupt::Interrupt() : fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
Interrupt::~Interrupt() { ::close(fd_); }

void Interrupt::raise() {
  raised_.store(true, std::memory_order_release);
  // Never read again: whoever polls from now on wakes at once.
  eventfd_write(fd_, 1);
}

void Segments::add(const void *data, size_t bytes) {
  if (bytes == 0)
    return;
  std::byte *begin = static_cast<std::byte *>(const_cast<void *>(data));
  if (!list_.empty()) {
    iovec &last = list_.back();
    if (static_cast<std::byte *>(last.iov_base) + last.iov_len == begin) {
      last.iov_len += bytes;
      return;
    }
  }
  list_.push_back({begin, bytes});
}

size_t Segments::count() const {
  // The kernel's limit is 1024; more than a few do not make a call cheaper.
  return std::min<size_t>(list_.size() - next_, 64);
}

void Segments::advance(size_t bytes) {
  while (bytes > 0) {
    iovec &first = list_[next_];
    if (bytes < first.iov_len) {
      first.iov_base = static_cast<std::byte *>(first.iov_base) + bytes;
      first.iov_len -= bytes;
      return;
    }
    bytes -= first.iov_len;
    ++next_;
  }
}

void Segments::clear() {
  list_.clear();
  next_ = 0;
}

namespace {

enum class Moved { Nothing, Something, Closed };

Moved sendSome(Transfer &transfer) {
  msghdr message{};
  message.msg_iov = transfer.send.data();
  message.msg_iovlen = transfer.send.count();
  ssize_t sent = sendmsg(transfer.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent > 0) {
    transfer.send.advance(static_cast<size_t>(sent));
    return Moved::Something;
  }
  return sent < 0 && errno != EAGAIN && errno != EINTR ? Moved::Closed : Moved::Nothing;
}

Moved receiveSome(Transfer &transfer) {
  msghdr message{};
  message.msg_iov = transfer.receive.data();
  message.msg_iovlen = transfer.receive.count();
  ssize_t received = recvmsg(transfer.fd, &message, MSG_DONTWAIT);
  if (received > 0) {
    transfer.receive.advance(static_cast<size_t>(received));
    transfer.received += static_cast<size_t>(received);
    return Moved::Something;
  }
  return received < 0 && (errno == EAGAIN || errno == EINTR) ? Moved::Nothing : Moved::Closed;
}

void sleep(std::span<Transfer> transfers, const Interrupt &interrupt, int milliseconds) {
  std::vector<pollfd> waits{{interrupt.fd(), POLLIN, 0}};
  for (Transfer &transfer : transfers) {
    short events = static_cast<short>((transfer.send.done() ? 0 : POLLOUT) |
                                      (transfer.receive.done() ? 0 : POLLIN));
    if (events)
      waits.push_back({transfer.fd, events, 0});
  }
  poll(waits.data(), waits.size(), milliseconds);
}

} // namespace

ExchangeResult tcp::exchange(std::span<Transfer> transfers, const Interrupt &interrupt,
                             const ExchangeLimits &limits,
                             const std::function<bool(size_t transfer)> &check) {
  using Clock = std::chrono::steady_clock;
  Patience patience(limits.timeout);
  Clock::time_point idleSince;
  bool idle = false;
  for (;;) {
    bool moved = false, done = true;
    // Everything goes out before anything is looked at: when ranks disagree, each of them sees it.
    for (bool sending : {true, false})
      for (size_t i = 0; i < transfers.size(); ++i) {
        Transfer &transfer = transfers[i];
        Segments &side = sending ? transfer.send : transfer.receive;
        if (side.done())
          continue;
        Moved result = sending ? sendSome(transfer) : receiveSome(transfer);
        if (result == Moved::Closed)
          return {ExchangeResult::Closed, i};
        moved |= result == Moved::Something;
        done &= side.done();
        if (transfer.checkAfter && transfer.received >= transfer.checkAfter) {
          transfer.checkAfter = 0;
          if (!check(i))
            return {ExchangeResult::CheckFailed, i};
        }
      }
    if (done)
      return {};
    if (interrupt.raised())
      return {ExchangeResult::Interrupted};
    if (moved) {
      idle = false;
      // Whoever makes progress is not late, however long the whole takes.
      patience = Patience(limits.timeout);
      continue;
    }
    Clock::time_point now = Clock::now();
    if (!idle) {
      idle = true;
      idleSince = now;
      patience.over();
    }
    if (now - idleSince < limits.spin)
      continue;
    sleep(transfers, interrupt, patience.slice());
    if (patience.over())
      return {ExchangeResult::TimedOut};
  }
}
