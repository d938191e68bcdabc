//===- PoisonedModelTest.cpp - A published model with NaN in its pads ----------------------===//
//
// The plans of models/gpt-2l.mlir, whose vocabulary of 50257 divides by no number of ranks, and of
// a small form of models/llama-mini.mlir, whose heads do not either, run with pads as they come,
// and with NaN in every pad that is not known to be zero. All figures of all steps must be the same
// to the last digit.
//
//===---------------------------------------------------------------------------------------===//
#include "RunPlan.h"

#include "tests/unit/support/Temporary.h"
#include "gtest/gtest.h"

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>

namespace tpc::interpreter::test {

namespace {

struct Case {
  std::string (*text)();
  int tp;
  SequenceParallel mode;

  std::string name() const;
};
class PoisonedModel : public testing::TestWithParam<Case> {};

std::string read(const char *path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string gpt() { return read(TPC_MODELS "/gpt-2l.mlir"); }

/// Two layers, and a vocabulary and an MLP that divide by no mesh; it carries its tokens.
std::string llama() {
  std::string text = read(TPC_MODELS "/llama-mini.mlir");
  for (auto [from, to] :
       {std::pair("count 30", "count 2"),
        {"4x64x", "1x7x"},
        {"@B = 4", "@B = 1"},
        {"@T = 64", "@T = 7"},
        {"49152x", "1009x"},
        {"1536x", "1535x"},
        {"feed #nn.tokens<(.*)>\n",
         "feed #nn.tokens<$1> default dense<[[72, 142, 192, 273, 730, 42, 13]]> : "
         "tensor<1x7xi32>\n"}})
    text = std::regex_replace(text, std::regex(from), to);
  return text;
}

std::string Case::name() const {
  return std::string(text == gpt ? "gpt" : "llama") + "_tp" + std::to_string(tp) +
         (mode == SequenceParallel::On ? "_sequence" : "");
}

/// What `tpc run` logs of some steps, without their times.
std::string losses(const PlanFile &plan) {
  tpc::test::TemporaryFile file(plan.bytes(), ".plan");
  std::string command = std::string(TPC_BINARY) + " run " + file.path() +
                        " --init torch --seed 1234 --steps 3 --log-json - 2>/dev/null";
  std::string text;
  FILE *pipe = popen(command.c_str(), "r");
  std::array<char, 4096> chunk;
  while (size_t bytes = fread(chunk.data(), 1, chunk.size(), pipe))
    text.append(chunk.data(), bytes);
  EXPECT_EQ(pclose(pipe), 0) << command;
  return std::regex_replace(text, std::regex(", \"seconds\": [^,}]*"), "");
}

TEST_P(PoisonedModel, HasTheSameLosses) {
  const Case &param = GetParam();
  std::string text = param.text();
  CompileOptions options;
  options.mesh = Mesh{{{"dp", 1}, {"tp", param.tp}}};
  options.sequenceParallel = param.mode;
  std::string expected = losses(compilePlan(text, options).plan);
  CompiledPlan poisoned = compilePlan(text, options, /*poisoned=*/true);
  EXPECT_GT(poisoned.poisonedPads, 0);
  EXPECT_EQ(std::count(expected.begin(), expected.end(), '\n'), 3) << expected;
  EXPECT_EQ(losses(poisoned.plan), expected);
}

// Where the heads divide, all pads are known to be zero: those of the vocabulary and the MLP are.
INSTANTIATE_TEST_SUITE_P(
    Ranks, PoisonedModel,
    testing::Values(Case{gpt, 3, SequenceParallel::Off}, Case{gpt, 5, SequenceParallel::Off},
                    Case{gpt, 2, SequenceParallel::On}, Case{gpt, 4, SequenceParallel::On},
                    Case{llama, 2, SequenceParallel::Off}, Case{llama, 4, SequenceParallel::Off},
                    Case{llama, 8, SequenceParallel::Off}, Case{llama, 2, SequenceParallel::On}),
    [](const auto &info) { return info.param.name(); });

} // namespace

} // namespace tpc::interpreter::test
