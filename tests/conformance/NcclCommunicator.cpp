//===- NcclCommunicator.cpp - The suite over NCCL, and how its groups begin and end -----------===//
//
// Without GPUs our side of NCCL's interface runs against a double of NCCL (NcclDouble.h); the real
// library is taken as far as it goes, to where it asks for a device.
//
//===---------------------------------------------------------------------------------------===//

#include "CommunicatorConformance.h"
#include "NcclDouble.h"
#include "NcclExceptions.h"
#include "TcpGroups.h"

#include "runtime/comm/nccl/NcclGroup.h"
#include "runtime/comm/nccl/NcclSteps.h"

#include <gmock/gmock.h>

#include <csignal>
#include <cstdlib>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace tpc;
using namespace tpc::test;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

namespace {

using Groups = std::vector<std::unique_ptr<ProcessGroup>>;

/// Calls `rank(i)` on a thread for each.
void onThreads(size_t count, const std::function<void(size_t)> &rank) {
  std::vector<std::thread> threads;
  for (size_t i = 0; i < count; ++i)
    threads.emplace_back([&, i] { rank(i); });
  for (std::thread &thread : threads)
    thread.join();
}

JoinedGroups join(const Mesh &mesh, std::chrono::milliseconds timeout,
                  const std::function<void(nccl::NcclGroupOptions &)> &change = {}) {
  return joinOnThreads(mesh, timeout, [&](tcp::TcpGroupOptions tcp) {
    nccl::NcclGroupOptions options{.tcp = std::move(tcp), .api = &doubleOfNccl()};
    if (change)
      change(options);
    return nccl::joinNcclGroup(std::move(options));
  });
}

/// Groups end together, as processes do: NCCL waits until all have finished.
struct Together {
  Groups groups;

  explicit Together(JoinedGroups joined) {
    for (Result<std::unique_ptr<ProcessGroup>> &group : joined) {
      EXPECT_TRUE(group.ok()) << group.status().message();
      groups.push_back(group.ok() ? std::move(*group) : nullptr);
    }
  }
  ~Together() {
    onThreads(groups.size(), [&](size_t rank) { groups[rank].reset(); });
  }

  std::vector<Status> run(const std::function<Status(ProcessGroup &)> &rank) {
    std::vector<Status> statuses(groups.size());
    onThreads(groups.size(), [&](size_t i) { statuses[i] = rank(*groups[i]); });
    return statuses;
  }
};

/// A communicator that keeps the groups of all ranks.
class Owned final : public Communicator {
public:
  Owned(std::shared_ptr<Together> all, size_t rank)
      : all_(std::move(all)), inner_(*all_->groups[rank]->communicators()[0]) {}
  int size() const override { return inner_.size(); }
  int coordinate() const override { return inner_.coordinate(); }
  Status run(const CollectiveCall &call, Stream stream) override {
    return inner_.run(call, stream);
  }
  Status check() override { return inner_.check(); }
  void abort(const Status &reason) override { inner_.abort(reason); }

private:
  std::shared_ptr<Together> all_;
  Communicator &inner_;
};

Communicators make(int ranks, std::chrono::milliseconds timeout) {
  auto all = std::make_shared<Together>(join(Mesh{{{"tp", ranks}}}, timeout));
  Communicators result;
  for (size_t rank = 0; rank < all->groups.size(); ++rank)
    result.push_back(std::make_unique<Owned>(all, rank));
  return result;
}

INSTANTIATE_TEST_SUITE_P(Nccl, CommunicatorConformance,
                         testing::Values(CommunicatorFactory{"nccl", make, ncclExceptions()}),
                         [](const auto &info) { return info.param.name; });

float sumOver(ProcessGroup &group, size_t axis, float value, Status &status) {
  CollectiveTensor tensor{&value, &value, 1, 1, 1, DType::F32};
  status = group.communicators()[axis]->run(
      {CollectiveKind::AllReduce, ReduceKind::Sum, {&tensor, 1}, 0}, {});
  return value;
}

/// A rank as a process. Exits with the code of its status and leaves what it says in a pipe.
class RankProcess {
public:
  explicit RankProcess(const std::function<Status()> &run) {
    int said[2];
    EXPECT_EQ(pipe(said), 0);
    pid_ = fork();
    if (pid_ == 0) {
      Status status = run();
      std::string text = status.message();
      (void)!write(said[1], text.data(), text.size());
      _exit(static_cast<int>(status.code()));
    }
    close(said[1]);
    said_ = said[0];
  }
  RankProcess(RankProcess &&other) noexcept
      : pid_(std::exchange(other.pid_, -1)), said_(std::exchange(other.said_, -1)) {}
  ~RankProcess() {
    if (pid_ > 0)
      kill(SIGKILL);
    close(said_);
  }

  void kill(int signal) const { ::kill(pid_, signal); }
  /// The exit status, or 128 + the signal.
  int wait() {
    int status = 0;
    waitpid(std::exchange(pid_, -1), &status, 0);
    char buffer[4096];
    for (ssize_t got; (got = read(said_, buffer, sizeof(buffer))) > 0;)
      text.append(buffer, static_cast<size_t>(got));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  std::string text;

private:
  pid_t pid_;
  int said_;
};

/// `ranks` processes that join a group.
std::vector<RankProcess> startProcesses(int ranks, std::chrono::milliseconds timeout,
                                        const nccl::NcclApi *api) {
  Result<tcp::Socket> listener = tcp::listenOn("127.0.0.1", 0);
  EXPECT_TRUE(listener.ok()) << listener.status().message();
  const uint16_t port = tcp::portOf(*listener);
  std::vector<RankProcess> processes;
  for (int rank = 0; rank < ranks; ++rank)
    processes.emplace_back([&, rank]() -> Status {
      nccl::NcclGroupOptions options;
      options.api = api;
      tcp::BootstrapOptions &bootstrap = options.tcp.bootstrap;
      bootstrap.self.rank = static_cast<uint32_t>(rank);
      bootstrap.self.worldSize = static_cast<uint32_t>(ranks);
      bootstrap.mesh = Mesh{{{"tp", ranks}}};
      bootstrap.host = "127.0.0.1";
      bootstrap.port = port;
      bootstrap.timeout = timeout;
      if (rank == 0)
        bootstrap.listener = std::move(*listener);
      else
        listener->close();
      return nccl::joinNcclGroup(std::move(options)).status();
    });
  return processes;
}

} // namespace

TEST(NcclGroups, OneCommunicatorPerLineOfEveryAxis) {
  Mesh mesh{{{"dp", 2}, {"tp", 3}}};
  {
    Together all(join(mesh, 20s));
    for (const Status &status : all.run([&](ProcessGroup &group) -> Status {
           for (size_t axis : {0, 1}) {
             Communicator &communicator = *group.communicators()[axis];
             EXPECT_EQ(communicator.size(), mesh.axes[axis].size);
             EXPECT_EQ(communicator.coordinate(),
                       mesh.coordinate(group.rank(), static_cast<AxisId>(axis)));
             auto power = [](int64_t rank) { return std::pow(10.0f, static_cast<float>(rank)); };
             float expected = 0;
             for (int64_t member : mesh.group(group.rank(), static_cast<AxisId>(axis)))
               expected += power(member);
             Status status;
             EXPECT_EQ(sumOver(group, axis, power(group.rank()), status), expected);
             TPC_RETURN_IF_ERROR(status);
           }
           return Status();
         }))
      EXPECT_TRUE(status.ok()) << status.message();
  }
  EXPECT_EQ(livingNcclDoubles(), 0);
}

TEST(NcclGroups, WhatFailsOnOneRankStopsAllOfThem) {
  setNcclDoubleFaults({.failCollectiveOfRank = 1});
  {
    Together all(join(Mesh{{{"tp", 3}}}, 20s));
    for (auto &group : all.groups)
      group->onFailure([](const Status &failure) {
        return Status(failure.code(), failure.message() + " (explained)");
      });
    auto start = std::chrono::steady_clock::now();
    std::vector<Status> statuses = all.run([](ProcessGroup &group) {
      Status status;
      sumOver(group, 0, 1, status);
      return status;
    });
    EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
    for (int rank : {0, 1, 2}) {
      EXPECT_EQ(statuses[rank].code(), Code::RankFailed);
      EXPECT_THAT(statuses[rank].message(),
                  AllOf(HasSubstr("could not enqueue all_reduce of 1 tensor(s), number 0"),
                        HasSubstr("unhandled cuda error (as the test wants it)")));
      // Those that learn of it explain it.
      EXPECT_EQ(statuses[rank].message().find("(explained)") != std::string::npos, rank != 1);
      EXPECT_FALSE(all.groups[rank]->communicators()[0]->check().ok());
    }
  }
  setNcclDoubleFaults({});
  EXPECT_EQ(livingNcclDoubles(), 0);
}

TEST(NcclGroups, CheckNoticesThatAnotherRankHasFailed) {
  Together all(join(Mesh{{{"tp", 2}}}, 20s));
  EXPECT_TRUE(all.groups[0]->communicators()[0]->check().ok());
  all.groups[1]->abort(Status(Code::RankFailed, "rank 1: out of memory"));
  Status status;
  for (int i = 0; i < 1000 && status.ok(); ++i) {
    std::this_thread::sleep_for(10ms);
    status = all.groups[0]->communicators()[0]->check();
  }
  EXPECT_EQ(status.message(), "rank 1: out of memory");
}

TEST(NcclGroups, ARankWithoutAGpuStopsAllOfThem) {
  setNcclDoubleFaults({.failInitOfRank = 2});
  JoinedGroups joined = join(Mesh{{{"tp", 3}}}, 20s);
  setNcclDoubleFaults({});
  for (const auto &group : joined) {
    ASSERT_FALSE(group.ok());
    EXPECT_EQ(group.status().code(), Code::Unavailable);
    EXPECT_THAT(group.status().message(), HasSubstr("could not connect 3 GPU(s)"));
  }
  joined.clear();
  EXPECT_EQ(livingNcclDoubles(), 0);
}

TEST(NcclGroups, WhatASplitThatFailsLeavesBehindIsEnded) {
  setNcclDoubleFaults({.failSplitOfRank = 1});
  JoinedGroups joined = join(Mesh{{{"dp", 2}, {"tp", 2}}}, 20s);
  setNcclDoubleFaults({});
  for (const auto &group : joined) {
    ASSERT_FALSE(group.ok());
    EXPECT_EQ(group.status().code(), Code::Unavailable);
    EXPECT_THAT(group.status().message(), HasSubstr("could not make a communicator for axis dp"));
  }
  joined.clear();
  EXPECT_EQ(livingNcclDoubles(), 0);
}

TEST(NcclGroups, LibrariesAreComparedBeforeTheyMeet) {
  nccl::NcclApi older = doubleOfNccl();
  older.version = NCCL_VERSION(2, 28, 3);
  for (const auto &group : join(Mesh{{{"tp", 2}}}, 20s, [&](nccl::NcclGroupOptions &options) {
         if (options.tcp.bootstrap.self.rank == 1)
           options.api = &older;
       })) {
    EXPECT_EQ(group.status().code(), Code::InvalidInput);
    EXPECT_THAT(group.status().message(), HasSubstr("rank 1 has NCCL '2.28.3', and rank 0 has '" +
                                                    doubleOfNccl().versionText() + "'"));
  }
  for (const auto &group : join(Mesh{{{"tp", 2}}}, 20s, [&](nccl::NcclGroupOptions &options) {
         bool first = options.tcp.bootstrap.self.rank == 0;
         options.libraries = {{"cuBLASLt", first ? "13.0.2" : "13.1.0"}};
       }))
    EXPECT_THAT(group.status().message(),
                HasSubstr("rank 1 has cuBLASLt '13.1.0', and rank 0 has '13.0.2'"));
}

TEST(NcclGroups, DeterministicPinsAlgorithmAndChannels) {
  static ncclConfig_t seen;
  nccl::NcclApi watching = doubleOfNccl();
  watching.commInitRankConfig = [](ncclComm_t *comm, int ranks, ncclUniqueId id, int rank,
                                   ncclConfig_t *config) {
    seen = *config;
    return doubleOfNccl().commInitRankConfig(comm, ranks, id, rank, config);
  };
  auto joinOne = [&](bool deterministic) {
    Together all(join(Mesh{{{"tp", 1}}}, 20s, [&](nccl::NcclGroupOptions &options) {
      options.deterministic = deterministic;
      options.api = &watching;
    }));
  };
  unsetenv("NCCL_MAX_CTAS");
  setenv("NCCL_ALGO", "Tree", 1);
  joinOne(false);
  EXPECT_EQ(seen.blocking, 0);
  EXPECT_EQ(seen.minCTAs, NCCL_CONFIG_UNDEF_INT);
  EXPECT_STREQ(std::getenv("NCCL_ALGO"), "Tree");
  joinOne(true);
  EXPECT_STREQ(std::getenv("NCCL_ALGO"), "Ring");
  EXPECT_STREQ(std::getenv("NCCL_PROTO"), "Simple");
  EXPECT_EQ(seen.minCTAs, 16);
  EXPECT_EQ(seen.maxCTAs, 16);
  setenv("NCCL_MAX_CTAS", "2", 1);
  joinOne(true);
  EXPECT_EQ(seen.maxCTAs, NCCL_CONFIG_UNDEF_INT);
  EXPECT_STREQ(std::getenv("NCCL_MAX_CTAS"), "2");
  unsetenv("NCCL_MAX_CTAS");
}

/// The double of NCCL, which tells when a process has called it: a byte each.
static const nccl::NcclApi &doubleThatTells(int pipe) {
  static int told;
  told = pipe;
  static nccl::NcclApi api = doubleOfNccl();
  api.commInitRankConfig = [](ncclComm_t *comm, int ranks, ncclUniqueId id, int rank,
                              ncclConfig_t *config) {
    ncclResult_t result = doubleOfNccl().commInitRankConfig(comm, ranks, id, rank, config);
    (void)!write(told, "", 1);
    return result;
  };
  return api;
}

TEST(NcclProcesses, ARankThatDiesWhileNcclConnectsIsNamed) {
  // In processes the double never finds the others: they wait in NCCL.
  int told[2];
  ASSERT_EQ(pipe(told), 0);
  std::vector<RankProcess> ranks = startProcesses(3, 30s, &doubleThatTells(told[1]));
  close(told[1]);
  for (size_t rank = 0; rank < ranks.size(); ++rank) {
    char byte;
    ASSERT_EQ(read(told[0], &byte, 1), 1) << "a rank ended before it called NCCL";
  }
  close(told[0]);
  auto start = std::chrono::steady_clock::now();
  ranks[2].kill(SIGKILL);
  EXPECT_EQ(ranks[2].wait(), 128 + SIGKILL);
  for (int rank : {0, 1}) {
    EXPECT_EQ(ranks[rank].wait(), static_cast<int>(Code::RankFailed));
    EXPECT_THAT(ranks[rank].text, HasSubstr("rank 2 ended without saying why"));
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, 10s);
}

TEST(NcclProcesses, WaitingForNcclEndsWithTheTimeout) {
  std::vector<RankProcess> ranks = startProcesses(2, 1500ms, &doubleOfNccl());
  for (RankProcess &rank : ranks) {
    EXPECT_EQ(rank.wait(), static_cast<int>(Code::RankFailed));
    EXPECT_THAT(rank.text, HasSubstr("waited 1500 ms for NCCL to connect 2 GPU(s)"));
  }
}

TEST(NcclProcesses, TheRealLibraryComesAsFarAsItsDevice) {
  // In a process of its own: the library starts threads, and children are forked here.
  RankProcess probe([] { return nccl::openNccl().status(); });
  if (probe.wait() != 0)
    GTEST_SKIP() << probe.text;
  if (access("/dev/nvidiactl", F_OK) == 0)
    GTEST_SKIP() << "this machine has a GPU";
  std::vector<RankProcess> ranks = startProcesses(2, 30s, nullptr);
  for (RankProcess &rank : ranks) {
    EXPECT_EQ(rank.wait(), static_cast<int>(Code::Unavailable));
    EXPECT_THAT(rank.text, AllOf(HasSubstr("could not connect 2 GPU(s): unhandled cuda error"),
                                 HasSubstr("CUDA driver version is insufficient")));
  }
}
