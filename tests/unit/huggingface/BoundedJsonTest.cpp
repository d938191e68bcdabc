//===- BoundedJsonTest.cpp - JSON from outside ------------------------------------------------===//
#include "compiler/support/BoundedJson.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace tpc;
using testing::HasSubstr;

namespace {

/// The error of a text, or "".
std::string errorOf(const std::string &text) {
  llvm::Expected<llvm::json::Value> value = parseBoundedJson(text);
  return value ? "" : llvm::toString(value.takeError());
}

std::string nested(size_t depth, const std::string &open, const std::string &close) {
  std::string text;
  for (size_t i = 0; i < depth; ++i)
    text += open;
  text += "1";
  for (size_t i = 0; i < depth; ++i)
    text += close;
  return text;
}

TEST(BoundedJson, NestsAHundredDeep) {
  const std::pair<const char *, const char *> forms[] = {{"[", "]"}, {"{\"a\":", "}"}};
  for (auto [open, close] : forms) {
    EXPECT_EQ(errorOf(nested(100, open, close)), "");
    EXPECT_EQ(errorOf(nested(101, open, close)),
              "line 1: arrays and objects nest more than 100 deep");
    EXPECT_THAT(errorOf("{\n\"b\": " + nested(100000, open, close) + "}"), HasSubstr("line 2: "));
    EXPECT_THAT(errorOf(nested(100000, open, "")), HasSubstr("more than 100 deep"));
  }
}

TEST(BoundedJson, CountsWhatIsOpenAtATime) {
  std::string list = "[";
  for (int i = 0; i < 1000; ++i)
    list += "[{}],";
  EXPECT_EQ(errorOf(list + "0]"), "");
}

TEST(BoundedJson, BracketsInStringsAreText) {
  std::string brackets(1000, '[');
  EXPECT_EQ(errorOf("[\"" + brackets + "\"]"), "");
  EXPECT_EQ(errorOf("[\"\\\"" + brackets + "\"]"), "");
  EXPECT_EQ(errorOf("{\"" + brackets + "\\\\\": 1}"), "");
  EXPECT_THAT(errorOf("[\"\\\\\", " + brackets), HasSubstr("deep")) << "the string ended before";
}

TEST(BoundedJson, MistakesAreThoseOfTheParser) {
  for (const char *text : {"", "[", "[\"a", "[\"a\\", "]]]", "{\"a\": 1,}", "[1] [2]"}) {
    llvm::Expected<llvm::json::Value> expected = llvm::json::parse(text);
    ASSERT_FALSE(expected) << text;
    EXPECT_EQ(errorOf(text), llvm::toString(expected.takeError())) << text;
  }
  llvm::Expected<llvm::json::Value> value = parseBoundedJson("{\"a\": [1, 2.5, null]}");
  ASSERT_TRUE(bool(value));
  EXPECT_EQ(value->getAsObject()->getArray("a")->size(), 3u);
}

} // namespace
