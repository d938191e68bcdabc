//===- AtomicFileTest.cpp - Files that are there whole or not at all -------------------------===//
#include "runtime/support/AtomicFile.h"
#include "tests/unit/support/Temporary.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <thread>
#include <vector>

namespace tpc {
namespace {

using test::TemporaryFile;

namespace fs = std::filesystem;
using testing::HasSubstr;

std::span<const uint8_t> bytesOf(const std::string &text) {
  return {reinterpret_cast<const uint8_t *>(text.data()), text.size()};
}

std::string contents(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(AtomicFile, ReplacesTheTargetWhenItIsWhole) {
  TemporaryFile target;
  ASSERT_TRUE(writeFileAtomically(target.path(), bytesOf("old")).ok());
  {
    Result<AtomicFile> file = AtomicFile::create(target.path(), 8, AtomicFile::Busy::Fail);
    ASSERT_TRUE(file.ok()) << file.status().message();
    EXPECT_EQ(fs::file_size(target.path() + ".partial"), 8u);
    ASSERT_TRUE(file->write(4, bytesOf("5678")).ok());
    ASSERT_TRUE(file->write(0, bytesOf("1234")).ok());
    EXPECT_EQ(contents(target.path()), "old");
    ASSERT_TRUE(file->commit().ok());
  }
  EXPECT_EQ(contents(target.path()), "12345678");
  EXPECT_FALSE(fs::exists(target.path() + ".partial"));
}

TEST(AtomicFile, IsWaitedForOrFails) {
  TemporaryFile target;
  Result<AtomicFile> first = AtomicFile::create(target.path(), 1, AtomicFile::Busy::Fail);
  ASSERT_TRUE(first.ok());
  EXPECT_THAT(AtomicFile::create(target.path(), 1, AtomicFile::Busy::Fail).status().message(),
              HasSubstr("another process is saving"));
  std::thread second(
      [&] { EXPECT_TRUE(writeFileAtomically(target.path(), bytesOf("second")).ok()); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  EXPECT_FALSE(fs::exists(target.path()));
  ASSERT_TRUE(first->write(0, bytesOf("1")).ok());
  ASSERT_TRUE(first->commit().ok());
  {
    AtomicFile released = std::move(*first);
  }
  second.join();
  EXPECT_EQ(contents(target.path()), "second");
}

TEST(AtomicFile, OfManyAtOnceOneStays) {
  TemporaryFile target;
  std::vector<std::thread> writers;
  for (char letter : {'a', 'b', 'c', 'd'})
    writers.emplace_back([&target, letter] {
      const std::string text(10000, letter);
      for (int i = 0; i < 10; ++i) {
        Status status = writeFileAtomically(target.path(), bytesOf(text));
        EXPECT_TRUE(status.ok()) << status.message();
      }
    });
  for (std::thread &writer : writers)
    writer.join();
  const std::string text = contents(target.path());
  ASSERT_EQ(text.size(), 10000u);
  EXPECT_EQ(text, std::string(10000, text[0]));
  EXPECT_FALSE(fs::exists(target.path() + ".partial"));
}

TEST(AtomicFile, ALinkStaysALink) {
  TemporaryFile target, link;
  ASSERT_TRUE(writeFileAtomically(target.path(), bytesOf("old")).ok());
  fs::create_symlink(target.path(), link.path());
  ASSERT_TRUE(writeFileAtomically(link.path(), bytesOf("new")).ok());
  EXPECT_TRUE(fs::is_symlink(link.path()));
  EXPECT_EQ(contents(target.path()), "new");
}

TEST(AtomicFile, SaysThePathAsItWasGiven) {
  Status status = writeFileAtomically("no-such-folder/x", bytesOf("x"));
  EXPECT_EQ(status.code(), Code::InvalidInput);
  EXPECT_THAT(status.message(), HasSubstr("cannot write 'no-such-folder/x': No such file"));
  EXPECT_THAT(status.hint(), HasSubstr("make its folder"));
}

TEST(AtomicFile, TryingLeavesEverythingAsItIs) {
  TemporaryFile target;
  EXPECT_TRUE(tryFile(target.path()).ok());
  EXPECT_FALSE(fs::exists(target.path()) || fs::exists(target.path() + ".partial"));
  ASSERT_TRUE(writeFileAtomically(target.path(), bytesOf("old")).ok());
  EXPECT_TRUE(tryFile(target.path()).ok());
  EXPECT_EQ(contents(target.path()), "old");
  EXPECT_FALSE(tryFile("/no/such/folder/x").ok());
}

TEST(AtomicFile, ASignalRemovesWhatIsUnfinished) {
  TemporaryFile target;
  AtomicFile::removeUnfinished();
  {
    Result<AtomicFile> file = AtomicFile::create(target.path(), 1, AtomicFile::Busy::Fail);
    ASSERT_TRUE(file.ok());
    EXPECT_TRUE(fs::exists(target.path() + ".partial"));
    AtomicFile::removeUnfinished();
    EXPECT_FALSE(fs::exists(target.path() + ".partial"));
  }
  // What came after it is none of its business.
  std::ofstream(target.path() + ".partial") << "another's";
  AtomicFile::removeUnfinished();
  EXPECT_TRUE(fs::exists(target.path() + ".partial"));
  fs::remove(target.path() + ".partial");
}

} // namespace
} // namespace tpc
