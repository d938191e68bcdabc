//===- PlanFileTest.cpp - What loading accepts and refuses ------------------------------------===//

#include "PlanFixture.h"

#include "runtime/plan/PlanWriter.h"
#include "tests/unit/support/Temporary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <unistd.h>

using namespace tpc;
using namespace tpc::test;
using testing::HasSubstr;

TEST(PlanFile, LoadsWhatWasSealed) {
  for (int64_t ranks : {1, 2, 4, 8}) {
    PlanFile file = rowSplitLinear(ranks).load();
    EXPECT_EQ(file.mesh().numRanks(), ranks);
    EXPECT_EQ(file.entryNames(), "train, forward");
    EXPECT_NE(file.findEntry("forward"), nullptr);
    EXPECT_EQ(file.findEntry("loss"), nullptr);
  }
}

TEST(PlanFile, OpensAFile) {
  TemporaryFile temporary;
  const std::string &path = temporary.path();
  std::vector<uint8_t> bytes = rowSplitLinear(2).seal();
  ASSERT_TRUE(writeFileAtomically(path, bytes).ok());
  Result<PlanFile> file = PlanFile::open(path);
  ASSERT_TRUE(file.ok()) << file.status().message();
  EXPECT_TRUE(std::ranges::equal(file->bytes(), bytes));
  std::remove(path.c_str());
  EXPECT_THAT(PlanFile::open(path).status().message(), HasSubstr("cannot open"));
}

TEST(PlanFile, NothingButAFileIsReplaced) {
  TemporaryFile temporary;
  const std::string &path = temporary.path();
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  uint8_t byte = 1;
  EXPECT_THAT(writeFileAtomically(path, {&byte, 1}).message(), HasSubstr("not a regular file"));
  struct stat info;
  EXPECT_TRUE(stat(path.c_str(), &info) == 0 && S_ISFIFO(info.st_mode));
}

TEST(PlanFile, SealingIsAFunctionOfThePlan) {
  EXPECT_EQ(rowSplitLinear(2).seal(), rowSplitLinear(2).seal());
}

TEST(PlanFile, RefusesEveryDamagedByte) {
  std::vector<uint8_t> bytes = rowSplitLinear(2).seal();
  for (size_t i = 0; i < bytes.size(); i += 7) {
    bytes[i] ^= 0x10;
    EXPECT_FALSE(PlanFile::fromBytes(bytes).ok()) << "byte " << i;
    bytes[i] ^= 0x10;
  }
  for (size_t size : {size_t(0), size_t(10), bytes.size() / 2, bytes.size() - 1})
    EXPECT_FALSE(PlanFile::fromBytes({bytes.begin(), bytes.begin() + size}).ok()) << size;
}

TEST(PlanFile, RefusesOtherFilesAndVersions) {
  EXPECT_THAT(refusal(std::vector<uint8_t>(100, 'x')), HasSubstr("not a plan file"));
  PlanBuilder b = rowSplitLinear(1);
  std::vector<uint8_t> bytes = b.seal();
  auto *root = flatbuffers::GetMutableRoot<flatbuffers::Table>(bytes.data());
  root->SetField<uint32_t>(plan::Plan::VT_FORMAT_VERSION, kPlanFormatVersion + 1, 0);
  EXPECT_THAT(refusal(bytes),
              HasSubstr("format version " + std::to_string(kPlanFormatVersion + 1)));
}

TEST(PlanFile, RefusesBrokenBuffers) {
  EXPECT_THAT(refusalAfter([](auto &p) { p.buffers[kY]->arena = 9; }), HasSubstr("arena 9"));
  EXPECT_THAT(refusalAfter([](auto &p) { p.buffers[kY]->offset += 4; }),
              HasSubstr("no multiple of 64"));
  EXPECT_THAT(refusalAfter([](auto &p) {
                p.arenas[p.buffers[kY]->arena]->kind = plan::ArenaKind::workspace;
                p.buffers[kY]->offset = 64;
              }),
              HasSubstr("its offset 64 is no multiple of 256"));
  EXPECT_THAT(refusalAfter([](auto &p) { p.buffers[kY]->offset = ~0ull - 63; }),
              HasSubstr("beyond its arena"));
  EXPECT_THAT(refusalAfter([](auto &p) { p.arenas[0]->bytes = 64; }),
              HasSubstr("beyond its arena"));
  EXPECT_THAT(refusalAfter([](auto &p) { p.buffers[kY]->bytes += 4; }),
              HasSubstr("do not hold 24 elements of f32"));
  EXPECT_THAT(refusalAfter([](auto &p) { p.buffers[kW]->local_shape[1] = 8; }),
              HasSubstr("local shape"));
  EXPECT_THAT(refusalAfter([](auto &p) { p.buffers[kW]->global_shape[1] = 9; }),
              HasSubstr("global shape"));
  EXPECT_THAT(
      refusalAfter([](auto &p) { p.buffers[kW]->sharding->dims[1]->factors[0]->axes = {3}; }),
      HasSubstr("sharding is wrong"));
  EXPECT_THAT(refusalAfter([](auto &p) { p.buffers[kW]->sharding->dims[1]->factors.clear(); }),
              HasSubstr("no factor"));
}

TEST(PlanFile, RefusesBrokenBindings) {
  EXPECT_THAT(refusalAfter([](auto &p) { p.parameters[0]->buffer = 99; }),
              HasSubstr("parameter 'fc.weight': its buffer 99"));
  EXPECT_THAT(refusalAfter([](auto &p) { p.entries[0]->inputs[0]->default_f64.pop_back(); }),
              HasSubstr("input 'x': its default has 31 elements"));
  EXPECT_THAT(refusalAfter([](auto &p) { p.entries[0]->step_buffer = kY; }),
              HasSubstr("step number"));
  EXPECT_THAT(refusalAfter([](auto &p) { p.entries[1]->name = "train"; }),
              HasSubstr("two entries"));
  EXPECT_THAT(refusalAfter([](auto &p) { p.entries[0]->outputs[1]->name = "loss"; }),
              HasSubstr("two outputs"));
  EXPECT_THAT(refusalAfter([](auto &p) { p.entries[0]->outputs[1]->shape = {5, 5}; }),
              HasSubstr("output 'y': its shape has 25 elements, and its buffer 24"));
  EXPECT_THAT(refusalAfter([](auto &p) { p.entries[0]->outputs[1]->shape = {-4, -6}; }),
              HasSubstr("output 'y': its shape is negative somewhere"));
}

TEST(PlanFile, RefusesBrokenInstructions) {
  EXPECT_THAT(refusalAfter([](auto &p) { train(p, 1).waits = {1}; }),
              HasSubstr("does not come before"));
  EXPECT_THAT(refusalAfter([](auto &p) { train(p, 0).operands[0]->buffer = 50; }),
              HasSubstr("buffer 50"));
  EXPECT_THAT(refusalAfter([](auto &p) { train(p, 0).operands[0]->offset = 4; }),
              HasSubstr("operand 0 ends beyond its buffer"));
  EXPECT_THAT(refusalAfter([](auto &p) { train(p, 0).body.AsGemm()->k = 5; }),
              HasSubstr("leading dimension"));
  EXPECT_THAT(refusalAfter([](auto &p) { train(p, 0).body.AsGemm()->ldc = int64_t(1) << 62; }),
              HasSubstr("beyond operand 2"));
  EXPECT_THAT(refusalAfter([](auto &p) { train(p, 0).body.AsGemm()->accumulate = true; }),
              HasSubstr("operand 2 says write, and its body does read_write"));
  EXPECT_THAT(
      refusalAfter([](auto &p) { train(p, 0).body.AsGemm()->result_dtype = plan::DType::bf16; }),
      HasSubstr("a gemm of f32 that gives bf16"));
  EXPECT_THAT(refusalAfter([](auto &p) { train(p, 0).body.AsGemm()->workspace_bytes = 64; }),
              HasSubstr("its workspace has 64 bytes, and the CPU needs"));
  EXPECT_THAT(refusalAfter([](auto &p) { train(p, 0).body.AsGemm()->workspace_bytes = 0; }),
              HasSubstr("4 operands and needs 3"));
  auto addBias = [](plan::PlanT &p) {
    train(p, 0).body.AsGemm()->bias = true;
    auto &operands = train(p, 0).operands;
    auto bias = std::make_unique<plan::SliceT>(*operands[0]);
    operands.insert(operands.begin() + 3, std::move(bias));
  };
  EXPECT_THAT(refusalAfter([](auto &p) { train(p, 0).body.AsGemm()->bias = true; }),
              HasSubstr("4 operands and needs 5"));
  EXPECT_THAT(refusalAfter(addBias), HasSubstr("a gemm on CPU with a bias"));
  EXPECT_THAT(refusalAfter([](auto &p) { train(p, 1).body.AsCollective()->axis = 1; }),
              HasSubstr("axis 1"));
  EXPECT_THAT(refusalAfter([](auto &p) {
                train(p, 1).body.AsCollective()->kind = plan::CollectiveKind::all_gather;
              }),
              HasSubstr("beyond operand 1"));
  EXPECT_THAT(refusalAfter([](auto &p) { train(p, 0).operands.pop_back(); }), HasSubstr("needs 4"));
  plan::KernelLaunchT launch;
  launch.function = "f";
  EXPECT_THAT(refusalAfter([&](auto &p) { train(p, 0).body.Set(plan::KernelLaunchT(launch)); }),
              HasSubstr("kernel image 0"));
}

TEST(PlanFile, RefusesCollectivesOutOfOrder) {
  PlanBuilder b = rowSplitLinear(2);
  b.allReduce("again", 0, reads(kPart, 3), writes(kY, 10), 0, {3});
  b.plan.entries[1]->instructions.back()->body.AsCollective()->sequence = 0;
  EXPECT_THAT(refusal(b.seal()), HasSubstr("order of collectives"));
}
