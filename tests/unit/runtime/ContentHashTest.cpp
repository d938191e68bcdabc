#include "runtime/plan/ContentHash.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

using namespace tpc;

TEST(ContentHash, EverySingleBitCounts) {
  std::vector<uint8_t> bytes(37, 0x5A);
  std::set<uint64_t> seen{contentHash(bytes)};
  for (size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    bytes[bit / 8] ^= 1 << bit % 8;
    EXPECT_TRUE(seen.insert(contentHash(bytes)).second) << bit;
    bytes[bit / 8] ^= 1 << bit % 8;
  }
}

TEST(ContentHash, ZeroedRangeDoesNotCount) {
  for (size_t at : {0, 3, 8, 24, 29}) {
    std::vector<uint8_t> bytes(37, 0x5A), zeroed = bytes;
    for (size_t i = 0; i < 8; ++i)
      zeroed[at + i] = 0;
    EXPECT_EQ(contentHash(bytes, at), contentHash(zeroed)) << at;
  }
}

TEST(ContentHash, LengthCounts) {
  std::vector<uint8_t> bytes(16, 0);
  EXPECT_NE(contentHash(bytes), contentHash(std::span(bytes).first(15)));
}
