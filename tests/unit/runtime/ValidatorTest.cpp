//===- ValidatorTest.cpp - Mutants of a valid plan are refused --------------------------------===//

#include "PlanFixture.h"

#include "runtime/plan/PlanWriter.h"
#include "runtime/plan/Validator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

using namespace tpc;
using namespace tpc::test;
using testing::AllOf;
using testing::HasSubstr;

namespace {

/// Without the checks that come before it in a loader.
Status validate(PlanBuilder &b) {
  std::vector<uint8_t> bytes = b.seal();
  return validatePlan(*plan::GetPlan(bytes.data()));
}

} // namespace

TEST(Validator, AcceptsTheFixture) {
  for (int64_t ranks : {1, 2, 4, 8}) {
    PlanBuilder b = rowSplitLinear(ranks);
    Status status = validate(b);
    EXPECT_TRUE(status.ok()) << status.message();
  }
}

TEST(Validator, SwappedOffsets) {
  EXPECT_THAT(refusalAfter([](auto &p) {
                std::swap(train(p, 3).operands[0]->buffer, train(p, 3).operands[1]->buffer);
              }),
              AllOf(HasSubstr("reads value 4"), HasSubstr("hold value 5 of instruction 2")));
  // y on top of ones: the fill overwrites the reduced sums.
  EXPECT_THAT(refusalAfter([](auto &p) { p.buffers[kOnes]->offset = p.buffers[kY]->offset; }),
              AllOf(HasSubstr("instruction 2 'ones'"), HasSubstr("no stream or wait orders them")));
}

TEST(Validator, DroppedWaits) {
  EXPECT_THAT(refusalAfter([](auto &p) { train(p, 1).waits.clear(); }),
              AllOf(HasSubstr("instruction 1 'fc: all_reduce' (by-hand.mlir:1)"),
                    HasSubstr("instruction 0 'fc: linear'"), HasSubstr("'part', bytes [0, 96)"),
                    HasSubstr("no stream or wait orders them")));
  EXPECT_THAT(refusalAfter([](auto &p) { train(p, 3).waits.clear(); }),
              HasSubstr("no stream or wait orders them"));
}

TEST(Validator, WriteAfterReadNeedsAnEdge) {
  PlanBuilder b = rowSplitLinear(2);
  // Overwrites what the all_reduce of the other stream may still be reading.
  plan::EntryT &forward = *b.plan.entries[1];
  ASSERT_EQ(forward.instructions.size(), 4u);
  std::swap(forward.instructions[2], forward.instructions[3]);
  forward.instructions[2] = std::move(forward.instructions[3]);
  forward.instructions.pop_back();
  b.fill("overwrite", 0, writes(kPart, 20));
  EXPECT_THAT(refusal(b.seal()), HasSubstr("no stream or wait orders them"));
}

TEST(Validator, WrongValue) {
  EXPECT_THAT(refusalAfter([](auto &p) { train(p, 3).operands[0]->value = 3; }),
              AllOf(HasSubstr("instruction 3 'loss: sum'"), HasSubstr("reads value 3"),
                    HasSubstr("value 4 of instruction 1 'fc: all_reduce'")));
  // The second read of an input names another value than the first.
  EXPECT_THAT(refusalAfter([](auto &p) { train(p, 5).operands[1]->value = 9; }),
              HasSubstr("what the run bound to buffer 'x'"));
  // One value in two bound buffers.
  EXPECT_THAT(refusalAfter([](auto &p) { train(p, 0).operands[1]->value = 1; }),
              HasSubstr("what the run bound to buffer 'w'"));
}

TEST(Validator, ReadsWhatNobodyWrote) {
  PlanBuilder b = rowSplitLinear(2);
  train(b.plan, 3).operands[1]->buffer = kC;
  EXPECT_THAT(validate(b).message(),
              AllOf(HasSubstr("reads value 5"), HasSubstr("which hold nothing")));
}

TEST(Validator, PartlyOverwritten) {
  PlanBuilder b = rowSplitLinear(2);
  auto &instructions = b.plan.entries[0]->instructions;
  // A fill of the middle of y, between the all_reduce and the sum.
  plan::FillT fill;
  auto overwrite = std::make_unique<plan::InstructionT>();
  overwrite->name = "overwrite";
  overwrite->waits = {1};
  overwrite->body.Set(std::move(fill));
  overwrite->operands.push_back(std::make_unique<plan::SliceT>(*instructions[1]->operands[1]));
  overwrite->operands[0]->offset = 32;
  overwrite->operands[0]->bytes = 16;
  overwrite->operands[0]->value = 30;
  instructions[2] = std::move(overwrite);
  EXPECT_THAT(refusal(b.seal()),
              AllOf(HasSubstr("bytes [160, 176)"), HasSubstr("value 30 of instruction 2")));
}

TEST(Validator, BoundBuffersDoNotOverlap) {
  EXPECT_THAT(refusalAfter([](auto &p) { p.buffers[kStep]->offset = p.buffers[kX]->offset; }),
              HasSubstr("overlaps another buffer that the run binds"));
}

TEST(Validator, OutputsAreWholeAtTheEnd) {
  PlanBuilder b = rowSplitLinear(2);
  Use half = writes(kY, 31);
  half.bytes = 48;
  b.fill("half", 0, half).waits = {1};
  EXPECT_THAT(refusal(b.seal()), HasSubstr("output 'y' is not whole at the end"));
}

TEST(Validator, TwiceInOneInstruction) {
  PlanBuilder b = rowSplitLinear(2);
  plan::InstructionT &launch = b.instruction("k", {writes(kC, 40), writes(kC, 41)});
  plan::KernelLaunchT body;
  body.function = "f";
  launch.body.Set(std::move(body));
  EXPECT_THAT(validate(b).message(), HasSubstr("twice"));
}

TEST(Validator, LargePlansAreFast) {
  PlanBuilder b(Mesh{{{"tp", 1}}});
  uint32_t arena = b.arena(plan::ArenaKind::activations);
  uint32_t big = b.buffer("big", arena, DType::F32, Sharding::replicated({1 << 20}));
  uint32_t other = b.buffer("other", arena, DType::F32, Sharding::replicated({1 << 20}));
  b.entry("train");
  const uint32_t pieces = 20000, bytes = 128;
  for (uint32_t i = 0; i < pieces; ++i) {
    Use source{big, plan::Access::write, i, 0, i * bytes, bytes};
    b.fill("fill", 1, source);
    source.access = plan::Access::read;
    b.copy("copy", source, {other, plan::Access::write, pieces + i, 0, i * bytes, bytes});
  }
  std::vector<uint8_t> sealed = b.seal();
  // Of this process: what else the machine does is no matter. Each against each other takes
  // minutes.
  const std::clock_t start = std::clock();
  Status status = validatePlan(*plan::GetPlan(sealed.data()));
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_LT(double(std::clock() - start) / CLOCKS_PER_SEC, 20.0) << "40000 instructions";
}
