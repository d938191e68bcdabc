//===- HandshakeTest.cpp - Messages between ranks that do not know each other yet ----------===//

#include "runtime/comm/tcp/Handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

using namespace tpc;
using namespace tpc::tcp;
using testing::AllOf;
using testing::HasSubstr;

namespace {

using Bytes = std::vector<std::byte>;

Hello someHello(uint32_t rank) {
  return {rank, 4, 0x123456789ABCDEF0, 4711, "host", {{"seed", "7"}, {"steps", "20"}}, Status()};
}

std::string disagreement(const Hello &other) {
  Status status = checkAgreement(someHello(0), other);
  EXPECT_EQ(status.code(), Code::InvalidInput);
  return status.message();
}

} // namespace

TEST(Handshake, MessagesComeBack) {
  Hello hello = someHello(3);
  hello.failure = Status(Code::Unavailable, "no such file", "look again");
  Result<Hello> parsed = parseHello(encode(hello));
  ASSERT_TRUE(parsed.ok()) << parsed.status().message();
  EXPECT_EQ(parsed->rank, 3u);
  EXPECT_EQ(parsed->worldSize, 4u);
  EXPECT_EQ(parsed->planHash, hello.planHash);
  EXPECT_EQ(parsed->linkPort, 4711);
  EXPECT_EQ(parsed->host, "host");
  EXPECT_EQ(parsed->run, hello.run);
  EXPECT_EQ(parsed->failure.code(), Code::Unavailable);
  EXPECT_EQ(parsed->failure.hint(), "look again");

  Welcome welcome;
  welcome.key[5] = std::byte(9);
  welcome.peers = {{"", 1, 0}, {"10.0.0.2", 65535, 1}};
  Result<Welcome> back = parseWelcome(encode(welcome));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->key, welcome.key);
  EXPECT_EQ(back->peers[1].address, "10.0.0.2");
  EXPECT_EQ(back->peers[1].linkPort, 65535);
  EXPECT_EQ(back->peers[1].host, 1u);

  Result<Link> link = parseLink(encode(Link{welcome.key, 2}));
  ASSERT_TRUE(link.ok());
  EXPECT_EQ(link->rank, 2u);

  for (MessageType type : {MessageType::Reject, MessageType::Abort}) {
    Result<Reason> reason = parseReason(encode(type, Status(Code::RankFailed, "it broke")));
    ASSERT_TRUE(reason.ok());
    EXPECT_EQ(reason->status.code(), Code::RankFailed);
    EXPECT_EQ(reason->status.message(), "it broke");
  }
}

TEST(Handshake, WhatIsNoMessageIsRefused) {
  auto refusal = [](Bytes bytes) {
    Result<Hello> parsed = parseHello(bytes);
    EXPECT_FALSE(parsed.ok());
    return parsed.status().message();
  };
  const Bytes good = encode(someHello(1));
  for (size_t length = 0; length < good.size(); ++length)
    EXPECT_NE(refusal(Bytes(good.begin(), good.begin() + length)), "");
  Bytes bad = good;
  bad.push_back(std::byte(0));
  EXPECT_THAT(refusal(bad), HasSubstr("bytes says that it has"));
  bad = good;
  bad[0] = std::byte('G');
  EXPECT_THAT(refusal(bad), HasSubstr("no rank of tpc"));
  bad = good;
  bad[4] = std::byte(9);
  EXPECT_THAT(refusal(bad), HasSubstr("version 9"));
  bad = good;
  bad[6] = std::byte(77);
  EXPECT_THAT(refusal(bad), HasSubstr("unknown type 77"));
  bad = good;
  bad[11] = std::byte(0x7F);
  EXPECT_THAT(refusal(bad), HasSubstr("more than"));
  EXPECT_THAT(refusal(encode(Link{})), HasSubstr("a link message came"));
  // The length of the host's name, far beyond the end.
  bad = good;
  bad[kHeaderBytes + 18 + 3] = std::byte(0xFF);
  EXPECT_THAT(refusal(bad), HasSubstr("damaged"));
  EXPECT_FALSE(parseReason(encode(MessageType::Reject, Status())).ok());
}

TEST(Handshake, TextsDoNotDisturbATerminal) {
  Hello hello = someHello(1);
  hello.host = "a\x1b[2J\nb\x7F";
  EXPECT_EQ(parseHello(encode(hello))->host, "a [2J b ");
  hello.failure = Status(Code::Internal, std::string(100'000, 'x'));
  EXPECT_EQ(parseHello(encode(hello))->failure.message().size(), 16384u);
}

TEST(Handshake, AnyBytesGiveAMessageOrAReason) {
  std::mt19937 random(1);
  Hello hello = someHello(2);
  hello.failure = Status(Code::Usage, "x");
  Welcome welcome;
  welcome.peers.resize(3);
  const Bytes seeds[] = {encode(hello), encode(welcome), encode(Link{}),
                         encode(MessageType::Abort, hello.failure)};
  for (int round = 0; round < 20000; ++round) {
    Bytes bytes = seeds[random() % 4];
    for (unsigned changes = random() % 4; changes > 0; --changes)
      bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    bytes.resize(bytes.size() - random() % 2 * (random() % bytes.size()));
    if (Result<Hello> parsed = parseHello(bytes); parsed.ok()) {
      EXPECT_EQ(encode(*parsed).size(), bytes.size());
    }
    if (Result<Welcome> parsed = parseWelcome(bytes); parsed.ok()) {
      EXPECT_EQ(encode(*parsed).size(), bytes.size());
    }
    if (Result<Link> parsed = parseLink(bytes); parsed.ok()) {
      EXPECT_EQ(encode(*parsed).size(), bytes.size());
    }
    (void)parseReason(bytes);
  }
}

TEST(Handshake, DisagreementNamesRankAndBothValues) {
  EXPECT_TRUE(checkAgreement(someHello(0), someHello(1)).ok());
  Hello other = someHello(3);
  other.worldSize = 5;
  EXPECT_EQ(disagreement(other), "rank 3 has world size 5, and rank 0 has 4");
  other = someHello(1);
  other.planHash = 1;
  EXPECT_THAT(disagreement(other), AllOf(HasSubstr("rank 1"), HasSubstr("0000000000000001"),
                                         HasSubstr("123456789abcdef0")));
  other = someHello(1);
  other.run[0].value = "8";
  EXPECT_EQ(disagreement(other), "rank 1 has seed '8', and rank 0 has '7'");
  other = someHello(1);
  other.run.pop_back();
  EXPECT_THAT(disagreement(other), HasSubstr("another version"));
  EXPECT_THAT(disagreement(someHello(4)), HasSubstr("rank 4 does not exist"));
  other = someHello(2);
  other.failure = Status(Code::InvalidInput, "no data", "give it");
  EXPECT_EQ(disagreement(other), "rank 2: no data");
}
