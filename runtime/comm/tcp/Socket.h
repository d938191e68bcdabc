//===- Socket.h - Non-blocking stream sockets ------------------------------------------------===//
//
// Every socket here is non-blocking, closed on exec, and sends small messages at once. Who waits
// does so in poll, for as long as its Patience lasts, so that a wait can always be ended.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tpc::tcp {

class Socket {
public:
  Socket() = default;
  explicit Socket(int fd) : fd_(fd) {}
  Socket(Socket &&other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket &operator=(Socket &&other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket();

  int fd() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void close() { *this = Socket(); }

private:
  int fd_ = -1;
};

/// How long to wait. Time in which this process was stopped itself (a debugger, Ctrl-Z) does not
/// count, because what it waits for was probably stopped with it.
class Patience {
public:
  using Clock = std::chrono::steady_clock;
  explicit Patience(std::chrono::milliseconds limit) : left_(limit), last_(Clock::now()) {}

  /// Whether it has run out. To be asked after every poll.
  bool over();
  /// For poll, in milliseconds: until it runs out, or until it wants to be asked.
  int slice() const;

private:
  std::chrono::nanoseconds left_;
  Clock::time_point last_;
};

/// Listens on this machine's address `host`, or, if that is empty, on all of them; port 0 takes a
/// free one.
Result<Socket> listenOn(const std::string &host, uint16_t port);
uint16_t portOf(const Socket &listener);
/// One attempt.
Result<Socket> connectTo(const std::string &host, uint16_t port, std::chrono::milliseconds timeout);
/// A connection that waits, or none.
Socket acceptFrom(const Socket &listener);
/// "10.0.0.2", and with its port "10.0.0.2:4711".
std::string peerAddress(const Socket &socket);
std::string peerName(const Socket &socket);
/// Whether a name means this machine alone.
bool isLoopback(const std::string &host);
/// Sets the kernel's buffer of what is sent, for tests of short writes; 0 leaves it.
void setSendBuffer(const Socket &socket, int bytes);

/// Sends all of a short message, or fails.
Status sendMessage(const Socket &socket, std::span<const std::byte> message, Patience &patience);

/// Collects messages of Handshake.h from a socket.
class MessageReader {
public:
  enum class State {
    More,     ///< nothing whole is there yet
    Complete, ///< message() has one
    Closed,   ///< the other side is gone
    Garbage   ///< what came is no message
  };
  State read(const Socket &socket);
  /// After Complete: header and body.
  std::span<const std::byte> message() const { return bytes_; }
  /// Makes room for the next one.
  void next() { bytes_.clear(); }

private:
  std::vector<std::byte> bytes_;
};

} // namespace tpc::tcp
