//===- Socket.cpp - Non-blocking stream sockets ----------------------------------------------===//

#include "runtime/comm/tcp/Socket.h"

#include "runtime/comm/tcp/Handshake.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace tpc;
using namespace tpc::tcp;
using namespace std::chrono_literals;

namespace {

/// How often a wait looks around. A process that was gone for much longer was stopped.
constexpr std::chrono::nanoseconds kSlice = 100ms;

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Result<Addresses> resolve(const std::string &host, uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo *found = nullptr;
  if (int error = getaddrinfo(host.empty() ? nullptr : host.c_str(), std::to_string(port).c_str(),
                              &hints, &found))
    return Status(Code::Unavailable, "host '" + host + "' is not known: " + gai_strerror(error));
  return Addresses(found, freeaddrinfo);
}

Socket makeSocket(const addrinfo &address) {
  return Socket(socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC,
                       address.ai_protocol));
}

void setOption(const Socket &socket, int level, int name, int value) {
  // A socket without the option works, too.
  (void)setsockopt(socket.fd(), level, name, &value, sizeof(value));
}

std::string numeric(const sockaddr_storage &address, socklen_t length, bool withPort) {
  char host[NI_MAXHOST], port[NI_MAXSERV];
  if (getnameinfo(reinterpret_cast<const sockaddr *>(&address), length, host, sizeof(host), port,
                  sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV))
    return "?";
  std::string text = host;
  // What listens on IPv4 and IPv6 at once sees IPv4 addresses inside IPv6 ones.
  if (text.starts_with("::ffff:") && text.find('.') != std::string::npos)
    text = text.substr(7);
  return withPort ? text + ":" + port : text;
}

std::string peerText(const Socket &socket, bool withPort) {
  sockaddr_storage address{};
  socklen_t length = sizeof(address);
  if (getpeername(socket.fd(), reinterpret_cast<sockaddr *>(&address), &length))
    return "?";
  return numeric(address, length, withPort);
}

} // namespace

Socket::~Socket() {
  if (fd_ >= 0)
    ::close(fd_);
}

bool Patience::over() {
  Clock::time_point now = Clock::now();
  left_ -= std::min<std::chrono::nanoseconds>(now - last_, 3 * kSlice);
  last_ = now;
  return left_.count() <= 0;
}

int Patience::slice() const {
  auto wanted = std::clamp<std::chrono::nanoseconds>(left_, 1ms, kSlice);
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(wanted).count());
}

Result<Socket> tcp::listenOn(const std::string &host, uint16_t port) {
  TPC_ASSIGN_OR_RETURN(Addresses addresses, resolve(host, port, AI_PASSIVE));
  int error = 0;
  // IPv6 first: without a host it takes IPv4, too.
  for (int family : {AF_INET6, AF_INET})
    for (const addrinfo *address = addresses.get(); address; address = address->ai_next) {
      if (address->ai_family != family)
        continue;
      Socket socket = makeSocket(*address);
      if (!socket) {
        error = errno;
        continue;
      }
      setOption(socket, SOL_SOCKET, SO_REUSEADDR, 1);
      if (family == AF_INET6)
        setOption(socket, IPPROTO_IPV6, IPV6_V6ONLY, 0);
      if (bind(socket.fd(), address->ai_addr, address->ai_addrlen) == 0 &&
          listen(socket.fd(), 1024) == 0)
        return socket;
      error = errno;
      if (error == EADDRINUSE)
        break;
    }
  std::string where = (host.empty() ? "" : host + ":") + std::to_string(port);
  if (error == EADDRINUSE)
    return Status(Code::Unavailable, "port " + where + " is taken by another program",
                  "MASTER_PORT names the port that rank 0 listens on");
  return Status(Code::Unavailable, "cannot listen on port " + where + ": " + std::strerror(error));
}

uint16_t tcp::portOf(const Socket &listener) {
  sockaddr_storage address{};
  socklen_t length = sizeof(address);
  if (getsockname(listener.fd(), reinterpret_cast<sockaddr *>(&address), &length))
    return 0;
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6 &>(address).sin6_port
                                             : reinterpret_cast<sockaddr_in &>(address).sin_port);
}

Result<Socket> tcp::connectTo(const std::string &host, uint16_t port,
                              std::chrono::milliseconds timeout) {
  TPC_ASSIGN_OR_RETURN(Addresses addresses, resolve(host, port, 0));
  int error = 0;
  for (const addrinfo *address = addresses.get(); address; address = address->ai_next) {
    Socket socket = makeSocket(*address);
    if (!socket) {
      error = errno;
      continue;
    }
    setOption(socket, IPPROTO_TCP, TCP_NODELAY, 1);
    if (connect(socket.fd(), address->ai_addr, address->ai_addrlen) == 0)
      return socket;
    error = errno;
    if (error != EINPROGRESS)
      continue;
    pollfd ready{socket.fd(), POLLOUT, 0};
    Patience patience(timeout);
    error = ETIMEDOUT;
    do {
      if (poll(&ready, 1, patience.slice()) <= 0)
        continue;
      socklen_t length = sizeof(error);
      getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &length);
      break;
    } while (!patience.over());
    if (error == 0)
      return socket;
  }
  return Status(Code::Unavailable, std::strerror(error));
}

Socket tcp::acceptFrom(const Socket &listener) {
  Socket socket(accept4(listener.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (socket)
    setOption(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  return socket;
}

std::string tcp::peerAddress(const Socket &socket) { return peerText(socket, false); }
std::string tcp::peerName(const Socket &socket) { return peerText(socket, true); }

bool tcp::isLoopback(const std::string &host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

void tcp::setSendBuffer(const Socket &socket, int bytes) {
  if (bytes > 0)
    setOption(socket, SOL_SOCKET, SO_SNDBUF, bytes);
}

Status tcp::sendMessage(const Socket &socket, std::span<const std::byte> message,
                        Patience &patience) {
  while (!message.empty()) {
    ssize_t sent = send(socket.fd(), message.data(), message.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      message = message.subspan(static_cast<size_t>(sent));
      continue;
    }
    if (sent < 0 && errno != EAGAIN && errno != EINTR)
      return Status(Code::Unavailable, std::strerror(errno));
    pollfd ready{socket.fd(), POLLOUT, 0};
    poll(&ready, 1, patience.slice());
    if (patience.over())
      return Status(Code::Unavailable, "it takes nothing");
  }
  return Status();
}

MessageReader::State MessageReader::read(const Socket &socket) {
  for (;;) {
    size_t wanted = kHeaderBytes;
    if (bytes_.size() >= kHeaderBytes) {
      Result<MessageHeader> header = parseHeader(bytes_);
      if (!header.ok())
        return State::Garbage;
      wanted += header->bodyBytes;
      if (bytes_.size() == wanted)
        return State::Complete;
    }
    // Never beyond the message, and never more memory than what has come.
    std::byte buffer[4096];
    size_t most = std::min(sizeof(buffer), wanted - bytes_.size());
    ssize_t received = recv(socket.fd(), buffer, most, 0);
    if (received < 0 && errno == EINTR)
      continue;
    if (received < 0 && errno == EAGAIN)
      return State::More;
    if (received <= 0)
      return State::Closed;
    bytes_.insert(bytes_.end(), buffer, buffer + received);
  }
}
