//===- CudaSessionTest.cpp - Plans made by hand, executed on a GPU ----------------------------===//
//
// On a machine without a GPU the doubles of tests/fake_gpu take its place, which order nothing that
// the program does not order. Without either, all of it is skipped.
//
//===---------------------------------------------------------------------------------------===//
#include "CudaFixture.h"

#include "algebra/CoordinateMap.h"
#include "tests/unit/support/Temporary.h"

#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace tpc;
using namespace tpc::test;
using testing::AllOf;
using testing::HasSubstr;

namespace {

struct Trained {
  std::vector<float> losses, y, w;
};

class CudaSession : public testing::Test {
protected:
  void SetUp() override {
    gpu_ = openGpu();
    if (!gpu_)
      GTEST_SKIP() << "no GPU, and no double of one in LD_LIBRARY_PATH";
  }

  std::unique_ptr<RunSession> makeSession(const PlanFile &plan, SessionOptions options) {
    Result<std::unique_ptr<RunSession>> session = RunSession::create(plan, std::move(options));
    EXPECT_TRUE(session.ok()) << session.status().message();
    for (const plan::Entry *entry : *plan->entries()) {
      Status prepared = (*session)->prepare(*entry);
      EXPECT_TRUE(prepared.ok()) << prepared.message();
    }
    EXPECT_TRUE((*session)
                    ->onEveryRank([&](int rank) {
                      return scatter(**session, rank, kW,
                                     [](int64_t i) { return 0.5f + 0.01f * float(i); });
                    })
                    .ok());
    return std::move(*session);
  }

  /// Fills a rank's part of a whole f32 tensor.
  static Status scatter(RunSession &session, int rank, uint32_t buffer,
                        const std::function<float(int64_t)> &value) {
    CoordinateMap map(fromPlan(*session.plan().buffer(buffer).sharding()), session.plan().mesh(),
                      rank);
    return session.write(rank, buffer, [&](void *memory) {
      for (int64_t i = 0; i < map.localElements(); ++i)
        static_cast<float *>(memory)[i] = value(map.globalElement(i));
      return Status();
    });
  }

  static std::vector<float> valuesOf(const RunSession &session, int rank, uint32_t buffer) {
    std::vector<float> values;
    EXPECT_TRUE(session
                    .read(rank, buffer,
                          [&](const void *data) {
                            const auto *floats = static_cast<const float *>(data);
                            values.assign(floats,
                                          floats + session.plan().buffer(buffer).bytes() / 4);
                            return Status();
                          })
                    .ok());
    return values;
  }

  static StepHooks hooks(RunSession &session, Trained &result) {
    StepHooks hooks;
    // Other inputs in every step: what a graph replays must read them anew.
    hooks.bind = [&](int rank, int64_t step) {
      return scatter(session, rank, kX, [step](int64_t i) {
        return 0.25f * float(i % 7) - 0.1f * float(i % 5) + 0.001f * float(step * i);
      });
    };
    hooks.done = [&](int64_t, double) -> Result<bool> {
      result.y = valuesOf(session, 0, kY);
      for (int rank = 1; rank < session.numRanks(); ++rank)
        if (valuesOf(session, rank, kY) != result.y)
          return Status(Code::Difference, "ranks differ");
      result.losses.push_back(valuesOf(session, 0, kLoss)[0]);
      return true;
    };
    return hooks;
  }

  Trained train(const PlanFile &plan, SessionOptions options) {
    std::unique_ptr<RunSession> session = makeSession(plan, std::move(options));
    Trained result;
    Status status = session->runSteps(*plan.findEntry("train"), 1, kSteps, hooks(*session, result));
    EXPECT_TRUE(status.ok()) << status.message();
    result.w = valuesOf(*session, 0, kW);
    return result;
  }

  static constexpr int64_t kSteps = 5;
  std::shared_ptr<CudaBackend> gpu_;
};

/// A plan for cuda with an instruction 'store': three words, 7, 10 + 100 * coordinate 0 and
/// -5 * coordinate 1.
void storeScalars(PlanBuilder &b, Use to) {
  b.plan.target = "cuda";
  auto image = std::make_unique<plan::KernelImageT>();
  image->target = "nvptx64";
  image->level = "sm_90";
  std::string ptx = reductionPtx(1);
  image->image.assign(ptx.begin(), ptx.end());
  image->image.push_back(0);
  b.plan.images.push_back(std::move(image));
  plan::KernelLaunchT body;
  body.function = "store_scalars";
  body.tiles = body.threads = 1;
  const size_t axes = b.mesh.axes.size();
  for (auto [constant, axis, stride] :
       {std::tuple(7, 0, 0), std::tuple(10, 0, 100), std::tuple(0, 1, -5)}) {
    auto scalar = std::make_unique<plan::ScalarArgumentT>();
    scalar->constant = constant;
    scalar->axis = static_cast<uint8_t>(std::min<size_t>(axis, axes - 1));
    scalar->stride = stride;
    body.scalars.push_back(std::move(scalar));
  }
  b.instruction("store", {to}).body.Set(std::move(body));
}

/// Makes steps run instruction by instruction.
struct Watcher final : ExecutionObserver {
  explicit Watcher(Needs needs) : needs_(needs) {}
  Needs needs() const override { return needs_; }
  Status before(const InstructionEvent &) override {
    ++seen;
    return Status();
  }
  Needs needs_;
  int seen = 0;
};

} // namespace

TEST_F(CudaSession, TrainsAsTheCpuDoes) {
  for (int64_t ranks : {1, 2, 4}) {
    PlanFile onGpu = rowSplitLinearOnGpu(ranks).load(), onCpu = rowSplitLinear(ranks).load();
    SessionOptions cpu;
    cpu.makeDevice = createCpuDevice;
    cpu.threadsPerRank = 1;
    Trained gpu = train(onGpu, gpuSession(gpu_)), expected = train(onCpu, std::move(cpu));
    ASSERT_EQ(gpu.losses.size(), size_t(kSteps));
    // Sums of at most 24 products of numbers below 4.
    for (size_t i = 0; i < gpu.losses.size(); ++i)
      EXPECT_NEAR(gpu.losses[i], expected.losses[i], 24 * 4 * 8 * 1.2e-7 * 8) << "step " << i + 1;
    for (size_t i = 0; i < gpu.w.size(); ++i)
      EXPECT_NEAR(gpu.w[i], expected.w[i], 1e-6);
  }
}

TEST_F(CudaSession, AGraphGivesTheBitsOfSingleInstructions) {
  for (int64_t ranks : {1, 2, 8}) {
    PlanFile plan = rowSplitLinearOnGpu(ranks).load();
    Trained graph = train(plan, gpuSession(gpu_));
    for (auto needs : {ExecutionObserver::Needs::Instructions, ExecutionObserver::Needs::Data}) {
      SessionOptions options = gpuSession(gpu_);
      Watcher watcher(needs);
      options.observers = {&watcher};
      Trained single = train(plan, std::move(options));
      EXPECT_EQ(single.losses, graph.losses);
      EXPECT_EQ(single.w, graph.w);
      EXPECT_EQ(watcher.seen, kSteps * ranks * 6);
    }
  }
}

TEST_F(CudaSession, OnlyTheFirstStepOfManyIsSeenByWhoCountsSteps) {
  PlanFile plan = rowSplitLinearOnGpu(2).load();
  SessionOptions options = gpuSession(gpu_);
  Watcher watcher(ExecutionObserver::Needs::Steps);
  options.observers = {&watcher};
  train(plan, std::move(options));
  // Once as it runs, and once while the graph is made.
  EXPECT_EQ(watcher.seen, 2 * 2 * 6);
}

TEST_F(CudaSession, AllocatesWhatThePlanPredicts) {
  PlanFile plan = rowSplitLinearOnGpu(2).load();
  std::unique_ptr<RunSession> session = makeSession(plan, gpuSession(gpu_));
  EXPECT_EQ(session->allocatedBytes(), plan.arenaBytes());
  Result<uint64_t> inUse = session->device(0).bytesInUse();
  ASSERT_TRUE(inUse.ok());
  EXPECT_GE(*inUse, 2 * plan.arenaBytes());
}

TEST_F(CudaSession, MoreThanAGpuHasForAllRanksIsRefused) {
  // One rank would find room.
  PlanBuilder b(Mesh{{{"tp", 4}}});
  b.buffer("huge", b.arena(plan::ArenaKind::activations), DType::F32,
           Sharding::replicated({int64_t{25} << 29}));
  b.entry("forward");
  b.plan.target = "cuda";
  Result<std::unique_ptr<RunSession>> session = RunSession::create(b.load(), gpuSession(gpu_));
  ASSERT_FALSE(session.ok());
  EXPECT_EQ(session.status().code(), Code::Unavailable);
  EXPECT_THAT(session.status().message(),
              testing::ContainsRegex("4 rank.s. need 204800.0 MiB of a GPU, and "
                                     "[1-9][0-9]*[.][0-9] MiB are free"));
  EXPECT_THAT(session.status().hint(), HasSubstr("with --comm nccl each rank has a GPU"));
}

TEST_F(CudaSession, AFailureNamesRankAndInstruction) {
  PlanFile plan = rowSplitLinearOnGpu(4).load();
  for (int64_t step : {1, 3}) {
    SessionOptions options = gpuSession(gpu_);
    options.fault = Fault{Fault::Kind::Fail, 2, step, 1};
    std::unique_ptr<RunSession> session = makeSession(plan, std::move(options));
    Trained result;
    Status status = session->runSteps(*plan.findEntry("train"), 1, kSteps, hooks(*session, result));
    EXPECT_EQ(status.code(), Code::RankFailed);
    EXPECT_THAT(status.message(),
                testing::StartsWith("rank 2 failed in step " + std::to_string(step) +
                                    " at instruction 1 'fc: all_reduce'"));
    EXPECT_EQ(result.losses.size(), size_t(step - 1));
  }
}

TEST_F(CudaSession, AnInjectedNaNReachesTheLoss) {
  PlanFile plan = rowSplitLinearOnGpu(2).load();
  SessionOptions options = gpuSession(gpu_);
  options.fault = Fault{Fault::Kind::NaN, 1, 1, 0};
  std::unique_ptr<RunSession> session = makeSession(plan, std::move(options));
  ASSERT_TRUE(session
                  ->onEveryRank([&](int rank) {
                    return scatter(*session, rank, kX, [](int64_t) { return 1.0f; });
                  })
                  .ok());
  ASSERT_TRUE(session->runSteps(*plan.findEntry("forward"), 1, 1, {}).ok());
  EXPECT_TRUE(std::isnan(valuesOf(*session, 0, kLoss)[0]));
}

TEST_F(CudaSession, CheckMemoryGivesTheSameBits) {
  for (int64_t ranks : {1, 2, 8}) {
    PlanFile plan = rowSplitLinearOnGpu(ranks).load();
    SessionOptions options = gpuSession(gpu_);
    options.checkMemory = true;
    Trained checked = train(plan, std::move(options)), plain = train(plan, gpuSession(gpu_));
    EXPECT_EQ(checked.losses, plain.losses);
    EXPECT_EQ(checked.y, plain.y);
    EXPECT_EQ(checked.w, plain.w);
  }
}

TEST_F(CudaSession, CheckMemoryKeepsAddressesModulo256) {
  PlanFile plan = rowSplitLinearOnGpu(2).load();
  SessionOptions options = gpuSession(gpu_);
  options.checkMemory = true;
  std::unique_ptr<RunSession> checked = makeSession(plan, std::move(options)),
                              plain = makeSession(plan, gpuSession(gpu_));
  for (uint32_t buffer = 0; buffer < plan->buffers()->size(); ++buffer)
    EXPECT_EQ(reinterpret_cast<uintptr_t>(checked->buffer(1, buffer)) % 256,
              reinterpret_cast<uintptr_t>(plain->buffer(1, buffer)) % 256);
}

TEST_F(CudaSession, CheckMemoryPoisonsWhatIsDead) {
  PlanFile plan = rowSplitLinearOnGpu(2).load();
  SessionOptions options = gpuSession(gpu_);
  options.checkMemory = true;
  std::unique_ptr<RunSession> session = makeSession(plan, std::move(options));
  Trained result;
  Status status = session->runSteps(*plan.findEntry("train"), 1, 1, hooks(*session, result));
  ASSERT_TRUE(status.ok()) << status.message();
  for (uint32_t dead : {kPart, kOnes, kC})
    EXPECT_TRUE(std::isnan(valuesOf(*session, 1, dead).back())) << dead;
  for (uint32_t alive : {kY, kLoss, kW, kX})
    EXPECT_FALSE(std::isnan(valuesOf(*session, 1, alive).back())) << alive;
}

TEST_F(CudaSession, CheckMemoryFindsWritesOutsideOfABuffer) {
  PlanBuilder b(Mesh{{{"tp", 1}}});
  uint32_t arena = b.arena(plan::ArenaKind::activations);
  uint32_t out = b.buffer("out", arena, DType::I32, Sharding::replicated({2}));
  b.buffer("behind", arena, DType::I32, Sharding::replicated({16}));
  b.entry("forward");
  storeScalars(b, writes(out, 1));
  PlanFile plan = b.load();
  SessionOptions options = gpuSession(gpu_);
  options.checkMemory = true;
  Result<std::unique_ptr<RunSession>> session = RunSession::create(plan, std::move(options));
  ASSERT_TRUE(session.ok()) << session.status().message();
  Status status = (*session)->runSteps(*plan.findEntry("forward"), 1, 1, {});
  EXPECT_EQ(status.code(), Code::RankFailed);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("at instruction 0 'store'"),
                                      HasSubstr("it wrote outside of buffer 'out'")));
}

TEST_F(CudaSession, CheckMemoryFindsWritesToOtherBuffersGuards) {
  // Behind the weights, after the only instruction that has them.
  struct Writer final : ExecutionObserver {
    Status after(const InstructionEvent &event) override {
      const float wrong = 1;
      return event.index != 0
                 ? Status()
                 : event.device.upload(&wrong, static_cast<char *>(weights) + bytes, 4);
    }
    void *weights = nullptr;
    size_t bytes = 0;
  } writer;
  PlanFile plan = rowSplitLinearOnGpu(1).load();
  SessionOptions options = gpuSession(gpu_);
  options.checkMemory = true;
  options.observers = {&writer};
  std::unique_ptr<RunSession> session = makeSession(plan, std::move(options));
  writer.weights = session->buffer(0, kW);
  writer.bytes = plan.buffer(kW).bytes();
  Status status = session->runSteps(*plan.findEntry("forward"), 1, 1, {});
  EXPECT_EQ(status.code(), Code::RankFailed);
  EXPECT_THAT(status.message(), HasSubstr("an instruction without buffer 'w' among its operands "
                                          "wrote next to it"));
}

TEST_F(CudaSession, AProfileHasTimesOfTheDevice) {
  PlanFile plan = rowSplitLinearOnGpu(2).load();
  SessionOptions options = gpuSession(gpu_);
  options.profile = true;
  std::unique_ptr<RunSession> session = makeSession(plan, std::move(options));
  Trained result;
  Status status = session->runSteps(*plan.findEntry("train"), 1, 2, hooks(*session, result));
  EXPECT_TRUE(status.ok()) << status.message();
  EXPECT_TRUE(session->writeProfile(TemporaryFile().path()).ok());
}

TEST_F(CudaSession, ReadsScalarArguments) {
  PlanBuilder b(Mesh{{{"dp", 2}, {"tp", 3}}});
  uint32_t arena = b.arena(plan::ArenaKind::activations);
  uint32_t out = b.buffer("out", arena, DType::I32, Sharding::replicated({3}));
  b.entry("forward");
  storeScalars(b, writes(out, 1));
  PlanFile plan = b.load();
  std::unique_ptr<RunSession> session;
  Result<std::unique_ptr<RunSession>> created = RunSession::create(plan, gpuSession(gpu_));
  ASSERT_TRUE(created.ok()) << created.status().message();
  ASSERT_TRUE((*created)->runSteps(*plan.findEntry("forward"), 1, 1, {}).ok());
  for (int rank = 0; rank < 6; ++rank)
    EXPECT_TRUE((*created)
                    ->read(rank, out,
                           [&](const void *data) {
                             const auto *values = static_cast<const int32_t *>(data);
                             EXPECT_EQ(values[0], 7);
                             EXPECT_EQ(values[1], 10 + 100 * (rank / 3));
                             EXPECT_EQ(values[2], -5 * (rank % 3));
                             return Status();
                           })
                    .ok());
}

TEST_F(CudaSession, DamagedKernelsSayWhy) {
  PlanBuilder b = rowSplitLinearOnGpu(2);
  std::string text = ".version 8.0\n.target sm_90\n.address_size 64\nnonsense\n";
  b.plan.images[0]->image.assign(text.begin(), text.end());
  b.plan.images[0]->image.push_back(0);
  PlanFile plan = b.load();
  Result<std::unique_ptr<RunSession>> session = RunSession::create(plan, gpuSession(gpu_));
  ASSERT_TRUE(session.ok());
  Status status = (*session)->prepare(*plan.findEntry("train"));
  EXPECT_EQ(status.code(), Code::InvalidInput);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("'fc: all_reduce'"),
                                      HasSubstr("the driver refuses the plan's kernels")));
}
