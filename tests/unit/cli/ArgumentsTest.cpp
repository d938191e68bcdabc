#include "runtime/cli/Arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace tpc;
using testing::HasSubstr;

namespace {

constexpr OptionSpec kOptions[] = {
    {"--steps", "N", "1", "steps to run"},
    {"--set", "NAME=VALUE", "", "a scalar", true},
    {"--fast", "", "", "a flag"},
};
const CommandSpec kSpec{"tpc test FILE", "Tests.", {"FILE"}, kOptions};

Result<Arguments> parse(std::vector<std::string> words) { return Arguments::parse(kSpec, words); }

std::string refusal(std::vector<std::string> words) {
  Result<Arguments> result = parse(std::move(words));
  EXPECT_EQ(result.status().code(), Code::Usage);
  return result.status().message() + " | " + result.status().hint();
}

} // namespace

TEST(Arguments, BothSpellingsAndDefaults) {
  Result<Arguments> result = parse({"f", "--set", "a=1", "--set=b=2", "--fast"});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->positional(0), "f");
  EXPECT_EQ(result->get("--steps"), "1");
  EXPECT_TRUE(result->has("--fast"));
  EXPECT_FALSE(result->has("--steps"));
  Result<std::map<std::string, std::string>> set = result->assignments("--set");
  ASSERT_TRUE(set.ok());
  EXPECT_EQ((*set)["b"], "2");
  EXPECT_EQ(*parse({"f", "--steps=7"})->integer("--steps", 1, 9), 7);
}

TEST(Arguments, Refusals) {
  EXPECT_THAT(refusal({"f", "--step", "3"}), HasSubstr("did you mean '--steps'"));
  EXPECT_THAT(refusal({"f", "--steps", "1", "--steps", "2"}), HasSubstr("given twice"));
  EXPECT_THAT(refusal({"f", "--steps"}), HasSubstr("needs a value"));
  EXPECT_THAT(refusal({"f", "--fast=1"}), HasSubstr("takes no value"));
  EXPECT_THAT(refusal({}), HasSubstr("no FILE is given"));
  EXPECT_THAT(refusal({"f", "g"}), HasSubstr("'g' is not expected"));
  for (const char *wrong : {"0", "10", "x", "1x", ""})
    EXPECT_FALSE(parse({"f", "--steps", wrong})->integer("--steps", 1, 9).ok()) << wrong;
  for (const char *wrong : {"a", "=1", "a="})
    EXPECT_FALSE(parse({"f", "--set", wrong})->assignments("--set").ok()) << wrong;
  EXPECT_FALSE(parse({"f", "--set", "a=1", "--set", "a=2"})->assignments("--set").ok());
}

TEST(Arguments, HelpShowsDefaults) {
  EXPECT_TRUE(parse({"--help"})->helpWanted());
  EXPECT_THAT(helpText(kSpec), HasSubstr("--steps N         steps to run (default: 1)"));
}
