//===- GpuRanksTest.cpp - Ranks with a GPU each, as far as a machine without one goes ---------===//

#include "RankRuns.h"

#include "tests/unit/runtime/CudaFixture.h"

#include <dlfcn.h>

using namespace tpc;
using namespace tpc::test;
using namespace std::chrono_literals;
using testing::HasSubstr;

namespace {

class GpuRanks : public RankRuns {
protected:
  std::string cudaPlan(int ranks) const { return write(rowSplitLinearOnGpu(ranks), "cuda.plan"); }

  /// One line, with this status.
  void expectError(Program program, int status, const std::string &message,
                   const std::string &hint) {
    EXPECT_EQ(program.wait(), status) << program.log();
    std::vector<std::string> errors = errorsOf(program.log());
    ASSERT_EQ(errors.size(), 1u) << program.log();
    EXPECT_THAT(errors[0], HasSubstr(message));
    EXPECT_THAT(program.log(), HasSubstr(hint));
    expectNothingLeft();
  }
};

} // namespace

TEST_F(GpuRanks, WithoutADriverAllSayItOnce) {
  if (dlopen("libcuda.so.1", RTLD_LAZY))
    GTEST_SKIP() << "this machine has a driver";
  expectError(start(cudaPlan(2)), 5, "a plan for cuda needs lib", "hint:");
}

#ifdef TPC_FAKE_GPU

class FakeGpuRanks : public GpuRanks {
protected:
  const Variables machine_{{"LD_LIBRARY_PATH", TPC_FAKE_GPU}};
};

TEST_F(FakeGpuRanks, MoreRanksThanGpusIsAnError) {
  expectError(start(cudaPlan(2), machine_), 5,
              "rank 1: there is no GPU number 1: this machine has 1", "--comm local");
}

#endif
