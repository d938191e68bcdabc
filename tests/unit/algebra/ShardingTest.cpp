//===- ShardingTest.cpp - Placements of a value on all axes ---------------------------------===//
#include "LayoutHelpers.h"

#include <gmock/gmock.h>

namespace tpc::test {
namespace {

using testing::ElementsAre;

const Mesh kMesh{{{"dp", 2}, {"tp", 8}}};
constexpr AxisId kDp = 0, kTp = 1;

TEST(Sharding, Prints) {
  struct Case {
    std::vector<std::string> dims;
    std::vector<Partial> partial;
    const char *expected;
  } cases[] = {
      {{"8", "128 tp"}, {}, R"([{}, {"tp"}])"},
      {{}, {}, "[]"},
      {{}, {{kTp, ReduceKind::Sum}}, R"([], partial = {"tp"})"},
      {{"50257:50264 tp", "768"}, {}, R"([{50257:50264 "tp"}, {}])"},
      {{"50257:50304"}, {}, "[{50257:50304}]"},
      {{"12:16 tp, 64"}, {}, R"([{12:16 "tp", 64}])"},
      {{"3, 768 tp"}, {}, R"([{3, 768 "tp"}])"},
      {{"16 dp tp"}, {}, R"([{"dp" "tp"}])"},
      {{"3, 16 dp tp"}, {}, R"([{3, 16 "dp" "tp"}])"},
      {{"8 dp"}, {{kTp, ReduceKind::Max}}, R"([{"dp"}], partial = {max "tp"})"},
      {{"8"},
       {{kDp, ReduceKind::Sum}, {kTp, ReduceKind::Max}},
       R"([{}], partial = {"dp", max "tp"})"},
  };
  for (const Case &c : cases)
    EXPECT_EQ(shardingOf(c.dims, kMesh, c.partial).str(kMesh), c.expected);
}

TEST(Sharding, PlacementPrints) {
  EXPECT_EQ(Placement{}.str(), "replicated");
  EXPECT_EQ((Placement{Placement::Split, 1, ReduceKind::Sum}).str(), "split(1)");
  EXPECT_EQ((Placement{Placement::Partial, -1, ReduceKind::Sum}).str(), "partial(sum)");
  EXPECT_EQ((Placement{Placement::Partial, -1, ReduceKind::Max}).str(), "partial(max)");
}

TEST(Sharding, PlacementOnEachAxis) {
  Sharding sharding = shardingOf({"4", "3, 12:16 tp, 64"}, kMesh, {{kDp, ReduceKind::Max}});
  EXPECT_EQ(sharding.placementOn(kTp), (Placement{Placement::Split, 1, ReduceKind::Sum}));
  EXPECT_EQ(sharding.placementOn(kDp), (Placement{Placement::Partial, -1, ReduceKind::Max}));
  EXPECT_EQ(sharding.withoutPartial(kDp).placementOn(kDp), Placement{});
  Sharding both = shardingOf({"16 dp tp"}, kMesh);
  EXPECT_EQ(both.placementOn(kDp).dim, 0);
  EXPECT_EQ(both.placementOn(kTp).dim, 0);
}

TEST(Sharding, Replicated) {
  Sharding sharding = Sharding::replicated({8, 768});
  EXPECT_EQ(sharding.dims, (std::vector<DimLayout>{wholeDim(8), wholeDim(768)}));
  EXPECT_TRUE(sharding.isFullyReplicated());
  EXPECT_FALSE(sharding.hasPartial());
  EXPECT_FALSE(sharding.withPartial(kTp, ReduceKind::Sum).isFullyReplicated());
  EXPECT_FALSE(shardingOf({"8 dp"}, kMesh).isFullyReplicated());
  // Pads alone make no difference between ranks.
  EXPECT_TRUE(shardingOf({"50257:50304"}, kMesh).isFullyReplicated());
}

TEST(Sharding, PartialAxesStayInOrder) {
  Sharding sharding =
      Sharding::replicated({8}).withPartial(kTp, ReduceKind::Sum).withPartial(kDp, ReduceKind::Max);
  EXPECT_THAT(sharding.partial,
              ElementsAre(Partial{kDp, ReduceKind::Max}, Partial{kTp, ReduceKind::Sum}));
  EXPECT_EQ(sharding.partialOn(kDp), ReduceKind::Max);
  EXPECT_EQ(sharding.partialOn(kTp), ReduceKind::Sum);
  // An axis is partial once.
  EXPECT_THAT(sharding.withPartial(kDp, ReduceKind::Sum).partial,
              ElementsAre(Partial{kDp, ReduceKind::Sum}, Partial{kTp, ReduceKind::Sum}));
  EXPECT_THAT(sharding.withoutPartial(kDp).partial, ElementsAre(Partial{kTp, ReduceKind::Sum}));
  EXPECT_EQ(sharding.withoutPartial(kDp).partialOn(kDp), std::nullopt);
}

TEST(Sharding, Shapes) {
  Sharding sharding = shardingOf({"8 dp", "50257:50264 tp", "768"}, kMesh);
  EXPECT_THAT(sharding.globalShape(), ElementsAre(8, 50257, 768));
  EXPECT_THAT(sharding.localShape(kMesh), ElementsAre(4, 6283, 768));
}

TEST(Sharding, ChecksWhatMustHold) {
  struct Case {
    Sharding sharding;
    const char *expected; ///< null: nothing is wrong
  } cases[] = {
      {shardingOf({"8 dp", "12:16 tp, 64"}, kMesh), nullptr},
      {shardingOf({"16 dp tp"}, kMesh), nullptr},
      {shardingOf({"8 dp"}, kMesh, {{kTp, ReduceKind::Sum}}), nullptr},
      {shardingOf({"12 tp, 64"}, kMesh),
       R"(dim 0: the padded size 12 is not a multiple of the 8 ranks along "tp")"},
      {shardingOf({"4", "24 dp tp"}, kMesh),
       R"(dim 1: the padded size 24 is not a multiple of the 16 ranks along "dp" "tp")"},
      {shardingOf({"8 tp", "8 tp"}, kMesh), R"(dim 1: axis "tp" is used twice)"},
      {shardingOf({"64 tp tp"}, kMesh), R"(dim 0: axis "tp" is used twice)"},
      {shardingOf({"8 tp"}, kMesh, {{kTp, ReduceKind::Sum}}),
       R"(partial: axis "tp" is used twice)"},
      {shardingOf({"8"}, kMesh, {{kTp, ReduceKind::Sum}, {kTp, ReduceKind::Max}}),
       R"(partial: axis "tp" is used twice)"},
      {shardingOf({"8"}, kMesh, {{kTp, ReduceKind::Sum}, {kDp, ReduceKind::Sum}}),
       "partial: the axes are not in the order of the mesh (dp=2, tp=8)"},
      {Sharding{{{Factor{8, 8, {2}}}}, {}}, "dim 0: axis number 2 is not in the mesh (dp=2, tp=8)"},
      {Sharding{{wholeDim(8)}, {{7, ReduceKind::Sum}}},
       "partial: axis number 7 is not in the mesh (dp=2, tp=8)"},
      {shardingOf({"16:8"}, kMesh), "dim 0: the padded size 8 is less than the logical size 16"},
      {shardingOf({"0"}, kMesh), "dim 0: the factor size 0 is not positive"},
      {shardingOf({"8", ""}, kMesh), "dim 1: a dim has at least one factor"},
  };
  for (const Case &c : cases) {
    std::optional<std::string> error = c.sharding.check(kMesh);
    if (!c.expected)
      EXPECT_EQ(error, std::nullopt) << c.sharding.str(kMesh);
    else
      EXPECT_EQ(error.value_or("nothing"), c.expected);
  }
}

} // namespace
} // namespace tpc::test
