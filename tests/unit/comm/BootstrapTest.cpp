//===- BootstrapTest.cpp - Finding each other, with threads for processes --------------------===//

#include "runtime/comm/tcp/Bootstrap.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sys/socket.h>
#include <thread>

using namespace tpc;
using namespace tpc::tcp;
using namespace std::chrono_literals;
using testing::HasSubstr;

namespace {

struct Meeting {
  explicit Meeting(int64_t ranks) : mesh{{{"tp", ranks}}} {
    Result<Socket> listening = listenOn("127.0.0.1", 0);
    EXPECT_TRUE(listening.ok());
    listener = std::move(*listening);
    port = portOf(listener);
  }

  BootstrapOptions optionsOf(uint32_t rank) {
    BootstrapOptions options;
    options.self.rank = rank;
    options.self.worldSize = static_cast<uint32_t>(mesh.numRanks());
    options.mesh = mesh;
    options.host = "127.0.0.1";
    options.port = port;
    options.timeout = 5s;
    if (rank == 0)
      options.listener = std::move(listener);
    return options;
  }

  Mesh mesh;
  Socket listener;
  uint16_t port = 0;
};

void breakOff(Socket socket) {
  linger now{1, 0};
  setsockopt(socket.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

} // namespace

TEST(Bootstrap, ARankThatLeftAfterItsHelloMayComeAgain) {
  Meeting meeting(2);
  Hello hello;
  hello.rank = 1;
  hello.worldSize = 2;
  hello.linkPort = 1;
  hello.host = "elsewhere";
  Result<Socket> left = connectTo("127.0.0.1", meeting.port, 1s);
  ASSERT_TRUE(left.ok());
  Patience patience(1s);
  ASSERT_TRUE(sendMessage(*left, encode(hello), patience).ok());
  breakOff(std::move(*left));
  // Rank 0 can't tell whether it lives before it reads, so this one is in the queue before it.
  std::optional<Result<Connected>> ends[2];
  std::thread root([&] { ends[0].emplace(bootstrap(meeting.optionsOf(0))); });
  std::this_thread::sleep_for(200ms);
  std::thread other([&] { ends[1].emplace(bootstrap(meeting.optionsOf(1))); });
  root.join();
  other.join();
  for (auto &end : ends) {
    ASSERT_TRUE(end->ok()) << end->status().message();
    EXPECT_EQ((*end)->ranksOnThisMachine, 2);
  }
  EXPECT_TRUE(bool((*ends[0])->links[1]));
  EXPECT_TRUE(bool((*ends[1])->links[0]));
}

TEST(Bootstrap, AnotherProtocolIsSaid) {
  Meeting meeting(2);
  std::optional<Result<Connected>> end;
  BootstrapOptions options = meeting.optionsOf(0);
  options.timeout = 1s;
  std::thread root([&] { end.emplace(bootstrap(std::move(options))); });
  Result<Socket> socket = connectTo("127.0.0.1", meeting.port, 1s);
  ASSERT_TRUE(socket.ok());
  std::vector<std::byte> hello = encode(Hello{});
  hello[4] = std::byte(9);
  Patience patience(1s);
  ASSERT_TRUE(sendMessage(*socket, hello, patience).ok());
  root.join();
  ASSERT_FALSE(end->ok());
  EXPECT_THAT(end->status().message(), HasSubstr("speaks version 9"));
  MessageReader reader;
  ASSERT_EQ(reader.read(*socket), MessageReader::State::Complete);
  EXPECT_THAT(parseReason(reader.message())->status.message(), HasSubstr("rank 0 version 1"));
}

TEST(Bootstrap, LinksGoAlongLines) {
  Mesh mesh{{{"dp", 3}, {"tp", 2}}};
  EXPECT_FALSE(areLinked(mesh, 3, 3));
  EXPECT_TRUE(areLinked(mesh, 0, 5));  // rank 0 meets everyone
  EXPECT_TRUE(areLinked(mesh, 2, 3));  // along tp
  EXPECT_TRUE(areLinked(mesh, 1, 5));  // along dp
  EXPECT_FALSE(areLinked(mesh, 1, 2)); // on no line
  EXPECT_EQ(areLinked(mesh, 4, 1), areLinked(mesh, 1, 4));
}

TEST(Bootstrap, StoppedTimeDoesNotCount) {
  Patience patience(1s);
  std::this_thread::sleep_for(500ms);
  EXPECT_FALSE(patience.over());
  // As if the process had been stopped for a long time in between: a slice counts, no more.
  for (int i = 0; i < 8; ++i)
    EXPECT_FALSE(patience.over());
}
