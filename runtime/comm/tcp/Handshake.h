//===- Handshake.h - The messages with which rank processes find each other ----------------===//
//
// What comes in from a socket before the ranks trust each other is parsed here, by pure functions
// over bytes: any input gives a message or a reason. A message is a header (magic, version of this
// protocol, type, length of the body) and a body; numbers are little-endian, texts are a length and
// bytes. docs/runtime.md has the table of the format.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tpc::tcp {

inline constexpr uint32_t kMagic = 0x72637074; ///< "tpcr"
inline constexpr uint16_t kProtocolVersion = 1;
inline constexpr size_t kHeaderBytes = 12;
/// Longer bodies are refused before anything is allocated for them.
inline constexpr size_t kMostBodyBytes = size_t(1) << 20;
inline constexpr uint32_t kMostRanks = 1 << 16;

enum class MessageType : uint16_t { Hello = 1, Welcome, Reject, Link, Heartbeat, Abort };

struct MessageHeader {
  uint16_t version;
  MessageType type;
  uint32_t bodyBytes;
};

/// Something that all ranks of a run must have in common, such as {"seed", "7"}.
struct Agreed {
  std::string name, value;
  bool operator==(const Agreed &) const = default;
};

/// Rank r to rank 0, when it joins.
struct Hello {
  uint32_t rank = 0, worldSize = 0;
  uint64_t planHash = 0;
  uint16_t linkPort = 0;   ///< where the rank takes the connections of higher ranks
  std::string host;        ///< equal for ranks of one machine
  std::vector<Agreed> run; ///< in the same order on all ranks
  Status failure;          ///< what keeps the rank from running, if anything does
};

/// A number that no other run knows.
using RunKey = std::array<std::byte, 16>;

struct Peer {
  std::string address; ///< as rank 0 sees it, numeric; empty for rank 0 itself
  uint16_t linkPort = 0;
  uint32_t host = 0; ///< ranks of one machine have the same number
};

/// Rank 0 to every rank, once all are there.
struct Welcome {
  RunKey key{};
  std::vector<Peer> peers; ///< by rank
};

/// The first message on a connection from a higher rank to a lower one.
struct Link {
  RunKey key{};
  uint32_t rank = 0;
};

std::vector<std::byte> encode(const Hello &hello);
std::vector<std::byte> encode(const Welcome &welcome);
std::vector<std::byte> encode(const Link &link);
/// Reject, or Abort, with the reason of it.
std::vector<std::byte> encode(MessageType type, const Status &reason);
std::vector<std::byte> encodeHeartbeat();

/// From the first kHeaderBytes of a message. Wrong magic, an unknown type and an oversized body are
/// errors; another version is not, so that it can be answered.
Result<MessageHeader> parseHeader(std::span<const std::byte> bytes);

/// From a whole message, header and body. Another version of the protocol is an error here.
Result<Hello> parseHello(std::span<const std::byte> message);
Result<Welcome> parseWelcome(std::span<const std::byte> message);
Result<Link> parseLink(std::span<const std::byte> message);
/// The reason that a Reject or an Abort carries.
struct Reason {
  Status status;
};
Result<Reason> parseReason(std::span<const std::byte> message);

/// Compares what a rank said with what rank 0 said of itself. A difference is one sentence that
/// names the rank and both values.
Status checkAgreement(const Hello &rank0, const Hello &other);

} // namespace tpc::tcp
