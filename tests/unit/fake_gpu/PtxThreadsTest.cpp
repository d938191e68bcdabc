// Threads of a block: divergence, shuffles, barriers, shared memory and its races.
#include "tests/unit/fake_gpu/PtxSnippet.h"

#include <numeric>

namespace tpc::fake_gpu {
namespace {

const std::string registers =
    ".reg .pred %p<8>; .reg .b16 %h<8>; .reg .b32 %r<40>; .reg .f32 %f<16>; .reg .b64 %x<16>;";
/// %x1: address of this thread's word of the output; %r1: the thread.
const std::string ownWord = "mov.u32 %r1, %tid.x; ld.param.u64 %x1, [p0]; mul.wide.u32 %x2, %r1, 4;"
                            "add.s64 %x1, %x1, %x2;\n";

struct Outcome {
  std::vector<uint32_t> words;
  std::string error;
};

/// Runs one block of `threads`; %x1 and %r1 are as above and the result is stored from %r0.
Outcome runBlock(const std::string &body, uint32_t threads, const std::string &declarations = "",
                 uint32_t sharedBytes = 0) {
  PtxModule module = parseOrFail(
      kernelText(registers + declarations, ownWord + body + "\nst.global.b32 [%x1], %r0;", 1));
  Outcome outcome{std::vector<uint32_t>(threads), {}};
  MemoryMap memory;
  memory.add(outcome.words.data(), threads * 4, "words");
  LaunchShape shape;
  shape.block[0] = threads;
  shape.sharedBytes = sharedBytes;
  auto statistics = module.launch("k", shape, memory, outcome.words.data());
  if (!statistics.ok())
    outcome.error = statistics.status().message();
  return outcome;
}

std::vector<uint32_t> expected(uint32_t threads, auto value) {
  std::vector<uint32_t> words(threads);
  for (uint32_t t = 0; t < threads; ++t)
    words[t] = value(t);
  return words;
}

void expectError(const Outcome &outcome, const std::string &part) {
  EXPECT_NE(outcome.error.find(part), std::string::npos) << "'" << outcome.error << "'";
}

TEST(PtxThreads, DivergeAndMeetAgain) {
  // Each lane loops as often as its number says; all meet at the shuffle.
  Outcome outcome = runBlock("mov.b32 %r0, 0; mov.b32 %r2, 0;\n"
                             "LOOP: setp.ge.u32 %p1, %r2, %r1; @%p1 bra DONE;\n"
                             "add.s32 %r0, %r0, %r2; add.s32 %r2, %r2, 1; bra.uni LOOP;\n"
                             "DONE: shfl.sync.idx.b32 %r0, %r0, 31, 31, -1;",
                             32);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.words, expected(32, [](uint32_t) { return 31 * 30 / 2; }));
}

TEST(PtxThreads, TakeBothSidesOfABranch) {
  Outcome outcome = runBlock("and.b32 %r2, %r1, 1; setp.eq.s32 %p1, %r2, 0; @!%p1 bra ODD;\n"
                             "mov.b32 %r0, 100; bra JOIN;\nODD: mov.b32 %r0, 200;\n"
                             "JOIN: activemask.b32 %r3; add.s32 %r0, %r0, %r3;",
                             20);
  EXPECT_EQ(outcome.words,
            expected(20, [](uint32_t t) { return (t & 1 ? 200u : 100u) + 0xfffffu; }));
}

TEST(PtxThreads, BranchByATable) {
  Outcome outcome = runBlock("rem.u32 %r2, %r1, 3;\nT: .branchtargets A, B, C;\nbrx.idx %r2, T;\n"
                             "B: mov.b32 %r0, 7; bra J;\nA: mov.b32 %r0, 5; bra J;\n"
                             "C: mov.b32 %r0, 9;\nJ:",
                             64);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.words, expected(64, [](uint32_t t) { return 5 + t % 3 * 2; }));
  expectError(runBlock("T: .branchtargets A;\nbrx.idx %r1, T;\nA:", 2), "index 1 of a table of 1");
}

TEST(PtxThreads, ExecuteGuardedInstructions) {
  Outcome outcome = runBlock("setp.lt.u32 %p1, %r1, 5; mov.b32 %r0, 1; @%p1 mov.b32 %r0, 2;", 32);
  EXPECT_EQ(outcome.words, expected(32, [](uint32_t t) { return t < 5 ? 2 : 1; }));
}

TEST(PtxThreads, ShuffleAsTheIsaSays) {
  auto shuffle = [](const std::string &mode, const std::string &b, const std::string &c) {
    return runBlock("mul.lo.s32 %r2, %r1, 10; shfl.sync." + mode + ".b32 %r3|%p1, %r2, " + b +
                        ", " + c + ", -1; selp.b32 %r4, 1000, 0, %p1; add.s32 %r0, %r3, %r4;",
                    32)
        .words;
  };
  EXPECT_EQ(shuffle("bfly", "16", "31"),
            expected(32, [](uint32_t t) { return (t ^ 16) * 10 + 1000; }));
  EXPECT_EQ(shuffle("down", "3", "31"),
            expected(32, [](uint32_t t) { return t + 3 < 32 ? (t + 3) * 10 + 1000 : t * 10; }));
  EXPECT_EQ(shuffle("up", "3", "0"),
            expected(32, [](uint32_t t) { return t >= 3 ? (t - 3) * 10 + 1000 : t * 10; }));
  EXPECT_EQ(shuffle("idx", "5", "31"), expected(32, [](uint32_t) { return 1050; }));
  // Segments of 8: c = (24 << 8) | 7.
  EXPECT_EQ(shuffle("down", "1", "6151"),
            expected(32, [](uint32_t t) { return t % 8 < 7 ? (t + 1) * 10 + 1000 : t * 10; }));
  EXPECT_EQ(shuffle("idx", "2", "6151"),
            expected(32, [](uint32_t t) { return (t / 8 * 8 + 2) * 10 + 1000; }));
}

TEST(PtxThreads, VoteAndReduce) {
  EXPECT_EQ(runBlock("setp.lt.u32 %p1, %r1, 5; vote.sync.ballot.b32 %r0, %p1, -1;", 32).words,
            expected(32, [](uint32_t) { return 31; }));
  EXPECT_EQ(runBlock("setp.lt.u32 %p1, %r1, 5; vote.sync.any.pred %p2, %p1, -1;"
                     "vote.sync.all.pred %p3, %p1, -1; selp.b32 %r0, 1, 0, %p2;"
                     "@%p3 add.s32 %r0, %r0, 2;",
                     32)
                .words,
            expected(32, [](uint32_t) { return 1; }));
  EXPECT_EQ(runBlock("redux.sync.max.s32 %r0, %r1, -1;", 32).words,
            expected(32, [](uint32_t) { return 31; }));
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
  Outcome outcome = runBlock("setp.lt.u32 %p1, %r1, 16; @%p1 bra LOW;\n"
                             "shfl.sync.bfly.b32 %r0, %r1, 8, 31, 0xffff0000; bra E;\n"
                             "LOW: shfl.sync.bfly.b32 %r0, %r1, 4, 31, 0xffff;\nE:",
                             32);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.words, expected(32, [](uint32_t t) { return t < 16 ? t ^ 4 : t ^ 8; }));
}

const std::string exchange[2] = {
    "mov.u32 %r2, buffer; shl.b32 %r3, %r1, 2; add.s32 %r2, %r2, %r3; st.shared.b32 [%r2], %r1;\n",
    "\nxor.b32 %r4, %r3, 4; mov.u32 %r5, buffer; add.s32 %r5, %r5, %r4; ld.shared.b32 %r0, [%r5];"};
const std::string buffer = ".shared .align 16 .b8 buffer[1024];";

TEST(PtxShared, OrdersByBarriers) {
  Outcome outcome = runBlock(exchange[0] + "bar.sync 0;" + exchange[1], 128, buffer);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.words, expected(128, [](uint32_t t) { return t ^ 1; }));
  outcome = runBlock(exchange[0] + "barrier.cta.sync.aligned 3;" + exchange[1], 128, buffer);
  EXPECT_EQ(outcome.error, "");
  outcome = runBlock(exchange[0] + "bar.warp.sync -1;" + exchange[1], 128, buffer);
  EXPECT_EQ(outcome.error, "");
}

TEST(PtxShared, FindsRaces) {
  expectError(runBlock(exchange[0] + exchange[1], 128, buffer), "race: thread 0 reads");
  // A read, and a write of another thread.
  expectError(runBlock(exchange[0] + "bar.sync 0;" + exchange[1] + "st.shared.b32 [%r2], %r0;", 128,
                       buffer),
              "which thread 1 read with no barrier in between");
  // Between warps, an order within one is none.
  expectError(runBlock("mov.u32 %r2, buffer; xor.b32 %r3, %r1, 32; shl.b32 %r4, %r1, 2;"
                       "add.s32 %r4, %r4, %r2; st.shared.b32 [%r4], %r1; bar.warp.sync -1;"
                       "shl.b32 %r4, %r3, 2; add.s32 %r4, %r4, %r2; ld.shared.b32 %r0, [%r4];",
                       64, buffer),
              "nothing was written to");
  expectError(runBlock("mov.u32 %r2, buffer; st.shared.b32 [%r2], %r1; mov.b32 %r0, 0;", 2, buffer),
              "race: thread 1 writes 4 bytes");
}

TEST(PtxShared, LetsNeighboursWriteTheirHalves) {
  Outcome outcome = runBlock(
      "mov.u32 %r2, buffer; shl.b32 %r3, %r1, 1; add.s32 %r2, %r2, %r3; cvt.u16.u32 %h1, %r1;"
      "st.shared.b16 [%r2], %h1; bar.sync 0; ld.shared.b16 %h2, [buffer+6]; cvt.u32.u16 %r0, %h2;",
      32, buffer);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.words, expected(32, [](uint32_t) { return 3; }));
}

TEST(PtxShared, FindsWhatNobodyWroteAndWhatIsOutside) {
  expectError(runBlock("ld.shared.b32 %r0, [buffer];", 1, buffer), "nothing was written to");
  expectError(runBlock("st.shared.b32 [buffer+1024], %r1; mov.b32 %r0, 0;", 1, buffer),
              "of which the block has 1024 bytes");
  expectError(runBlock("st.shared.v2.b32 [buffer+4], {%r1, %r1}; mov.b32 %r0, 0;", 1, buffer),
              "not aligned");
}

TEST(PtxShared, HasDynamicBytesBehindStaticOnes) {
  std::string text = ".version 8.0\n.target sm_90\n.address_size 64\n"
                     ".extern .shared .align 16 .b8 dyn[];\n.visible .entry k(.param .u64 p0) {" +
                     registers + ".shared .b8 fixed[20];\n" + ownWord +
                     "mov.u32 %r2, dyn; mov.u32 %r3, fixed; sub.s32 %r0, %r2, %r3;"
                     "st.shared.b32 [dyn+60], %r0; ld.shared.b32 %r0, [dyn+60];"
                     "st.global.b32 [%x1], %r0; ret; }";
  PtxModule module = parseOrFail(text);
  uint32_t word = 0;
  MemoryMap memory;
  memory.add(&word, 4, "word");
  auto launch = [&](uint32_t bytes) {
    LaunchShape shape;
    shape.sharedBytes = bytes;
    auto result = module.launch("k", shape, memory, &word);
    return result.ok() ? std::string() : result.status().message();
  };
  EXPECT_EQ(launch(64), "");
  EXPECT_EQ(word, 32u);
  EXPECT_NE(launch(60).find("of which the block has"), std::string::npos);
  EXPECT_NE(launch(300000).find("bytes of shared memory"), std::string::npos);
}

TEST(PtxShared, IsReachedThroughGenericAddresses) {
  Outcome outcome = runBlock("mov.b64 %x3, buffer; cvta.shared.u64 %x3, %x3; st.b32 [%x3+8], %r1;"
                             "ld.shared.b32 %r0, [buffer+8]; cvta.to.shared.u64 %x4, %x3;"
                             "isspacep.shared %p1, %x3; @!%p1 mov.b32 %r0, 99;"
                             "isspacep.global %p1, %x1; @!%p1 mov.b32 %r0, 98;"
                             "st.b32 [%x1], %r0; ld.global.b32 %r0, [%x1]; add.s32 %r0, %r0, 1;",
                             1, buffer);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.words[0], 1u);
}

TEST(PtxShared, CopiesAsynchronously) {
  auto copy = [&](const std::string &wait) {
    return runBlock("st.global.b32 [%x1], %r1; mov.u32 %r2, buffer; shl.b32 %r3, %r1, 2;"
                    "add.s32 %r2, %r2, %r3; cp.async.ca.shared.global [%r2], [%x1], 4;"
                    "cp.async.commit_group;" +
                        wait + "ld.shared.b32 %r0, [%r2];",
                    32, buffer);
  };
  Outcome waited = copy("cp.async.wait_group 0;");
  EXPECT_EQ(waited.error, "");
  EXPECT_EQ(waited.words, expected(32, [](uint32_t t) { return t; }));
  EXPECT_EQ(copy("cp.async.wait_group 1;").words, expected(32, [](uint32_t) { return ~0u; }));
}

TEST(PtxMemory, FindsAccessesOutsideAndMisaligned) {
  expectError(runBlock("st.global.b32 [%x1+128], %r1; mov.b32 %r0, 0;", 32),
              "0 bytes behind the end of words (128 bytes)");
  expectError(runBlock("ld.global.b32 %r0, [%x1-4];", 1), "which is not allocated");
  expectError(runBlock("ld.global.v4.b32 {%r0, %r2, %r3, %r4}, [%x1];", 8), "not aligned");
  expectError(runBlock("mov.b64 %x3, 0; ld.global.b32 %r0, [%x3];", 1), "reads 4 bytes");
}

TEST(PtxMemory, KeepsLocalMemoryPerThread) {
  Outcome outcome =
      runBlock("mov.b64 %x3, depot; cvta.local.u64 %x4, %x3; st.local.b32 [%x3+4], %r1;"
               "st.b32 [%x4], %r1; ld.b32 %r2, [%x4+4]; ld.local.b32 %r3, [%x3];"
               "add.s32 %r0, %r2, %r3;",
               64, ".local .align 8 .b8 depot[8];");
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.words, expected(64, [](uint32_t t) { return 2 * t; }));
}

TEST(PtxMemory, ReadsConstantsAndKeepsThem) {
  auto text = [](const std::string &body) {
    return ".version 8.0\n.target sm_90\n.address_size 64\n"
           ".const .align 4 .b8 table[8] = {1, 0, 0, 0, 0, 1};\n"
           ".visible .entry k(.param .u64 p0) {" +
           registers + ownWord + body + "st.global.b32 [%x1], %r0; ret; }";
  };
  uint32_t word = 0;
  MemoryMap memory;
  memory.add(&word, 4, "word");
  PtxModule module = parseOrFail(text("ld.const.b32 %r0, [table+4];"));
  EXPECT_TRUE(module.launch("k", {}, memory, &word).ok());
  EXPECT_EQ(word, 256u);
  PtxModule writes =
      parseOrFail(text("mov.b64 %x3, table; st.global.b32 [%x3], %r1; mov.b32 %r0, 0;"));
  EXPECT_NE(writes.launch("k", {}, memory, &word).status().message().find("constant: table"),
            std::string::npos);
}

TEST(PtxMemory, CountsAccessesByWidth) {
  PtxModule module = parseOrFail(kernelText(
      registers,
      "ld.param.u64 %x1, [p0]; ld.global.nc.L1::no_allocate.v4.f32 {%f1, %f2, %f3, %f4}, [%x1];"
      "ld.global.b16 %h1, [%x1]; st.global.f32 [%x1+16], %f4; st.global.v2.b16 [%x1+20], {%h1, 7};",
      1));
  alignas(16) float data[8] = {1, 2, 3, 4};
  MemoryMap memory;
  memory.add(data, sizeof data, "data");
  auto statistics = module.launch("k", {}, memory, data);
  ASSERT_TRUE(statistics.ok()) << statistics.status().message();
  EXPECT_EQ(data[4], 4);
  EXPECT_EQ((statistics->loads[{"global", 16}]), 1u);
  EXPECT_EQ((statistics->loads[{"global", 2}]), 1u);
  EXPECT_EQ((statistics->stores[{"global", 4}]), 2u);
  EXPECT_EQ(statistics->instructions, 6u);
}

TEST(PtxMatrix, MultipliesFragments) {
  // A[i][k] = i + 2k, B[k][j] = k - 3j, C[i][j] = i j: small integers, exact in bf16 up to 256.
  std::string body = "shr.u32 %r2, %r1, 2; and.b32 %r3, %r1, 3; shl.b32 %r3, %r3, 1;\n";
  auto element = [&](int target, int row, int column, bool isA) {
    // Packs elements (row, column) and its right (A) or lower (B) neighbour.
    for (int half = 0; half < 2; ++half) {
      std::string f = "%f" + std::to_string(half + 1);
      std::string rowReg = isA ? "%r2" : "%r3", columnReg = isA ? "%r3" : "%r2";
      int rowAdd = row + (isA ? 0 : half), columnAdd = column + (isA ? half : 0);
      body += "add.s32 %r30, " + rowReg + ", " + std::to_string(rowAdd) + "; add.s32 %r31, " +
              columnReg + ", " + std::to_string(columnAdd) + ";";
      body += isA ? "mad.lo.s32 %r32, %r31, 2, %r30;" : "mad.lo.s32 %r32, %r31, -3, %r30;";
      body += "cvt.rn.f32.s32 " + f + ", %r32;\n";
    }
    body += "cvt.rn.bf16x2.f32 %r" + std::to_string(target) + ", %f2, %f1;\n";
  };
  element(10, 0, 0, true);
  element(11, 8, 0, true);
  element(12, 0, 8, true);
  element(13, 8, 8, true);
  element(14, 0, 0, false);
  element(15, 8, 0, false);
  for (int i = 0; i < 4; ++i)
    body += "add.s32 %r30, %r2, " + std::to_string(i / 2 * 8) + "; add.s32 %r31, %r3, " +
            std::to_string(i % 2) + "; mul.lo.s32 %r32, %r30, %r31; cvt.rn.f32.s32 %f" +
            std::to_string(4 + i) + ", %r32;\n";
  body += "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%f4, %f5, %f6, %f7}, {%r10, %r11, "
          "%r12, %r13}, {%r14, %r15}, {%f4, %f5, %f6, %f7};\n";
  for (int i = 0; i < 4; ++i) {
    std::string f = "%f" + std::to_string(4 + i);
    Outcome outcome = runBlock(body + "cvt.rzi.s32.f32 %r0, " + f + ";", 32);
    ASSERT_EQ(outcome.error, "");
    EXPECT_EQ(outcome.words, expected(32, [&](uint32_t lane) {
                int row = static_cast<int>(lane / 4) + i / 2 * 8;
                int column = static_cast<int>(lane % 4 * 2) + i % 2, sum = row * column;
                for (int k = 0; k < 16; ++k)
                  sum += (row + 2 * k) * (k - 3 * column);
                return static_cast<uint32_t>(sum);
              }));
  }
}

TEST(PtxMatrix, LoadsMatrices) {
  // Each lane stores 8 numbers 100 row + column of row `lane` of four stacked 8 x 8 matrices.
  std::string fill = "mul.lo.s32 %r2, %r1, 100;\n";
  for (int i = 0; i < 8; ++i)
    fill += "add.s32 %r3, %r2, " + std::to_string(i) + "; cvt.u16.u32 %h" + std::to_string(i) +
            ", %r3;\n";
  fill +=
      "mov.u32 %r4, buffer; shl.b32 %r5, %r1, 4; add.s32 %r4, %r4, %r5;"
      "mov.b32 %r10, {%h0, %h1}; mov.b32 %r11, {%h2, %h3}; mov.b32 %r12, {%h4, %h5};"
      "mov.b32 %r13, {%h6, %h7}; st.shared.v4.b32 [%r4], {%r10, %r11, %r12, %r13}; bar.sync 0;\n";
  for (int m = 0; m < 4; ++m) {
    std::string result = "mov.b32 %r0, %r" + std::to_string(20 + m) + ";";
    Outcome plain = runBlock(
        fill + "ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r20, %r21, %r22, %r23}, [%r4];" + result,
        32, buffer);
    ASSERT_EQ(plain.error, "");
    auto number = [&](uint32_t row, uint32_t column) { return 100 * (8 * m + row) + column; };
    EXPECT_EQ(plain.words, expected(32, [&](uint32_t lane) {
                return number(lane / 4, lane % 4 * 2) | number(lane / 4, lane % 4 * 2 + 1) << 16;
              }));
    Outcome transposed = runBlock(
        fill + "ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%r20, %r21, %r22, %r23}, [%r4];" +
            result,
        32, buffer);
    EXPECT_EQ(transposed.words, expected(32, [&](uint32_t lane) {
                return number(lane % 4 * 2, lane / 4) | number(lane % 4 * 2 + 1, lane / 4) << 16;
              }));
  }
}

TEST(PtxErrors, NameTheLine) {
  EXPECT_EQ(parseError(kernelText("", "frobnicate.b32 %r1;", 0)),
            "ptx line 6, `frobnicate.b32`: this instruction is not known here");
  EXPECT_NE(parseError(kernelText(registers, "add.strange.s32 %r1, %r1, 1;", 0)).find("'.strange'"),
            std::string::npos);
  EXPECT_NE(parseError(kernelText(registers, "bra NOWHERE;", 0)).find("unknown label 'NOWHERE'"),
            std::string::npos);
  EXPECT_NE(parseError(kernelText(registers, "ld.param.u64 %x1, [q];", 0)).find("parameter 'q'"),
            std::string::npos);
  EXPECT_NE(parseError(kernelText(registers, "add.s64 %x1, %x1, %r1;", 0)).find("narrower"),
            std::string::npos);
  EXPECT_NE(parseError(kernelText(registers, "atom.global.add.f32 %f1, [%x1], %f2;", 0))
                .find("depends on the order"),
            std::string::npos);
  EXPECT_NE(parseError(kernelText(registers, "red.shared.add.f32 [%x1], %f2;", 0))
                .find("depends on the order"),
            std::string::npos);
  EXPECT_NE(parseError(".func (.param .b32 r) f() { ret; }").find("inline"), std::string::npos);
  EXPECT_NE(parseError("hello").find("unknown directive 'hello'"), std::string::npos);
}

TEST(PtxErrors, RefuseShapesThatNoGpuHas) {
  PtxModule module = parseOrFail(kernelText("", "", 0));
  LaunchShape shape;
  shape.block[0] = 1025;
  EXPECT_NE(module.launch("k", shape, MemoryMap()).status().message().find("1 to 1024"),
            std::string::npos);
  EXPECT_NE(module.launch("j", {}, MemoryMap()).status().message().find("no function 'j'"),
            std::string::npos);
  EXPECT_NE(module.launch("k", {}, MemoryMap(), 1).status().message().find("other sizes"),
            std::string::npos);
}

TEST(PtxErrors, EndsEndlessLoops) {
  PtxModule module = parseOrFail(kernelText("", "L: bra L;", 0));
  LaunchOptions options;
  options.branchLimit = 1000;
  void *none = nullptr;
  auto result = module.launch("k", {}, &none, MemoryMap(), options);
  EXPECT_NE(result.status().message().find("endless"), std::string::npos);
}

TEST(PtxGrid, RunsBlocksInAnyOrder) {
  PtxModule module = parseOrFail(kernelText(
      registers,
      "mov.u32 %r1, %ctaid.x; mov.u32 %r2, %ctaid.y; mov.u32 %r3, %nctaid.x; mov.u32 %r4, %tid.y;"
      "mad.lo.s32 %r1, %r2, %r3, %r1; mad.lo.s32 %r1, %r1, 2, %r4; ld.param.u64 %x1, [p0];"
      "mul.wide.u32 %x2, %r1, 4; add.s64 %x1, %x1, %x2; st.global.u32 [%x1], %r1;",
      1));
  std::vector<uint32_t> want(2 * 7 * 5);
  std::iota(want.begin(), want.end(), 0);
  for (uint64_t seed : {0, 1, 2, 99}) {
    std::vector<uint32_t> words(want.size());
    MemoryMap memory;
    memory.add(words.data(), words.size() * 4, "words");
    LaunchShape shape;
    shape.grid = {7, 5, 1};
    shape.block = {1, 2, 1};
    LaunchOptions options;
    options.blockOrder = seed;
    uint32_t *data = words.data();
    void *parameters[] = {&data};
    auto result = module.launch("k", shape, parameters, memory, options);
    ASSERT_TRUE(result.ok()) << result.status().message();
    EXPECT_EQ(words, want);
  }
}

TEST(PtxGrid, AddsIntegersOfAllThreads) {
  PtxModule module = parseOrFail(kernelText(
      registers, "mov.u32 %r1, %tid.x; ld.param.u64 %x1, [p0]; red.global.add.u32 [%x1], %r1;", 1));
  uint32_t sum = 0;
  MemoryMap memory;
  memory.add(&sum, 4, "sum");
  LaunchShape shape;
  shape.grid[0] = 50;
  shape.block[0] = 100;
  ASSERT_TRUE(module.launch("k", shape, memory, &sum).ok());
  EXPECT_EQ(sum, 50u * 99 * 100 / 2);
}

} // namespace
} // namespace tpc::fake_gpu
