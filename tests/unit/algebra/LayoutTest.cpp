//===- LayoutTest.cpp - canonical, projectDim and composeDim --------------------------------===//
//
// Tables of the cases that models give, and the property that holds all else: no rewriting of a
// layout moves an index to another place or another rank.
//
//===---------------------------------------------------------------------------------------===//
#include "LayoutHelpers.h"

namespace tpc::test {
namespace {

const Mesh kMesh{{{"dp", 2}, {"tp", 4}}};
const Mesh kMesh8{{{"dp", 2}, {"tp", 8}}};

TEST(Layout, CanonicalMergesWhatIsOneFactor) {
  const std::pair<const char *, const char *> cases[] = {
      {"12, 64", "768"},
      {"3, 12, 64", "2304"},
      {"12 tp, 64", "768 tp"},
      {"8 dp tp, 64", "512 dp tp"},
      {"3, 12 tp, 64", "3, 768 tp"},
      {"3, 12 tp, 8, 8", "3, 768 tp"},
      {"12 tp, 4 dp, 16", "12 tp, 64 dp"},
      {"768", "768"},
      // A padded factor keeps to itself, on both sides.
      {"12:16 tp, 64", "12:16 tp, 64"},
      {"12:16, 64", "12:16, 64"},
      {"3, 12:16 tp, 8, 8", "3, 12:16 tp, 64"},
      {"12, 50:64", "12, 50:64"},
      // A split factor does not merge into its left neighbour: its blocks are strided there.
      {"3, 12 tp", "3, 12 tp"},
      // Factors of one index.
      {"1", "1"},
      {"1, 1", "1"},
      {"1, 12 tp", "12 tp"},
      {"12:16 tp, 1", "12:16 tp"},
      {"3, 1, 12 tp, 1, 64", "3, 768 tp"},
      {"1:4 tp, 64", "1:4 tp, 64"},
      {"1:2, 1", "1:2"},
  };
  for (auto [given, expected] : cases)
    EXPECT_EQ(canonical(dimOf(given, kMesh)), dimOf(expected, kMesh)) << given;
  EXPECT_EQ(canonical(DimLayout{}), wholeDim(1));
}

TEST(Layout, CanonicalKeepsTheMeaning) {
  Random random(1);
  for (int i = 0; i < 3000; ++i) {
    Mesh mesh = random.mesh();
    Sharding sharding = random.sharding(mesh);
    Sharding once = canonical(sharding);
    EXPECT_EQ(canonical(once), once) << sharding.str(mesh);
    EXPECT_EQ(once.check(mesh), std::nullopt);
    EXPECT_EQ(once.globalShape(), sharding.globalShape());
    EXPECT_EQ(once.localShape(mesh), sharding.localShape(mesh));
    for (size_t dim = 0; dim < sharding.dims.size(); ++dim)
      EXPECT_TRUE(sameMeaning(once.dims[dim], sharding.dims[dim], mesh)) << sharding.str(mesh);
  }
}

TEST(Layout, StoresTheSameIsTheSameMeaningAndTheSamePads) {
  auto same = [](const char *a, const char *b) {
    return storesTheSame(dimOf(a, kMesh), dimOf(b, kMesh));
  };
  EXPECT_TRUE(same("12:16 tp, 64", "768:1024 tp"));
  EXPECT_TRUE(same("3:4 tp, 3, 64", "9:12 tp, 64"));
  EXPECT_TRUE(same("3, 12:16 tp, 64", "3, 768:1024 tp"));
  EXPECT_FALSE(same("12:16 tp, 64", "768 tp"));
  EXPECT_FALSE(same("12:16 tp, 64", "768:1152 tp"));
  EXPECT_FALSE(same("12:16 tp, 64", "768:1024 dp"));
  EXPECT_FALSE(same("12, 3:4 tp", "36:48 tp"));
  EXPECT_FALSE(same("3:4 tp, 3:4", "9:16 tp"));

  Random random(5);
  int merged = 0;
  for (int i = 0; i < 3000; ++i) {
    Mesh mesh = random.mesh();
    for (const DimLayout &dim : random.sharding(mesh).dims)
      for (size_t at = 0; at + 1 < dim.size(); ++at) {
        DimLayout other = dim;
        other[at].logical *= other[at + 1].logical;
        other[at].padded *= other[at + 1].padded;
        other.erase(other.begin() + at + 1);
        if (!storesTheSame(dim, other))
          continue;
        ++merged;
        EXPECT_EQ(localSize(dim, mesh), localSize(other, mesh));
        EXPECT_TRUE(sameMeaning(dim, other, mesh)) << dimStr(dim, mesh);
      }
  }
  EXPECT_GT(merged, 100);
}

struct ProjectCase {
  const char *dim;
  std::vector<int64_t> sizes;
  std::vector<const char *> expected; ///< empty: there is no such layout
};

void checkProjections(const std::vector<ProjectCase> &cases, const Mesh &mesh) {
  for (const ProjectCase &c : cases) {
    auto parts = projectDim(dimOf(c.dim, mesh), c.sizes, mesh);
    std::string what = std::string(c.dim) + " on " + mesh.str();
    ASSERT_EQ(parts.has_value(), !c.expected.empty()) << what;
    if (!parts)
      continue;
    ASSERT_EQ(parts->size(), c.sizes.size()) << what;
    for (size_t i = 0; i < c.expected.size(); ++i)
      EXPECT_EQ((*parts)[i], dimOf(c.expected[i], mesh))
          << what << ": part " << i << " is " << dimStr((*parts)[i], mesh);
    EXPECT_TRUE(sameMeaning(composeDim(*parts), dimOf(c.dim, mesh), mesh)) << what;
  }
}

TEST(Layout, ProjectsOnTheFactorsOfARule) {
  checkProjections(
      {
          {"768", {768}, {"768"}},
          {"768", {12, 64}, {"12", "64"}},
          {"2304", {3, 12, 64}, {"3", "12", "64"}},
          {"768 tp", {768}, {"768 tp"}},
          {"768 tp", {12, 64}, {"12 tp", "64"}},
          {"768 tp", {4, 3, 64}, {"4 tp", "3", "64"}},
          {"12 tp, 64", {12, 64}, {"12 tp", "64"}},
          {"12, 64 tp", {12, 64}, {"12", "64 tp"}},
          {"768 dp tp", {16, 48}, {"16 dp tp", "48"}},
          // Fused qkv: the middle factor is split.
          {"3, 12 tp, 64", {3, 12, 64}, {"3", "12 tp", "64"}},
          {"3, 12 tp, 64", {3, 768}, {"3", "768 tp"}},
          {"3, 768 tp", {3, 12, 64}, {"3", "12 tp", "64"}},
          {"3, 12 tp, 64", {2304}, {"3, 768 tp"}},
          {"3, 12 tp, 64", {36, 64}, {"3, 12 tp", "64"}},
          // Sizes of one.
          {"1", {1}, {"1"}},
          {"1", {1, 1}, {"1", "1"}},
          {"768", {1, 768}, {"1", "768"}},
          {"768 tp", {1, 12, 1, 64, 1}, {"1", "12 tp", "1", "64", "1"}},
          {"1, 12 tp, 1", {12}, {"12 tp"}},
          {"1:4 tp", {1}, {"1:4 tp"}},
          {"1:4 tp, 8", {1, 8}, {"1:4 tp", "8"}},
          {"8 dp, 1:4 tp", {8, 1}, {"8 dp", "1:4 tp"}},
          {"8 dp, 1:4 tp", {8}, {"8 dp, 1:4 tp"}},
      },
      kMesh);
  EXPECT_EQ(projectDim(wholeDim(1), {}, kMesh), std::vector<DimLayout>{});
}

TEST(Layout, ProjectsPaddedFactors) {
  checkProjections(
      {
          {"50257:50264 tp", {50257}, {"50257:50264 tp"}},
          {"12:16 tp, 64", {12, 64}, {"12:16 tp", "64"}},
          {"12:16 tp, 64", {12, 8, 8}, {"12:16 tp", "8", "8"}},
          {"12:16 tp, 64", {24, 32}, {"12:16 tp, 2", "32"}},
          {"12:16 tp, 64", {768}, {"12:16 tp, 64"}},
          {"3, 12:16 tp, 64", {3, 12, 64}, {"3", "12:16 tp", "64"}},
          {"3, 12:16 tp, 64", {3, 768}, {"3", "12:16 tp, 64"}},
          // A padded factor has a boundary where its pads are whole multiples of the minor part.
          {"768:1024 tp", {12, 64}, {"12:16 tp", "64"}},
          {"6:8 tp", {3, 2}, {"3:4 tp", "2"}},
          {"6:8", {3, 2}, {"3:4", "2"}},
          {"10:12 tp", {5, 2}, {}},
          {"10:12 tp", {2, 5}, {}},
          {"12:16 tp, 64", {6, 128}, {"6:8 tp", "128"}},
          {"12:16 tp, 64", {4, 192}, {}}, // pads are not whole threes
          {"12:16 tp, 64", {8, 96}, {}},
      },
      kMesh);
}

TEST(Layout, ProjectsWhereSeveralAxesStraddle) {
  checkProjections(
      {
          // One index of the major part on each rank: the other axis blocks the minor part.
          {"768 dp tp", {2, 384}, {"2 dp", "384 tp"}},
          {"768 tp dp", {4, 192}, {"4 tp", "192 dp"}},
          {"768 dp tp", {4, 192}, {}},
          {"768 dp tp", {12, 64}, {}},
      },
      kMesh);
}

TEST(Layout, ProjectionsWithoutALayoutFail) {
  checkProjections(
      {
          {"768 tp", {12, 64}, {}}, // 12 heads on 8 ranks
          {"3, 768 tp", {3, 12, 64}, {}},
          {"768 tp", {4, 192}, {}},
          {"3, 12 dp, 64", {2, 1152}, {}},
          {"768", {12, 65}, {}},
          {"768", {12}, {}},
          {"768", {12, 64, 2}, {}},
          {"768", {}, {}},
          {"1:8 tp", {}, {}},
      },
      kMesh8);
  checkProjections({{"768 tp", {12, 64}, {"12 tp", "64"}}}, Mesh{{{"tp", 2}}});
  checkProjections({{"768 tp", {1, 768}, {"1", "768 tp"}}}, Mesh{{{"tp", 1}}});
}

TEST(Layout, ComposeIsTheInverseOfProject) {
  const std::pair<const char *, std::vector<int64_t>> cases[] = {
      {"768", {12, 64}},
      {"768 tp", {12, 64}},
      {"12:16 tp, 64", {12, 64}},
      {"12:16 tp, 64", {12, 8, 8}},
      {"12:16 tp, 64", {24, 32}},
      {"3, 768 tp", {3, 12, 64}},
      {"3, 12:16 tp, 64", {3, 768}},
      {"1", {1, 1}},
      {"50257:50264 tp", {50257}},
      {"8 dp, 1:4 tp", {8, 1}},
      {"12 dp, 64 tp", {4, 3, 16, 4}},
  };
  for (auto &[dim, sizes] : cases) {
    auto parts = projectDim(dimOf(dim, kMesh), sizes, kMesh);
    ASSERT_TRUE(parts) << dim;
    EXPECT_EQ(composeDim(*parts), dimOf(dim, kMesh));
  }
  EXPECT_EQ(composeDim({}), wholeDim(1));
  EXPECT_EQ(composeDim({wholeDim(3), dimOf("12 tp", kMesh), wholeDim(64)}),
            dimOf("3, 768 tp", kMesh));
}

TEST(Layout, ProjectAndComposeKeepTheMeaning) {
  Random random(2);
  int projected = 0, same = 0;
  for (int i = 0; i < 20000; ++i) {
    Mesh mesh = random.mesh();
    Sharding sharding = random.sharding(mesh);
    if (sharding.dims.empty())
      continue;
    const DimLayout &dim = sharding.dims[0];
    // Its own factors, the factors of one of its factors, or any divisors.
    std::vector<int64_t> sizes;
    bool own = random.oneIn(2);
    if (own) {
      for (const Factor &factor : dim)
        sizes.push_back(factor.logical);
    } else {
      int64_t left = logicalSize(dim);
      while (left > 1 && !random.oneIn(4)) {
        int64_t divisor = random.in(1, left);
        while (left % divisor)
          --divisor;
        sizes.push_back(divisor);
        left /= divisor;
      }
      sizes.push_back(left);
    }
    auto parts = projectDim(dim, sizes, mesh);
    std::string what = dimStr(dim, mesh) + " on " + mesh.str();
    // What the dim is made of is always a projection.
    if (own) {
      ASSERT_TRUE(parts) << what;
    }
    if (!parts)
      continue;
    ++projected;
    ASSERT_EQ(parts->size(), sizes.size());
    for (size_t p = 0; p < sizes.size(); ++p) {
      EXPECT_EQ(logicalSize((*parts)[p]), sizes[p]) << what;
      EXPECT_EQ(canonical((*parts)[p]), (*parts)[p]) << what;
      EXPECT_EQ((Sharding{{(*parts)[p]}, {}}).check(mesh), std::nullopt) << what;
    }
    DimLayout composed = composeDim(*parts);
    EXPECT_TRUE(sameMeaning(composed, dim, mesh)) << what << " became " << dimStr(composed, mesh);
    // The vectors differ only where a padded factor was cut or two axes of one factor came apart.
    bool simple = !isPadded(dim) && std::all_of(dim.begin(), dim.end(),
                                                [](const Factor &f) { return f.axes.size() <= 1; });
    if (simple) {
      EXPECT_EQ(composed, canonical(dim)) << what;
      ++same;
    }
  }
  // The draw must not make the test empty.
  EXPECT_GT(projected, 10000);
  EXPECT_GT(same, 5000);
}

TEST(Layout, SplitDimPadsToTheAxis) {
  EXPECT_EQ(splitDim(768, 1, kMesh), dimOf("768 tp", kMesh));
  EXPECT_EQ(splitDim(50257, 1, kMesh8), dimOf("50257:50264 tp", kMesh8));
  EXPECT_EQ(splitDim(3, 1, kMesh8), dimOf("3:8 tp", kMesh8));
  EXPECT_EQ(localSize(splitDim(50257, 1, kMesh8), kMesh8), 6283);
}

TEST(Layout, Sizes) {
  DimLayout dim = dimOf("3, 12:16 tp, 64 dp", kMesh);
  EXPECT_EQ(logicalSize(dim), 3 * 12 * 64);
  EXPECT_EQ(paddedSize(dim), 3 * 16 * 64);
  EXPECT_EQ(localSize(dim, kMesh), 3 * 4 * 32);
  EXPECT_TRUE(isSplit(dim));
  EXPECT_TRUE(isPadded(dim));
  EXPECT_FALSE(isSplit(dimOf("50257:50304", kMesh)));
  EXPECT_TRUE(isPadded(dimOf("50257:50304", kMesh)));
  EXPECT_FALSE(isPadded(dimOf("3, 12 tp", kMesh)));
}

} // namespace
} // namespace tpc::test
