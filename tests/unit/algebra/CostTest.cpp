//===- CostTest.cpp - Predicted times -------------------------------------------------------===//
#include "algebra/Cost.h"

#include <gtest/gtest.h>

#include <limits>

namespace tpc {
namespace {

constexpr CollectiveKind kAllKinds[] = {CollectiveKind::AllReduce, CollectiveKind::AllGather,
                                        CollectiveKind::ReduceScatter, CollectiveKind::AllToAll};

TEST(Cost, NamesCollectives) {
  EXPECT_STREQ(name(CollectiveKind::AllReduce), "all_reduce");
  EXPECT_STREQ(name(CollectiveKind::AllGather), "all_gather");
  EXPECT_STREQ(name(CollectiveKind::ReduceScatter), "reduce_scatter");
  EXPECT_STREQ(name(CollectiveKind::AllToAll), "all_to_all");
}

TEST(Cost, WireBytes) {
  struct Case {
    CollectiveKind kind;
    int64_t bytes, ranks, expected;
  } cases[] = {
      {CollectiveKind::AllReduce, 1024, 2, 1024},
      {CollectiveKind::AllReduce, 1024, 4, 1536},
      {CollectiveKind::AllReduce, 1024, 8, 1792},
      {CollectiveKind::AllGather, 1024, 2, 512},
      {CollectiveKind::AllGather, 1024, 8, 896},
      {CollectiveKind::ReduceScatter, 1024, 4, 768},
      {CollectiveKind::AllToAll, 1024, 2, 256},
      {CollectiveKind::AllToAll, 1024, 4, 192},
      // What does not divide rounds up.
      {CollectiveKind::AllReduce, 1, 3, 2},
      {CollectiveKind::AllGather, 10, 3, 7},
      {CollectiveKind::AllToAll, 1, 8, 1},
      // Products beyond 64 bits.
      {CollectiveKind::AllReduce, int64_t{1} << 60, 8, (int64_t{1} << 60) / 4 * 7},
      {CollectiveKind::AllReduce, int64_t{1} << 60, 1024, (int64_t{1} << 60) / 512 * 1023},
  };
  for (const Case &c : cases)
    EXPECT_EQ(wireBytes(c.kind, c.bytes, c.ranks), c.expected)
        << name(c.kind) << " of " << c.bytes << " on " << c.ranks;
}

TEST(Cost, OneRankSendsNothingAndWaitsForNothing) {
  for (CollectiveKind kind : kAllKinds) {
    EXPECT_EQ(wireBytes(kind, 1 << 20, 1), 0);
    EXPECT_EQ(collectiveTime(Hardware{}, kind, 1 << 20, 1), 0);
    EXPECT_EQ(wireBytes(kind, 0, 8), 0);
  }
}

TEST(Cost, AnAllReduceMovesWhatItsTwoHalvesMove) {
  for (int64_t ranks : {2, 3, 4, 8, 64})
    for (int64_t elements : {1, 5, 768 * 1024})
      EXPECT_EQ(wireBytes(CollectiveKind::AllReduce, elements * ranks * 4, ranks),
                wireBytes(CollectiveKind::ReduceScatter, elements * ranks * 4, ranks) +
                    wireBytes(CollectiveKind::AllGather, elements * ranks * 4, ranks));
}

TEST(Cost, CollectiveTimeIsLatencyAndWire) {
  Hardware hardware;
  hardware.collectiveLatencySeconds = 5e-6;
  hardware.collectiveBytesPerSecond = 10e9;
  // 1e6 bytes on the wire at 10 GB/s are 100 us.
  EXPECT_EQ(collectiveTime(hardware, CollectiveKind::AllReduce, 1'000'000, 2), 105'000'000);
  EXPECT_EQ(collectiveTime(hardware, CollectiveKind::AllGather, 1'000'000, 2), 55'000'000);
  EXPECT_EQ(collectiveTime(hardware, CollectiveKind::AllReduce, 0, 2), 5'000'000);
}

TEST(Cost, ComputeTimeIsTheLargerOfFlopsAndBytes) {
  Hardware hardware;
  hardware.gemmFlopsPerSecond = 1e12;
  hardware.memoryBytesPerSecond = 1e9;
  EXPECT_EQ(computeTime(hardware, 7, 0), 7);
  EXPECT_EQ(computeTime(hardware, 0, 7), 7000);
  EXPECT_EQ(computeTime(hardware, 5000, 7), 7000);
  EXPECT_EQ(computeTime(hardware, 9000, 7), 9000);
  EXPECT_EQ(computeTime(hardware, 0, 0), 0);
}

TEST(Cost, TimesRoundUpSoThatNoWorkIsFree) {
  Hardware hardware;
  hardware.gemmFlopsPerSecond = 3e12;
  EXPECT_EQ(computeTime(hardware, 1, 0), 1);
  EXPECT_EQ(computeTime(hardware, 3, 0), 1);
  EXPECT_EQ(computeTime(hardware, 4, 0), 2);
  hardware.gemmFlopsPerSecond = 1e300;
  EXPECT_EQ(computeTime(hardware, 1, 0), 1);
}

TEST(Cost, TimesGrowWithoutExceptionAndSaturate) {
  Hardware hardware;
  int64_t last = 0;
  for (int64_t flops = 1; flops > 0 && flops < (int64_t{1} << 61); flops = flops * 3 + 1) {
    EXPECT_GT(computeTime(hardware, flops, 0), last);
    last = computeTime(hardware, flops, 0);
  }
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  hardware.gemmFlopsPerSecond = 0;
  EXPECT_EQ(computeTime(hardware, kMax, 0), kMax);
  hardware.collectiveBytesPerSecond = 1;
  EXPECT_EQ(collectiveTime(hardware, CollectiveKind::AllReduce, kMax / 4, 2), kMax);
}

} // namespace
} // namespace tpc
