//===- CudaLaunchTest.cpp - Kernels and products that a GPU is given ------------------------===//
//
// On the doubles of tests/fake_gpu, which hold launches to the limits of an H200.
//
//===---------------------------------------------------------------------------------------===//
#include "runtime/device/cuda/CudaBackend.h"
#include "tests/fake_gpu/driver/FakeGpu.h"
#include "tests/unit/support/Temporary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cuda.h>
#include <fstream>
#include <iterator>
#include <thread>

using namespace tpc;

namespace {

constexpr char kPtx[] = R"(.version 8.0
.target sm_90
.address_size 64
.extern .shared .align 16 .b8 more[];
.visible .entry shares() {
  .shared .align 16 .b8 fixed[1024]; ret;
}
)";

class CudaLaunch : public testing::Test {
protected:
  void SetUp() override {
    Result<std::unique_ptr<CudaBackend>> backend = openCudaBackend({});
    ASSERT_TRUE(backend.ok()) << backend.status().message();
    backend_ = std::move(*backend);
    Result<std::unique_ptr<Device>> device = backend_->createDevice();
    ASSERT_TRUE(device.ok()) << device.status().message();
    device_ = std::move(*device);
    Result<std::unique_ptr<KernelModule>> module =
        device_->load({reinterpret_cast<const uint8_t *>(kPtx), sizeof(kPtx)}, "sm_90");
    ASSERT_TRUE(module.ok()) << module.status().message();
    module_ = std::move(*module);
    Result<KernelHandle> function = module_->function("shares");
    ASSERT_TRUE(function.ok()) << function.status().message();
    function_ = *function;
    fake_gpu::takeReports();
  }

  Status launch(uint32_t sharedBytes) {
    return device_->launch(device_->stream(0), {function_, {}, 1, 1, sharedBytes}, {});
  }

  std::unique_ptr<CudaBackend> backend_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<KernelModule> module_;
  KernelHandle function_ = nullptr;
};

} // namespace

TEST_F(CudaLaunch, BlocksMayHaveAllSharedMemory) {
  // With the fixed KiB: just above what needs no asking, and all of 227.
  for (uint32_t bytes : {0u, (47u << 10) + 1, 48u << 10, 226u << 10}) {
    Status status = launch(bytes);
    EXPECT_TRUE(status.ok()) << bytes << ": " << status.message();
  }
  EXPECT_FALSE(launch((226u << 10) + 1).ok());
  EXPECT_TRUE(synchronize(*device_).ok());
}

TEST_F(CudaLaunch, AGraphHoldsLaunchesOfAnySize) {
  GraphRecorder &recorder = *device_->graphs();
  ASSERT_TRUE(recorder.begin(device_->stream(0)).ok());
  for (uint32_t bytes : {200u << 10, 60u << 10, 0u})
    EXPECT_TRUE(launch(bytes).ok());
  Result<std::unique_ptr<Graph>> graph = recorder.end(device_->stream(0));
  ASSERT_TRUE(graph.ok()) << graph.status().message();
  EXPECT_TRUE((*graph)->launch(device_->stream(0)).ok());
  EXPECT_TRUE(synchronize(*device_).ok());
  EXPECT_THAT(fake_gpu::takeReports(), testing::IsEmpty());
}

TEST_F(CudaLaunch, RowsOfACopyMayLieFarApart) {
  // Beyond what the driver takes as a pitch; nobody touches what lies between.
  constexpr size_t kPitch = size_t(1) << 31;
  CUdeviceptr far = 0;
  ASSERT_EQ(cuMemAlloc(&far, kPitch + 64), CUDA_SUCCESS);
  void *apart = reinterpret_cast<void *>(far);
  Result<void *> together = device_->allocate(64), back = device_->allocate(64);
  ASSERT_TRUE(together.ok() && back.ok());
  const std::array<int32_t, 2> words = {3, 4};
  std::array<int32_t, 2> read = {};
  Stream stream = device_->stream(0);
  ASSERT_TRUE(device_->upload(words.data(), *together, sizeof(words)).ok());
  ASSERT_TRUE(device_->copy(stream, *together, apart, {4, 2, 4, kPitch}).ok());
  ASSERT_TRUE(device_->copy(stream, apart, *back, {4, 2, kPitch, 4}).ok());
  ASSERT_TRUE(device_->download(*back, read.data(), sizeof(read)).ok());
  EXPECT_EQ(read, words);
  EXPECT_EQ(cuMemFree(far), CUDA_SUCCESS);
}

TEST_F(CudaLaunch, MemoryThatIsNotThereIsComparedWithWhatIs) {
  Result<void *> memory = device_->allocate(size_t(1) << 45);
  EXPECT_EQ(memory.status().code(), Code::Unavailable);
  EXPECT_THAT(memory.status().message(),
              testing::ContainsRegex("cannot allocate 33554432.0 MiB on the GPU, where "
                                     "[1-9][0-9]*[.][0-9] MiB of [1-9][0-9]*[.][0-9] are free"));
  // More ranks need more of a GPU that they share.
  EXPECT_THAT(memory.status().hint(), testing::AllOf(testing::HasSubstr("--memory-limit"),
                                                     testing::Not(testing::HasSubstr("more"))));
  EXPECT_TRUE(device_->allocate(64).ok());
}

TEST_F(CudaLaunch, AProductSaysWhatFailedBeforeIt) {
  Result<void *> memory = device_->allocate(64);
  ASSERT_TRUE(memory.ok());
  fake_gpu::failLaunch(1);
  ASSERT_TRUE(launch(0).ok());
  EXPECT_FALSE(synchronize(*device_).ok());
  GemmShape shape{.m = 2, .n = 2, .k = 2, .lda = 2, .ldb = 2, .ldc = 2};
  Status status = device_->gemm(device_->stream(0), shape, {*memory, *memory, *memory}, {});
  fake_gpu::failLaunch(0);
  fake_gpu::reset();
  EXPECT_THAT(status.message(), testing::AllOf(testing::HasSubstr("work on the GPU failed"),
                                               testing::HasSubstr("CUDA_ERROR_LAUNCH_FAILED"),
                                               testing::HasSubstr("cublasLtMatmul")));
  EXPECT_THAT(status.hint(), testing::HasSubstr("is named is the one that failed"));
}

TEST_F(CudaLaunch, AProposalThatIsNotDoneIsLeftOut) {
  test::TemporaryFile choices;
  CudaOptions options;
  options.timedChoices = true;
  options.choicesPath = choices.path();
  Result<std::unique_ptr<CudaBackend>> backend = openCudaBackend(options);
  ASSERT_TRUE(backend.ok()) << backend.status().message();
  Result<std::unique_ptr<Device>> device = (*backend)->createDevice();
  ASSERT_TRUE(device.ok()) << device.status().message();
  Result<void *> a = (*device)->allocate(16), b = (*device)->allocate(8),
                 c = (*device)->allocate(8);
  ASSERT_TRUE(a.ok() && b.ok() && c.ok());
  // A matrix times a vector: the double of cuBLASLt refuses the last of its proposals.
  GemmShape shape{.m = 2, .n = 1, .k = 2, .lda = 2, .ldb = 1, .ldc = 1};
  Status status = (*device)->prepareGemm(shape, {*a, *b, *c}, {});
  EXPECT_TRUE(status.ok()) << status.message();
  status = (*device)->gemm((*device)->stream(0), shape, {*a, *b, *c}, {});
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_TRUE(synchronize(**device).ok());
}

TEST_F(CudaLaunch, AFileThatStandsInTheWayOfAlgorithmsStays) {
  const std::string content = "a checkpoint";
  test::TemporaryFile file({reinterpret_cast<const uint8_t *>(content.data()), content.size()});
  CudaOptions options;
  options.timedChoices = true;
  options.choicesPath = file.path();
  Result<std::unique_ptr<CudaBackend>> backend = openCudaBackend(options);
  ASSERT_TRUE(backend.ok()) << backend.status().message();
  EXPECT_THAT((*backend)->describe(),
              testing::HasSubstr(" (its algorithms are not kept: '" + file.path() + "' is "));
  EXPECT_THAT(backend_->describe(), testing::Not(testing::HasSubstr("not kept")));
  Result<std::unique_ptr<Device>> device = (*backend)->createDevice();
  ASSERT_TRUE(device.ok()) << device.status().message();
  Result<void *> memory = (*device)->allocate(64);
  ASSERT_TRUE(memory.ok());
  GemmShape shape{.m = 2, .n = 2, .k = 2, .lda = 2, .ldb = 2, .ldc = 2};
  Status status = (*device)->prepareGemm(shape, {*memory, *memory, *memory}, {});
  EXPECT_TRUE(status.ok()) << status.message();
  std::ifstream after(file.path());
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(after), {}), content);
}

TEST_F(CudaLaunch, WhatIsLoadedIsGivenBackOnAnyThread) {
  // A new thread has no context, and what it gives back must find its own.
  std::thread([&] {
    module_.reset();
    device_.reset();
    backend_.reset();
  }).join();
  EXPECT_THAT(fake_gpu::takeReports(), testing::IsEmpty());
}
