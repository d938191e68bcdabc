//===- TokenFeed.cpp - Batches of tokens from a file ---------------------------------------===//
#include "runtime/io/TokenFeed.h"

#include <algorithm>
#include <climits>
#include <cstring>
#include <optional>

namespace tpc {
namespace {

struct Format {
  uint64_t begin, width;
};

/// Formats of llm.c.
struct Known {
  int32_t magic, version;
  uint64_t width;
};
constexpr Known knownFormats[] = {{20240520, 1, 2}, {20240801, 7, 4}};
constexpr uint64_t headerBytes = 1024;

Status wrong(const std::string &path, const std::string &what, const std::string &hint) {
  return Status(Code::InvalidInput, "'" + path + "' " + what, hint);
}

/// The format that the file's first bytes name, or nothing.
Result<std::optional<Format>> headerFormat(const InputFile &file) {
  int32_t header[3];
  if (file.size() < sizeof(header))
    return std::optional<Format>();
  TPC_RETURN_IF_ERROR(file.read(0, {reinterpret_cast<uint8_t *>(header), sizeof(header)}));
  auto [magic, version, tokens] = header;
  auto known = std::find_if(std::begin(knownFormats), std::end(knownFormats),
                            [magic = magic](const Known &format) { return format.magic == magic; });
  if (known == std::end(knownFormats))
    return std::optional<Format>();
  std::string hint = "the file begins like a token file of llm.c, but is damaged; make it again";
  if (version != known->version)
    return wrong(file.path(),
                 "has version " + std::to_string(version) +
                     " of llm.c's token files, and tpc "
                     "reads version " +
                     std::to_string(known->version),
                 hint);
  if (file.size() < headerBytes)
    return wrong(file.path(), "ends within its header of 1024 bytes", hint);
  uint64_t bytes = file.size() - headerBytes;
  if (tokens < 0 || bytes != static_cast<uint64_t>(tokens) * known->width)
    return wrong(file.path(),
                 "claims " + std::to_string(tokens) + " tokens of " + std::to_string(known->width) +
                     " bytes in its header, and " + std::to_string(bytes) + " bytes follow it",
                 hint);
  return std::optional<Format>({headerBytes, known->width});
}

Result<Format> formatOf(const InputFile &file, TokenFeed::Kind kind) {
  TPC_ASSIGN_OR_RETURN(std::optional<Format> header, headerFormat(file));
  if (kind == TokenFeed::Kind::Bytes) {
    if (header)
      return wrong(file.path(), "is a token file of llm.c, and the model reads bytes",
                   "give it the text itself");
    return Format{0, 1};
  }
  if (header)
    return *header;
  if (!file.path().ends_with(".bin"))
    return wrong(file.path(), "is no token file: it has no header of llm.c and is not named .bin",
                 "the model reads tokens (uint16 as nanoGPT writes them, or llm.c's files); for "
                 "text as it is, see models/byte-gpt.mlir");
  if (file.size() % 2 != 0)
    return wrong(file.path(),
                 "has an odd number of bytes, " + std::to_string(file.size()) +
                     ", and without a header a .bin file is a stream of uint16",
                 "the file was cut, or is no token file");
  return Format{0, 2};
}

} // namespace

TokenFeed::TokenFeed(InputFile file, uint64_t begin, uint64_t width)
    : file_(std::move(file)), begin_(begin), width_(width),
      tokens_(static_cast<int64_t>((file_.size() - begin) / width)) {}

Result<TokenFeed> TokenFeed::open(const std::string &path, Kind kind) {
  TPC_ASSIGN_OR_RETURN(InputFile file, InputFile::open(path));
  TPC_ASSIGN_OR_RETURN(Format format, formatOf(file, kind));
  return TokenFeed(std::move(file), format.begin, format.width);
}

int64_t TokenFeed::samples(const FeedSpec &spec) const {
  return tokens_ < spec.window ? 0 : (tokens_ - spec.window) / spec.stride + 1;
}

TokenFeed::Round TokenFeed::roundAt(const FeedSpec &spec, int64_t sample) const {
  int64_t room = tokens_ - spec.window - spec.start;
  int64_t first = room < 0 ? 0 : room / spec.stride + 1;
  if (sample < first)
    return {spec.start + sample * spec.stride, first - sample};
  int64_t all = samples(spec), index = (sample - first) % all;
  return {index * spec.stride, all - index};
}

int64_t TokenFeed::positionAfter(const FeedSpec &spec, int64_t samples) const {
  return std::min(roundAt(spec, samples - 1).begin + spec.stride, tokens_);
}

Result<uint64_t> TokenFeed::fingerprint() const {
  constexpr uint64_t blocks = 64, blockBytes = 4096;
  uint64_t hash = 0xCBF29CE484222325u; // FNV-1a
  auto add = [&](const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; ++i)
      hash = (hash ^ bytes[i]) * 0x100000001B3u;
  };
  const uint64_t size = static_cast<uint64_t>(tokens_) * width_;
  add(reinterpret_cast<const uint8_t *>(&size), sizeof(size));
  // Evenly spread, the first at the beginning and the last at the end.
  const bool isShort = size <= blocks * blockBytes;
  const uint64_t count = isShort ? 1 : blocks, length = isShort ? size : blockBytes;
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t at = i + 1 == count ? size - length : (size - length) / (blocks - 1) * i;
    TPC_ASSIGN_OR_RETURN(std::vector<uint8_t> bytes, file_.read(begin_ + at, length));
    add(bytes.data(), bytes.size());
  }
  return hash;
}

Status TokenFeed::read(int64_t begin, int64_t count, int64_t vocabulary,
                       std::vector<uint32_t> &to) const {
  TPC_ASSIGN_OR_RETURN(std::vector<uint8_t> bytes,
                       file_.read(begin_ + static_cast<uint64_t>(begin) * width_,
                                  static_cast<uint64_t>(count) * width_));
  // Without a known vocabulary a token must still fit into the tensor.
  uint32_t limit =
      static_cast<uint32_t>(vocabulary ? std::min<int64_t>(vocabulary, INT32_MAX) : INT32_MAX);
  to.resize(static_cast<size_t>(count));
  for (size_t i = 0; i < to.size(); ++i) {
    to[i] = 0;
    std::memcpy(&to[i], &bytes[i * width_], width_); // little-endian, as the host is
    if (to[i] >= limit)
      return wrong(file_.path(),
                   "has the token " + std::to_string(to[i]) + " at position " +
                       std::to_string(begin + static_cast<int64_t>(i)) +
                       ", and the model's vocabulary ends at " + std::to_string(limit - 1),
                   "check that the data was made for this model's vocabulary");
  }
  return {};
}

Status TokenFeed::check(const FeedSpec &spec, int64_t batch, int64_t first, int64_t count) const {
  if (tokens_ < spec.window)
    return wrong(file_.path(),
                 "has " + std::to_string(tokens_) + " tokens, and a sequence of the model takes " +
                     std::to_string(spec.window),
                 "compile the model for a shorter sequence (--dim), or take more data");
  int64_t all = samples(spec);
  if (all < batch)
    return wrong(file_.path(),
                 "has " + std::to_string(tokens_) + " tokens, " + std::to_string(all) +
                     " sequence(s) of " + std::to_string(spec.window) + ", and a batch takes " +
                     std::to_string(batch),
                 "compile the model for a smaller batch (--dim), or take more data");
  FeedSpec taken = spec;
  // All samples of a round are all of a run that begins at one of them.
  if (spec.start % spec.stride == 0 && count >= all) {
    taken.start = first = 0;
    count = all;
  }
  count = std::min(count, roundAt(taken, first).left + all);
  // Of each round the tokens from the first sample's first to the last one's last.
  constexpr int64_t chunk = 1 << 20;
  std::vector<uint32_t> tokens;
  for (int64_t done = 0; done < count;) {
    auto [at, left] = roundAt(taken, first + done);
    int64_t here = std::min(left, count - done);
    int64_t last = at + (here - 1) * spec.stride + spec.shift + spec.window;
    for (int64_t end = std::min(tokens_, last); at < end; at += chunk)
      TPC_RETURN_IF_ERROR(read(at, std::min(chunk, end - at), spec.vocabulary, tokens));
    done += here;
  }
  return {};
}

Status TokenFeed::fill(const FeedSpec &spec, int64_t first, const CoordinateMap &map,
                       int32_t *local) const {
  const std::vector<int64_t> &shape = map.globalShape();
  if (shape.empty() || shape.size() > 2 || shape.back() != spec.window || spec.stride < 1 ||
      spec.shift < 0)
    return Status(Code::Internal, "a token feed whose window is not the last dim of its tensor");
  if (samples(spec) == 0)
    return Status(Code::Internal, "a token feed without a whole window");
  std::fill_n(local, map.localElements(), 0);
  Status status;
  std::vector<uint32_t> tokens;
  map.forEachRun([&](int64_t localOffset, int64_t globalOffset, int64_t length) {
    // A run may span sequences, which lie apart in the stream.
    while (length > 0 && status.ok()) {
      int64_t within = globalOffset % spec.window;
      int64_t count = std::min(length, spec.window - within);
      int64_t sample = first + globalOffset / spec.window;
      int64_t at = roundAt(spec, sample).begin + spec.shift + within;
      int64_t there = std::clamp<int64_t>(tokens_ - at, 0, count);
      status = read(at, there, spec.vocabulary, tokens);
      for (int64_t i = 0; i < count && status.ok(); ++i)
        local[localOffset + i] =
            i < there ? static_cast<int32_t>(tokens[static_cast<size_t>(i)]) : spec.tail;
      localOffset += count;
      globalOffset += count;
      length -= count;
    }
  });
  return status;
}

} // namespace tpc
