//===- CudaPlanTest.cpp - What loading demands of plans for cuda ------------------------------===//
#include "CudaFixture.h"

#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace tpc;
using namespace tpc::test;
using testing::HasSubstr;

namespace {

std::string gpuRefusalAfter(const Mutation &mutate) {
  return refusalAfter(mutate, rowSplitLinearOnGpu(2));
}

plan::InstructionT &reduction(plan::PlanT &plan) { return *plan.entries[0]->instructions[1]; }
plan::KernelLaunchT &kernel(plan::PlanT &plan) {
  return *reduction(plan).body.AsCollective()->tensors[0]->kernel;
}

} // namespace

TEST(CudaPlan, BlocksAreWhatAGpuTakes) {
  for (uint32_t threads : {0u, 1025u})
    EXPECT_THAT(gpuRefusalAfter([&](plan::PlanT &plan) { kernel(plan).threads = threads; }),
                HasSubstr(std::to_string(threads) + " threads a block"));
  EXPECT_THAT(gpuRefusalAfter([](plan::PlanT &plan) { kernel(plan).shared_bytes = 1 << 20; }),
              HasSubstr("more blocks or shared memory"));
  EXPECT_THAT(gpuRefusalAfter([](plan::PlanT &plan) { kernel(plan).tiles = int64_t(1) << 31; }),
              HasSubstr("more blocks or shared memory"));
  EXPECT_THAT(gpuRefusalAfter([](plan::PlanT &plan) { kernel(plan).image = 1; }),
              HasSubstr("kernel image 1 does not exist"));
}

TEST(CudaPlan, KernelsAreForTheTarget) {
  EXPECT_THAT(gpuRefusalAfter([](plan::PlanT &plan) { plan.images[0]->target = "x86_64"; }),
              HasSubstr("is not for nvptx64"));
  EXPECT_THAT(gpuRefusalAfter([](plan::PlanT &plan) { plan.target = "tpu"; }),
              HasSubstr("target 'tpu'"));
}

TEST(CudaPlan, ReductionsOfSeveralRanksHaveKernels) {
  auto drop = [](plan::PlanT &plan) {
    reduction(plan).body.AsCollective()->tensors[0]->kernel.reset();
  };
  EXPECT_THAT(gpuRefusalAfter(drop), HasSubstr("without a kernel for ranks that share a GPU"));
  EXPECT_EQ(rowSplitLinearOnGpu(1).load().mesh().numRanks(), 1);
}

TEST(CudaPlan, ABiasIsWhatTheLibraryAdds) {
  auto withBias = [](const std::function<void(plan::GemmT &, plan::SliceT &)> &mutate) {
    return [&mutate](plan::PlanT &plan) {
      plan::InstructionT &product = *plan.entries[0]->instructions[0];
      plan::GemmT &gemm = *product.body.AsGemm();
      gemm.bias = true;
      // As many bytes of an input as the bias has.
      auto bias = std::make_unique<plan::SliceT>(*product.operands[0]);
      bias->bytes = gemm.n * sizeof(float);
      mutate(gemm, *bias);
      product.operands.insert(product.operands.begin() + 3, std::move(bias));
    };
  };
  EXPECT_THAT(gpuRefusalAfter(withBias([](plan::GemmT &, plan::SliceT &bias) { --bias.bytes; })),
              HasSubstr("beyond operand 3"));
  EXPECT_THAT(gpuRefusalAfter(withBias(
                  [](plan::GemmT &, plan::SliceT &bias) { bias.access = plan::Access::write; })),
              HasSubstr("operand 3 says write, and its body does read"));
  EXPECT_THAT(gpuRefusalAfter(withBias([](plan::GemmT &gemm, plan::SliceT &) {
                gemm.batch = 2;
                gemm.stride_c = 1;
              })),
              HasSubstr("or has several products"));
}

TEST(CudaPlan, AGpuHasTwoStreams) {
  EXPECT_THAT(gpuRefusalAfter([](plan::PlanT &plan) { reduction(plan).stream = 2; }),
              HasSubstr("its stream 2 is neither 0 nor 1"));
}

TEST(CudaPlan, CpuPlansHaveNothingOfIt) {
  EXPECT_THAT(gpuRefusalAfter([](plan::PlanT &plan) { plan.target = "cpu"; }),
              HasSubstr("a collective on CPU with a kernel"));
  auto addLaunch = [](plan::PlanT &plan) {
    auto image = std::make_unique<plan::KernelImageT>();
    image->target = "x86_64";
    image->level = "x86-64-v3";
    plan.images.push_back(std::move(image));
    plan::KernelLaunchT launch;
    launch.function = "f";
    launch.threads = 32;
    plan.entries[0]->instructions[2]->body.Set(std::move(launch));
  };
  EXPECT_THAT(refusalAfter(addLaunch), HasSubstr("on CPU with threads or shared memory"));
}
