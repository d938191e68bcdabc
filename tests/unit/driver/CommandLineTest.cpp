//===- CommandLineTest.cpp - The exit status of what goes wrong -----------------------------===//

#include "compiler/driver/Driver.h"
#include "tests/unit/support/Temporary.h"

#include <gtest/gtest.h>

using namespace tpc;

namespace {

TEST(ExitStatus, SaysWhoseFaultItIs) {
  const std::string mlp = std::string(TPC_MODELS) + "/mlp.mlir";
  test::TemporaryFile output;
  auto compile = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"compile", mlp, "-o", output.path()});
    return driverMain(options);
  };
  EXPECT_EQ(compile({}), 0);
  EXPECT_EQ(compile({"--dim", "C=1"}), 1);
  EXPECT_EQ(compile({"--memory-limit", "1000"}), 1);
  EXPECT_EQ(driverMain(std::vector<std::string>{"compile", "no-such-file.mlir"}), 1);
  EXPECT_EQ(compile({"--precision", "f16"}), 2);
  EXPECT_EQ(compile({"--recompute", "some"}), 2);
  EXPECT_EQ(driverMain(std::vector<std::string>{"assemble"}), 2);
  EXPECT_EQ(compile({"--target", "cuda", "--cpu", "native"}), 2);
}

} // namespace
