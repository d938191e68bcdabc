//===- GpuRanksTest.cpp - Ranks with a GPU each, as far as a machine without one goes ---------===//

#include "RankRuns.h"

#include "tests/unit/runtime/CudaFixture.h"

#include <dlfcn.h>
#include <fstream>
#include <iterator>

using namespace tpc;
using namespace tpc::test;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

namespace {

class GpuRanks : public RankRuns {
protected:
  /// Its parameter is drawn, so that it says something.
  std::string cudaPlan(int ranks) const {
    PlanBuilder plan = rowSplitLinearOnGpu(ranks);
    plan.plan.parameters[0]->init->kind = plan::InitKind::normal;
    plan.plan.parameters[0]->init->b = 0.1;
    return write(std::move(plan), "cuda.plan");
  }

  std::string read(const std::string &name) const {
    std::ifstream file(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  /// One line, with this status.
  void expectError(Program program, int status, const std::string &message,
                   const std::string &hint) {
    EXPECT_EQ(program.wait(), status) << program.log();
    std::vector<std::string> errors = errorsOf(program.log());
    ASSERT_EQ(errors.size(), 1u) << program.log();
    EXPECT_THAT(errors[0], HasSubstr(message));
    EXPECT_THAT(program.log(), HasSubstr(hint));
  }
};

} // namespace

TEST_F(GpuRanks, WithoutADriverAllSayItOnce) {
  if (dlopen("libcuda.so.1", RTLD_LAZY))
    GTEST_SKIP() << "this machine has a driver";
#ifdef TPC_FAKE_NCCL
  const char *missing = "a plan for cuda needs lib";
#else
  const char *missing = "this build of tpc has no communicator 'nccl'";
#endif
  expectError(start(cudaPlan(2)), 5, missing, "hint:");
  expectNothingLeft();
}

#ifdef TPC_FAKE_GPU

class FakeGpuRanks : public GpuRanks {
protected:
  const Variables machine_{{"LD_LIBRARY_PATH", TPC_FAKE_GPU}};
};

TEST_F(FakeGpuRanks, MoreRanksThanGpusIsAnError) {
  expectError(start(cudaPlan(2), machine_), 5,
              "rank 1: there is no GPU number 1: this machine has 1", "--comm local");
  expectNothingLeft();
}

#ifdef TPC_FAKE_NCCL

TEST_F(FakeGpuRanks, NcclGivesWhatOneGpuGives) {
  // The first step is enqueued, the second is captured, and the others replay the graph.
  const std::string words = cudaPlan(2) + " --steps 4 --timeout 30";
  auto results = [&](const std::string &name) {
    return " --save " + path(name + ".weights") + " --output y=" + path(name + ".y") +
           " --log-json " + path(name + ".log");
  };
  Program local = start(words + " --comm local" + results("local"), machine_);
  ASSERT_EQ(local.wait(), 0) << local.log();
  const uint16_t port = freePort();
  std::vector<Program> ranks;
  for (int rank : {0, 1}) {
    Variables place = torchrun(rank, 2, port);
    place["CUDA_VISIBLE_DEVICES"] = "0"; // as if it were another one for each rank
    place.insert(machine_.begin(), machine_.end());
    ranks.push_back(start(words + " --comm nccl" + results("nccl"), place));
  }
  for (Program &rank : ranks) {
    EXPECT_EQ(rank.wait(), 0) << rank.log();
    EXPECT_THAT(rank.log(), Not(HasSubstr("fake GPU:")));
  }
  for (const char *file : {".weights", ".y"})
    EXPECT_TRUE(read(std::string("local") + file) == read(std::string("nccl") + file)) << file;
  EXPECT_NE(read("local.y"), "");
  EXPECT_EQ(withoutTimes(path("nccl.log")), withoutTimes(path("local.log")));
  expectNothingLeft();
}

TEST_F(FakeGpuRanks, OneRankMayUseNccl) {
  Program one = start(cudaPlan(1) + " --steps 3 --comm nccl --deterministic", machine_);
  EXPECT_EQ(one.wait(), 0) << one.log();
  expectNothingLeft();
}

TEST_F(FakeGpuRanks, AFailureEndsAllAndLeavesNothing) {
  const uint16_t port = freePort();
  std::vector<Program> ranks;
  for (int rank : {0, 1}) {
    Variables place = torchrun(rank, 2, port);
    place["CUDA_VISIBLE_DEVICES"] = "0";
    // Its weight, and so the loss of the next step.
    place["TPC_INJECT_FAULT"] = "rank=1,step=2,instruction=5,kind=nan";
    place.insert(machine_.begin(), machine_.end());
    ranks.push_back(start(cudaPlan(2) + " --steps 4 --comm nccl --timeout 30", place));
  }
  for (Program &rank : ranks) {
    EXPECT_EQ(rank.wait(), 3) << rank.log();
    EXPECT_THAT(rank.log(), HasSubstr("loss is not finite in step 3"));
    EXPECT_THAT(rank.log(), Not(HasSubstr("fake GPU:")));
  }
  expectNothingLeft();
}

TEST_F(FakeGpuRanks, AnotherSettingOfNcclOnOneRank) {
  const uint16_t port = freePort();
  std::vector<Program> ranks;
  for (int rank : {0, 1}) {
    Variables place = torchrun(rank, 2, port);
    place["LOCAL_RANK"] = "0";
    place["NCCL_ALGO"] = rank ? "Tree" : "Ring";
    place.insert(machine_.begin(), machine_.end());
    ranks.push_back(start(cudaPlan(2) + " --steps 3 --comm nccl --timeout 30", place));
  }
  for (Program &rank : ranks)
    expectError(std::move(rank), 1, "rank 1 has NCCL_ALGO 'Tree', and rank 0 has 'Ring'", "hint:");
  expectNothingLeft();
}

#endif
#endif
