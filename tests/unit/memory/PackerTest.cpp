//===- PackerTest.cpp - No two pieces in one place at one time -----------------------------===//

#include "compiler/memory/Packer.h"

#include <gtest/gtest.h>
#include <random>

using namespace tpc;

namespace {

constexpr uint64_t kAlignment = 64;

void expectValid(const std::vector<Piece> &pieces, const Packing &packing) {
  ASSERT_EQ(packing.offsets.size(), pieces.size());
  for (size_t i = 0; i < pieces.size(); ++i) {
    EXPECT_EQ(packing.offsets[i] % kAlignment, 0u);
    EXPECT_LE(packing.offsets[i] + pieces[i].bytes, packing.bytes);
    for (size_t j = 0; j < i; ++j) {
      bool apart = packing.offsets[i] + pieces[i].bytes <= packing.offsets[j] ||
                   packing.offsets[j] + pieces[j].bytes <= packing.offsets[i];
      EXPECT_TRUE(apart || !pieces[i].meets(pieces[j])) << "pieces " << i << " and " << j;
    }
  }
  EXPECT_GE(packing.bytes, findPeak(pieces, kAlignment).bytes);
}

TEST(Packer, NothingTakesNothing) {
  EXPECT_EQ(pack({}, kAlignment).bytes, 0u);
  EXPECT_EQ(findPeak({}, kAlignment).bytes, 0u);
}

TEST(Packer, PiecesThatNeverMeetShareAPlace) {
  std::vector<Piece> pieces = {{100, 0, 1}, {100, 2, 3}, {100, 4, 5}};
  Packing packing = pack(pieces, kAlignment);
  EXPECT_EQ(packing.bytes, 128u);
  EXPECT_EQ(packing.offsets, (std::vector<uint64_t>{0, 0, 0}));
}

TEST(Packer, AReaderAndTheNextWriterOfOneInstructionMeet) {
  std::vector<Piece> pieces = {{64, 0, 1}, {64, 1, 2}};
  EXPECT_EQ(pack(pieces, kAlignment).bytes, 128u);
}

TEST(Packer, FillsTheSmallestHole) {
  // Two holes, of 64 and of 128 bytes, between three pieces that live throughout.
  std::vector<Piece> pieces = {{256, 0, 9}, {128, 0, 3}, {256, 0, 9},
                               {64, 0, 3},  {256, 0, 9}, {64, 5, 9}};
  Packing packing = pack(pieces, kAlignment);
  expectValid(pieces, packing);
  EXPECT_EQ(packing.bytes, findPeak(pieces, kAlignment).bytes);
}

TEST(Packer, PiecesWithoutBytesTakeNoPlace) {
  std::vector<Piece> pieces = {{0, 0, 5}, {64, 0, 5}};
  EXPECT_EQ(pack(pieces, kAlignment).bytes, 64u);
}

TEST(Packer, PeakNamesTheFirstInstructionWhereMostIsNeeded) {
  std::vector<Piece> pieces = {{64, 0, 2}, {64, 2, 4}, {64, 3, 3}, {64, 7, 7}};
  Peak peak = findPeak(pieces, kAlignment);
  EXPECT_EQ(peak.instruction, 2u);
  EXPECT_EQ(peak.bytes, 128u);
}

TEST(Packer, RandomPrograms) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    std::vector<Piece> pieces(random() % 60 + 1);
    for (Piece &piece : pieces) {
      uint32_t begin = random() % 40;
      piece = {random() % 4 ? random() % 1000 : random() % 100000, begin,
               begin + uint32_t(random() % 12)};
    }
    Packing packing = pack(pieces, kAlignment);
    expectValid(pieces, packing);
    EXPECT_EQ(pack(pieces, kAlignment).offsets, packing.offsets);
  }
}

/// A training step: activations are kept from the forward to the backward of their layer, like a
/// stack, with short-lived pieces in between. Here best fit must come close to the bound.
TEST(Packer, TrainingStepIsNearTheBound) {
  constexpr uint32_t layers = 24, perLayer = 6, end = 2 * layers * perLayer;
  std::vector<Piece> pieces;
  for (uint32_t layer = 0; layer < layers; ++layer)
    for (uint32_t op = 0; op < perLayer; ++op) {
      uint32_t at = layer * perLayer + op;
      pieces.push_back({1000 + 3000 * (op % 3), at, end - 1 - at});
      pieces.push_back({5000, at, at + 1});
      pieces.push_back({4000 * (op % 2 + 1), end - 1 - at, end - at});
    }
  Packing packing = pack(pieces, kAlignment);
  expectValid(pieces, packing);
  EXPECT_LE(packing.bytes, findPeak(pieces, kAlignment).bytes * 105 / 100);
}

} // namespace
