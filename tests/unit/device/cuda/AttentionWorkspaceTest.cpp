#include "runtime/device/cuda/AttentionWorkspace.h"

#include <gtest/gtest.h>

using namespace tpc;
using namespace tpc::cuda;

namespace {

AttentionShape shape(int64_t batch, int64_t length, int64_t heads, int64_t kvHeads, int64_t size) {
  return {batch, length, length, heads, kvHeads, size, true, 0.125, DType::BF16};
}

constexpr AttentionPass kPasses[] = {AttentionPass::Forward, AttentionPass::Backward,
                                     AttentionPass::DeterministicBackward};
constexpr size_t kMiB = size_t(1) << 20;

} // namespace

TEST(AttentionWorkspace, ForwardNeedsNextToNothing) {
  EXPECT_LE(cudaAttentionWorkspace(shape(64, 1024, 12, 12, 64), false), 4096u);
}

TEST(AttentionWorkspace, DqIsSummedInFloats) {
  // 64 x 12 x 1024 x 64 floats, the sums of 64 x 12 x 1024 rows, and cuDNN's room.
  EXPECT_EQ(attentionLayout(shape(64, 1024, 12, 12, 64), AttentionPass::Backward).bytes,
            64u * 12 * 1024 * 64 * 4 + 64 * 12 * 1024 * 4 + 4096);
}

TEST(AttentionWorkspace, DeterministicGoesInParts) {
  // All scores would take 1.5 GiB.
  AttentionLayout layout =
      attentionLayout(shape(64, 1024, 12, 12, 64), AttentionPass::DeterministicBackward);
  EXPECT_EQ(layout.part.batch, 8);
  EXPECT_EQ(layout.part.kvHeads, 12);
  EXPECT_LE(layout.bytes, 256 * kMiB);
  // Where one sample is too large, by heads; a head and its group is never cut.
  layout = attentionLayout(shape(2, 4096, 32, 8, 128), AttentionPass::DeterministicBackward);
  EXPECT_EQ(layout.part.batch, 1);
  EXPECT_EQ(layout.part.kvHeads, 1);
  EXPECT_GE(layout.bytes, size_t(4) * 4096 * 4096 * 2);
}

TEST(AttentionWorkspace, CeilingHoldsEitherBackwardPassUnlessItIsTooLarge) {
  for (const AttentionShape &s : {shape(64, 1024, 12, 12, 64), shape(1, 8192, 32, 8, 128)})
    for (AttentionPass pass : {AttentionPass::Backward, AttentionPass::DeterministicBackward})
      EXPECT_GE(cudaAttentionWorkspace(s, true), attentionLayout(s, pass).bytes);
  AttentionShape large = shape(1, 32768, 32, 8, 128);
  EXPECT_GT(attentionLayout(large, AttentionPass::DeterministicBackward).bytes,
            kMostDeterministicBytes);
  EXPECT_EQ(cudaAttentionWorkspace(large, true),
            attentionLayout(large, AttentionPass::Backward).bytes);
}

TEST(AttentionWorkspace, PartsDivideAndNothingOverlaps) {
  for (int64_t batch : {1, 3, 8, 64})
    for (int64_t length : {1, 7, 100, 1024, 8192})
      for (int64_t kvHeads : {1, 3, 8})
        for (int64_t group : {1, 4})
          for (AttentionPass pass : kPasses) {
            AttentionShape s = shape(batch, length, kvHeads * group, kvHeads, 64);
            AttentionLayout layout = attentionLayout(s, pass);
            EXPECT_EQ(batch % layout.part.batch, 0);
            EXPECT_EQ(kvHeads % layout.part.kvHeads, 0);
            auto rows =
                static_cast<size_t>(layout.part.batch * layout.part.kvHeads * group * length);
            if (pass == AttentionPass::Backward) {
              EXPECT_GE(layout.dqSums, layout.outputSums + rows * 4);
              EXPECT_GE(layout.library, layout.dqSums + rows * 64 * 4);
            }
            if (pass == AttentionPass::DeterministicBackward) {
              EXPECT_GE(layout.library, layout.outputSums + rows * 4);
            }
            for (size_t offset : {layout.outputSums, layout.dqSums, layout.library, layout.bytes})
              EXPECT_EQ(offset % 256, 0u);
            EXPECT_GT(layout.bytes, layout.library);
          }
}

TEST(AttentionWorkspace, WhatCudnnCannotDoNeedsNone) {
  AttentionShape s = shape(4, 64, 12, 12, 64);
  EXPECT_GT(cudaAttentionWorkspace(s, true), 0u);
  for (auto change :
       {+[](AttentionShape &x) { x.dtype = DType::F32; }, +[](AttentionShape &x) { x.size = 60; },
        +[](AttentionShape &x) { x.size = 264; }, +[](AttentionShape &x) { x.batch = 65536; },
        +[](AttentionShape &x) { x.heads = x.kvHeads = 65536; },
        +[](AttentionShape &x) { x.queryLength = x.keyLength + 1; },
        +[](AttentionShape &x) { x.queryLength = x.keyLength = 1; },
        +[](AttentionShape &x) {
          x.causal = false;
          x.keyLength = 1;
        }}) {
    AttentionShape changed = s;
    change(changed);
    EXPECT_FALSE(cudnnMayRun(changed));
    EXPECT_EQ(cudaAttentionWorkspace(changed, true), 0u);
    EXPECT_EQ(cudaAttentionWorkspace(changed, false), 0u);
  }
}
