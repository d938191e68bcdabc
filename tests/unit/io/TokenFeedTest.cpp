//===- TokenFeedTest.cpp - Windows, shifts, tails and wraps --------------------------------===//
#include "runtime/io/TokenFeed.h"
#include "tests/unit/io/TemporaryFile.h"

#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vector>

namespace tpc {
namespace {

using testing::HasSubstr;

const FeedSpec inputs{4, 4, 0, -1}, targets{4, 4, 1, -100};

template <typename T> std::vector<uint8_t> bytesOf(const std::vector<T> &values) {
  std::vector<uint8_t> bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

std::vector<uint16_t> counting(uint16_t count) {
  std::vector<uint16_t> tokens(count);
  for (uint16_t i = 0; i < count; ++i)
    tokens[i] = i;
  return tokens;
}

TokenFeed feedOf(const TemporaryFile &file) {
  auto feed = TokenFeed::open(file.path());
  EXPECT_TRUE(feed.ok()) << feed.status().message();
  return std::move(*feed);
}

std::vector<int32_t> batch(const TokenFeed &feed, const FeedSpec &spec, int64_t step,
                           int64_t size) {
  Mesh mesh{{{"tp", 1}}};
  CoordinateMap map(Sharding::replicated({size, spec.window}), mesh, 0);
  std::vector<int32_t> local(map.localElements(), 99);
  Status status = feed.fill(spec, step, 50257, map, local.data());
  EXPECT_TRUE(status.ok()) << status.message();
  return local;
}

TEST(TokenFeed, WindowsShiftsAndTail) {
  TemporaryFile file(bytesOf(counting(12)), ".bin");
  TokenFeed feed = feedOf(file);
  EXPECT_EQ(feed.tokens(), 12);
  EXPECT_EQ(feed.samples(inputs), 3);
  EXPECT_EQ(batch(feed, inputs, 0, 2), (std::vector<int32_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(batch(feed, targets, 0, 2), (std::vector<int32_t>{1, 2, 3, 4, 5, 6, 7, 8}));
  // The third sample is the last; the batch goes on with the first.
  EXPECT_EQ(batch(feed, inputs, 1, 2), (std::vector<int32_t>{8, 9, 10, 11, 0, 1, 2, 3}));
  EXPECT_EQ(batch(feed, targets, 1, 2), (std::vector<int32_t>{9, 10, 11, -100, 1, 2, 3, 4}));
  EXPECT_EQ(batch(feed, inputs, 2, 2), (std::vector<int32_t>{4, 5, 6, 7, 8, 9, 10, 11}));
}

TEST(TokenFeed, OverlappingWindowsAndShortStreams) {
  TemporaryFile file(bytesOf(counting(7)), ".bin");
  TokenFeed feed = feedOf(file);
  EXPECT_EQ(feed.samples({4, 1, 0, 0}), 4);
  EXPECT_EQ(feed.samples(inputs), 1);
  EXPECT_EQ(batch(feed, {7, 7, 1, -100}, 3, 1), (std::vector<int32_t>{1, 2, 3, 4, 5, 6, -100}));
  EXPECT_EQ(batch(feed, {9, 9, 0, -5}, 0, 1), (std::vector<int32_t>{0, 1, 2, 3, 4, 5, 6, -5, -5}));
}

TEST(TokenFeed, RanksGetTheirPartOfTheBatch) {
  TemporaryFile file(bytesOf(counting(40)), ".bin");
  TokenFeed feed = feedOf(file);
  Mesh mesh{{{"dp", 2}}};
  Sharding sharding = Sharding::replicated({4, 4});
  sharding.dims[0] = splitDim(4, 0, mesh);
  CoordinateMap second(sharding, mesh, 1);
  std::vector<int32_t> local(8);
  ASSERT_TRUE(feed.fill(inputs, 1, 50257, second, local.data()).ok());
  EXPECT_EQ(local, (std::vector<int32_t>{24, 25, 26, 27, 28, 29, 30, 31}));
}

TEST(TokenFeed, BytesAreTokens) {
  std::string text = "abcd\xC3";
  TemporaryFile file(bytesOf(std::vector<char>(text.begin(), text.end())), ".txt");
  EXPECT_EQ(batch(feedOf(file), {5, 5, 0, 0}, 0, 1), (std::vector<int32_t>{97, 98, 99, 100, 195}));
}

template <typename T>
std::vector<uint8_t> llmc(int32_t magic, int32_t version, int32_t count,
                          const std::vector<T> &tokens) {
  std::vector<int32_t> header(256);
  header[0] = magic;
  header[1] = version;
  header[2] = count;
  std::vector<uint8_t> file = bytesOf(header), rest = bytesOf(tokens);
  file.insert(file.end(), rest.begin(), rest.end());
  return file;
}

TEST(TokenFeed, HeadersOfLlmc) {
  TemporaryFile narrow(llmc(20240520, 1, 3, std::vector<uint16_t>{5, 6, 50256}), ".bin");
  EXPECT_EQ(batch(feedOf(narrow), {3, 3, 0, 0}, 0, 1), (std::vector<int32_t>{5, 6, 50256}));
  TemporaryFile wide(llmc(20240801, 7, 2, std::vector<uint32_t>{5, 40000}), ".bin");
  EXPECT_EQ(batch(feedOf(wide), {2, 2, 0, 0}, 0, 1), (std::vector<int32_t>{5, 40000}));
  TemporaryFile version(llmc(20240520, 2, 1, std::vector<uint16_t>{5}), ".bin");
  EXPECT_THAT(TokenFeed::open(version.path()).status().message(), HasSubstr("version 2"));
  TemporaryFile cut(llmc(20240520, 1, 2, std::vector<uint16_t>{5}), ".bin");
  EXPECT_THAT(TokenFeed::open(cut.path()).status().message(), HasSubstr("claims 2 tokens"));
}

TEST(TokenFeed, SaysWhatIsWrong) {
  TemporaryFile odd(std::vector<uint8_t>{1, 2, 3}, ".bin"), empty(std::vector<uint8_t>{}, ".txt");
  EXPECT_THAT(TokenFeed::open(odd.path()).status().message(), HasSubstr("odd number"));
  EXPECT_THAT(TokenFeed::open(empty.path()).status().message(), HasSubstr("no tokens"));
  TemporaryFile file(bytesOf(counting(12)), ".bin");
  CoordinateMap map(Sharding::replicated({1, 4}), Mesh{{{"tp", 1}}}, 0);
  std::vector<int32_t> local(4);
  EXPECT_THAT(feedOf(file).fill(inputs, 2, 10, map, local.data()).message(),
              HasSubstr("vocabulary ends at 9"));
}

} // namespace
} // namespace tpc
