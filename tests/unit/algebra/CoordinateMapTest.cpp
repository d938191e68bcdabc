//===- CoordinateMapTest.cpp - Which rank holds what, and where -----------------------------===//
//
// The library computes local to global; the tests go from global to local by the definition in
// LayoutHelpers.h, so that a mistake in one does not hide in the other.
//
//===---------------------------------------------------------------------------------------===//
#include "algebra/CoordinateMap.h"

#include "LayoutHelpers.h"

#include <gmock/gmock.h>

#include <tuple>

namespace tpc::test {
namespace {

using testing::ElementsAre;

using Extent = std::tuple<int64_t, int64_t, int64_t>; // local, global, length

std::vector<Extent> runsOf(const CoordinateMap &map) {
  std::vector<Extent> runs;
  map.forEachRun([&](int64_t local, int64_t global, int64_t length) {
    runs.push_back({local, global, length});
  });
  return runs;
}

std::vector<int64_t> tableOf(const CoordinateMap &map, int dim) {
  std::vector<int64_t> table;
  for (int64_t i = 0; i < map.localShape()[dim]; ++i)
    table.push_back(map.globalIndex(dim, i));
  return table;
}

const Mesh kMesh{{{"dp", 2}, {"tp", 2}}};

TEST(CoordinateMap, SplitsEvenly) {
  Sharding sharding = shardingOf({"4 tp"}, kMesh);
  EXPECT_THAT(tableOf(CoordinateMap(sharding, kMesh, 0), 0), ElementsAre(0, 1));
  EXPECT_THAT(tableOf(CoordinateMap(sharding, kMesh, 1), 0), ElementsAre(2, 3));
  EXPECT_THAT(tableOf(CoordinateMap(sharding, kMesh, 2), 0), ElementsAre(0, 1));
  EXPECT_THAT(tableOf(CoordinateMap(sharding, kMesh, 3), 0), ElementsAre(2, 3));
}

TEST(CoordinateMap, PadsAreAtTheEndOfTheirFactor) {
  Sharding sharding = shardingOf({"3:4 tp, 2"}, kMesh);
  EXPECT_THAT(tableOf(CoordinateMap(sharding, kMesh, 0), 0), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(tableOf(CoordinateMap(sharding, kMesh, 1), 0), ElementsAre(4, 5, -1, -1));
  Sharding inner = shardingOf({"2, 3:4 tp"}, kMesh);
  EXPECT_THAT(tableOf(CoordinateMap(inner, kMesh, 0), 0), ElementsAre(0, 1, 3, 4));
  EXPECT_THAT(tableOf(CoordinateMap(inner, kMesh, 1), 0), ElementsAre(2, -1, 5, -1));
}

TEST(CoordinateMap, MajorAxisFirst) {
  Sharding sharding = shardingOf({"4 dp tp"}, kMesh), swapped = shardingOf({"4 tp dp"}, kMesh);
  for (int64_t rank = 0; rank < 4; ++rank)
    EXPECT_THAT(tableOf(CoordinateMap(sharding, kMesh, rank), 0), ElementsAre(rank));
  EXPECT_THAT(tableOf(CoordinateMap(swapped, kMesh, 1), 0), ElementsAre(2));
  EXPECT_THAT(tableOf(CoordinateMap(swapped, kMesh, 2), 0), ElementsAre(1));
}

TEST(CoordinateMap, FusedQkvTakesItsHeadsOfEachThird) {
  // (3, 4 heads, 2) on two ranks: rank 1 holds heads 2 and 3 of q, of k and of v.
  CoordinateMap map(shardingOf({"3, 4 tp, 2"}, kMesh), kMesh, 1);
  EXPECT_THAT(runsOf(map), ElementsAre(Extent{0, 4, 4}, Extent{4, 12, 4}, Extent{8, 20, 4}));
}

TEST(CoordinateMap, RunsAreMaximal) {
  struct Case {
    std::vector<std::string> dims;
    int64_t rank;
    std::vector<Extent> expected;
  } cases[] = {
      {{}, 0, {{0, 0, 1}}},
      {{"6", "4"}, 1, {{0, 0, 24}}},
      {{"6 tp", "4"}, 1, {{0, 12, 12}}},
      {{"2", "6 tp", "4"}, 1, {{0, 12, 12}, {12, 36, 12}}},
      {{"3", "4 tp"}, 1, {{0, 2, 2}, {2, 6, 2}, {4, 10, 2}}},
      {{"2 dp", "4 tp"}, 3, {{0, 6, 2}}},
      {{"3:4 tp", "5"}, 1, {{0, 10, 5}}},
      {{"3:4", "5"}, 0, {{0, 0, 15}}},
      {{"2", "3:4"}, 0, {{0, 0, 3}, {4, 3, 3}}},
      // One of two ranks has the whole factor, the other nothing but pads.
      {{"2:4 tp", "3"}, 0, {{0, 0, 6}}},
      {{"2:4 tp", "3"}, 1, {}},
      {{"2", "2:4 tp"}, 0, {{0, 0, 4}}},
      {{"1:2 tp", "1:2 dp"}, 0, {{0, 0, 1}}},
      {{"1:2 tp", "1:2 dp"}, 1, {}},
  };
  for (const Case &c : cases) {
    Sharding sharding = shardingOf(c.dims, kMesh);
    EXPECT_EQ(runsOf(CoordinateMap(sharding, kMesh, c.rank)), c.expected)
        << sharding.str(kMesh) << " on rank " << c.rank;
  }
}

TEST(CoordinateMap, TheWorkIsPerRun) {
  // A vocabulary of 50257 rows of 768: one run a rank, and whole, one run in all.
  Mesh mesh{{{"tp", 8}}};
  Sharding rows = shardingOf({"50257:50264 tp", "768"}, mesh);
  EXPECT_THAT(runsOf(CoordinateMap(rows, mesh, 1)), ElementsAre(Extent{0, 6283 * 768, 6283 * 768}));
  EXPECT_THAT(runsOf(CoordinateMap(rows, mesh, 7)),
              ElementsAre(Extent{0, 7 * 6283 * 768, 6276 * 768}));
  Sharding whole = Sharding::replicated({50257, 768});
  EXPECT_THAT(runsOf(CoordinateMap(whole, mesh, 5)), ElementsAre(Extent{0, 0, 50257 * 768}));
  Sharding columns = shardingOf({"50257", "768 tp"}, mesh);
  EXPECT_EQ(runsOf(CoordinateMap(columns, mesh, 5)).size(), 50257u);
}

TEST(CoordinateMap, AnEmptyTensorIsNotWalked) {
  int64_t many = 1 << 16;
  Sharding sharding = Sharding::replicated({many, many, many, many, 0});
  EXPECT_TRUE(runsOf(CoordinateMap(sharding, kMesh, 0)).empty());
}

TEST(CoordinateMap, IgnoresPartial) {
  Sharding sharding = shardingOf({"4 tp"}, kMesh), partial = sharding;
  partial.partial = {{0, ReduceKind::Sum}};
  for (int64_t rank = 0; rank < 4; ++rank)
    EXPECT_EQ(runsOf(CoordinateMap(sharding, kMesh, rank)),
              runsOf(CoordinateMap(partial, kMesh, rank)));
}

TEST(CoordinateMap, EveryElementIsOnTheRanksThatItsShardingSays) {
  Random random(3);
  for (int i = 0; i < 3000; ++i) {
    Mesh mesh = random.mesh();
    Sharding sharding = random.sharding(mesh);
    std::string what = sharding.str(mesh) + " on " + mesh.str();
    ASSERT_EQ(sharding.check(mesh), std::nullopt) << what;
    for (int64_t rank = 0; rank < mesh.numRanks(); ++rank) {
      CoordinateMap map(sharding, mesh, rank);
      ASSERT_EQ(map.localShape(), sharding.localShape(mesh)) << what;
      ASSERT_EQ(map.globalShape(), sharding.globalShape()) << what;

      // By the definition: the global element of each local one, from per-dim meanings.
      std::vector<int64_t> expected{0};
      for (const DimLayout &dim : sharding.dims) {
        std::vector<int64_t> table = meaningOf(dim, mesh, rank), next;
        for (int64_t outer : expected)
          for (int64_t inner : table)
            next.push_back(outer < 0 || inner < 0 ? -1 : outer * logicalSize(dim) + inner);
        expected = std::move(next);
      }
      ASSERT_EQ(map.localElements(), static_cast<int64_t>(expected.size())) << what;
      std::vector<int64_t> elements, fromRuns(expected.size(), -1);
      for (int64_t local = 0; local < map.localElements(); ++local)
        elements.push_back(map.globalElement(local));
      ASSERT_EQ(elements, expected) << what << ", rank " << rank;

      // The runs say the same, in order, and none could be longer.
      std::vector<Extent> runs = runsOf(map);
      for (size_t r = 0; r < runs.size(); ++r) {
        auto [local, global, length] = runs[r];
        ASSERT_GT(length, 0) << what;
        for (int64_t k = 0; k < length; ++k)
          fromRuns.at(local + k) = global + k;
        if (r == 0)
          continue;
        auto [lastLocal, lastGlobal, lastLength] = runs[r - 1];
        ASSERT_GE(local, lastLocal + lastLength) << what;
        ASSERT_FALSE(local == lastLocal + lastLength && global == lastGlobal + lastLength)
            << what << ", rank " << rank << ": two runs are one";
      }
      ASSERT_EQ(fromRuns, expected) << what << ", rank " << rank;
    }
  }
}

TEST(CoordinateMap, SplitPartsOfOneReplicaMakeTheTensorOnce) {
  Random random(4);
  for (int i = 0; i < 2000; ++i) {
    Mesh mesh = random.mesh();
    Sharding sharding = random.sharding(mesh);
    // An element is on one rank in (ranks / ranks that split the tensor).
    int64_t copies = mesh.numRanks();
    for (size_t axis = 0; axis < mesh.axes.size(); ++axis)
      if (sharding.placementOn(static_cast<AxisId>(axis)).kind == Placement::Split)
        copies /= mesh.axisSize(static_cast<AxisId>(axis));
    std::vector<int64_t> count(CoordinateMap(sharding, mesh, 0).globalElements(), 0);
    for (int64_t rank = 0; rank < mesh.numRanks(); ++rank)
      CoordinateMap(sharding, mesh, rank).forEachRun([&](int64_t, int64_t global, int64_t length) {
        for (int64_t k = 0; k < length; ++k)
          ++count.at(global + k);
      });
    EXPECT_EQ(count, std::vector<int64_t>(count.size(), copies))
        << sharding.str(mesh) << " on " << mesh.str();
  }
}

} // namespace
} // namespace tpc::test
