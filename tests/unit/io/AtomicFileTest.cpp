//===- AtomicFileTest.cpp - Files that are there whole or not at all -------------------------===//
#include "runtime/support/AtomicFile.h"
#include "tests/unit/support/Temporary.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <iterator>
#include <optional>
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
    Result<AtomicFile> file = AtomicFile::create(target.path(), 8, WhenBusy::fail());
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
  Result<AtomicFile> first = AtomicFile::create(target.path(), 1, WhenBusy::fail());
  ASSERT_TRUE(first.ok());
  EXPECT_THAT(AtomicFile::create(target.path(), 1, WhenBusy::fail()).status().message(),
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

TEST(AtomicFile, IsWaitedForNotLongerThanIsSaid) {
  using namespace std::chrono_literals;
  TemporaryFile target;
  std::optional<AtomicFile> first;
  {
    Result<AtomicFile> file = AtomicFile::create(target.path(), 1, WhenBusy::fail());
    ASSERT_TRUE(file.ok());
    first.emplace(std::move(*file));
  }
  int waits = 0;
  auto begin = std::chrono::steady_clock::now();
  Status late =
      AtomicFile::create(target.path(), 1, WhenBusy::waitFor(50ms, [&] { ++waits; })).status();
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 50ms);
  EXPECT_EQ(waits, 1);
  EXPECT_THAT(late.message(), HasSubstr("was not done after 1 s"));
  // One that ends before gives way, whether it leaves a file or not.
  for (bool commits : {false, true}) {
    std::thread ends([&] {
      std::this_thread::sleep_for(50ms);
      Status status = commits ? first->commit() : Status();
      EXPECT_TRUE(status.ok()) << status.message();
      first.reset();
    });
    Result<AtomicFile> second =
        AtomicFile::create(target.path(), 1, WhenBusy::waitFor(60s, [&] { ++waits; }));
    ends.join();
    ASSERT_TRUE(second.ok()) << second.status().message();
    first.emplace(std::move(*second));
  }
  EXPECT_EQ(waits, 3);
  // What nobody writes to is not waited for.
  first.reset();
  EXPECT_TRUE(AtomicFile::create(target.path(), 1, WhenBusy::waitFor(60s, [&] { ++waits; })).ok());
  EXPECT_EQ(waits, 3);
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
    Result<AtomicFile> file = AtomicFile::create(target.path(), 1, WhenBusy::fail());
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
