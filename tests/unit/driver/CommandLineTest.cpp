//===- CommandLineTest.cpp - Options, and the exit status of what goes wrong ----------------===//

#include "compiler/driver/CommandLine.h"
#include "compiler/driver/Driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace tpc;

namespace {

class Options : public testing::Test {
protected:
  Options() : line("tool FILE [options]", "Does things.") {
    line.addArgument("FILE", file);
    line.addInteger("--count", "N", count, 1, "how often");
    line.addChoice("--mode", {"fast", "slow"}, mode, "in which way");
    line.addList("--pair", "NAME=VALUE", pairs, "what else");
  }

  Status parse(std::vector<std::string> words) { return line.parse(words); }

  std::string file, mode = "fast";
  int64_t count = 3;
  std::vector<std::string> pairs;
  CommandLine line;
};

TEST_F(Options, DefaultsStay) {
  ASSERT_TRUE(parse({"a"}).ok());
  EXPECT_EQ(file, "a");
  EXPECT_EQ(count, 3);
  EXPECT_EQ(mode, "fast");
  EXPECT_FALSE(line.wasGiven("--mode"));
}

TEST_F(Options, BothFormsOfAValue) {
  ASSERT_TRUE(parse({"--count", "7", "a", "--mode=slow", "--pair", "x=1", "--pair=y=2"}).ok());
  EXPECT_EQ(count, 7);
  EXPECT_EQ(mode, "slow");
  EXPECT_THAT(pairs, testing::ElementsAre("x=1", "y=2"));
}

TEST_F(Options, MistakesAreUsageErrors) {
  std::vector<std::vector<std::string>> mistakes = {{},
                                                    {"a", "b"},
                                                    {"a", "--nope"},
                                                    {"a", "--count"},
                                                    {"a", "-x"},
                                                    {"a", "--count", "0"},
                                                    {"a", "--count", "3x"},
                                                    {"a", "--mode", "medium"},
                                                    {"a", "--count", "1", "--count", "2"}};
  for (const auto &words : mistakes) {
    CommandLine fresh = line;
    Status status = fresh.parse(words);
    EXPECT_EQ(status.code(), Code::Usage);
    EXPECT_NE(status.hint(), "") << status.message();
  }
}

TEST_F(Options, HelpShowsEveryDefault) {
  EXPECT_THAT(line.help(), testing::HasSubstr("default: 3"));
  EXPECT_THAT(line.help(), testing::HasSubstr("default: fast"));
  EXPECT_THAT(line.help(), testing::HasSubstr("may be repeated; default: none"));
  ASSERT_TRUE(parse({"--help"}).ok());
  EXPECT_TRUE(line.wantsHelp());
}

TEST(ExitStatus, SaysWhoseFaultItIs) {
  const std::string mlp = std::string(TPC_MODELS) + "/mlp.mlir";
  const std::string output = testing::TempDir() + "exit-status.plan";
  auto compile = [&](std::vector<std::string> options) {
    options.insert(options.begin(), {"compile", mlp, "-o", output});
    return driverMain(options);
  };
  EXPECT_EQ(compile({}), 0);
  EXPECT_EQ(compile({"--dim", "C=1"}), 1);
  EXPECT_EQ(compile({"--memory-limit", "1000"}), 1);
  EXPECT_EQ(driverMain(std::vector<std::string>{"compile", "no-such-file.mlir"}), 1);
  EXPECT_EQ(compile({"--precision", "f16"}), 2);
  EXPECT_EQ(compile({"--recompute", "some"}), 2);
  EXPECT_EQ(driverMain(std::vector<std::string>{"assemble"}), 2);
  EXPECT_EQ(compile({"--target", "cuda"}), 5);
}

} // namespace
