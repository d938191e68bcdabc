#include "runtime/cli/DeviceChoice.h"

#include <gtest/gtest.h>

using namespace tpc;

namespace {

bool repeats(const char *comm, bool deterministic, Comm chosen, int64_t ranks) {
  RunOptions options;
  options.comm = comm;
  options.deterministic = deterministic;
  return mustRepeat(options, chosen, ranks);
}

} // namespace

TEST(DeviceChoice, WhatIsPromisedToRepeatMust) {
  EXPECT_TRUE(repeats("local", false, Comm::Local, 1));
  EXPECT_TRUE(repeats("local", false, Comm::Local, 8));
  EXPECT_TRUE(repeats("auto", false, Comm::Local, 2)); // as tpc verify runs all ranks
  EXPECT_TRUE(repeats("auto", true, Comm::Local, 1));
  EXPECT_TRUE(repeats("nccl", true, Comm::Nccl, 2));
}

TEST(DeviceChoice, WhatNobodyAskedToRepeatMayBeFaster) {
  EXPECT_FALSE(repeats("auto", false, Comm::Local, 1));
  EXPECT_FALSE(repeats("nccl", false, Comm::Nccl, 1));
  EXPECT_FALSE(repeats("nccl", false, Comm::Nccl, 2));
}
