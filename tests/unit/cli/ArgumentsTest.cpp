#include "runtime/cli/Arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace tpc;
using testing::AllOf;
using testing::HasSubstr;

namespace {

constexpr OptionSpec kOptions[] = {
    {"--steps", "N", "1", "steps to run"},
    {"--set", "NAME=VALUE", "", "a scalar", true},
    {"--fast", "", "", "a flag"},
    {"--mode", "plain|fancy", "plain", "in which way"},
};
const CommandSpec kSpec{"tpc test FILE", "Tests.", {"FILE"}, kOptions};

/// Everything in one line, as a user sees it.
std::string textOf(const Status &status) {
  EXPECT_EQ(status.code(), Code::Usage);
  EXPECT_NE(status.hint(), "") << status.message();
  return status.message() + " | " + status.hint();
}

Result<Arguments> parse(std::vector<std::string> words) { return Arguments::parse(kSpec, words); }

std::string refusal(std::vector<std::string> words) { return textOf(parse(words).status()); }

} // namespace

TEST(Arguments, BothSpellingsAndDefaults) {
  Result<Arguments> result = parse({"f", "--set", "a=1", "--set=b=2", "--fast"});
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->positional(0), "f");
  EXPECT_EQ(result->get("--steps"), "1");
  EXPECT_TRUE(result->has("--fast"));
  EXPECT_FALSE(result->has("--steps"));
  EXPECT_EQ(*result->choice("--mode"), "plain");
  Result<std::map<std::string, std::string>> set = result->assignments("--set");
  ASSERT_TRUE(set.ok());
  EXPECT_EQ((*set)["b"], "2");
  EXPECT_EQ(*parse({"f", "--steps=7"})->integer("--steps", 1, 9), 7);
  EXPECT_EQ(*parse({"f", "--mode", "fancy"})->choice("--mode"), "fancy");
}

TEST(Arguments, Refusals) {
  EXPECT_THAT(refusal({"f", "--step", "3"}), HasSubstr("did you mean '--steps'"));
  EXPECT_THAT(refusal({"f", "--something-else"}), HasSubstr("--help lists the options"));
  // Three letters away from --set and --mode, but all three of its own.
  for (const char *other : {"--foo", "-x", "--"})
    EXPECT_THAT(refusal({"f", other}), AllOf(HasSubstr("unknown option '" + std::string(other)),
                                             HasSubstr("--help lists the options")));
  EXPECT_THAT(refusal({"f", "--steps", "1", "--steps", "2"}), HasSubstr("given twice"));
  EXPECT_THAT(refusal({"f", "--steps"}), HasSubstr("needs a value | --steps N"));
  EXPECT_THAT(refusal({"f", "--fast=1"}), HasSubstr("takes no value"));
  EXPECT_THAT(refusal({}), HasSubstr("no FILE is given"));
  EXPECT_THAT(refusal({"f", "g"}), HasSubstr("'g' is not expected"));
}

TEST(Arguments, RefusedValues) {
  for (const char *wrong : {"0", "10", "x", "1x", "", "9999999999999999999999"})
    EXPECT_EQ(textOf(parse({"f", "--steps", wrong})->integer("--steps", 1, 9).status()),
              "option '--steps': '" + std::string(wrong) +
                  "' is not a whole number from 1 to 9 | --steps N: steps to run");
  EXPECT_THAT(textOf(parse({"f", "--steps", "0"})->integer("--steps", 1).status()),
              HasSubstr("'0' is not a whole number of at least 1 and below 2^63"));
  for (const char *wrong : {"", "fanc", "plain|fancy"})
    EXPECT_EQ(textOf(parse({"f", "--mode", wrong})->choice("--mode").status()),
              "option '--mode': '" + std::string(wrong) +
                  "' is none of plain, fancy | --mode plain|fancy: in which way");
  for (const char *wrong : {"a", "=1", "a="})
    EXPECT_THAT(textOf(parse({"f", "--set", wrong})->assignments("--set").status()),
                HasSubstr("is not NAME=VALUE"));
  EXPECT_THAT(textOf(parse({"f", "--set", "a=1", "--set", "a=2"})->assignments("--set").status()),
              HasSubstr("gives 'a' twice"));
}

TEST(Arguments, HelpShowsEveryDefault) {
  EXPECT_TRUE(parse({"--help"})->helpWanted());
  std::string help = helpText(kSpec);
  EXPECT_THAT(help, HasSubstr("--steps N           steps to run (default: 1)\n"));
  EXPECT_THAT(help, HasSubstr("--set NAME=VALUE    a scalar (may be repeated; default: none)\n"));
  EXPECT_THAT(help, HasSubstr("--fast              a flag\n"));
  EXPECT_THAT(help, HasSubstr("--mode plain|fancy  in which way (default: plain)\n"));
}
