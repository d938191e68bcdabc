//===- LauncherTest.cpp - Ranks that a launcher starts, rightly and wrongly -------------------===//
//
// The test is the launcher: it sets what torchrun, srun and mpirun set. What is wrong with one rank
// is said on all of them, in one sentence that names it.
//
//===---------------------------------------------------------------------------------------===//

#include "RankRuns.h"

#include "runtime/comm/tcp/Handshake.h"
#include "runtime/comm/tcp/Socket.h"

#include <csignal>
#include <poll.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace tpc;
using namespace tpc::test;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

namespace {

class Launched : public RankRuns {
protected:
  void SetUp() override {
    plan_ = plan(3);
    port_ = freePort();
  }

  Program rank(int rank, const std::string &options = "", Variables more = {}) {
    for (const auto &[name, value] : torchrun(rank, 3, port_))
      more.emplace(name, value);
    return start(plan_ + " --steps 3 --timeout 20 " + options, more);
  }

  /// All fail with one status and one sentence.
  void expectOneSentence(std::vector<Program> &ranks, int status, const std::string &sentence) {
    for (Program &program : ranks) {
      EXPECT_EQ(program.wait(), status) << program.log();
      std::vector<std::string> errors = errorsOf(program.log());
      ASSERT_EQ(errors.size(), 1u) << program.log();
      EXPECT_THAT(errors[0], HasSubstr(sentence));
    }
    expectNothingLeft();
  }

  void expectSuccess(std::vector<Program> &ranks) {
    for (size_t i = 0; i < ranks.size(); ++i) {
      EXPECT_EQ(ranks[i].wait(), 0) << ranks[i].log();
      // Only rank 0 talks.
      EXPECT_EQ(ranks[i].log().empty(), i != 0) << ranks[i].log();
    }
    expectNothingLeft();
  }

  /// Somebody who connects to rank 0's port.
  tcp::Socket connectOnceItListens() const {
    for (int i = 0; i < 1000; ++i) {
      Result<tcp::Socket> socket = tcp::connectTo("127.0.0.1", port_, 1s);
      if (socket.ok())
        return std::move(*socket);
      std::this_thread::sleep_for(10ms);
    }
    ADD_FAILURE() << "rank 0 does not listen";
    return tcp::Socket();
  }

  static void sendBytes(const tcp::Socket &socket, std::span<const std::byte> bytes) {
    EXPECT_EQ(send(socket.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  static void reset(tcp::Socket &socket) {
    linger now{1, 0};
    setsockopt(socket.fd(), SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    socket.close();
  }

  std::string plan_;
  uint16_t port_ = 0;
};

} // namespace

TEST_F(Launched, EveryLauncherGivesWhatThreadsGive) {
  Program local = start(plan_ + " --steps 3 --comm local --log-json " + path("local.json"));
  ASSERT_EQ(local.wait(), 0) << local.log();
  const std::string expected = withoutTimes(path("local.json"));
  ASSERT_NE(expected, "");
  auto number = [](int value) { return std::to_string(value); };
  const std::function<Variables(int rank, int port)> launchers[] = {
      [&](int rank, int port) { return torchrun(rank, 3, static_cast<uint16_t>(port)); },
      [&](int rank, int port) -> Variables {
        return {{"SLURM_PROCID", number(rank)},  {"SLURM_NTASKS", "3"},
                {"SLURM_LOCALID", number(rank)}, {"SLURM_JOB_NODELIST", "localhost,other"},
                {"SLURM_JOB_ID", "7"},           {"MASTER_PORT", number(port)}};
      },
      [&](int rank, int port) -> Variables {
        return {{"OMPI_COMM_WORLD_RANK", number(rank)},
                {"OMPI_COMM_WORLD_SIZE", "3"},
                {"OMPI_COMM_WORLD_LOCAL_RANK", number(rank)},
                {"MASTER_ADDR", "localhost"},
                {"MASTER_PORT", number(port)}};
      },
      [&](int rank, int port) -> Variables {
        return {{"PMI_RANK", number(rank)},
                {"PMI_SIZE", "3"},
                {"MASTER_ADDR", "127.0.0.1"},
                {"MASTER_PORT", number(port)}};
      }};
  for (const auto &launcher : launchers) {
    const int port = freePort();
    std::vector<Program> ranks;
    for (int rank : {0, 1, 2})
      ranks.push_back(
          start(plan_ + " --steps 3 --log-json " + path("ranks.json"), launcher(rank, port)));
    expectSuccess(ranks);
    EXPECT_EQ(withoutTimes(path("ranks.json")), expected);
    unlink(path("ranks.json").c_str());
  }
}

TEST_F(Launched, RankZeroMayComeLast) {
  std::vector<Program> ranks;
  Program second = rank(2), first = rank(1);
  std::this_thread::sleep_for(300ms);
  ranks.push_back(rank(0));
  ranks.push_back(std::move(first));
  ranks.push_back(std::move(second));
  expectSuccess(ranks);
}

TEST_F(Launched, HalfAnEnvironmentIsAnError) {
  auto refusal = [&](const Variables &environment) {
    Program program = start(plan_, environment);
    EXPECT_EQ(program.wait(), 5) << program.log();
    return program.log();
  };
  EXPECT_THAT(refusal({{"RANK", "0"}}), HasSubstr("RANK and no WORLD_SIZE"));
  EXPECT_THAT(refusal({{"WORLD_SIZE", "3"}}), HasSubstr("WORLD_SIZE and no RANK"));
  EXPECT_THAT(refusal({{"RANK", "0"}, {"WORLD_SIZE", "3"}}), HasSubstr("where rank 0 is"));
  EXPECT_THAT(refusal({{"SLURM_PROCID", "0"}}), HasSubstr("no SLURM_NTASKS"));
  EXPECT_THAT(refusal({{"OMPI_COMM_WORLD_RANK", "0"}, {"OMPI_COMM_WORLD_SIZE", "3"}}),
              HasSubstr("MASTER_ADDR is not set"));
  // Threads need none of it.
  Program local = start(plan_ + " --comm local", {{"RANK", "0"}});
  EXPECT_EQ(local.wait(), 0) << local.log();
}

TEST_F(Launched, AnotherSeedOnOneRank) {
  std::vector<Program> ranks;
  ranks.push_back(rank(0));
  ranks.push_back(rank(1, "--seed 7"));
  ranks.push_back(rank(2));
  expectOneSentence(ranks, 1, "rank 1 has --seed '7', and rank 0 has '0'");
}

TEST_F(Launched, AnotherPlanOnOneRank) {
  PlanBuilder other = rowSplitLinear(3);
  other.plan.model_name = "another";
  write(std::move(other), "other.plan");
  std::vector<Program> ranks;
  ranks.push_back(rank(0));
  ranks.push_back(rank(1));
  ranks.push_back(start(path("other.plan") + " --steps 3 --timeout 20", torchrun(2, 3, port_)));
  expectOneSentence(ranks, 1, "rank 2 has a plan with hash ");
}

TEST_F(Launched, NoPlanOnOneRank) {
  std::vector<Program> ranks;
  ranks.push_back(rank(0));
  ranks.push_back(rank(1));
  ranks.push_back(start(path("none.plan") + " --steps 3 --timeout 20", torchrun(2, 3, port_)));
  expectOneSentence(ranks, 1, "rank 2: ");
}

TEST_F(Launched, AnotherWorldSizeOnOneRank) {
  std::vector<Program> ranks;
  ranks.push_back(rank(0));
  ranks.push_back(rank(1));
  ranks.push_back(start(plan_ + " --steps 3 --timeout 20", torchrun(2, 4, port_)));
  expectOneSentence(ranks, 1,
                    "rank 2: the launcher started 4 process(es), and the plan is for 3 rank(s)");
}

TEST_F(Launched, AnotherWorldSizeOnRankZero) {
  std::vector<Program> ranks;
  ranks.push_back(start(plan_ + " --steps 3 --timeout 20", torchrun(0, 2, port_)));
  ranks.push_back(rank(1));
  expectOneSentence(ranks, 1,
                    "rank 0: the launcher started 2 process(es), and the plan is for 3 rank(s)");
}

TEST_F(Launched, AWrongInputOnOneRank) {
  std::vector<Program> ranks;
  ranks.push_back(rank(0));
  ranks.push_back(rank(1, "--resume " + path("no.ckpt")));
  ranks.push_back(rank(2));
  expectOneSentence(ranks, 1, "rank 1: ");
}

TEST_F(Launched, TwoProcessesOfOneRank) {
  std::vector<Program> ranks;
  ranks.push_back(rank(0));
  ranks.push_back(rank(1));
  ranks.push_back(rank(1));
  expectOneSentence(ranks, 1, "two processes say that they are rank 1, at 127.0.0.1:");
}

TEST_F(Launched, ARankThatIsThereAlready) {
  std::vector<Program> ranks;
  for (int r : {0, 1, 2})
    ranks.push_back(start(plan_ + " --steps 100000000 --timeout 20", torchrun(r, 3, port_)));
  ASSERT_TRUE(ranks[0].says("step      5"));
  Program again = rank(1);
  EXPECT_EQ(again.wait(), 1) << again.log();
  EXPECT_THAT(again.log(), HasSubstr("all ranks of this run are there already"));
  // The others do not mind, and one signal at one rank stops all of them.
  ranks[2].signal(SIGTERM);
  for (Program &program : ranks)
    EXPECT_EQ(program.wait(), 128 + SIGTERM) << program.log().substr(0, 1000);
  expectNothingLeft();
}

TEST_F(Launched, ALateRank) {
  std::vector<Program> ranks;
  for (int r : {0, 2})
    ranks.push_back(start(plan_ + " --timeout 3", torchrun(r, 3, port_)));
  // The one that is on time is told who is not.
  expectOneSentence(ranks, 5, "rank 1 of 3 did not come to rank 0 within 3000 ms");
  Program late = start(plan_ + " --timeout 3", torchrun(1, 3, port_));
  EXPECT_EQ(late.wait(), 5);
  EXPECT_THAT(late.log(), AllOf(HasSubstr("rank 1 could not reach rank 0 at 127.0.0.1:"),
                                HasSubstr("within 3000 ms: Connection refused")));
  expectNothingLeft();
}

TEST_F(Launched, APortThatIsTaken) {
  Result<tcp::Socket> listener = tcp::listenOn("127.0.0.1", port_);
  ASSERT_TRUE(listener.ok());
  Program program = rank(0);
  EXPECT_EQ(program.wait(), 5);
  EXPECT_THAT(program.log(), HasSubstr(std::to_string(port_) + " is taken by another program"));
}

TEST_F(Launched, StrangersAreIgnored) {
  std::vector<Program> ranks;
  ranks.push_back(rank(0));
  std::string web = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  tcp::Socket silent = connectOnceItListens(), browser = connectOnceItListens(),
              huge = connectOnceItListens(), half = connectOnceItListens(),
              random = connectOnceItListens(), link = connectOnceItListens();
  sendBytes(browser, std::as_bytes(std::span(web)));
  std::vector<std::byte> hello = tcp::encode(tcp::Hello{});
  std::vector<std::byte> oversized(hello);
  oversized[11] = std::byte(0x7F);
  sendBytes(huge, oversized);
  sendBytes(half, std::span(hello).first(hello.size() / 2));
  std::vector<std::byte> noise(5000);
  for (size_t i = 0; i < noise.size(); ++i)
    noise[i] = static_cast<std::byte>(i * 2654435761u >> 13);
  sendBytes(random, noise);
  sendBytes(link, tcp::encode(tcp::Link{{}, 1}));
  reset(half);
  ranks.push_back(rank(1));
  ranks.push_back(rank(2));
  expectSuccess(ranks);
}

TEST_F(Launched, ARankThatResetsAndComesAgain) {
  std::vector<Program> ranks;
  ranks.push_back(rank(0));
  // What rank 1 says, up to its last byte, from somebody who then breaks the connection.
  tcp::Hello hello;
  hello.rank = 1;
  hello.worldSize = 3;
  std::vector<std::byte> message = tcp::encode(hello);
  tcp::Socket socket = connectOnceItListens();
  sendBytes(socket, std::span(message).first(message.size() - 1));
  std::this_thread::sleep_for(100ms);
  reset(socket);
  ranks.push_back(rank(1));
  ranks.push_back(rank(2));
  expectSuccess(ranks);
}

TEST_F(Launched, ARankZeroThatResetsAndComesAgain) {
  Result<tcp::Socket> listener = tcp::listenOn("127.0.0.1", port_);
  ASSERT_TRUE(listener.ok());
  Program first = rank(1), second = rank(2);
  // Breaks the handshake after it has begun.
  for (int broken = 0; broken < 2;) {
    pollfd ready{listener->fd(), POLLIN, 0};
    poll(&ready, 1, 100);
    tcp::Socket socket = tcp::acceptFrom(*listener);
    if (!socket)
      continue;
    ++broken;
    std::this_thread::sleep_for(50ms);
    reset(socket);
  }
  listener->close();
  std::vector<Program> ranks;
  ranks.push_back(rank(0));
  ranks.push_back(std::move(first));
  ranks.push_back(std::move(second));
  expectSuccess(ranks);
}

TEST_F(Launched, AListenerThatIsNoRank) {
  Result<tcp::Socket> listener = tcp::listenOn("127.0.0.1", port_);
  ASSERT_TRUE(listener.ok());
  Program program = start(plan_ + " --timeout 1", torchrun(1, 3, port_));
  std::vector<tcp::Socket> sockets;
  std::string answer = "HTTP/1.1 400 Bad Request\r\n\r\n";
  int status = -1;
  for (int i = 0; i < 200 && status == -1; ++i) {
    if (tcp::Socket socket = tcp::acceptFrom(*listener)) {
      sendBytes(socket, std::as_bytes(std::span(answer)));
      sockets.push_back(std::move(socket));
    }
    status = program.wait(50ms);
  }
  EXPECT_EQ(status, 5);
  EXPECT_THAT(program.log(), HasSubstr("what listens there is no tpc"));
}

TEST_F(Launched, AKilledRankIsNamedByTheOthers) {
  for (int victim : {0, 1}) {
    std::vector<Program> ranks;
    port_ = freePort();
    for (int r : {0, 1, 2})
      ranks.push_back(start(plan_ + " --steps 100000000 --timeout 20", torchrun(r, 3, port_)));
    ASSERT_TRUE(ranks[0].says("step      5"));
    ranks[victim].signal(SIGKILL);
    EXPECT_EQ(ranks[victim].wait(), 1000 + SIGKILL);
    for (int r : {0, 1, 2})
      if (r != victim) {
        EXPECT_EQ(ranks[r].wait(10s), 3);
        std::vector<std::string> errors = errorsOf(ranks[r].log());
        ASSERT_EQ(errors.size(), 1u);
        EXPECT_THAT(errors[0], HasSubstr("rank " + std::to_string(victim) + " "));
      }
    expectNothingLeft();
  }
}

TEST_F(Launched, AStoppedRankIsNamedByTheOthersAndEndsWhenItGoesOn) {
  std::vector<Program> ranks;
  for (int r : {0, 1, 2})
    ranks.push_back(start(plan_ + " --steps 100000000 --timeout 2", torchrun(r, 3, port_)));
  ASSERT_TRUE(ranks[0].says("step      5"));
  ranks[1].signal(SIGSTOP);
  for (int r : {0, 2}) {
    EXPECT_EQ(ranks[r].wait(10s), 3);
    EXPECT_THAT(errorsOf(ranks[r].log())[0], HasSubstr("rank 1"));
  }
  ranks[1].signal(SIGCONT);
  EXPECT_EQ(ranks[1].wait(10s), 3) << ranks[1].log();
  expectNothingLeft();
}

TEST_F(Launched, AllStoppedTogetherGoOn) {
  // Ctrl-Z, and fg after longer than the timeout.
  for (std::string comm : {"tcp", "local"})
    // Where in a step they are stopped is chance.
    for (int i = 0; i < (comm == "tcp" ? 1 : 4); ++i) {
      Program run = start(plan_ + " --steps 100000000 --timeout 2 --comm " + comm);
      ASSERT_TRUE(run.says("step      5"));
      run.signalGroup(SIGSTOP);
      std::this_thread::sleep_for(3s);
      run.signalGroup(SIGCONT);
      EXPECT_EQ(run.wait(500ms), -1) << run.log();
      run.signal(SIGTERM);
      EXPECT_EQ(run.wait(), 128 + SIGTERM);
      expectNothingLeft();
    }
}
