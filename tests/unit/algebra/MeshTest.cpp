//===- MeshTest.cpp - Rank numbering --------------------------------------------------------===//
#include "algebra/Mesh.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace tpc {
namespace {

using testing::ElementsAre;

const Mesh kMesh{{{"dp", 2}, {"pp", 3}, {"tp", 4}}};

TEST(Mesh, CountsRanks) {
  EXPECT_EQ(kMesh.numRanks(), 24);
  EXPECT_EQ((Mesh{{{"tp", 1}}}).numRanks(), 1);
  EXPECT_EQ(Mesh{}.numRanks(), 1);
}

TEST(Mesh, FindsAxesByName) {
  EXPECT_EQ(kMesh.findAxis("dp"), AxisId{0});
  EXPECT_EQ(kMesh.findAxis("tp"), AxisId{2});
  EXPECT_EQ(kMesh.findAxis("t"), std::nullopt);
  EXPECT_EQ(kMesh.findAxis(""), std::nullopt);
}

TEST(Mesh, LastAxisVariesFastest) {
  for (int64_t dp = 0; dp < 2; ++dp)
    for (int64_t pp = 0; pp < 3; ++pp)
      for (int64_t tp = 0; tp < 4; ++tp) {
        int64_t rank = (dp * 3 + pp) * 4 + tp;
        EXPECT_EQ(kMesh.coordinate(rank, 0), dp);
        EXPECT_EQ(kMesh.coordinate(rank, 1), pp);
        EXPECT_EQ(kMesh.coordinate(rank, 2), tp);
      }
}

TEST(Mesh, GroupsAreRanksThatDifferInOneCoordinate) {
  EXPECT_THAT(kMesh.group(0, 2), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(kMesh.group(18, 2), ElementsAre(16, 17, 18, 19));
  EXPECT_THAT(kMesh.group(18, 1), ElementsAre(14, 18, 22));
  EXPECT_THAT(kMesh.group(18, 0), ElementsAre(6, 18));
  EXPECT_THAT((Mesh{{{"tp", 1}}}).group(0, 0), ElementsAre(0));
}

TEST(Mesh, GroupIsInOrderOfCoordinateAndTheSameForAllItsRanks) {
  for (AxisId axis = 0; axis < 3; ++axis)
    for (int64_t rank = 0; rank < kMesh.numRanks(); ++rank) {
      std::vector<int64_t> group = kMesh.group(rank, axis);
      ASSERT_EQ(static_cast<int64_t>(group.size()), kMesh.axisSize(axis));
      EXPECT_EQ(group[kMesh.coordinate(rank, axis)], rank);
      for (size_t i = 0; i < group.size(); ++i) {
        EXPECT_EQ(kMesh.coordinate(group[i], axis), static_cast<int64_t>(i));
        EXPECT_EQ(kMesh.group(group[i], axis), group);
        for (AxisId other = 0; other < 3; ++other)
          if (other != axis) {
            EXPECT_EQ(kMesh.coordinate(group[i], other), kMesh.coordinate(rank, other));
          }
      }
    }
}

TEST(Mesh, Prints) {
  EXPECT_EQ(kMesh.str(), "dp=2, pp=3, tp=4");
  EXPECT_EQ((Mesh{{{"tp", 2}}}).str(), "tp=2");
  EXPECT_EQ(Mesh{}.str(), "");
}

} // namespace
} // namespace tpc
