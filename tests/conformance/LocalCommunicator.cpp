#include "CommunicatorConformance.h"

#include "runtime/comm/local/LocalGroup.h"

using namespace tpc;
using namespace tpc::test;

INSTANTIATE_TEST_SUITE_P(Local, CommunicatorConformance,
                         testing::Values(CommunicatorFactory{"local", makeLocalGroup}),
                         [](const auto &info) { return info.param.name; });

TEST(LocalCommunicators, OneGroupPerLineOfEveryAxis) {
  Mesh mesh{{{"dp", 2}, {"tp", 3}}};
  auto all = makeLocalCommunicators(mesh, std::chrono::seconds(20));
  ASSERT_EQ(all.size(), 6u);
  for (size_t axis = 0; axis < 2; ++axis) {
    Communicators line;
    for (int64_t rank = 0; rank < 6; ++rank) {
      ASSERT_NE(all[rank][axis], nullptr);
      EXPECT_EQ(all[rank][axis]->size(), mesh.axisSize(axis));
      EXPECT_EQ(all[rank][axis]->coordinate(), mesh.coordinate(rank, axis));
      line.push_back(std::move(all[rank][axis]));
    }
    // Every rank adds 10^rank along its line: the sum names the members.
    std::vector<int32_t> sums(6);
    auto power = [](int64_t rank) {
      int32_t value = 1;
      for (int64_t i = 0; i < rank; ++i)
        value *= 10;
      return value;
    };
    // onAllRanks starts one thread per communicator; each finds its rank by its position.
    std::vector<Communicator *> order;
    for (auto &communicator : line)
      order.push_back(communicator.get());
    for (const Status &status : onAllRanks(line, [&](Communicator &communicator) {
           int64_t rank = std::find(order.begin(), order.end(), &communicator) - order.begin();
           int32_t input = power(rank);
           CollectiveTensor tensor{&input, &sums[rank], 1, 1, 1, DType::I32};
           return communicator.run({CollectiveKind::AllReduce, ReduceKind::Sum, {&tensor, 1}, 0},
                                   {});
         }))
      EXPECT_TRUE(status.ok()) << status.message();
    for (int64_t rank = 0; rank < 6; ++rank) {
      int32_t expected = 0;
      for (int64_t member : mesh.group(rank, axis))
        expected += power(member);
      EXPECT_EQ(sums[rank], expected) << "rank " << rank << " axis " << axis;
    }
  }
}
