//===- CudaTeardownTest.cpp - In which order a session with processes ends -------------------===//
//
// A group of one process stands in for NCCL. When it ends, no work may run, no graph may hold a
// collective, and memory that collectives used must still be there: NCCL may have registered it.
//
//===---------------------------------------------------------------------------------------===//
#include "CudaFixture.h"

#include "tests/fake_gpu/driver/FakeGpu.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace tpc;
using namespace tpc::test;

namespace {

/// What a group saw when it ended.
struct End {
  bool came = false, wasIdle = false, hadMemory = true;
  size_t graphs = 0, mostGraphs = 0;
  std::string failure;
};

/// Copies on the stream of its caller, and remembers the memory.
class OneRank final : public Communicator {
public:
  explicit OneRank(Device *const &device) : device_(device) {}
  int size() const override { return 1; }
  int coordinate() const override { return 0; }
  Status run(const CollectiveCall &call, Stream stream) override {
    const CollectiveTensor &tensor = call.tensors[0];
    used_ = tensor.output;
    return device_->copy(
        stream, tensor.input, tensor.output,
        {.bytes = size_t(tensor.outer * tensor.mid * tensor.inner) * byteSize(tensor.dtype)});
  }
  void abort(const Status &) override {}
  const void *used() const { return used_; }

private:
  Device *const &device_;
  const void *used_ = nullptr;
};

class OneProcess final : public ProcessGroup {
public:
  OneProcess(Device *const &device, End &end) : communicator_(device), end_(end) {}
  ~OneProcess() override {
    end_.came = true;
    end_.wasIdle = fake_gpu::inUse().isIdle;
    end_.graphs = fake_gpu::inUse().graphs;
    end_.hadMemory = !communicator_.used() ||
                     fake_gpu::hostView(reinterpret_cast<CUdeviceptr>(communicator_.used()));
  }
  int rank() const override { return 0; }
  int size() const override { return 1; }
  int ranksOnThisMachine() const override { return 1; }
  std::vector<Communicator *> communicators() override { return {&communicator_}; }
  void onFailure(std::function<Status(const Status &)>) override {}
  void abort(const Status &reason) override { end_.failure = reason.message(); }
  Result<int64_t> agree(int64_t value, const std::function<Result<int64_t>(int64_t)> &atRoot,
                        std::chrono::milliseconds) override {
    end_.mostGraphs = std::max(end_.mostGraphs, fake_gpu::inUse().graphs);
    return atRoot(value);
  }
  Status gather(std::span<const int>, std::span<const std::byte> mine,
                const std::function<Status(int, std::span<const std::byte>)> &visit) override {
    return visit(0, mine);
  }
  Status broadcast(std::span<std::byte>) override { return Status(); }
  Result<int64_t> finish(int64_t value) override { return value; }

private:
  OneRank communicator_;
  End &end_;
};

class CudaTeardown : public testing::Test {
protected:
  void SetUp() override {
    gpu_ = openGpu();
    ASSERT_TRUE(gpu_);
    fake_gpu::takeReports();
  }

  SessionOptions options() {
    SessionOptions options = gpuSession(gpu_);
    options.makeDevice = [this](int) -> Result<std::unique_ptr<Device>> {
      TPC_ASSIGN_OR_RETURN(std::unique_ptr<Device> device, gpu_->createDevice());
      device_ = device.get();
      return device;
    };
    options.processes = std::make_unique<OneProcess>(device_, end_);
    return options;
  }

  Status run(SessionOptions options, const StepHooks &hooks = {}) {
    PlanFile plan = rowSplitLinearOnGpu(1).load();
    TPC_ASSIGN_OR_RETURN(std::unique_ptr<RunSession> session,
                         RunSession::create(plan, std::move(options)));
    TPC_RETURN_IF_ERROR(session->prepare(*plan.findEntry("train")));
    Status status = session->runSteps(*plan.findEntry("train"), 1, 4, hooks);
    EXPECT_FALSE(end_.came);
    return status;
  }

  void expectOrder() const {
    EXPECT_TRUE(end_.came);
    EXPECT_TRUE(end_.wasIdle);
    EXPECT_EQ(end_.graphs, 0u);
    EXPECT_TRUE(end_.hadMemory);
    EXPECT_THAT(fake_gpu::takeReports(), testing::IsEmpty());
  }

  std::shared_ptr<CudaBackend> gpu_;
  Device *device_ = nullptr;
  End end_;
};

} // namespace

TEST_F(CudaTeardown, MemoryOutlivesTheGroupAndGraphsDoNot) {
  Status status = run(options());
  ASSERT_TRUE(status.ok()) << status.message();
  expectOrder();
  EXPECT_EQ(end_.mostGraphs, 1u);
  EXPECT_EQ(end_.failure, "");
}

TEST_F(CudaTeardown, AfterAFailureToo) {
  // Of an instruction, and once there is a graph.
  SessionOptions failing = options();
  failing.fault = Fault{Fault::Kind::Fail, 0, 1, 2};
  EXPECT_EQ(run(std::move(failing)).code(), Code::RankFailed);
  expectOrder();
  EXPECT_THAT(end_.failure, testing::HasSubstr("failed in step 1"));
  end_ = {};
  StepHooks hooks;
  hooks.done = [](int64_t step, double) -> Result<bool> {
    if (step == 3)
      return Status(Code::InvalidInput, "enough");
    return true;
  };
  EXPECT_EQ(run(options(), hooks).code(), Code::InvalidInput);
  expectOrder();
  EXPECT_EQ(end_.mostGraphs, 1u);
  EXPECT_THAT(end_.failure, testing::HasSubstr("enough"));
}

TEST_F(CudaTeardown, ASessionThatDoesNotBeginFailsForAll) {
  SessionOptions wrong = options();
  wrong.fault = Fault{Fault::Kind::Fail, 5, 1, 0};
  EXPECT_EQ(run(std::move(wrong)).code(), Code::Usage);
  EXPECT_TRUE(end_.came);
  EXPECT_THAT(end_.failure, testing::HasSubstr("names rank 5"));
}
