//===- TcpCommunicator.cpp - The suite over sockets, and what only groups of processes do ----===//

#include "CommunicatorConformance.h"
#include "TcpGroups.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <thread>

using namespace tpc;
using namespace tpc::test;
using namespace std::chrono_literals;
using testing::HasSubstr;

namespace {

/// A communicator that keeps its group.
class Owned final : public Communicator {
public:
  Owned(std::unique_ptr<ProcessGroup> group)
      : group_(std::move(group)), inner_(*group_->communicators()[0]) {}
  int size() const override { return inner_.size(); }
  int coordinate() const override { return inner_.coordinate(); }
  Status run(const CollectiveCall &call, Stream stream) override {
    return inner_.run(call, stream);
  }
  void abort(const Status &reason) override { inner_.abort(reason); }

private:
  std::unique_ptr<ProcessGroup> group_;
  Communicator &inner_;
};

Communicators makeWith(int bufferBytes, int ranks, std::chrono::milliseconds timeout) {
  Communicators result;
  for (auto &group : makeTcpGroups(Mesh{{{"tp", ranks}}}, timeout, bufferBytes))
    result.push_back(std::make_unique<Owned>(std::move(group)));
  return result;
}

CommunicatorFactory tcpWith(const std::string &name, int bufferBytes) {
  return {name, [=](int ranks, std::chrono::milliseconds timeout) {
            return makeWith(bufferBytes, ranks, timeout);
          }};
}

INSTANTIATE_TEST_SUITE_P(Tcp, CommunicatorConformance,
                         testing::Values(tcpWith("tcp", 0),
                                         // The kernel's smallest: every send is a short one.
                                         tcpWith("tcp_short_writes", 1)),
                         [](const auto &info) { return info.param.name; });

using Groups = std::vector<std::unique_ptr<ProcessGroup>>;

/// Runs `rank(group)` on a thread for every rank and returns their statuses.
std::vector<Status> onAll(Groups &groups, const std::function<Status(ProcessGroup &)> &rank) {
  std::vector<Status> statuses(groups.size());
  std::vector<std::thread> threads;
  for (size_t i = 0; i < groups.size(); ++i)
    threads.emplace_back([&, i] { statuses[i] = rank(*groups[i]); });
  for (std::thread &thread : threads)
    thread.join();
  return statuses;
}

void expectOk(const std::vector<Status> &statuses) {
  for (const Status &status : statuses)
    EXPECT_TRUE(status.ok()) << status.message();
}

float valueOf(int rank, size_t i) { return std::sin(static_cast<float>(i * 7 + rank * 1001 + 1)); }

} // namespace

TEST(TcpCommunicators, LargeTensorsGoInRoundsWithTheSameBits) {
  for (int n : {2, 3, 4})
    for (int buffers : {0, 1 << 16}) {
      // Rounds end inside the first tensor, and the second shares one with its end.
      const size_t sizes[] = {size_t(n) * 600'000 + 13, 5001};
      Groups groups = makeTcpGroups(Mesh{{{"tp", n}}}, 20s, buffers);
      expectOk(onAll(groups, [&](ProcessGroup &group) -> Status {
        std::vector<float> data[2];
        for (int t = 0; t < 2; ++t) {
          data[t].resize(sizes[t]);
          for (size_t i = 0; i < sizes[t]; ++i)
            data[t][i] = valueOf(group.rank(), i);
        }
        // The first in place.
        std::vector<float> sum(sizes[1]);
        CollectiveTensor tensors[] = {
            {data[0].data(), data[0].data(), 1, 1, int64_t(sizes[0]), DType::F32},
            {data[1].data(), sum.data(), 1, 1, int64_t(sizes[1]), DType::F32}};
        TPC_RETURN_IF_ERROR(group.communicators()[0]->run(
            {CollectiveKind::AllReduce, ReduceKind::Sum, tensors, 3}, {}));
        for (int t = 0; t < 2; ++t)
          for (size_t i = 0; i < sizes[t]; ++i) {
            float expected = valueOf(0, i);
            for (int rank = 1; rank < n; ++rank)
              expected += valueOf(rank, i);
            float found = t ? sum[i] : data[0][i];
            if (std::memcmp(&found, &expected, sizeof(found)))
              return Status(Code::Difference,
                            "tensor " + std::to_string(t) + " element " + std::to_string(i));
          }
        return Status();
      }));
    }
}

TEST(TcpCommunicators, LargeRowsAreScatteredAndGathered) {
  const int n = 3;
  const int64_t outer = 3, row = 300'001;
  Groups groups = makeTcpGroups(Mesh{{{"tp", n}}}, 20s);
  expectOk(onAll(groups, [&](ProcessGroup &group) -> Status {
    std::vector<float> input(outer * n * row), part(outer * row), all(outer * n * row);
    for (size_t i = 0; i < input.size(); ++i)
      input[i] = valueOf(group.rank(), i);
    CollectiveTensor scatter{input.data(), part.data(), outer, 1, row, DType::F32};
    CollectiveTensor gather{part.data(), all.data(), outer, 1, row, DType::F32};
    Communicator &tp = *group.communicators()[0];
    TPC_RETURN_IF_ERROR(
        tp.run({CollectiveKind::ReduceScatter, ReduceKind::Sum, {&scatter, 1}, 0}, {}));
    TPC_RETURN_IF_ERROR(tp.run({CollectiveKind::AllGather, ReduceKind::Sum, {&gather, 1}, 1}, {}));
    for (size_t i = 0; i < all.size(); ++i) {
      float expected = valueOf(0, i);
      for (int rank = 1; rank < n; ++rank)
        expected += valueOf(rank, i);
      if (all[i] != expected)
        return Status(Code::Difference, "element " + std::to_string(i));
    }
    return Status();
  }));
}

TEST(TcpCommunicators, OneLinePerAxis) {
  Mesh mesh{{{"dp", 2}, {"tp", 3}}};
  Groups groups = makeTcpGroups(mesh, 20s);
  expectOk(onAll(groups, [&](ProcessGroup &group) -> Status {
    EXPECT_EQ(group.ranksOnThisMachine(), 6);
    for (AxisId axis : {AxisId(0), AxisId(1)}) {
      Communicator &communicator = *group.communicators()[axis];
      EXPECT_EQ(communicator.size(), mesh.axisSize(axis));
      EXPECT_EQ(communicator.coordinate(), mesh.coordinate(group.rank(), axis));
      auto power = [](int64_t rank) { return static_cast<int32_t>(std::pow(10, rank)); };
      int32_t input = power(group.rank()), sum = 0, expected = 0;
      CollectiveTensor tensor{&input, &sum, 1, 1, 1, DType::I32};
      TPC_RETURN_IF_ERROR(
          communicator.run({CollectiveKind::AllReduce, ReduceKind::Sum, {&tensor, 1}, axis}, {}));
      for (int64_t member : mesh.group(group.rank(), axis))
        expected += power(member);
      EXPECT_EQ(sum, expected) << "rank " << group.rank() << " axis " << int(axis);
    }
    return Status();
  }));
}

TEST(TcpGroups, MeetAndGather) {
  Groups groups = makeTcpGroups(Mesh{{{"tp", 3}}}, 20s);
  std::string seen;
  expectOk(onAll(groups, [&](ProcessGroup &group) -> Status {
    int64_t asked = 0;
    TPC_ASSIGN_OR_RETURN(int64_t verdict, group.agree(
                                              group.rank() == 1 ? 15 : group.rank(),
                                              [&](int64_t largest) {
                                                asked = largest;
                                                return largest + 100;
                                              },
                                              20s));
    EXPECT_EQ(verdict, 115);
    EXPECT_EQ(asked, group.rank() == 0 ? 15 : 0);
    std::string mine(100'000 * static_cast<size_t>(group.rank() + 1), char('a' + group.rank()));
    const int ranks[] = {0, 2};
    TPC_RETURN_IF_ERROR(group.gather(
        ranks, std::as_bytes(std::span(mine)), [&](int rank, std::span<const std::byte> bytes) {
          seen += std::to_string(rank) + char(bytes[0]) + std::to_string(bytes.size()) + " ";
          return Status();
        }));
    TPC_ASSIGN_OR_RETURN(int64_t last, group.finish(group.rank()));
    EXPECT_EQ(last, 2);
    return Status();
  }));
  EXPECT_EQ(seen, "0a100000 2c300000 ");
}

static Status sumOfOne(ProcessGroup &group) {
  float data = 1;
  CollectiveTensor tensor{&data, &data, 1, 1, 1, DType::F32};
  return group.communicators()[0]->run(
      {CollectiveKind::AllReduce, ReduceKind::Sum, {&tensor, 1}, 0}, {});
}

TEST(TcpGroups, RankZeroTellsAll) {
  Groups groups = makeTcpGroups(Mesh{{{"tp", 3}}}, 20s);
  std::vector<std::string> heard(3);
  expectOk(onAll(groups, [&](ProcessGroup &group) -> Status {
    std::string &mine = heard[static_cast<size_t>(group.rank())];
    mine = group.rank() == 0 ? "the word of rank 0" : std::string(18, '?');
    return group.broadcast(std::as_writable_bytes(std::span(mine)));
  }));
  EXPECT_THAT(heard, testing::Each("the word of rank 0"));
}

TEST(TcpGroups, AFailureAtRankZerosHookReachesAll) {
  Groups groups = makeTcpGroups(Mesh{{{"tp", 3}}}, 20s);
  std::vector<Status> statuses = onAll(groups, [&](ProcessGroup &group) -> Status {
    Status status = group
                        .agree(
                            0,
                            [](int64_t) -> Result<int64_t> {
                              return Status(Code::InvalidInput, "the disk is full");
                            },
                            20s)
                        .status();
    group.abort(status);
    return status;
  });
  for (const Status &status : statuses) {
    EXPECT_EQ(status.code(), Code::InvalidInput);
    EXPECT_EQ(status.message(), "the disk is full");
  }
}

TEST(TcpGroups, AFailureFromBeforeIsExplainedToo) {
  Groups groups = makeTcpGroups(Mesh{{{"tp", 3}}}, 20s);
  groups[2]->abort(Status(Code::Unavailable, "rank 2: no GPU"));
  EXPECT_EQ(sumOfOne(*groups[1]).message(), "rank 2: no GPU");
  int explained = 0;
  for (int i = 0; i < 2; ++i)
    groups[1]->onFailure([&](const Status &failure) {
      ++explained;
      return Status(failure.code(), failure.message() + " (explained)");
    });
  EXPECT_EQ(explained, 1);
  EXPECT_EQ(sumOfOne(*groups[1]).message(), "rank 2: no GPU (explained)");
  groups[1]->onFailure({});
}

TEST(TcpGroups, ALostRankIsNamedToAll) {
  Groups groups = makeTcpGroups(Mesh{{{"tp", 4}}}, 20s);
  std::vector<std::string> explained(4);
  for (int rank = 0; rank < 4; ++rank)
    groups[rank]->onFailure([&, rank](const Status &failure) {
      explained[rank] = failure.message();
      return Status(failure.code(), failure.message() + " (explained)", failure.hint());
    });
  auto start = std::chrono::steady_clock::now();
  std::vector<Status> statuses(4);
  std::vector<std::thread> threads;
  for (int rank : {0, 1, 3})
    threads.emplace_back([&, rank] { statuses[rank] = sumOfOne(*groups[rank]); });
  groups[2].reset();
  for (std::thread &thread : threads)
    thread.join();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  for (int rank : {0, 1, 3}) {
    EXPECT_EQ(statuses[rank].code(), Code::RankFailed);
    EXPECT_THAT(statuses[rank].message(), HasSubstr("rank 2 ended without saying why"));
    EXPECT_THAT(statuses[rank].message(), HasSubstr("(explained)"));
    EXPECT_THAT(explained[rank], HasSubstr("rank 2"));
    groups[rank]->onFailure({});
  }
}
