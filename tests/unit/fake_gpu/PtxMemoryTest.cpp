// Shared memory and its races; global, local and constant memory.
#include "tests/unit/fake_gpu/PtxSnippet.h"

#include <gmock/gmock.h>

namespace tpc::fake_gpu {
namespace {

const std::string exchange[2] = {
    "mov.u32 %r2, buffer; shl.b32 %r3, %r1, 2; add.s32 %r2, %r2, %r3; st.shared.b32 [%r2], %r1;\n",
    "\nxor.b32 %r4, %r3, 4; mov.u32 %r5, buffer; add.s32 %r5, %r5, %r4; ld.shared.b32 %r0, [%r5];"};

TEST(PtxShared, OrdersByBarriers) {
  BlockOutcome outcome = runBlock(exchange[0] + "bar.sync 0;" + exchange[1], 128, sharedBuffer);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.words, wordsOf(128, [](uint32_t t) { return t ^ 1; }));
  outcome = runBlock(exchange[0] + "barrier.cta.sync.aligned 3;" + exchange[1], 128, sharedBuffer);
  EXPECT_EQ(outcome.error, "");
  outcome = runBlock(exchange[0] + "bar.warp.sync -1;" + exchange[1], 128, sharedBuffer);
  EXPECT_EQ(outcome.error, "");
}

TEST(PtxShared, FindsRaces) {
  expectError(runBlock(exchange[0] + exchange[1], 128, sharedBuffer), "race: thread 0 reads");
  // A read, and a write of another thread.
  expectError(runBlock(exchange[0] + "bar.sync 0;" + exchange[1] + "st.shared.b32 [%r2], %r0;", 128,
                       sharedBuffer),
              "which thread 1 read with no barrier in between");
  // Between warps, an order within one is none.
  expectError(runBlock("mov.u32 %r2, buffer; xor.b32 %r3, %r1, 32; shl.b32 %r4, %r1, 2;"
                       "add.s32 %r4, %r4, %r2; st.shared.b32 [%r4], %r1; bar.warp.sync -1;"
                       "shl.b32 %r4, %r3, 2; add.s32 %r4, %r4, %r2; ld.shared.b32 %r0, [%r4];",
                       64, sharedBuffer),
              "nothing was written to");
  expectError(
      runBlock("mov.u32 %r2, buffer; st.shared.b32 [%r2], %r1; mov.b32 %r0, 0;", 2, sharedBuffer),
      "race: thread 1 writes 4 bytes");
}

TEST(PtxShared, LetsNeighboursWriteTheirHalves) {
  BlockOutcome outcome = runBlock(
      "mov.u32 %r2, buffer; shl.b32 %r3, %r1, 1; add.s32 %r2, %r2, %r3; cvt.u16.u32 %h1, %r1;"
      "st.shared.b16 [%r2], %h1; bar.sync 0; ld.shared.b16 %h2, [buffer+6]; cvt.u32.u16 %r0, %h2;",
      32, sharedBuffer);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.words, wordsOf(32, [](uint32_t) { return 3; }));
}

TEST(PtxShared, FindsWhatNobodyWroteAndWhatIsOutside) {
  expectError(runBlock("ld.shared.b32 %r0, [buffer];", 1, sharedBuffer), "nothing was written to");
  expectError(runBlock("st.shared.b32 [buffer+1024], %r1; mov.b32 %r0, 0;", 1, sharedBuffer),
              "of which the block has 1024 bytes");
  expectError(runBlock("st.shared.v2.b32 [buffer+4], {%r1, %r1}; mov.b32 %r0, 0;", 1, sharedBuffer),
              "not aligned");
}

TEST(PtxShared, HasDynamicBytesBehindStaticOnes) {
  std::string text = ".version 8.0\n.target sm_90\n.address_size 64\n"
                     ".extern .shared .align 16 .b8 dyn[];\n.visible .entry k(.param .u64 p0) {" +
                     snippetRegisters + ".shared .b8 fixed[20];\n" + ownWord +
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
  BlockOutcome outcome =
      runBlock("mov.b64 %x3, buffer; cvta.shared.u64 %x3, %x3; st.b32 [%x3+8], %r1;"
               "ld.shared.b32 %r0, [buffer+8]; cvta.to.shared.u64 %x4, %x3;"
               "isspacep.shared %p1, %x3; @!%p1 mov.b32 %r0, 99;"
               "isspacep.global %p1, %x1; @!%p1 mov.b32 %r0, 98;"
               "st.b32 [%x1], %r0; ld.global.b32 %r0, [%x1]; add.s32 %r0, %r0, 1;",
               1, sharedBuffer);
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.words[0], 1u);
}

TEST(PtxShared, CopiesAsynchronously) {
  auto copy = [&](const std::string &wait) {
    return runBlock("st.global.b32 [%x1], %r1; mov.u32 %r2, buffer; shl.b32 %r3, %r1, 2;"
                    "add.s32 %r2, %r2, %r3; cp.async.ca.shared.global [%r2], [%x1], 4;"
                    "cp.async.commit_group;" +
                        wait + "ld.shared.b32 %r0, [%r2];",
                    32, sharedBuffer);
  };
  BlockOutcome waited = copy("cp.async.wait_group 0;");
  EXPECT_EQ(waited.error, "");
  EXPECT_EQ(waited.words, wordsOf(32, [](uint32_t t) { return t; }));
  EXPECT_EQ(copy("cp.async.wait_group 1;").words, wordsOf(32, [](uint32_t) { return ~0u; }));
}

TEST(PtxShared, CopiesWhatEachThreadSaysAndZeros) {
  auto copy = [&](const std::string &bytes) {
    return runBlock("st.global.b32 [%x1], 77; mov.u32 %r2, buffer; shl.b32 %r3, %r1, 2;"
                    "add.s32 %r2, %r2, %r3; and.b32 %r4, %r1, 1; " +
                        bytes +
                        "cp.async.ca.shared.global [%r2], [%x1], 4, %r4; cp.async.wait_all;"
                        "ld.shared.b32 %r0, [%r2];",
                    32, sharedBuffer);
  };
  BlockOutcome outcome = copy("shl.b32 %r4, %r4, 2;");
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.words, wordsOf(32, [](uint32_t t) { return t % 2 * 77; }));
  expectError(copy("mul.lo.s32 %r4, %r4, 8;"), "reads more bytes than it copies");
}

TEST(PtxMemory, FindsAccessesOutsideAndMisaligned) {
  expectError(runBlock("st.global.b32 [%x1+128], %r1; mov.b32 %r0, 0;", 32),
              "0 bytes behind the end of words (128 bytes)");
  expectError(runBlock("ld.global.b32 %r0, [%x1-4];", 1), "which is not allocated");
  expectError(runBlock("ld.global.v4.b32 {%r0, %r2, %r3, %r4}, [%x1];", 8), "not aligned");
  expectError(runBlock("mov.b64 %x3, 0; ld.global.b32 %r0, [%x3];", 1), "reads 4 bytes");
}

/// Two blocks of 64 threads; %x3 is the address of thread 0's word, %r2 the block.
std::string runBlocks(const std::string &body, uint64_t order, bool reads = true) {
  PtxModule module = parseOrFail(kernelText(
      snippetRegisters, ownWord + "ld.param.u64 %x3, [p0]; mov.u32 %r2, %ctaid.x;" + body, 1));
  std::vector<uint32_t> words(128);
  MemoryMap memory;
  memory.add(words.data(), words.size() * 4, "words");
  LaunchShape shape;
  shape.block[0] = 64;
  shape.grid[0] = 2;
  LaunchOptions options;
  options.blockOrder = order;
  if (reads)
    options.globalRaces = LaunchOptions::GlobalRaces::All;
  uint32_t *data = words.data();
  void *parameters[] = {&data};
  auto result = module.launch("k", shape, parameters, memory, options);
  return result.ok() ? "" : result.status().message();
}

TEST(PtxMemory, FindsRacesOfBlocks) {
  using testing::HasSubstr;
  for (uint64_t order : {0, 1, 2}) {
    // Both blocks write the same words; one writes what the other reads.
    EXPECT_THAT(runBlocks("st.global.b32 [%x1], %r2;", order), HasSubstr("race: thread"));
    EXPECT_THAT(runBlocks("setp.eq.u32 %p1, %r2, 0; @%p1 bra R; st.global.b32 [%x1], %r2; ret;\n"
                          "R: ld.global.b32 %r3, [%x1];",
                          order),
                HasSubstr("race: thread"));
    // All may read; words of their own may be written.
    EXPECT_EQ(runBlocks("ld.global.b32 %r3, [%x3];", order), "");
    EXPECT_EQ(runBlocks("mul.wide.u32 %x4, %r2, 256; add.s64 %x1, %x1, %x4;"
                        "ld.global.b32 %r3, [%x1]; st.global.b32 [%x1], %r3;",
                        order),
              "");
    EXPECT_EQ(runBlocks("red.global.add.u32 [%x3], %r1;", order), "");
  }
}

TEST(PtxMemory, LetsReadsRaceThatNobodyUses) {
  std::string reads = "setp.eq.u32 %p1, %r2, 0; @%p1 bra R; st.global.b32 [%x1], %r2; ret;\n"
                      "R: ld.global.b32 %r3, [%x1];";
  EXPECT_EQ(runBlocks(reads, 0, false), "");
  EXPECT_EQ(runBlocks(reads, 1, false), "");
  EXPECT_THAT(runBlocks("st.global.b32 [%x1], %r2;", 0, false), testing::HasSubstr("race: thread"));
}

TEST(PtxMemory, FindsRacesOfThreads) {
  using testing::HasSubstr;
  // Block 0 alone: thread t writes its word and reads that of thread t ^ 32, of the other warp.
  auto exchange = [](const std::string &between) {
    return "setp.ne.u32 %p1, %r2, 0; @%p1 ret; st.global.b32 [%x1], %r1;" + between +
           "xor.b32 %r4, %r1, 32; mul.wide.u32 %x4, %r4, 4; add.s64 %x4, %x4, %x3;"
           "ld.global.b32 %r5, [%x4];";
  };
  for (uint64_t order : {0, 1}) {
    EXPECT_THAT(runBlocks(exchange(""), order), HasSubstr("in no order"));
    EXPECT_THAT(runBlocks(exchange("bar.warp.sync -1;"), order), HasSubstr("in no order"));
    EXPECT_EQ(runBlocks(exchange("bar.sync 0;"), order), "");
    // What was read is written by another thread.
    EXPECT_THAT(runBlocks(exchange("bar.sync 0;") + "st.global.b32 [%x1], %r5;", order),
                HasSubstr("in no order"));
    EXPECT_EQ(runBlocks(exchange("bar.sync 0;") + "bar.sync 0; st.global.b32 [%x1], %r5;", order),
              "");
  }
}

/// What a thread reads by .nc may come from a cache that knows no write of the launch, not even its
/// own.
TEST(PtxMemory, FindsReadsOfWrittenMemoryThatAreNotCoherent) {
  std::string write = "setp.ne.u32 %p1, %r2, 0; @%p1 ret; st.global.b32 [%x1], %r1; bar.sync 0;";
  for (uint64_t order : {0, 1}) {
    EXPECT_EQ(runBlocks(write + "ld.global.b32 %r5, [%x1];", order), "");
    EXPECT_THAT(runBlocks(write + "ld.global.nc.b32 %r5, [%x1];", order),
                testing::HasSubstr("by .nc, which the launch wrote"));
    // Another word, and a write after the read.
    EXPECT_EQ(runBlocks(write + "ld.global.nc.b32 %r5, [%x1+256];", order), "");
    EXPECT_EQ(runBlocks("setp.ne.u32 %p1, %r2, 0; @%p1 ret; ld.global.nc.b32 %r5, [%x1];"
                        "st.global.b32 [%x1], %r5;",
                        order),
              "");
  }
}

TEST(PtxMemory, KeepsLocalMemoryPerThread) {
  BlockOutcome outcome =
      runBlock("mov.b64 %x3, depot; cvta.local.u64 %x4, %x3; st.local.b32 [%x3+4], %r1;"
               "st.b32 [%x4], %r1; ld.b32 %r2, [%x4+4]; ld.local.b32 %r3, [%x3];"
               "add.s32 %r0, %r2, %r3;",
               64, ".local .align 8 .b8 depot[8];");
  EXPECT_EQ(outcome.error, "");
  EXPECT_EQ(outcome.words, wordsOf(64, [](uint32_t t) { return 2 * t; }));
}

TEST(PtxMemory, ReadsConstantsAndKeepsThem) {
  auto text = [](const std::string &body) {
    return ".version 8.0\n.target sm_90\n.address_size 64\n"
           ".const .align 4 .b8 table[8] = {1, 0, 0, 0, 0, 1};\n"
           ".visible .entry k(.param .u64 p0) {" +
           snippetRegisters + ownWord + body + "st.global.b32 [%x1], %r0; ret; }";
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
      snippetRegisters,
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

} // namespace
} // namespace tpc::fake_gpu
