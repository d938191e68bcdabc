//===- RunSessionTest.cpp - Plans made by hand, executed --------------------------------------===//

#include "PlanFixture.h"
#include "ReferenceDevice.h"

#include "algebra/CoordinateMap.h"
#include "tests/unit/support/Temporary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstring>
#include <fstream>
#include <sstream>

using namespace tpc;
using namespace tpc::test;
using namespace std::chrono_literals;
using testing::AllOf;
using testing::HasSubstr;

namespace {

SessionOptions referenceOptions() {
  SessionOptions options;
  options.makeDevice = referenceDevices();
  options.timeout = 20s;
  return options;
}

/// Fills a rank's part of a whole f32 tensor.
void scatter(RunSession &session, int rank, uint32_t buffer,
             const std::function<float(int64_t)> &value) {
  Sharding sharding = fromPlan(*session.plan().buffer(buffer).sharding());
  CoordinateMap map(sharding, session.plan().mesh(), rank);
  float *data = static_cast<float *>(session.buffer(rank, buffer));
  for (int64_t i = 0; i < map.localElements(); ++i)
    data[i] = value(map.globalElement(i));
}

struct Trained {
  std::vector<float> losses, y;
};

StepHooks rowSplitHooks(RunSession &session, Trained &result) {
  StepHooks hooks;
  hooks.bind = [&](int rank, int64_t) {
    scatter(session, rank, kX, [](int64_t i) { return 0.25f * (i % 7) - 0.1f * (i % 5); });
    return Status();
  };
  hooks.done = [&](int64_t, double) -> Result<bool> {
    const float *y = static_cast<const float *>(session.buffer(0, kY));
    for (int rank = 0; rank < session.numRanks(); ++rank)
      if (std::memcmp(session.buffer(rank, kY), y, 96) ||
          std::memcmp(session.buffer(rank, kLoss), session.buffer(0, kLoss), 4))
        return Status(Code::Difference, "ranks differ");
    result.losses.push_back(*static_cast<const float *>(session.buffer(0, kLoss)));
    result.y.assign(y, y + 24);
    return true;
  };
  return hooks;
}

std::unique_ptr<RunSession> makeSession(const PlanFile &plan, SessionOptions options) {
  Result<std::unique_ptr<RunSession>> session = RunSession::create(plan, std::move(options));
  EXPECT_TRUE(session.ok()) << session.status().message();
  EXPECT_TRUE((*session)
                  ->onEveryRank([&](int rank) {
                    scatter(**session, rank, kW, [](int64_t i) { return 0.5f + 0.01f * i; });
                    return Status();
                  })
                  .ok());
  return std::move(*session);
}

Trained train(int64_t ranks, SessionOptions options = referenceOptions()) {
  PlanFile plan = rowSplitLinear(ranks).load();
  std::unique_ptr<RunSession> session = makeSession(plan, std::move(options));
  Trained result;
  Status status =
      session->runSteps(*plan.findEntry("train"), 1, 3, rowSplitHooks(*session, result));
  EXPECT_TRUE(status.ok()) << status.message();
  return result;
}

Status trainWithFault(int64_t ranks, Fault fault, std::chrono::milliseconds timeout) {
  PlanFile plan = rowSplitLinear(ranks).load();
  SessionOptions options = referenceOptions();
  options.fault = fault;
  options.timeout = timeout;
  std::unique_ptr<RunSession> session = makeSession(plan, std::move(options));
  Trained result;
  auto start = std::chrono::steady_clock::now();
  Status status =
      session->runSteps(*plan.findEntry("train"), 1, 3, rowSplitHooks(*session, result));
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
  EXPECT_EQ(result.losses.size(), size_t(fault.step - 1));
  return status;
}

plan::InstructionT &launch(PlanBuilder &b, const std::string &function,
                           const std::vector<Use> &uses,
                           const std::vector<plan::ScalarArgumentT> &scalars, int64_t tiles) {
  if (b.plan.images.empty()) {
    b.plan.images.push_back(std::make_unique<plan::KernelImageT>());
    b.plan.images[0]->target = "x86_64";
    b.plan.images[0]->level = "x86-64-v3";
  }
  plan::KernelLaunchT body;
  body.function = function;
  body.tiles = tiles;
  for (const plan::ScalarArgumentT &scalar : scalars)
    body.scalars.push_back(std::make_unique<plan::ScalarArgumentT>(scalar));
  plan::InstructionT &instruction = b.instruction(function, uses);
  instruction.body.Set(std::move(body));
  return instruction;
}

plan::ScalarArgumentT scalar(int64_t constant, uint8_t axis = 0, int64_t stride = 0) {
  plan::ScalarArgumentT result;
  result.constant = constant;
  result.axis = axis;
  result.stride = stride;
  return result;
}

} // namespace

TEST(RunSession, TrainsTheRowSplitLinear) {
  Trained one = train(1);
  ASSERT_EQ(one.losses.size(), 3u);
  // The loss of step 1 in double, from the definition.
  double loss = 0;
  for (int i = 0; i < 4; ++i)
    for (int j = 0; j < 6; ++j)
      for (int k = 0; k < 8; ++k) {
        int x = i * 8 + k;
        loss += (0.25 * (x % 7) - 0.1 * (x % 5)) * (0.5 + 0.01 * (j * 8 + k));
      }
  EXPECT_NEAR(one.losses[0], loss, 1e-4);
  EXPECT_LT(one.losses[1], one.losses[0]);
  for (int64_t ranks : {2, 4, 8}) {
    Trained split = train(ranks);
    ASSERT_EQ(split.losses.size(), 3u);
    for (int step = 0; step < 3; ++step)
      EXPECT_NEAR(split.losses[step], one.losses[step], 1e-4) << ranks << " ranks";
  }
}

TEST(RunSession, RepeatsBitForBit) {
  for (int64_t ranks : {2, 8}) {
    Trained first = train(ranks), second = train(ranks);
    EXPECT_EQ(first.losses, second.losses);
    EXPECT_EQ(first.y, second.y);
  }
}

TEST(RunSession, OneThreadForAllRanksGivesTheSameBits) {
  for (int64_t ranks : {1, 2, 8}) {
    SessionOptions options = referenceOptions();
    options.lockstep = true;
    Trained together = train(ranks, std::move(options)), apart = train(ranks);
    ASSERT_EQ(together.losses.size(), 3u);
    EXPECT_EQ(together.losses, apart.losses);
    EXPECT_EQ(together.y, apart.y);
  }
}

TEST(RunSession, AFailureOfARankDrivenByOneThreadIsNamed) {
  PlanFile plan = rowSplitLinear(4).load();
  SessionOptions options = referenceOptions();
  options.lockstep = true;
  options.fault = Fault{Fault::Kind::Fail, 2, 2, 1};
  std::unique_ptr<RunSession> session = makeSession(plan, std::move(options));
  Trained result;
  Status status =
      session->runSteps(*plan.findEntry("train"), 1, 3, rowSplitHooks(*session, result));
  EXPECT_EQ(status.code(), Code::RankFailed);
  EXPECT_THAT(status.message(),
              testing::StartsWith("rank 2 failed in step 2 at instruction 1 'fc: all_reduce'"));
  EXPECT_THAT(status.message(), testing::Not(HasSubstr("meanwhile")));
}

TEST(RunSession, AStallOfTheOneThreadIsRefused) {
  PlanFile plan = rowSplitLinear(2).load();
  SessionOptions options = referenceOptions();
  options.lockstep = true;
  options.fault = Fault{Fault::Kind::Stall, 1, 1, 0};
  EXPECT_EQ(RunSession::create(plan, std::move(options)).status().code(), Code::Usage);
}

TEST(RunSession, CheckMemoryGivesTheSameBits) {
  for (int64_t ranks : {1, 2, 4}) {
    SessionOptions options = referenceOptions();
    options.checkMemory = true;
    Trained guarded = train(ranks, std::move(options)), plain = train(ranks);
    EXPECT_EQ(guarded.losses, plain.losses);
    EXPECT_EQ(guarded.y, plain.y);
  }
}

TEST(RunSession, AllocatesWhatThePlanPredicts) {
  for (int64_t ranks : {1, 2, 8}) {
    PlanFile plan = rowSplitLinear(ranks).load();
    std::unique_ptr<RunSession> session = makeSession(plan, referenceOptions());
    EXPECT_EQ(session->allocatedBytes(), plan.arenaBytes());
    // w and x split, part, y, ones, loss, c, step; each rounded up to 64 bytes.
    auto up = [](uint64_t bytes) { return (bytes + 63) / 64 * 64; };
    uint64_t expected =
        up(6 * 8 / ranks * 4) + up(4 * 8 / ranks * 4) + 3 * up(96) + up(4) + up(24) + up(4);
    // Beside them the workspaces, a buffer for each product, on 256 bytes.
    uint64_t workspaces = 0;
    for (const plan::Entry *entry : *plan->entries())
      for (const plan::Instruction *instruction : *entry->instructions())
        if (const plan::Gemm *gemm = instruction->body_as_Gemm(); gemm && gemm->workspace_bytes())
          workspaces = (workspaces + 255) / 256 * 256 + up(gemm->workspace_bytes());
    EXPECT_EQ(plan.arenaBytes(), expected + workspaces);
  }
}

TEST(RunSession, MoreThanTheMachineHasIsRefused) {
  PlanBuilder b(Mesh{{{"tp", 2}}});
  b.buffer("huge", b.arena(plan::ArenaKind::activations), DType::F32,
           Sharding::replicated({int64_t{1} << 44}));
  b.entry("forward");
  Result<std::unique_ptr<RunSession>> session = RunSession::create(b.load(), referenceOptions());
  ASSERT_FALSE(session.ok());
  EXPECT_EQ(session.status().code(), Code::Unavailable);
  EXPECT_THAT(session.status().message(),
              HasSubstr("2 rank(s) need 131072.0 GiB, and this machine has"));
}

TEST(RunSession, AFailingRankStopsAll) {
  for (uint32_t instruction : {0u, 1u, 5u})
    for (int rank : {0, 2}) {
      Status status = trainWithFault(4, {Fault::Kind::Fail, rank, 2, instruction}, 60s);
      EXPECT_EQ(status.code(), Code::RankFailed);
      EXPECT_THAT(status.message(),
                  AllOf(HasSubstr("rank " + std::to_string(rank) +
                                  " failed in step 2 at "
                                  "instruction " +
                                  std::to_string(instruction) + " 'fc"),
                        HasSubstr("(by-hand.mlir:" + std::to_string(instruction) + ")"),
                        HasSubstr("a fault was injected")));
      if (instruction == 1) {
        EXPECT_THAT(status.message(), HasSubstr("all_reduce number 0 on axis 'tp'"));
      }
    }
}

TEST(RunSession, AStalledRankIsNamed) {
  Status status = trainWithFault(2, {Fault::Kind::Stall, 1, 2, 0}, 2s);
  EXPECT_EQ(status.code(), Code::RankFailed);
  EXPECT_THAT(status.message(),
              AllOf(HasSubstr("rank 0 failed in step 2 at instruction 1 'fc: all_reduce'"),
                    HasSubstr("for coordinate 1"),
                    HasSubstr("meanwhile rank 1 was in step 2 at instruction 0 'fc: linear'")));
  EXPECT_THAT(status.hint(), HasSubstr("--timeout"));
}

TEST(RunSession, AStallAfterTheLastCollectiveIsSeenToo) {
  Status status = trainWithFault(2, {Fault::Kind::Stall, 1, 1, 5}, 2s);
  EXPECT_THAT(status.message(), AllOf(HasSubstr("rank 0 waited 2000 ms at the end of step 1"),
                                      HasSubstr("rank 1 was in step 1 at instruction 5")));
}

TEST(RunSession, FailingHooksKeepTheirCode) {
  PlanFile plan = rowSplitLinear(2).load();
  for (bool inBind : {true, false}) {
    std::unique_ptr<RunSession> session = makeSession(plan, referenceOptions());
    StepHooks hooks;
    if (inBind)
      hooks.bind = [](int rank, int64_t step) {
        return rank == 1 && step == 2 ? Status(Code::InvalidInput, "no more data") : Status();
      };
    else
      hooks.done = [](int64_t step, double) -> Result<bool> {
        if (step == 2)
          return Status(Code::InvalidInput, "no more data");
        return true;
      };
    Status status = session->runSteps(*plan.findEntry("train"), 1, 5, hooks);
    EXPECT_EQ(status.code(), Code::InvalidInput);
    EXPECT_THAT(status.message(), testing::StartsWith("no more data"));
  }
}

TEST(RunSession, StopsWhenTheHookSaysSo) {
  PlanFile plan = rowSplitLinear(4).load();
  std::unique_ptr<RunSession> session = makeSession(plan, referenceOptions());
  std::vector<int64_t> steps;
  StepHooks hooks;
  hooks.done = [&](int64_t step, double) -> Result<bool> {
    steps.push_back(step);
    return step < 12;
  };
  EXPECT_TRUE(session->runSteps(*plan.findEntry("forward"), 10, 100, hooks).ok());
  EXPECT_THAT(steps, testing::ElementsAre(10, 11, 12));
}

TEST(RunSession, ObserversSeeOperands) {
  PlanFile plan = rowSplitLinear(2).load();
  std::unique_ptr<RunSession> session = makeSession(plan, referenceOptions());
  struct Tap final : ExecutionObserver {
    std::vector<std::string> names;
    std::vector<float> firstOfResult;
    Status after(const InstructionEvent &event) override {
      names.push_back(event.instruction.name()->str());
      size_t result = event.instruction.body_as_Gemm() ? 2 : event.operands.size() - 1;
      firstOfResult.push_back(*static_cast<const float *>(event.operands[result]));
      return Status();
    }
  } tap;
  session->addObserver(1, &tap);
  Trained result;
  ASSERT_TRUE(
      session->runSteps(*plan.findEntry("forward"), 1, 1, rowSplitHooks(*session, result)).ok());
  EXPECT_THAT(tap.names, testing::ElementsAre("fc: linear", "fc: all_reduce", "ones", "loss: sum"));
  EXPECT_EQ(tap.firstOfResult[1], result.y[0]);
  EXPECT_EQ(tap.firstOfResult[2], 1.0f);
  EXPECT_EQ(tap.firstOfResult[3], result.losses[0]);
}

TEST(RunSession, ScalarArgumentsFollowTheCoordinates) {
  PlanBuilder b(Mesh{{{"dp", 2}, {"tp", 3}}});
  uint32_t arena = b.arena(plan::ArenaKind::activations);
  uint32_t out = b.buffer("out", arena, DType::I32, Sharding::replicated({3}));
  b.entry("forward");
  launch(b, "store_scalars", {writes(out, 1)}, {scalar(7), scalar(10, 0, 100), scalar(0, 1, -5)},
         3);
  PlanFile plan = b.load();
  Result<std::unique_ptr<RunSession>> session = RunSession::create(plan, referenceOptions());
  ASSERT_TRUE(session.ok());
  ASSERT_TRUE((*session)->runSteps(*plan.findEntry("forward"), 1, 1, {}).ok());
  for (int rank = 0; rank < 6; ++rank) {
    const int32_t *values = static_cast<const int32_t *>((*session)->buffer(rank, out));
    EXPECT_EQ(values[0], 7);
    EXPECT_EQ(values[1], 10 + 100 * (rank / 3));
    EXPECT_EQ(values[2], -5 * (rank % 3));
  }
}

TEST(RunSession, CopiesTakeARanksPart) {
  PlanBuilder b(Mesh{{{"tp", 2}}});
  uint32_t arena = b.arena(plan::ArenaKind::activations);
  uint32_t whole = b.buffer("whole", arena, DType::I32, Sharding::replicated({2, 5}));
  uint32_t part =
      b.buffer("part", arena, DType::I32, Sharding{{wholeDim(2), splitDim(5, 0, b.mesh)}, {}});
  b.entry("forward");
  std::vector<plan::ScalarArgumentT> numbers;
  for (int64_t i = 0; i < 10; ++i)
    numbers.push_back(scalar(i + 1));
  launch(b, "store_scalars", {writes(whole, 1)}, numbers, 10);
  plan::CopyT copy;
  copy.outer = 2;
  copy.source_extent = 5;
  copy.extent = 3;
  copy.inner_bytes = 4;
  b.copy("part", reads(whole, 1), writes(part, 2)).body.Set(std::move(copy));
  PlanFile plan = b.load();
  Result<std::unique_ptr<RunSession>> session = RunSession::create(plan, referenceOptions());
  ASSERT_TRUE(session.ok());
  // What was there must not stay in the pads.
  std::memset((*session)->buffer(1, part), 0xFF, 24);
  ASSERT_TRUE((*session)->runSteps(*plan.findEntry("forward"), 1, 1, {}).ok());
  auto values = [&](int rank) {
    const int32_t *data = static_cast<const int32_t *>((*session)->buffer(rank, part));
    return std::vector<int32_t>(data, data + 6);
  };
  EXPECT_THAT(values(0), testing::ElementsAre(1, 2, 3, 6, 7, 8));
  EXPECT_THAT(values(1), testing::ElementsAre(4, 5, 0, 9, 10, 0));
}

TEST(RunSession, CollectivesOnTwoAxes) {
  PlanBuilder b(Mesh{{{"dp", 2}, {"tp", 2}}});
  uint32_t arena = b.arena(plan::ArenaKind::activations);
  Sharding whole = Sharding::replicated({1});
  uint32_t rank = b.buffer("rank", arena, DType::I32, whole);
  uint32_t overTp = b.buffer("over_tp", arena, DType::I32, whole);
  uint32_t overBoth = b.buffer("over_both", arena, DType::I32, whole);
  b.entry("forward");
  // 1 on the ranks of dp 0, 100 on those of dp 1.
  launch(b, "store_scalars", {writes(rank, 1)}, {scalar(1, 0, 99)}, 1);
  b.allReduce("tp", 1, reads(rank, 1), writes(overTp, 2));
  b.allReduce("dp", 0, reads(overTp, 2), writes(overBoth, 3));
  PlanFile plan = b.load();
  Result<std::unique_ptr<RunSession>> session = RunSession::create(plan, referenceOptions());
  ASSERT_TRUE(session.ok());
  ASSERT_TRUE((*session)->runSteps(*plan.findEntry("forward"), 1, 1, {}).ok());
  for (int r = 0; r < 4; ++r) {
    EXPECT_EQ(*static_cast<const int32_t *>((*session)->buffer(r, overTp)), r < 2 ? 2 : 200);
    EXPECT_EQ(*static_cast<const int32_t *>((*session)->buffer(r, overBoth)), 202);
  }
}

TEST(RunSession, InputsOfTheHostAreWrittenWhereTheyLie) {
  PlanFile plan = rowSplitLinear(2).load();
  std::unique_ptr<RunSession> session = makeSession(plan, referenceOptions());
  EXPECT_EQ(session->stagedBytes(), 0u);
  ASSERT_TRUE(session
                  ->writeInput(1, kStep,
                               [&](void *memory) {
                                 EXPECT_EQ(memory, session->buffer(1, kStep));
                                 return Status();
                               })
                  .ok());
  EXPECT_EQ(session->writeInput(1, kW, {}).code(), Code::Internal);
}

TEST(RunSession, StagingOfTheHostIsMemoryLikeAnyOther) {
  std::unique_ptr<Device> device = std::move(*referenceDevices()(1));
  Result<void *> staging = device->allocateStaging(4), memory = device->allocate(4);
  ASSERT_TRUE(staging.ok() && memory.ok());
  *static_cast<int32_t *>(*staging) = 5;
  ASSERT_TRUE(device->uploadStaged(device->stream(0), *staging, *memory, 4).ok());
  EXPECT_EQ(*static_cast<int32_t *>(*memory), 5);
}

TEST(CheckMemory, FindsWritesOutsideOfABuffer) {
  for (const char *function : {"overrun", "underrun"}) {
    PlanBuilder b(Mesh{{{"tp", 1}}});
    uint32_t arena = b.arena(plan::ArenaKind::activations);
    b.buffer("before", arena, DType::I32, Sharding::replicated({16}));
    uint32_t out = b.buffer("out", arena, DType::I32, Sharding::replicated({3}));
    b.buffer("behind", arena, DType::I32, Sharding::replicated({16}));
    b.entry("forward");
    launch(b, function, {writes(out, 1)}, {scalar(12)}, 1);
    PlanFile plan = b.load();
    SessionOptions options = referenceOptions();
    options.checkMemory = true;
    Result<std::unique_ptr<RunSession>> session = RunSession::create(plan, std::move(options));
    ASSERT_TRUE(session.ok());
    Status status = (*session)->runSteps(*plan.findEntry("forward"), 1, 1, {});
    EXPECT_EQ(status.code(), Code::RankFailed);
    EXPECT_THAT(status.message(), HasSubstr("wrote outside of buffer 'out'")) << function;
  }
}

TEST(CheckMemory, ExplainsFaults) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the address sanitizer takes the fault";
#endif
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  PlanBuilder b(Mesh{{{"tp", 1}}});
  uint32_t out =
      b.buffer("out", b.arena(plan::ArenaKind::activations), DType::I32, Sharding::replicated({3}));
  b.entry("forward");
  // The operand's size is that of the buffer; what the kernel believes is not.
  launch(b, "overrun", {writes(out, 1)}, {scalar(100'000)}, 1);
  PlanFile plan = b.load();
  auto run = [&] {
    SessionOptions options = referenceOptions();
    options.checkMemory = true;
    Result<std::unique_ptr<RunSession>> session = RunSession::create(plan, std::move(options));
    if (session.ok())
      (void)(*session)->runSteps(*plan.findEntry("forward"), 1, 1, {});
  };
  EXPECT_DEATH(run(), "rank 0: instruction 0 'overrun' touched memory outside of buffer 'out'");
}

TEST(CheckMemory, DeadBytesAreNaN) {
  PlanFile plan = rowSplitLinear(2).load();
  SessionOptions options = referenceOptions();
  options.checkMemory = true;
  std::unique_ptr<RunSession> session = makeSession(plan, std::move(options));
  Trained result;
  ASSERT_TRUE(
      session->runSteps(*plan.findEntry("train"), 1, 1, rowSplitHooks(*session, result)).ok());
  for (uint32_t dead : {kPart, kOnes, kC})
    EXPECT_TRUE(std::isnan(*static_cast<const float *>(session->buffer(1, dead)))) << dead;
  for (uint32_t alive : {kY, kLoss, kW, kX})
    EXPECT_FALSE(std::isnan(*static_cast<const float *>(session->buffer(1, alive)))) << alive;
}

TEST(CheckMemory, ViewsOfOneValueStayTogether) {
  PlanBuilder b(Mesh{{{"tp", 1}}});
  uint32_t arena = b.arena(plan::ArenaKind::activations);
  uint32_t whole = b.buffer("whole", arena, DType::F32, Sharding::replicated({64}));
  // The second half of `whole` under another name, and a result.
  uint32_t half = b.buffer("half", arena, DType::F32, Sharding::replicated({32}));
  b.plan.buffers[half]->offset = 128;
  uint32_t out = b.buffer("out", arena, DType::F32, Sharding::replicated({32}));
  plan::EntryT &entry = b.entry("forward");
  b.fill("fill", 3, writes(whole, 1));
  b.copy("copy", reads(half, 1), writes(out, 2));
  auto output = std::make_unique<plan::OutputT>();
  output->name = "out";
  output->buffer = out;
  output->value = 2;
  entry.outputs.push_back(std::move(output));
  PlanFile plan = b.load();
  SessionOptions options = referenceOptions();
  options.checkMemory = true;
  Result<std::unique_ptr<RunSession>> session = RunSession::create(plan, std::move(options));
  ASSERT_TRUE(session.ok());
  ASSERT_TRUE((*session)->runSteps(*plan.findEntry("forward"), 1, 1, {}).ok());
  EXPECT_EQ(static_cast<const float *>((*session)->buffer(0, out))[31], 3.0f);
}

TEST(Profile, IsAChromeTrace) {
  PlanFile plan = rowSplitLinear(2).load();
  SessionOptions options = referenceOptions();
  options.profile = true;
  std::unique_ptr<RunSession> session = makeSession(plan, std::move(options));
  Trained result;
  ASSERT_TRUE(
      session->runSteps(*plan.findEntry("train"), 1, 2, rowSplitHooks(*session, result)).ok());
  TemporaryFile file;
  ASSERT_TRUE(session->writeProfile(file.path()).ok());
  std::stringstream text;
  text << std::ifstream(file.path()).rdbuf();
  std::string trace = text.str();
  size_t events = 0;
  for (size_t at = 0; (at = trace.find("\"ph\": \"X\"", at)) != std::string::npos; ++at)
    ++events;
  EXPECT_EQ(events, 2u * 2u * 6u);
  EXPECT_THAT(trace, AllOf(testing::StartsWith("{\"displayTimeUnit\""),
                           HasSubstr("\"name\": \"fc: all_reduce\", \"cat\": \"Collective\""),
                           HasSubstr("\"pid\": 1, \"tid\": 1"), testing::EndsWith("]}\n")));
}

TEST(FaultInjection, ReadsItsText) {
  Result<Fault> fault = parseFault("rank=1,step=2,instruction=5,kind=stall");
  ASSERT_TRUE(fault.ok());
  EXPECT_EQ(fault->rank, 1);
  EXPECT_EQ(fault->step, 2);
  EXPECT_EQ(fault->instruction, 5u);
  EXPECT_EQ(fault->kind, Fault::Kind::Stall);
  for (const char *wrong : {"rank", "rank=x", "rank=-1", "kind=explode", "color=red"})
    EXPECT_EQ(parseFault(wrong).status().code(), Code::Usage) << wrong;
}
