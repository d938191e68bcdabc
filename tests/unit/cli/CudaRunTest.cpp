//===- CudaRunTest.cpp - tpc run on one GPU, from outside ----------------------------------===//
//
// The program runs plans made by hand on the double of a GPU (tests/fake_gpu).
//
//===---------------------------------------------------------------------------------------===//
#include "tests/unit/cli/CommandLineFixture.h"
#include "tests/unit/runtime/CudaFixture.h"

#include <cmath>
#include <fstream>

using namespace tpc;
using namespace tpc::test;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

namespace {

class CudaRun : public CommandLine {
protected:
  void SetUp() override {
#ifndef TPC_FAKE_GPU
    GTEST_SKIP() << "CUDA's headers are not there";
#else
    gpu_ = "LD_LIBRARY_PATH=" TPC_FAKE_GPU " ";
#endif
  }

  Outcome run(const std::string &words, const std::string &variables = "") const {
    return tpc("run " + words, gpu_ + variables);
  }

  /// The numbers behind `"loss": `.
  static std::vector<double> lossesOf(const std::string &log) {
    std::vector<double> losses;
    const std::string key = "\"loss\": ";
    for (size_t at = log.find(key); at != std::string::npos; at = log.find(key, at + 1))
      losses.push_back(std::stod(log.substr(at + key.size())));
    return losses;
  }

  std::string gpu_;
};

} // namespace

TEST_F(CudaRun, TrainsAsOnCpu) {
  for (int64_t ranks : {1, 2, 4}) {
    std::string options = " --steps 4 --log-json -";
    Outcome cpu = tpc("run " + write(rowSplitLinear(ranks)) + options);
    ASSERT_EQ(cpu.status, 0) << cpu.err;
    std::string plan = write(rowSplitLinearOnGpu(ranks), "cuda.plan");
    Outcome gpu = run(plan + " --comm local" + options);
    ASSERT_EQ(gpu.status, 0) << gpu.err;
    std::vector<double> expected = lossesOf(cpu.out), losses = lossesOf(gpu.out);
    ASSERT_EQ(losses.size(), 4u);
    for (size_t i = 0; i < losses.size(); ++i)
      EXPECT_NEAR(losses[i], expected[i], 1e-5 * std::abs(expected[i]));
    EXPECT_THAT(gpu.err, AllOf(HasSubstr("cuBLASLt"), HasSubstr("memory   predicted"),
                               HasSubstr(" on the GPU (driver, libraries")));
  }
}

TEST_F(CudaRun, TheListOfAlgorithmsIsNothingElse) {
  std::string plan = write(rowSplitLinearOnGpu(1), "cuda.plan");
  for (const char *option : {"--save", "--log-json", "--profile"})
    expectRefusal("run " + plan + " --steps 1 " + option + " " + plan + ".algorithms", 2,
                  std::string(option) + " would overwrite '" + plan +
                      ".algorithms', which is the plan's list of algorithms",
                  gpu_);
}

TEST_F(CudaRun, TheOrderOfStreamsChangesNothing) {
  std::string words =
      write(rowSplitLinearOnGpu(4), "cuda.plan") + " --comm local --steps 4 --save ";
  std::string first;
  for (int order = 0; order < 8; ++order) {
    std::string saved = path("saved" + std::to_string(order));
    Outcome outcome = run(words + saved, "TPC_FAKE_GPU_ORDER=" + std::to_string(order));
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    EXPECT_THAT(outcome.err, Not(HasSubstr("fake GPU:")));
    first = order == 0 ? contents(saved) : first;
    EXPECT_EQ(contents(saved), first);
  }
}

TEST_F(CudaRun, OneRankNeedsNoWord) {
  Outcome outcome = run(write(rowSplitLinearOnGpu(1), "cuda.plan"));
  EXPECT_EQ(outcome.status, 0) << outcome.err;
}

TEST_F(CudaRun, ResumesWhereItStopped) {
  std::string plan = write(rowSplitLinearOnGpu(2), "cuda.plan") + " --comm local";
  std::string whole = path("whole"), half = path("half"), resumed = path("resumed");
  ASSERT_EQ(run(plan + " --steps 4 --save " + whole).status, 0);
  ASSERT_EQ(run(plan + " --steps 2 --save " + half).status, 0);
  Outcome outcome = run(plan + " --steps 2 --resume " + half + " --save " + resumed);
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(contents(resumed), contents(whole));
}

TEST_F(CudaRun, KeepsItsAlgorithmsBesideThePlan) {
  std::string plan = write(rowSplitLinearOnGpu(2), "cuda.plan");
  ASSERT_EQ(run(plan + " --comm local").status, 0);
  std::string kept = contents(plan + ".algorithms");
  EXPECT_THAT(kept, AllOf(testing::StartsWith("tpc gemm algorithms 1\nplan "),
                          HasSubstr("; cublasLt "), HasSubstr("m4,n6,k4,b1,tb,")));
  ASSERT_EQ(run(plan + " --comm local").status, 0);
  EXPECT_EQ(contents(plan + ".algorithms"), kept);
  // What is damaged or of another plan counts for nothing.
  std::ofstream(plan + ".algorithms") << "tpc gemm algorithms 1\nplan 0; another\nm4 zz\n";
  ASSERT_EQ(run(plan + " --comm local").status, 0);
  EXPECT_EQ(contents(plan + ".algorithms"), kept);
}

TEST_F(CudaRun, WritesAProfile) {
  std::string plan = write(rowSplitLinearOnGpu(2), "cuda.plan");
  Outcome outcome = run(plan + " --comm local --steps 3 --profile " + path("trace.json"));
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(contents(path("trace.json")),
              AllOf(HasSubstr("\"fc: all_reduce\""), HasSubstr("\"pid\": 1, \"tid\": 1"),
                    HasSubstr("\"step\": 3")));
}

TEST_F(CudaRun, SaysHowFastStepsAre) {
  PlanBuilder b = rowSplitLinearOnGpu(2);
  b.plan.hardware = std::make_unique<plan::HardwareT>();
  b.plan.hardware->name = "gpu";
  b.plan.hardware->gemm_flops_per_second = 1e12;
  b.plan.entries[0]->model_flops = 1'000'000;
  std::string plan = write(std::move(b), "cuda.plan") + " --comm local --steps ";
  Outcome outcome = run(plan + "3");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.err,
              testing::ContainsRegex("speed    [0-9.]+ ms a step [^\n]*, [0-9.]+% of gpu's 1.0 "
                                     "TFLOP/s\n"));
  // The first two steps are not like the others.
  EXPECT_THAT(run(plan + "2").err, Not(HasSubstr("speed ")));
}

TEST_F(CudaRun, WhatIsMissingEndsWithFive) {
  std::string words = write(rowSplitLinearOnGpu(2), "cuda.plan") + " --comm local";
  Outcome none = run(words, "TPC_FAKE_GPU_DEVICES=0");
  EXPECT_EQ(none.status, 5) << none.err;
  EXPECT_THAT(none.err, AllOf(HasSubstr("tpc: error: "), HasSubstr("hint: ")));
  Outcome small = run(words, "TPC_FAKE_GPU_MEMORY=4096");
  EXPECT_EQ(small.status, 5) << small.err;
  EXPECT_THAT(small.err, HasSubstr("2 rank(s) need 0.0 MiB of a GPU"));
  // cuBLASLt of CUDA 13, and none of 12.
  Outcome old = run(words, "TPC_FAKE_GPU_DRIVER=12040");
  EXPECT_EQ(old.status, 5) << old.err;
  EXPECT_THAT(old.err, AllOf(HasSubstr("cuBLASLt 13."), HasSubstr("does not start"),
                             HasSubstr("this driver is of CUDA 12.4")));
}

TEST_F(CudaRun, AFailingKernelEndsWithThree) {
  std::string words = write(rowSplitLinearOnGpu(2), "cuda.plan") + " --comm local --steps 5";
  // The reductions are the only kernels: the first one, and one of a replayed graph.
  for (int launch : {1, 4}) {
    Outcome outcome = run(words, "TPC_FAKE_GPU_FAIL_LAUNCH=" + std::to_string(launch));
    EXPECT_EQ(outcome.status, 3) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr("failed in step " + std::to_string(launch)));
    EXPECT_THAT(outcome.err, HasSubstr("work on the GPU failed: unspecified launch failure "
                                       "(CUDA_ERROR_LAUNCH_FAILED)"));
    bool isGraph = outcome.err.find("which was launched as one graph") != std::string::npos;
    EXPECT_EQ(isGraph, launch == 4);
    EXPECT_THAT(outcome.err, HasSubstr("hint: --check-memory runs one instruction at a time"));
    Outcome checked =
        run(words + " --check-memory", "TPC_FAKE_GPU_FAIL_LAUNCH=" + std::to_string(launch));
    EXPECT_EQ(checked.status, 3) << checked.err;
    EXPECT_THAT(checked.err, HasSubstr("failed in step " + std::to_string(launch) +
                                       " at instruction 1 'fc: all_reduce'"));
  }
}

TEST_F(CudaRun, AKernelThatNeverEndsEndsWithThree) {
  std::string words =
      write(rowSplitLinearOnGpu(2), "cuda.plan") + " --comm local --steps 5 --timeout 1";
  Outcome first = run(words, "TPC_FAKE_GPU_HANG_LAUNCH=1");
  EXPECT_EQ(first.status, 3) << first.err;
  EXPECT_THAT(first.err, AllOf(HasSubstr("ranks 0 to 1, which share a device, failed in step 1: "
                                         "work on the device has not ended after 1000 ms"),
                               HasSubstr("of rank 0 instruction 0 'fc: linear'"),
                               HasSubstr("of rank 1 instruction 0 'fc: linear'"),
                               HasSubstr("hint: --check-memory runs one instruction at a time")));
  Outcome graph = run(words, "TPC_FAKE_GPU_HANG_LAUNCH=3");
  EXPECT_EQ(graph.status, 3) << graph.err;
  EXPECT_THAT(graph.err, HasSubstr("failed in step 3, which was launched as one graph: work on the "
                                   "device has not ended after 1000 ms\n"));
  Outcome checked = run(words + " --check-memory", "TPC_FAKE_GPU_HANG_LAUNCH=3");
  EXPECT_EQ(checked.status, 3) << checked.err;
  EXPECT_THAT(checked.err, AllOf(HasSubstr("rank 1 failed in step 3 at instruction 1 "
                                           "'fc: all_reduce'"),
                                 HasSubstr("it has not ended on the device after 1000 ms"),
                                 HasSubstr("hint: --timeout waits longer")));
}

TEST_F(CudaRun, CheckMemoryGivesTheSameBits) {
  for (int64_t ranks : {1, 2, 4}) {
    std::string words =
        write(rowSplitLinearOnGpu(ranks), "cuda.plan") + " --comm local --steps 4 --log-json ";
    Outcome plain = run(words + path("plain.json") + " --save " + path("plain"));
    ASSERT_EQ(plain.status, 0) << plain.err;
    Outcome checked =
        run(words + path("checked.json") + " --check-memory --save " + path("checked"));
    ASSERT_EQ(checked.status, 0) << checked.err;
    EXPECT_THAT(checked.err, AllOf(HasSubstr("no buffer shares bytes with another"),
                                   Not(HasSubstr("fake GPU:"))));
    EXPECT_EQ(lossesOf(contents(path("checked.json"))), lossesOf(contents(path("plain.json"))));
    EXPECT_EQ(contents(path("checked")), contents(path("plain")));
  }
}
