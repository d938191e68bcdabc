// Errors of modules and launches, and grids.
#include "tests/unit/fake_gpu/PtxSnippet.h"

#include <numeric>

namespace tpc::fake_gpu {
namespace {

TEST(PtxErrors, NameTheLine) {
  EXPECT_EQ(parseError(kernelText("", "frobnicate.b32 %r1;", 0)),
            "ptx line 6, `frobnicate.b32`: this instruction is not known here");
  EXPECT_NE(parseError(kernelText(snippetRegisters, "add.strange.s32 %r1, %r1, 1;", 0))
                .find("'.strange'"),
            std::string::npos);
  EXPECT_NE(
      parseError(kernelText(snippetRegisters, "bra NOWHERE;", 0)).find("unknown label 'NOWHERE'"),
      std::string::npos);
  EXPECT_NE(
      parseError(kernelText(snippetRegisters, "ld.param.u64 %x1, [q];", 0)).find("parameter 'q'"),
      std::string::npos);
  EXPECT_NE(parseError(kernelText(snippetRegisters, "add.s64 %x1, %x1, %r1;", 0)).find("narrower"),
            std::string::npos);
  EXPECT_NE(parseError(kernelText(snippetRegisters, "atom.global.add.f32 %f1, [%x1], %f2;", 0))
                .find("depends on the order"),
            std::string::npos);
  EXPECT_NE(parseError(kernelText(snippetRegisters, "red.shared.add.f32 [%x1], %f2;", 0))
                .find("depends on the order"),
            std::string::npos);
  EXPECT_NE(parseError(".func (.param .b32 r) f() { ret; }").find("inline"), std::string::npos);
  EXPECT_NE(parseError("hello").find("unknown directive 'hello'"), std::string::npos);
}

TEST(PtxErrors, RefuseMoreParametersThanALanguageHas) {
  const std::string most = kernelText("", "", 4352 / 8), more = kernelText("", "", 4352 / 8 + 1);
  EXPECT_EQ(parseError(most), "");
  EXPECT_EQ(parseError(more),
            "function 'k' has 4360 bytes of parameters, and PTX 8.0 takes at most 4352");
  auto newer = [](unsigned parameters) {
    std::string text = kernelText("", "", parameters);
    return parseError(text.replace(text.find("8.0"), 3, "8.1"));
  };
  EXPECT_EQ(newer(4352 / 8 + 1), "");
  EXPECT_NE(newer(32764 / 8 + 1).find("takes at most 32764"), std::string::npos);
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
      snippetRegisters,
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
  PtxModule module = parseOrFail(
      kernelText(snippetRegisters,
                 "mov.u32 %r1, %tid.x; ld.param.u64 %x1, [p0]; red.global.add.u32 [%x1], %r1;", 1));
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
