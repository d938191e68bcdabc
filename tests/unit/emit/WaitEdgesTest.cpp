//===- WaitEdgesTest.cpp - Waits, and the time that they leave ------------------------------===//
//
// Programs by hand on two streams. The edges must be those that the validator asks for, and none
// that others imply.
//
//===---------------------------------------------------------------------------------------===//

#include "compiler/emit/WaitEdges.h"

#include "tests/unit/runtime/PlanFixture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace tpc;
using namespace tpc::test;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

class Waits : public testing::Test {
protected:
  Waits() : builder(Mesh{{{"tp", 2}}}) {
    uint32_t arena = builder.arena(plan::ArenaKind::activations);
    for (uint32_t &buffer : buffers)
      buffer = builder.buffer("b", arena, DType::F32, Sharding::replicated({16}));
    builder.entry("train");
  }

  void add(uint8_t stream, const std::vector<Use> &uses, int64_t picoseconds = 10) {
    plan::InstructionT &made = builder.instruction("i", uses, stream);
    made.picoseconds = picoseconds;
    if (stream)
      made.body.Set(plan::CollectiveT());
  }

  std::vector<uint32_t> waitsOf(size_t instruction) {
    return builder.plan.entries[0]->instructions[instruction]->waits;
  }
  void addWaits() { tpc::addWaits(*builder.plan.entries[0], builder.plan); }

  PlanBuilder builder;
  uint32_t buffers[4];
};

TEST_F(Waits, AUserWaitsForTheOtherStream) {
  add(0, {writes(buffers[0], 1)});
  add(1, {reads(buffers[0], 1), writes(buffers[1], 2)});
  add(0, {writes(buffers[2], 3)}); // beside it
  add(0, {reads(buffers[1], 2)});
  addWaits();
  EXPECT_THAT(waitsOf(0), IsEmpty());
  EXPECT_THAT(waitsOf(1), ElementsAre(0));
  EXPECT_THAT(waitsOf(2), IsEmpty());
  EXPECT_THAT(waitsOf(3), ElementsAre(1));
}

TEST_F(Waits, AnOverwriteWaitsForTheReader) {
  add(0, {writes(buffers[0], 1)});
  add(1, {reads(buffers[0], 1), writes(buffers[1], 2)});
  add(0, {writes(buffers[0], 3)});
  addWaits();
  EXPECT_THAT(waitsOf(2), ElementsAre(1));
}

TEST_F(Waits, ReadersOfOneValueDoNotWaitForEachOther) {
  add(0, {writes(buffers[0], 1)});
  add(0, {reads(buffers[0], 1), writes(buffers[1], 2)});
  add(1, {reads(buffers[0], 1), writes(buffers[2], 3)});
  add(0, {reads(buffers[0], 1), writes(buffers[3], 4)});
  addWaits();
  EXPECT_THAT(waitsOf(2), ElementsAre(0));
  EXPECT_THAT(waitsOf(3), IsEmpty());
}

TEST_F(Waits, WhatIsImpliedIsLeftOut) {
  add(0, {writes(buffers[0], 1), writes(buffers[3], 9)});
  add(1, {reads(buffers[0], 1), writes(buffers[1], 2)});
  add(1, {reads(buffers[3], 9), writes(buffers[2], 3)}); // in order behind what waited
  add(0, {reads(buffers[1], 2), reads(buffers[2], 3)});  // the later one alone
  add(0, {reads(buffers[1], 2)});
  add(1,
      {updates(buffers[2], 3, 4)}); // 3 has read it: that is the stream's last instruction but one
  addWaits();
  EXPECT_THAT(waitsOf(2), IsEmpty());
  EXPECT_THAT(waitsOf(3), ElementsAre(2));
  EXPECT_THAT(waitsOf(4), IsEmpty());
  EXPECT_THAT(waitsOf(5), ElementsAre(3));
}

TEST_F(Waits, APartOfABufferCounts) {
  Use first = writes(buffers[0], 1), second = writes(buffers[0], 2);
  first.bytes = second.bytes = second.offset = 32;
  add(0, {first});
  add(0, {second});
  Use read = reads(buffers[0], 1);
  read.bytes = 32;
  add(1, {read, writes(buffers[1], 3)});
  add(0, {second});
  addWaits();
  EXPECT_THAT(waitsOf(2), ElementsAre(0));
  EXPECT_THAT(waitsOf(3), IsEmpty());
}

TEST_F(Waits, TimeIsSharedByStreams) {
  add(0, {writes(buffers[0], 1)}, 5);
  add(1, {reads(buffers[0], 1), writes(buffers[1], 2)}, 100);
  add(0, {writes(buffers[2], 3)}, 30);
  add(0, {reads(buffers[1], 2)}, 7);
  builder.plan.entries[0]->instructions[1]->phase = plan::Phase::backward;
  addWaits();
  Timeline timeline = timelineOf(*builder.plan.entries[0]);
  EXPECT_EQ(timeline.total, 5 + 100 + 7);
  EXPECT_EQ(timeline.collectives, 100);
  EXPECT_EQ(timeline.exposed[int(plan::Phase::backward)], 100 - 30);
  EXPECT_EQ(timeline.exposed[int(plan::Phase::forward)], 0);
}

} // namespace
