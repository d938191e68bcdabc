//===- PoisonedModelTest.cpp - A published model with NaN in its pads ----------------------===//
//
// The plan of models/gpt-2l.mlir, whose vocabulary of 50257 divides by no number of ranks, runs
// from the published run's initial values with pads as they come, and with NaN in every pad that is
// not known to be zero. All figures of all steps must be the same to the last digit.
//
//===---------------------------------------------------------------------------------------===//
#include "RunPlan.h"

#include "gtest/gtest.h"

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

namespace tpc::interpreter::test {

namespace {

class PoisonedModel : public testing::TestWithParam<std::pair<int, SequenceParallel>> {};

/// What `tpc run` logs of some steps, without their times.
std::string losses(const PlanFile &plan, const std::string &name) {
  std::filesystem::path file = std::filesystem::path(testing::TempDir()) / (name + ".plan");
  std::ofstream(file, std::ios::binary)
      .write(reinterpret_cast<const char *>(plan.bytes().data()), plan.bytes().size());
  std::string command = std::string(TPC_BINARY) + " run " + file.string() +
                        " --init torch --seed 1234 --steps 3 --log-json - 2>/dev/null";
  std::string text;
  FILE *pipe = popen(command.c_str(), "r");
  std::array<char, 4096> chunk;
  while (size_t bytes = fread(chunk.data(), 1, chunk.size(), pipe))
    text.append(chunk.data(), bytes);
  EXPECT_EQ(pclose(pipe), 0) << command;
  std::filesystem::remove(file);
  return std::regex_replace(text, std::regex(", \"seconds\": [^,}]*"), "");
}

TEST_P(PoisonedModel, HasTheSameLosses) {
  auto [tp, mode] = GetParam();
  std::stringstream text;
  text << std::ifstream(TPC_MODELS "/gpt-2l.mlir").rdbuf();
  CompileOptions options;
  options.mesh = Mesh{{{"dp", 1}, {"tp", tp}}};
  options.sequenceParallel = mode;
  std::string name =
      "poisoned_" + std::to_string(tp) + "_" + std::to_string(static_cast<int>(mode));
  std::string expected = losses(compilePlan(text.str(), options).plan, name);
  CompiledPlan poisoned = compilePlan(text.str(), options, /*poisoned=*/true);
  EXPECT_GT(poisoned.poisonedPads, 0);
  EXPECT_EQ(std::count(expected.begin(), expected.end(), '\n'), 3) << expected;
  EXPECT_EQ(losses(poisoned.plan, name), expected);
}

// Where the 8 heads divide, all pads are known to be zero: those of the vocabulary are.
INSTANTIATE_TEST_SUITE_P(Ranks, PoisonedModel,
                         testing::Values(std::pair(3, SequenceParallel::Off),
                                         std::pair(5, SequenceParallel::Off),
                                         std::pair(2, SequenceParallel::On),
                                         std::pair(4, SequenceParallel::On)));

} // namespace

} // namespace tpc::interpreter::test
