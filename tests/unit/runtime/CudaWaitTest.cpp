// The host does not wait for ever for a GPU that hangs: not for uploads, downloads and memory
// either.
#include "runtime/device/cuda/CudaBackend.h"
#include "tests/fake_gpu/driver/FakeGpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

namespace tpc {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr char kPtx[] = ".version 8.0\n.target sm_90\n.address_size 64\n"
                        ".visible .entry nothing() { ret; }\n";

class CudaWait : public testing::Test {
protected:
  void SetUp() override {
    CudaOptions options;
    options.timeout = 50ms;
    Result<std::unique_ptr<CudaBackend>> backend = openCudaBackend(options);
    ASSERT_TRUE(backend.ok()) << backend.status().message();
    backend_ = std::move(*backend);
    Result<std::unique_ptr<Device>> device = backend_->createDevice();
    ASSERT_TRUE(device.ok()) << device.status().message();
    device_ = std::move(*device);
    Result<void *> memory = device_->allocate(sizeof(words_));
    ASSERT_TRUE(memory.ok()) << memory.status().message();
    memory_ = *memory;
    Result<std::unique_ptr<KernelModule>> module =
        device_->load({reinterpret_cast<const uint8_t *>(kPtx), sizeof(kPtx)}, "sm_90");
    ASSERT_TRUE(module.ok()) << module.status().message();
    module_ = std::move(*module);
    Result<KernelHandle> function = module_->function("nothing");
    ASSERT_TRUE(function.ok()) << function.status().message();
    fake_gpu::hangLaunch(1);
    ASSERT_TRUE(device_->launch(device_->stream(0), {*function, {}, 1, 1, 0}, {}).ok());
  }
  void TearDown() override {
    fake_gpu::hangLaunch(0);
    fake_gpu::endHang();
  }

  static void expectLate(const Status &status) {
    EXPECT_EQ(status.code(), Code::RankFailed);
    EXPECT_THAT(status.message(), HasSubstr("work on the GPU has not ended after 50 ms"));
    EXPECT_THAT(status.hint(), HasSubstr("--timeout"));
  }

  std::unique_ptr<CudaBackend> backend_;
  std::unique_ptr<KernelModule> module_;
  std::unique_ptr<Device> device_;
  std::array<int32_t, 4> words_ = {1, 2, 3, 4};
  void *memory_ = nullptr;
};

TEST_F(CudaWait, IsBounded) {
  expectLate(device_->upload(words_.data(), memory_, sizeof(words_)));
  expectLate(device_->download(memory_, words_.data(), sizeof(words_)));
  Status allocated = device_->allocate(64).status();
  expectLate(allocated);
  fake_gpu::endHang();
  std::array<int32_t, 4> back = {};
  EXPECT_TRUE(device_->upload(words_.data(), memory_, sizeof(words_)).ok());
  EXPECT_TRUE(device_->download(memory_, back.data(), sizeof(back)).ok());
  EXPECT_EQ(back, words_);
}

TEST_F(CudaWait, WhatIsInUseForEverIsLeft) {
  // To free memory, to unload kernels, to destroy a handle of cuBLASLt and to release the context:
  // each would wait for the GPU.
  device_.reset();
  module_.reset();
  backend_.reset();
  fake_gpu::endHang();
  // What it held is still there, and the driver says so when the process ends.
  EXPECT_NE(fake_gpu::hostView(reinterpret_cast<CUdeviceptr>(memory_)), nullptr);
}

} // namespace
} // namespace tpc
