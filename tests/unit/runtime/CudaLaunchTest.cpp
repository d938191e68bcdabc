//===- CudaLaunchTest.cpp - Launches of kernels on a GPU --------------------------------------===//
//
// On the doubles of tests/fake_gpu, which hold launches to the limits of an H200.
//
//===---------------------------------------------------------------------------------------===//
#include "runtime/device/cuda/CudaBackend.h"
#include "tests/fake_gpu/driver/FakeGpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cuda.h>
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

TEST_F(CudaLaunch, WhatIsLoadedIsGivenBackOnAnyThread) {
  // A new thread has no context, and what it gives back must find its own.
  std::thread([&] {
    module_.reset();
    device_.reset();
    backend_.reset();
  }).join();
  EXPECT_THAT(fake_gpu::takeReports(), testing::IsEmpty());
}
