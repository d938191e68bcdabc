//===- FuzzHandshake.cpp - What comes in from a socket -------------------------------------===//
#include "tests/fuzz/FuzzInput.h"

#include "runtime/comm/tcp/Handshake.h"

using namespace tpc;
using namespace tpc::fuzz;
using namespace tpc::tcp;

/// What was accepted is written and read as the same bytes again.
template <typename Message>
static void roundTrip(const Result<Message> &message,
                      Result<Message> (*parse)(std::span<const std::byte>)) {
  requireBlame(message.status());
  if (!message.ok())
    return;
  std::vector<std::byte> bytes = encode(*message);
  Result<Message> again = parse(bytes);
  require(again.ok() && encode(*again) == bytes, "a message survives a round trip");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::span<const std::byte> bytes(reinterpret_cast<const std::byte *>(data), size);
  Result<MessageHeader> header = parseHeader(bytes.first(std::min(size, kHeaderBytes)));
  requireBlame(header.status());
  if (header.ok())
    require(header->bodyBytes <= kMostBodyBytes, "bodies are bounded");
  Result<Hello> hello = parseHello(bytes);
  roundTrip(hello, parseHello);
  if (hello.ok()) {
    bool good = hello->failure.ok() && hello->rank < hello->worldSize;
    require(checkAgreement(*hello, *hello).ok() == good, "equal ranks agree");
    Hello other;
    other.planHash = ~hello->planHash;
    require(!checkAgreement(other, *hello).ok(), "ranks of other plans do not");
  }
  roundTrip(parseWelcome(bytes), parseWelcome);
  roundTrip(parseLink(bytes), parseLink);
  requireBlame(parseReason(bytes).status());
  return 0;
}
