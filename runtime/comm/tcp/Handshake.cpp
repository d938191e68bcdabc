//===- Handshake.cpp - The messages with which rank processes find each other --------------===//

#include "runtime/comm/tcp/Handshake.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <type_traits>

using namespace tpc;
using namespace tpc::tcp;

namespace {

class Writer {
public:
  explicit Writer(MessageType type) {
    number(kMagic);
    number(kProtocolVersion);
    number(static_cast<uint16_t>(type));
    number(uint32_t(0));
  }

  template <typename T> void number(T value) {
    static_assert(std::is_unsigned_v<T>);
    for (size_t i = 0; i < sizeof(T); ++i)
      bytes_.push_back(static_cast<std::byte>(value >> (8 * i) & 0xFF));
  }
  void raw(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  /// Cut where a message would become too long to be read.
  void text(std::string_view value) {
    constexpr size_t kMost = 16384;
    value = value.substr(0, kMost);
    number(static_cast<uint32_t>(value.size()));
    raw(std::as_bytes(std::span(value)));
  }
  void status(const Status &status) {
    number(static_cast<uint32_t>(status.code()));
    text(status.message());
    text(status.hint());
  }

  std::vector<std::byte> finish() {
    uint32_t body = static_cast<uint32_t>(bytes_.size() - kHeaderBytes);
    for (size_t i = 0; i < sizeof(body); ++i)
      bytes_[kHeaderBytes - sizeof(body) + i] = static_cast<std::byte>(body >> (8 * i) & 0xFF);
    return std::move(bytes_);
  }

private:
  std::vector<std::byte> bytes_;
};

/// Reads on after the end give zeros, and `ok` says that it happened.
class Reader {
public:
  explicit Reader(std::span<const std::byte> bytes) : rest_(bytes) {}

  template <typename T> T number() {
    T value = 0;
    if (rest_.size() < sizeof(T)) {
      fail();
      return 0;
    }
    for (size_t i = 0; i < sizeof(T); ++i)
      value = static_cast<T>(value | static_cast<T>(static_cast<T>(rest_[i]) << (8 * i)));
    rest_ = rest_.subspan(sizeof(T));
    return value;
  }
  void raw(std::span<std::byte> bytes) {
    if (rest_.size() < bytes.size())
      return fail();
    std::memcpy(bytes.data(), rest_.data(), bytes.size());
    rest_ = rest_.subspan(bytes.size());
  }
  /// What would disturb a terminal is replaced: texts end up in messages.
  std::string text() {
    size_t size = number<uint32_t>();
    if (rest_.size() < size) {
      fail();
      return {};
    }
    std::string value(reinterpret_cast<const char *>(rest_.data()), size);
    for (char &c : value)
      if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
        c = ' ';
    rest_ = rest_.subspan(size);
    return value;
  }
  Status status() {
    uint32_t number = this->number<uint32_t>();
    std::string message = text(), hint = text();
    switch (static_cast<Code>(number)) {
    case Code::Ok:
      return Status();
    case Code::InvalidInput:
    case Code::Usage:
    case Code::RankFailed:
    case Code::Difference:
    case Code::Unavailable:
    case Code::Internal:
      return Status(static_cast<Code>(number), std::move(message), std::move(hint));
    }
    fail();
    return Status();
  }
  /// A count of things of at least `bytesEach`, which the rest must be able to hold.
  uint32_t count(size_t bytesEach) {
    uint32_t value = number<uint32_t>();
    if (value > rest_.size() / bytesEach) {
      fail();
      return 0;
    }
    return value;
  }
  bool complete() const { return ok_ && rest_.empty(); }

private:
  void fail() {
    ok_ = false;
    rest_ = {};
  }

  std::span<const std::byte> rest_;
  bool ok_ = true;
};

Status invalid(const std::string &what) { return Status(Code::InvalidInput, what); }

std::string nameOf(MessageType type) {
  constexpr const char *names[] = {"hello", "welcome", "reject", "link", "heartbeat", "abort"};
  return names[static_cast<size_t>(type) - 1];
}

/// The body of a message that must be of one of two types.
Result<Reader> bodyOf(std::span<const std::byte> message, MessageType type, MessageType orType) {
  TPC_ASSIGN_OR_RETURN(MessageHeader header, parseHeader(message));
  if (header.type != type && header.type != orType)
    return invalid("a " + nameOf(header.type) + " message came where a " + nameOf(type) +
                   " message belongs");
  if (header.version != kProtocolVersion)
    return invalid("the other side speaks version " + std::to_string(header.version) +
                   " of tpc's protocol between ranks, and this side version " +
                   std::to_string(kProtocolVersion));
  if (message.size() != kHeaderBytes + header.bodyBytes)
    return invalid("a message of " + std::to_string(message.size()) + " bytes says that it has " +
                   std::to_string(kHeaderBytes + header.bodyBytes));
  return Reader(message.subspan(kHeaderBytes));
}

Status damaged(MessageType type) { return invalid("a " + nameOf(type) + " message is damaged"); }

std::string hex(uint64_t value) {
  char text[20];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(value));
  return text;
}

} // namespace

std::vector<std::byte> tcp::encode(const Hello &hello) {
  Writer writer(MessageType::Hello);
  writer.number(hello.rank);
  writer.number(hello.worldSize);
  writer.number(hello.planHash);
  writer.number(hello.linkPort);
  writer.text(hello.host);
  writer.number(static_cast<uint32_t>(hello.run.size()));
  for (const Agreed &agreed : hello.run) {
    writer.text(agreed.name);
    writer.text(agreed.value);
  }
  writer.status(hello.failure);
  return writer.finish();
}

std::vector<std::byte> tcp::encode(const Welcome &welcome) {
  Writer writer(MessageType::Welcome);
  writer.raw(welcome.key);
  writer.number(static_cast<uint32_t>(welcome.peers.size()));
  for (const Peer &peer : welcome.peers) {
    writer.text(peer.address);
    writer.number(peer.linkPort);
    writer.number(peer.host);
  }
  return writer.finish();
}

std::vector<std::byte> tcp::encode(const Link &link) {
  Writer writer(MessageType::Link);
  writer.raw(link.key);
  writer.number(link.rank);
  return writer.finish();
}

std::vector<std::byte> tcp::encode(MessageType type, const Status &reason) {
  Writer writer(type);
  writer.status(reason);
  return writer.finish();
}

std::vector<std::byte> tcp::encodeHeartbeat() { return Writer(MessageType::Heartbeat).finish(); }

Result<MessageHeader> tcp::parseHeader(std::span<const std::byte> bytes) {
  if (bytes.size() < kHeaderBytes)
    return invalid("a message ends inside its header");
  Reader reader(bytes.first(kHeaderBytes));
  if (reader.number<uint32_t>() != kMagic)
    return invalid("what connected is no rank of tpc");
  uint16_t version = reader.number<uint16_t>(), type = reader.number<uint16_t>();
  uint32_t length = reader.number<uint32_t>();
  if (type < static_cast<uint16_t>(MessageType::Hello) ||
      type > static_cast<uint16_t>(MessageType::Abort))
    return invalid("a message has the unknown type " + std::to_string(type));
  if (length > kMostBodyBytes)
    return invalid("a message says that it has " + std::to_string(length) + " bytes, more than " +
                   std::to_string(kMostBodyBytes));
  return MessageHeader{version, static_cast<MessageType>(type), length};
}

Result<Hello> tcp::parseHello(std::span<const std::byte> message) {
  TPC_ASSIGN_OR_RETURN(Reader reader, bodyOf(message, MessageType::Hello, MessageType::Hello));
  Hello hello;
  hello.rank = reader.number<uint32_t>();
  hello.worldSize = reader.number<uint32_t>();
  hello.planHash = reader.number<uint64_t>();
  hello.linkPort = reader.number<uint16_t>();
  hello.host = reader.text();
  hello.run.resize(reader.count(2 * sizeof(uint32_t)));
  for (Agreed &agreed : hello.run) {
    agreed.name = reader.text();
    agreed.value = reader.text();
  }
  hello.failure = reader.status();
  if (!reader.complete() || hello.rank >= kMostRanks || hello.worldSize > kMostRanks)
    return damaged(MessageType::Hello);
  return hello;
}

Result<Welcome> tcp::parseWelcome(std::span<const std::byte> message) {
  TPC_ASSIGN_OR_RETURN(Reader reader, bodyOf(message, MessageType::Welcome, MessageType::Welcome));
  Welcome welcome;
  reader.raw(welcome.key);
  welcome.peers.resize(reader.count(2 * sizeof(uint32_t) + sizeof(uint16_t)));
  for (Peer &peer : welcome.peers) {
    peer.address = reader.text();
    peer.linkPort = reader.number<uint16_t>();
    peer.host = reader.number<uint32_t>();
  }
  if (!reader.complete())
    return damaged(MessageType::Welcome);
  return welcome;
}

Result<Link> tcp::parseLink(std::span<const std::byte> message) {
  TPC_ASSIGN_OR_RETURN(Reader reader, bodyOf(message, MessageType::Link, MessageType::Link));
  Link link;
  reader.raw(link.key);
  link.rank = reader.number<uint32_t>();
  if (!reader.complete() || link.rank >= kMostRanks)
    return damaged(MessageType::Link);
  return link;
}

Result<Reason> tcp::parseReason(std::span<const std::byte> message) {
  TPC_ASSIGN_OR_RETURN(Reader reader, bodyOf(message, MessageType::Reject, MessageType::Abort));
  Reason reason{reader.status()};
  if (!reader.complete() || reason.status.ok())
    return damaged(MessageType::Reject);
  return reason;
}

Status tcp::checkAgreement(const Hello &rank0, const Hello &other) {
  std::string who = "rank " + std::to_string(other.rank);
  if (!other.failure.ok())
    return Status(other.failure.code(), who + ": " + other.failure.message(), other.failure.hint());
  auto differs = [&](const std::string &what, const std::string &theirs, const std::string &ours,
                     const std::string &hint) {
    return Status(Code::InvalidInput,
                  who + " has " + what + " " + theirs + ", and rank 0 has " + ours, hint);
  };
  const std::string same = "all ranks must be started with the same plan and options";
  if (other.worldSize != rank0.worldSize)
    return differs("world size", std::to_string(other.worldSize), std::to_string(rank0.worldSize),
                   "all ranks must be started by one launcher");
  if (other.rank >= rank0.worldSize)
    return Status(Code::InvalidInput,
                  who + " does not exist among " + std::to_string(rank0.worldSize) + " rank(s)");
  if (other.planHash != rank0.planHash)
    return differs("a plan with hash", hex(other.planHash), hex(rank0.planHash), same);
  for (size_t i = 0; i < std::max(rank0.run.size(), other.run.size()); ++i) {
    if (i >= rank0.run.size() || i >= other.run.size() || rank0.run[i].name != other.run[i].name)
      return Status(Code::InvalidInput,
                    who + " is of another version of tpc than rank 0: they compare other options",
                    same);
    if (rank0.run[i].value != other.run[i].value)
      return differs(rank0.run[i].name, "'" + other.run[i].value + "'",
                     "'" + rank0.run[i].value + "'", same);
  }
  return Status();
}
