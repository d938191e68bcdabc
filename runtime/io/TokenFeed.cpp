//===- TokenFeed.cpp - Batches of tokens from a file ---------------------------------------===//
#include "runtime/io/TokenFeed.h"

#include <algorithm>
#include <climits>
#include <cstring>
#include <optional>

namespace tpc {
namespace {

struct Format {
  size_t begin, width;
};

template <typename T> T read(std::span<const uint8_t> bytes, size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof(value));
  return value;
}

/// The header of llm.c, or nothing if it is not one.
Result<std::optional<Format>> llmcFormat(std::span<const uint8_t> bytes) {
  constexpr size_t headerBytes = 1024;
  struct Known {
    int32_t magic, version;
    size_t width;
  };
  constexpr Known known[] = {{20240520, 1, 2}, {20240801, 7, 4}};
  if (bytes.size() < headerBytes)
    return std::optional<Format>();
  for (const Known &format : known) {
    if (read<int32_t>(bytes, 0) != format.magic)
      continue;
    int32_t version = read<int32_t>(bytes, 4), tokens = read<int32_t>(bytes, 8);
    if (version != format.version)
      return Status(Code::InvalidInput,
                    "version " + std::to_string(version) + " of llm.c's token files is not known");
    if (tokens < 0 || bytes.size() - headerBytes != static_cast<size_t>(tokens) * format.width)
      return Status(Code::InvalidInput, "the header claims " + std::to_string(tokens) +
                                            " tokens, and the file has another size");
    return std::optional<Format>({headerBytes, format.width});
  }
  return std::optional<Format>();
}

Result<Format> formatOf(const std::string &path, std::span<const uint8_t> bytes) {
  TPC_ASSIGN_OR_RETURN(std::optional<Format> llmc, llmcFormat(bytes));
  if (llmc)
    return *llmc;
  if (!path.ends_with(".bin"))
    return Format{0, 1};
  if (bytes.size() % 2 != 0)
    return Status(Code::InvalidInput, "a stream of uint16 has an odd number of bytes",
                  "name it otherwise than .bin if its bytes are the tokens");
  return Format{0, 2};
}

} // namespace

TokenFeed::TokenFeed(MappedFile file, size_t begin, size_t width)
    : file_(std::move(file)), begin_(begin), width_(width),
      tokens_(static_cast<int64_t>((file_.bytes().size() - begin) / width)) {}

Result<TokenFeed> TokenFeed::open(const std::string &path) {
  TPC_ASSIGN_OR_RETURN(MappedFile file, MappedFile::open(path));
  Result<Format> format = formatOf(path, file.bytes());
  if (!format.ok())
    return Status(format.status()).withContext("'" + path + "'");
  TokenFeed feed(std::move(file), format->begin, format->width);
  if (feed.tokens() == 0)
    return Status(Code::InvalidInput, "'" + path + "' has no tokens");
  return feed;
}

uint32_t TokenFeed::token(int64_t index) const {
  size_t at = begin_ + static_cast<size_t>(index) * width_;
  switch (width_) {
  case 1:
    return file_.bytes()[at];
  case 2:
    return read<uint16_t>(file_.bytes(), at);
  default:
    return read<uint32_t>(file_.bytes(), at);
  }
}

int64_t TokenFeed::samples(const FeedSpec &spec) const {
  return tokens_ < spec.window ? 1 : (tokens_ - spec.window) / spec.stride + 1;
}

Status TokenFeed::fill(const FeedSpec &spec, int64_t step, int64_t vocabulary,
                       const CoordinateMap &map, int32_t *local) const {
  const std::vector<int64_t> &shape = map.globalShape();
  if (shape.empty() || shape.size() > 2 || shape.back() != spec.window || spec.stride < 1 ||
      spec.shift < 0)
    return Status(Code::Internal, "a token feed whose window is not the last dim of its tensor");
  int64_t batch = shape.size() == 2 ? shape[0] : 1, count = samples(spec);
  uint32_t wrong = 0;
  bool good = true;
  auto value = [&](int64_t element) {
    int64_t sample = (step * batch + element / spec.window) % count;
    int64_t at = sample * spec.stride + spec.shift + element % spec.window;
    if (at >= tokens_)
      return spec.tail;
    uint32_t found = token(at);
    if (found >= static_cast<uint64_t>(vocabulary) || found > INT32_MAX) {
      wrong = found;
      good = false;
    }
    return static_cast<int32_t>(found);
  };
  std::fill_n(local, map.localElements(), 0);
  map.forEachRun([&](int64_t localOffset, int64_t globalOffset, int64_t length) {
    for (int64_t i = 0; i < length; ++i)
      local[localOffset + i] = value(globalOffset + i);
  });
  if (!good)
    return Status(Code::InvalidInput,
                  "the data has the token " + std::to_string(wrong) +
                      ", and the model's vocabulary ends at " + std::to_string(vocabulary - 1),
                  "check that the data was made for this model's vocabulary, and its format");
  return {};
}

} // namespace tpc
