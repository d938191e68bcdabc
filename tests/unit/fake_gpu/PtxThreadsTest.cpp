// Threads of a block: divergence, shuffles, votes, lanes that never come.
#include "tests/unit/fake_gpu/PtxSnippet.h"

namespace tpc::fake_gpu {
namespace {

TEST(PtxThreads, DivergeAndMeetAgain) {
  // Each lane loops as often as its number says; all meet at the shuffle.
  BlockOutcome outcome = runBlock("mov.b32 %r0, 0; mov.b32 %r2, 0;\n"
                                  "LOOP: setp.ge.u32 %p1, %r2, %r1; @%p1 bra DONE;\n"
                                  "add.s32 %r0, %r0, %r2; add.s32 %r2, %r2, 1; bra.uni LOOP;\n"
                                  "DONE: shfl.sync.idx.b32 %r0, %r0, 31, 31, -1;",
                                  32);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.words, wordsOf(32, [](uint32_t) { return 31 * 30 / 2; }));
}

TEST(PtxThreads, TakeBothSidesOfABranch) {
  BlockOutcome outcome = runBlock("and.b32 %r2, %r1, 1; setp.eq.s32 %p1, %r2, 0; @!%p1 bra ODD;\n"
                                  "mov.b32 %r0, 100; bra JOIN;\nODD: mov.b32 %r0, 200;\n"
                                  "JOIN: activemask.b32 %r3; add.s32 %r0, %r0, %r3;",
                                  20);
  EXPECT_EQ(outcome.words,
            wordsOf(20, [](uint32_t t) { return (t & 1 ? 200u : 100u) + 0xfffffu; }));
}

TEST(PtxThreads, BranchByATable) {
  BlockOutcome outcome =
      runBlock("rem.u32 %r2, %r1, 3;\nT: .branchtargets A, B, C;\nbrx.idx %r2, T;\n"
               "B: mov.b32 %r0, 7; bra J;\nA: mov.b32 %r0, 5; bra J;\n"
               "C: mov.b32 %r0, 9;\nJ:",
               64);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.words, wordsOf(64, [](uint32_t t) { return 5 + t % 3 * 2; }));
  expectError(runBlock("T: .branchtargets A;\nbrx.idx %r1, T;\nA:", 2), "index 1 of a table of 1");
}

TEST(PtxThreads, ExecuteGuardedInstructions) {
  BlockOutcome outcome =
      runBlock("setp.lt.u32 %p1, %r1, 5; mov.b32 %r0, 1; @%p1 mov.b32 %r0, 2;", 32);
  EXPECT_EQ(outcome.words, wordsOf(32, [](uint32_t t) { return t < 5 ? 2 : 1; }));
}

TEST(PtxThreads, ShuffleAsTheIsaSays) {
  auto shuffle = [](const std::string &mode, const std::string &b, const std::string &c) {
    return runBlock("mul.lo.s32 %r2, %r1, 10; shfl.sync." + mode + ".b32 %r3|%p1, %r2, " + b +
                        ", " + c + ", -1; selp.b32 %r4, 1000, 0, %p1; add.s32 %r0, %r3, %r4;",
                    32)
        .words;
  };
  EXPECT_EQ(shuffle("bfly", "16", "31"),
            wordsOf(32, [](uint32_t t) { return (t ^ 16) * 10 + 1000; }));
  EXPECT_EQ(shuffle("down", "3", "31"),
            wordsOf(32, [](uint32_t t) { return t + 3 < 32 ? (t + 3) * 10 + 1000 : t * 10; }));
  EXPECT_EQ(shuffle("up", "3", "0"),
            wordsOf(32, [](uint32_t t) { return t >= 3 ? (t - 3) * 10 + 1000 : t * 10; }));
  EXPECT_EQ(shuffle("idx", "5", "31"), wordsOf(32, [](uint32_t) { return 1050; }));
  // Segments of 8: c = (24 << 8) | 7.
  EXPECT_EQ(shuffle("down", "1", "6151"),
            wordsOf(32, [](uint32_t t) { return t % 8 < 7 ? (t + 1) * 10 + 1000 : t * 10; }));
  EXPECT_EQ(shuffle("idx", "2", "6151"),
            wordsOf(32, [](uint32_t t) { return (t / 8 * 8 + 2) * 10 + 1000; }));
}

TEST(PtxThreads, VoteAndReduce) {
  EXPECT_EQ(runBlock("setp.lt.u32 %p1, %r1, 5; vote.sync.ballot.b32 %r0, %p1, -1;", 32).words,
            wordsOf(32, [](uint32_t) { return 31; }));
  EXPECT_EQ(runBlock("setp.lt.u32 %p1, %r1, 5; vote.sync.any.pred %p2, %p1, -1;"
                     "vote.sync.all.pred %p3, %p1, -1; selp.b32 %r0, 1, 0, %p2;"
                     "@%p3 add.s32 %r0, %r0, 2;",
                     32)
                .words,
            wordsOf(32, [](uint32_t) { return 1; }));
  EXPECT_EQ(runBlock("redux.sync.max.s32 %r0, %r1, -1;", 32).words,
            wordsOf(32, [](uint32_t) { return 31; }));
}

TEST(PtxThreads, LanesThatNeverComeAreAnError) {
  expectError(runBlock("setp.lt.u32 %p1, %r1, 16; @%p1 bra S; mov.b32 %r0, 0; bra E;\n"
                       "S: shfl.sync.bfly.b32 %r0, %r1, 1, 31, -1;\nE:",
                       32),
              "wait for lanes 16, 17, 18");
  expectError(runBlock("setp.lt.u32 %p1, %r1, 16; @%p1 bra S; ret;\n"
                       "S: shfl.sync.bfly.b32 %r0, %r1, 1, 31, -1;",
                       32),
              "30, 31 have exited");
  expectError(runBlock("shfl.sync.bfly.b32 %r0, %r1, 1, 31, 3;", 32), "being in their member mask");
  expectError(runBlock("setp.lt.u32 %p1, %r1, 16; @%p1 bra S; bar.sync 0; bra E;\n"
                       "S: bar.sync 0; mov.b32 %r0, 1;\nE:",
                       32),
              "never come");
  expectError(runBlock("shfl.sync.down.b32 %r0, %r1, 1, 31, 7;", 3), "does not take part");
}

TEST(PtxThreads, HalvesOfAWarpShuffleByThemselves) {
  BlockOutcome outcome = runBlock("setp.lt.u32 %p1, %r1, 16; @%p1 bra LOW;\n"
                                  "shfl.sync.bfly.b32 %r0, %r1, 8, 31, 0xffff0000; bra E;\n"
                                  "LOW: shfl.sync.bfly.b32 %r0, %r1, 4, 31, 0xffff;\nE:",
                                  32);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.words, wordsOf(32, [](uint32_t t) { return t < 16 ? t ^ 4 : t ^ 8; }));
}

} // namespace
} // namespace tpc::fake_gpu
