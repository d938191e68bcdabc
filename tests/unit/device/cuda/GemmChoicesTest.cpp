//===- GemmChoicesTest.cpp - Algorithms that are kept beside the plan -------------------------===//
#include "runtime/device/cuda/GemmChoices.h"
#include "tests/unit/support/Temporary.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

using namespace tpc;
using namespace tpc::cuda;

namespace {

class GemmChoicesTest : public testing::Test {
protected:
  std::string text() const {
    std::ifstream file(path_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  const test::TemporaryFile file_;
  const std::string &path_ = file_.path();
  const Algorithm first_ = {1, 2, 3, 4, 5, 6, 7, ~0ull}, second_ = {8};
};

} // namespace

TEST_F(GemmChoicesTest, AreFoundAgain) {
  GemmChoices made(path_, "plan 1; GPU");
  ASSERT_TRUE(made.add("one", first_).ok());
  ASSERT_TRUE(made.add("two", second_).ok());
  GemmChoices again(path_, "plan 1; GPU");
  EXPECT_EQ(again.find("one"), first_);
  EXPECT_EQ(again.find("two"), second_);
  EXPECT_EQ(again.find("three"), std::nullopt);
}

TEST_F(GemmChoicesTest, BelongToOnePlanAndMachine) {
  GemmChoices made(path_, "plan 1; GPU");
  ASSERT_TRUE(made.add("one", first_).ok());
  EXPECT_EQ(GemmChoices(path_, "plan 2; GPU").find("one"), std::nullopt);
}

TEST_F(GemmChoicesTest, ADamagedFileCountsAsNone) {
  GemmChoices made(path_, "owner");
  ASSERT_TRUE(made.add("one", first_).ok());
  const std::string whole = text();
  // Without the last line's end it is still whole.
  for (size_t length = 0; length + 1 < whole.size(); ++length) {
    std::ofstream(path_) << whole.substr(0, length);
    EXPECT_EQ(GemmChoices(path_, "owner").find("one"), std::nullopt) << length;
  }
  std::ofstream(path_) << "tpc gemm algorithms 1\nowner\none 1 2 3 4 5 6 7 8 9\nend\n";
  EXPECT_EQ(GemmChoices(path_, "owner").find("one"), std::nullopt);
}

TEST_F(GemmChoicesTest, SomeMachinesCannotKeepThem) {
  GemmChoices nowhere("", "owner"), readOnly("/proc/choices", "owner");
  for (GemmChoices *choices : {&nowhere, &readOnly}) {
    EXPECT_FALSE(choices->canKeep());
    EXPECT_TRUE(choices->add("one", first_).ok());
    EXPECT_EQ(choices->find("one"), first_);
  }
  EXPECT_TRUE(GemmChoices(path_, "owner").canKeep());
}

TEST_F(GemmChoicesTest, WhatIsNoneOfThemStays) {
  const test::TemporaryFolder folder;
  const std::string linked = folder.path("linked"), link = folder.path("link");
  std::filesystem::create_symlink(linked, link);
  for (const std::string content : {"", "tpc", "TPCPLAN", "tpc gemm algorithm", "\n"})
    for (const std::string &file : {path_, linked}) {
      std::ofstream(file) << content;
      GemmChoices choices(file == linked ? link : file, "owner");
      EXPECT_THAT(choices.obstacle(), testing::HasSubstr("is something else")) << content;
      EXPECT_FALSE(choices.canKeep()) << content;
      EXPECT_TRUE(choices.add("one", first_).ok());
      EXPECT_EQ(choices.find("one"), first_);
      std::ifstream after(file);
      EXPECT_EQ(std::string(std::istreambuf_iterator<char>(after), {}), content);
    }
  EXPECT_TRUE(std::filesystem::is_symlink(link));
}

TEST_F(GemmChoicesTest, WhatIsNoFileIsNotOpened) {
  // A pipe without another end, which would be waited for.
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const test::TemporaryFolder folder;
  for (const std::string &path : {path_, folder.path(), std::string("/dev/null")}) {
    GemmChoices choices(path, "owner");
    EXPECT_NE(choices.obstacle(), "") << path;
    EXPECT_FALSE(choices.canKeep()) << path;
    EXPECT_TRUE(choices.add("one", first_).ok()) << path;
  }
  EXPECT_TRUE(std::filesystem::is_fifo(path_));
}

TEST_F(GemmChoicesTest, WhatComesInTheWayLaterStaysToo) {
  GemmChoices choices(path_, "owner");
  ASSERT_TRUE(choices.add("one", first_).ok());
  EXPECT_EQ(choices.obstacle(), "");
  std::ofstream(path_) << "a checkpoint";
  Status status = choices.add("two", second_);
  EXPECT_EQ(status.code(), Code::InvalidInput);
  EXPECT_THAT(status.message(), testing::HasSubstr(path_));
  EXPECT_EQ(text(), "a checkpoint");
}

TEST_F(GemmChoicesTest, AnOlderVersionAndALinkAreReplaced) {
  const test::TemporaryFolder folder;
  const std::string link = folder.path("link");
  std::ofstream(path_) << "tpc gemm algorithms 0\nof old\n";
  std::filesystem::create_symlink(path_, link);
  GemmChoices choices(link, "owner");
  ASSERT_TRUE(choices.add("one", first_).ok());
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(GemmChoices(path_, "owner").find("one"), first_);
}

TEST_F(GemmChoicesTest, KeysTellProductsApart) {
  GemmShape shape{.m = 1, .n = 2, .k = 3, .lda = 3, .ldb = 2, .ldc = 2};
  std::string key = gemmKey(shape, {256, 256, 256}, 0);
  GemmShape other = shape;
  other.accumulate = true;
  EXPECT_NE(gemmKey(other, {256, 256, 256}, 0), key);
  other = shape;
  other.transposeB = true;
  EXPECT_NE(gemmKey(other, {256, 256, 256}, 0), key);
  other = shape;
  other.bias = true;
  EXPECT_NE(gemmKey(other, {256, 256, 256}, 0), key);
  EXPECT_NE(gemmKey(other, {256, 256, 256, 16}, 0), gemmKey(other, {256, 256, 256}, 0));
  EXPECT_NE(gemmKey(shape, {256, 16, 256}, 0), key);
  EXPECT_NE(gemmKey(shape, {256, 256, 256}, 64), key);
}
