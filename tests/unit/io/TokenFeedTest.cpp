//===- TokenFeedTest.cpp - Windows, shifts, tails and wraps --------------------------------===//
#include "runtime/io/TokenFeed.h"
#include "tests/unit/support/Temporary.h"

#include <cstring>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vector>

namespace tpc {
namespace {

using test::TemporaryFile;

using testing::HasSubstr;

const FeedSpec inputs{4, 4, 0, -1, 50257}, targets{4, 4, 1, -100, 50257};

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

TokenFeed feedOf(const TemporaryFile &file, TokenFeed::Kind kind = TokenFeed::Kind::Tokens) {
  auto feed = TokenFeed::open(file.path(), kind);
  EXPECT_TRUE(feed.ok()) << feed.status().message();
  return std::move(*feed);
}

std::vector<int32_t> batch(const TokenFeed &feed, const FeedSpec &spec, int64_t step,
                           int64_t size) {
  Mesh mesh{{{"tp", 1}}};
  CoordinateMap map(Sharding::replicated({size, spec.window}), mesh, 0);
  std::vector<int32_t> local(map.localElements(), 99);
  Status status = feed.fill(spec, step * size, map, local.data());
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
  EXPECT_EQ(feed.samples({9, 9, 0, -5}), 0);
}

TEST(TokenFeed, BeginsAtAnyTokenAndThenAtTheFirst) {
  TemporaryFile file(bytesOf(counting(13)), ".bin");
  TokenFeed feed = feedOf(file);
  FeedSpec late = inputs;
  late.start = 3; // samples at 3 and 7; then at 0, 4, 8
  EXPECT_EQ(batch(feed, late, 0, 2), (std::vector<int32_t>{3, 4, 5, 6, 7, 8, 9, 10}));
  EXPECT_EQ(batch(feed, late, 1, 2), (std::vector<int32_t>{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(batch(feed, late, 2, 2), (std::vector<int32_t>{8, 9, 10, 11, 0, 1, 2, 3}));
  EXPECT_EQ(feed.positionAfter(late, 1), 7);
  EXPECT_EQ(feed.positionAfter(late, 2), 11);
  EXPECT_EQ(feed.positionAfter(late, 3), 4);
  // Where no window is left it begins at the first token.
  for (int64_t start : {10, 13, 100}) {
    late.start = start;
    EXPECT_EQ(batch(feed, late, 0, 1), (std::vector<int32_t>{0, 1, 2, 3})) << start;
  }
  // A run that goes on takes the samples that one run takes.
  for (int64_t first = 1; first < 9; ++first) {
    FeedSpec rest = inputs;
    rest.start = feed.positionAfter(inputs, first);
    for (int64_t next = 0; next < 9; ++next)
      EXPECT_EQ(batch(feed, rest, next, 1), batch(feed, inputs, first + next, 1));
  }
  EXPECT_EQ(feed.positionAfter({4, 20, 0, 0}, 1), 13) << "no position lies beyond the end";
}

TEST(TokenFeed, FingerprintsTellFilesApart) {
  auto fingerprint = [](const std::vector<uint8_t> &bytes) {
    TemporaryFile file(bytes, ".bin");
    Result<uint64_t> hash = feedOf(file).fingerprint();
    EXPECT_TRUE(hash.ok()) << hash.status().message();
    return *hash;
  };
  for (size_t tokens : {1, 1000, 1 << 17, 1'000'001}) {
    std::vector<uint16_t> stream(tokens, 7);
    const uint64_t hash = fingerprint(bytesOf(stream));
    EXPECT_EQ(fingerprint(bytesOf(stream)), hash);
    stream.push_back(7);
    EXPECT_NE(fingerprint(bytesOf(stream)), hash) << tokens;
    stream.pop_back();
    for (size_t at : {size_t{0}, tokens - 1})
      if (at < tokens) {
        stream[at] = 8;
        EXPECT_NE(fingerprint(bytesOf(stream)), hash) << tokens << " " << at;
        stream[at] = 7;
      }
  }
}

TEST(TokenFeed, RanksGetTheirPartOfTheBatch) {
  TemporaryFile file(bytesOf(counting(40)), ".bin");
  TokenFeed feed = feedOf(file);
  Mesh mesh{{{"dp", 2}}};
  Sharding sharding = Sharding::replicated({4, 4});
  sharding.dims[0] = splitDim(4, 0, mesh);
  CoordinateMap second(sharding, mesh, 1);
  std::vector<int32_t> local(8);
  ASSERT_TRUE(feed.fill(inputs, 4, second, local.data()).ok());
  EXPECT_EQ(local, (std::vector<int32_t>{24, 25, 26, 27, 28, 29, 30, 31}));
}

TEST(TokenFeed, BytesAreTokens) {
  std::string text = "abcd\xC3";
  TemporaryFile file(bytesOf(std::vector<char>(text.begin(), text.end())), ".txt");
  TokenFeed feed = feedOf(file, TokenFeed::Kind::Bytes);
  EXPECT_EQ(batch(feed, {5, 5, 0, 0}, 0, 1), (std::vector<int32_t>{97, 98, 99, 100, 195}));
  TemporaryFile named(bytesOf(std::vector<char>(text.begin(), text.end())), ".bin");
  EXPECT_EQ(feedOf(named, TokenFeed::Kind::Bytes).tokens(), 5);
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
}

struct Refusal {
  std::vector<uint8_t> bytes;
  const char *name;
  TokenFeed::Kind kind;
  const char *reason;
};

TEST(TokenFeed, RefusesDamagedFiles) {
  auto tokens = TokenFeed::Kind::Tokens, text = TokenFeed::Kind::Bytes;
  std::vector<uint8_t> good = llmc(20240520, 1, 1, std::vector<uint16_t>{5});
  Refusal refusals[] = {
      {llmc(20240520, 2, 1, std::vector<uint16_t>{5}), ".bin", tokens, "has version 2"},
      {llmc(20240801, 1, 1, std::vector<uint32_t>{5}), ".bin", tokens, "reads version 7"},
      {llmc(20240520, 1, 2, std::vector<uint16_t>{5}), ".bin", tokens, "claims 2 tokens"},
      {llmc(20240520, 1, -1, std::vector<uint16_t>{5}), ".bin", tokens, "claims -1 tokens"},
      {llmc(20240801, 7, 1, std::vector<uint16_t>{5}), ".bin", tokens, "2 bytes follow"},
      {{good.begin(), good.begin() + 500}, ".bin", tokens, "ends within its header"},
      {{1, 2, 3}, ".bin", tokens, "an odd number of bytes, 3"},
      {{'t', 'e', 'x', 't'}, ".txt", tokens, "is no token file"},
      {good, ".txt", text, "the model reads bytes"},
  };
  for (const Refusal &refusal : refusals) {
    TemporaryFile file(refusal.bytes, refusal.name);
    Status status = TokenFeed::open(file.path(), refusal.kind).status();
    EXPECT_EQ(status.code(), Code::InvalidInput);
    EXPECT_THAT(status.message(), HasSubstr("'" + file.path() + "' "));
    EXPECT_THAT(status.message(), HasSubstr(refusal.reason));
    EXPECT_NE(status.hint(), "") << status.message();
  }
  // A header is told by its magic number, however the file is named.
  TemporaryFile anyName(good, ".tokens");
  EXPECT_EQ(feedOf(anyName).tokens(), 1);
}

TEST(TokenFeed, ChecksWhatARunWillTake) {
  std::vector<uint16_t> stream = counting(20);
  stream[13] = 60000;
  TemporaryFile file(bytesOf(stream), ".bin");
  TokenFeed feed = feedOf(file);
  auto reason = [&](const FeedSpec &spec, int64_t batch, int64_t first, int64_t count) {
    Status status = feed.check(spec, batch, first, count);
    EXPECT_EQ(status.ok(), status.hint().empty()) << status.message();
    return status.message();
  };
  EXPECT_EQ(reason(inputs, 1, 0, 3), "");
  EXPECT_EQ(reason(targets, 1, 0, 3), "");
  std::string bad = "has the token 60000 at position 13, and the model's vocabulary ends at 50256";
  EXPECT_THAT(reason(inputs, 1, 3, 1), HasSubstr(bad));
  EXPECT_THAT(reason({4, 4, 2, 0, 50257}, 1, 0, 3), HasSubstr(bad));
  EXPECT_EQ(reason(inputs, 1, 4, 4), ""); // 4, then 0, 1, 2 again
  EXPECT_EQ(reason(inputs, 1, 9, 4), "");
  EXPECT_THAT(reason(inputs, 1, 4, 5), HasSubstr(bad));
  EXPECT_THAT(reason(inputs, 1, 0, 1 << 30), HasSubstr(bad));
  FeedSpec late = inputs;
  late.start = 14; // one sample, then 0, 4, 8, 12
  EXPECT_EQ(reason(late, 1, 0, 4), "");
  EXPECT_THAT(reason(late, 1, 0, 5), HasSubstr(bad));
  late.start = 10;
  EXPECT_THAT(reason(late, 1, 0, 1), HasSubstr(bad));
  late.start = 16;
  EXPECT_EQ(reason(late, 1, 0, 4), "");
  EXPECT_THAT(reason(late, 1, 0, 5), HasSubstr(bad));
  EXPECT_EQ(reason({4, 4, 0, 0, 0}, 1, 0, 5), ""); // no vocabulary is known
  EXPECT_THAT(reason({21, 21, 0, 0, 0}, 1, 0, 1), HasSubstr("has 20 tokens, and a sequence"));
  EXPECT_EQ(reason(inputs, 3, 0, 3), "");
  EXPECT_THAT(reason(inputs, 6, 0, 6), HasSubstr("5 sequence(s) of 4, and a batch takes 6"));
  // What a step takes is checked again: the file may have changed.
  CoordinateMap map(Sharding::replicated({1, 4}), Mesh{{{"tp", 1}}}, 0);
  std::vector<int32_t> local(4);
  EXPECT_THAT(feed.fill(inputs, 3, map, local.data()).message(), HasSubstr(bad));
  std::filesystem::resize_file(file.path(), 10);
  EXPECT_THAT(feed.fill(inputs, 2, map, local.data()).message(),
              HasSubstr("had 40 bytes when it was opened"));
}

TEST(TokenFeed, WideIdsMustFit) {
  TemporaryFile file(llmc(20240801, 7, 2, std::vector<uint32_t>{5, 0x80000000}), ".bin");
  EXPECT_THAT(feedOf(file).check({2, 2, 0, 0, 0}, 1, 0, 1).message(),
              HasSubstr("has the token 2147483648"));
}

} // namespace
} // namespace tpc
