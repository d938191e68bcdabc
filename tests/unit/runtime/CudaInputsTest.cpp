//===- CudaInputsTest.cpp - How the inputs of a step reach a GPU -----------------------------===//
//
// On the doubles of tests/fake_gpu, which read pinned memory when a copy runs, and run nothing
// before somebody waits.
//
//===---------------------------------------------------------------------------------------===//
#include "CudaFixture.h"

#include "runtime/exec/StepInputs.h"
#include "tests/fake_gpu/driver/FakeGpu.h"

#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace tpc;
using namespace tpc::test;
using namespace std::chrono_literals;
using testing::HasSubstr;

namespace {

class CudaInputs : public testing::Test {
protected:
  void SetUp() override {
    gpu_ = openGpu();
    ASSERT_TRUE(gpu_);
    fake_gpu::setOrder(1);
    fake_gpu::takeReports();
  }
  void TearDown() override {
    fake_gpu::hangLaunch(0);
    fake_gpu::endHang();
    fake_gpu::setOrder(1);
  }

  /// Inputs that differ from step to step, and the losses of the steps.
  std::vector<float> losses(int64_t ranks) const {
    fake_gpu::reset(); // a new start
    PlanFile plan = rowSplitLinearOnGpu(ranks).load();
    Result<std::unique_ptr<RunSession>> made = RunSession::create(plan, gpuSession(gpu_));
    EXPECT_TRUE(made.ok()) << made.status().message();
    RunSession &session = **made;
    EXPECT_TRUE(session.prepare(*plan.findEntry("train")).ok());
    const size_t pinned = fake_gpu::inUse().pinned;
    EXPECT_EQ(pinned, size_t(ranks));
    std::vector<float> result;
    uint64_t ordinary = 0;
    StepHooks hooks;
    hooks.bind = [&](int rank, int64_t step) {
      ordinary = rank == 0 ? fake_gpu::inUse().ordinaryUploads : ordinary;
      return session.writeInput(rank, kX, [&](void *memory) {
        for (uint64_t i = 0; i < plan.buffer(kX).bytes() / sizeof(float); ++i)
          static_cast<float *>(memory)[i] = float(step * (rank + 1)) + 0.25f * float(i);
        return Status();
      });
    };
    hooks.done = [&](int64_t, double) -> Result<bool> {
      EXPECT_EQ(fake_gpu::inUse().ordinaryUploads, ordinary);
      EXPECT_EQ(fake_gpu::inUse().pinned, pinned);
      return session
          .read(0, kLoss,
                [&](const void *data) {
                  result.push_back(*static_cast<const float *>(data));
                  return Status();
                })
          .ok();
    };
    EXPECT_TRUE(session
                    .onEveryRank([&](int rank) {
                      return session.write(rank, kW, [&](void *memory) {
                        std::fill_n(static_cast<float *>(memory), plan.buffer(kW).bytes() / 4,
                                    0.5f);
                        return Status();
                      });
                    })
                    .ok());
    Status status = session.runSteps(*plan.findEntry("train"), 1, 5, hooks);
    EXPECT_TRUE(status.ok()) << status.message();
    return result;
  }

  std::shared_ptr<CudaBackend> gpu_;
};

/// One rank's inputs on a device of their own.
struct Alone {
  explicit Alone(CudaBackend &gpu, std::chrono::milliseconds timeout = 60s)
      : device(std::move(*gpu.createDevice())),
        memory(std::move(*RankMemory::create(plan, *device))),
        inputs(std::move(*StepInputs::create(plan, *device, *memory, timeout))) {}

  Status write(int32_t step) const {
    return inputs->write(kStep, [&](void *to) {
      std::memcpy(to, &step, sizeof(step));
      return Status();
    });
  }
  int32_t onDevice() const {
    int32_t step = -1;
    EXPECT_TRUE(device->download(memory->buffer(kStep), &step, sizeof(step)).ok());
    return step;
  }

  PlanFile plan = rowSplitLinearOnGpu(1).load();
  std::unique_ptr<Device> device;
  std::unique_ptr<RankMemory> memory;
  std::unique_ptr<StepInputs> inputs;
};

} // namespace

TEST_F(CudaInputs, AreThoseOfTheStepInEveryOrderOfStreams) {
  for (int64_t ranks : {1, 2, 4}) {
    std::vector<float> first;
    for (uint64_t order = 0; order < 8; ++order) {
      fake_gpu::setOrder(order);
      std::vector<float> now = losses(ranks);
      ASSERT_EQ(now.size(), 5u);
      first = order == 0 ? now : first;
      EXPECT_EQ(now, first) << ranks << " ranks, order " << order;
    }
    // y = x . w^T with w = 0.5: six times half the sum of x.
    float sum = 0;
    for (int64_t rank = 0; rank < ranks; ++rank)
      for (int64_t i = 0; i < 32 / ranks; ++i)
        sum += float(rank + 1) + 0.25f * float(i);
    EXPECT_FLOAT_EQ(first[0], 3 * sum);
  }
  EXPECT_THAT(fake_gpu::takeReports(), testing::IsEmpty());
}

TEST_F(CudaInputs, AreNotOverwrittenWhileTheyAreRead) {
  Alone alone(*gpu_);
  Stream stream = alone.device->stream(0);
  ASSERT_TRUE(alone.write(1).ok());
  ASSERT_TRUE(alone.inputs->enqueue(stream).ok());
  // Nothing waits for the copy but this.
  ASSERT_TRUE(alone.write(2).ok());
  EXPECT_EQ(alone.onDevice(), 1);
  ASSERT_TRUE(alone.inputs->enqueue(stream).ok());
  EXPECT_EQ(alone.onDevice(), 2);
}

TEST_F(CudaInputs, AreWaitedForNoLongerThanTheTimeout) {
  constexpr char kPtx[] = ".version 8.0\n.target sm_90\n.address_size 64\n"
                          ".visible .entry nothing() { ret; }\n";
  Alone alone(*gpu_, 50ms);
  Result<std::unique_ptr<KernelModule>> module =
      alone.device->load({reinterpret_cast<const uint8_t *>(kPtx), sizeof(kPtx)}, "sm_90");
  ASSERT_TRUE(module.ok()) << module.status().message();
  fake_gpu::hangLaunch(1);
  Stream stream = alone.device->stream(0);
  ASSERT_TRUE(
      alone.device->launch(stream, {*(*module)->function("nothing"), {}, 1, 1, 0}, {}).ok());
  ASSERT_TRUE(alone.write(1).ok());
  ASSERT_TRUE(alone.inputs->enqueue(stream).ok());
  Status late = alone.write(2);
  EXPECT_EQ(late.code(), Code::RankFailed);
  EXPECT_THAT(late.message(), HasSubstr("are not copied to the device after 50 ms"));
  fake_gpu::hangLaunch(0);
  fake_gpu::endHang();
  EXPECT_TRUE(alone.write(3).ok());
  EXPECT_EQ(alone.onDevice(), 1);
}

TEST_F(CudaInputs, AreSeenByWhoReadsBetweenSteps) {
  PlanFile plan = rowSplitLinearOnGpu(2).load();
  Result<std::unique_ptr<RunSession>> session = RunSession::create(plan, gpuSession(gpu_));
  ASSERT_TRUE(session.ok()) << session.status().message();
  // x, of half its columns, and the step number, each on 64 bytes of its own.
  EXPECT_EQ((*session)->stagedBytes(), 2u * (64 + 64));
  auto store = [](int32_t value) {
    return [value](void *memory) {
      std::memcpy(memory, &value, sizeof(value));
      return Status();
    };
  };
  auto onRank1 = [&] {
    int32_t value = -1;
    EXPECT_TRUE((*session)
                    ->read(1, kStep,
                           [&](const void *data) {
                             std::memcpy(&value, data, sizeof(value));
                             return Status();
                           })
                    .ok());
    return value;
  };
  ASSERT_TRUE((*session)->writeInput(1, kStep, store(7)).ok());
  EXPECT_EQ(onRank1(), 7);
  // What is written later stays.
  ASSERT_TRUE((*session)->writeInput(1, kStep, store(8)).ok());
  ASSERT_TRUE((*session)->write(1, kStep, store(9)).ok());
  EXPECT_EQ(onRank1(), 9);
  EXPECT_EQ((*session)->writeInput(1, kW, store(1)).code(), Code::Internal);
}
