//===- PlanFuzz.cpp - Damaged plans never do harm ---------------------------------------------===//
//
// Changes bytes of valid plans, seals them again so that the content hash does not hide what
// follows, and loads them. Loading may accept or refuse, but must not read out of bounds (run it
// under the asan preset), divide by zero or run for long; what it accepts must print and read back.
//
//===---------------------------------------------------------------------------------------===//

#include "tests/fuzz/SealAgain.h"
#include "tests/unit/runtime/PlanFixture.h"

#include "runtime/plan/PlanText.h"

#include <gtest/gtest.h>

#include <random>

using namespace tpc;
using namespace tpc::fuzz;
using namespace tpc::test;

TEST(PlanFuzz, ChangedBytes) {
  std::mt19937 random(1);
  size_t accepted = 0;
  const std::vector<uint8_t> original = rowSplitLinear(2).seal();
  const uint8_t interesting[] = {0, 1, 2, 3, 4, 5, 7, 8, 16, 63, 64, 127, 128, 254, 255};
  for (int round = 0; round < 10000; ++round) {
    std::vector<uint8_t> bytes = original;
    for (unsigned changes = 1 + random() % 3; changes > 0; --changes)
      bytes[random() % bytes.size()] = interesting[random() % std::size(interesting)];
    sealAgain(bytes);
    Result<PlanFile> file = PlanFile::fromBytes(bytes);
    if (!file.ok()) {
      EXPECT_EQ(file.status().code(), Code::InvalidInput);
      continue;
    }
    ++accepted;
    EXPECT_TRUE(planFromText(planToText(bytes)).ok()) << "round " << round;
  }
  // Names and predicted costs may change; most other bytes may not.
  EXPECT_GT(accepted, 0u);
  EXPECT_LT(accepted, 8000u);
}

TEST(PlanFuzz, ChangedFields) {
  std::mt19937_64 random(2);
  const int64_t wild[] = {0,   1,   -1,      2,         63,        64,
                          255, 256, 1 << 20, INT64_MAX, INT64_MIN, int64_t(1) << 62};
  auto any = [&] { return wild[random() % std::size(wild)]; };
  for (int round = 0; round < 5000; ++round) {
    PlanBuilder b = rowSplitLinear(2);
    plan::EntryT &entry = *b.plan.entries[random() % 2];
    plan::InstructionT &instruction = *entry.instructions[random() % entry.instructions.size()];
    plan::SliceT &slice = *instruction.operands[random() % instruction.operands.size()];
    plan::BufferT &buffer = *b.plan.buffers[random() % b.plan.buffers.size()];
    switch (random() % 16) {
    case 0:
      buffer.offset = any();
      break;
    case 1:
      buffer.bytes = any();
      break;
    case 2:
      buffer.arena = any();
      break;
    case 3:
      buffer.dtype = static_cast<plan::DType>(any());
      break;
    case 4:
      buffer.global_shape.push_back(any());
      break;
    case 5:
      buffer.local_shape.push_back(any());
      break;
    case 6:
      if (!buffer.sharding->dims.empty())
        buffer.sharding->dims[0]->factors[0]->padded = any();
      break;
    case 7:
      if (!buffer.sharding->dims.empty())
        buffer.sharding->dims[0]->factors[0]->logical = any();
      break;
    case 8:
      slice.offset = any();
      break;
    case 9:
      slice.bytes = any();
      break;
    case 10:
      slice.buffer = any();
      break;
    case 11:
      slice.access = static_cast<plan::Access>(any());
      break;
    case 12:
      instruction.waits = {static_cast<uint32_t>(any())};
      break;
    case 13:
      if (plan::GemmT *gemm = instruction.body.AsGemm())
        gemm->lda = gemm->k = gemm->stride_a = any();
      break;
    case 14:
      if (plan::CollectiveT *collective = instruction.body.AsCollective()) {
        collective->tensors[0]->inner = any();
        collective->tensors[0]->dtype = static_cast<plan::DType>(any());
      }
      break;
    default:
      b.plan.mesh[0]->size = any();
      break;
    }
    Result<PlanFile> file = PlanFile::fromBytes(b.seal());
    EXPECT_TRUE(file.ok() || file.status().code() == Code::InvalidInput);
  }
}
