//===- TokenFeed.h - Batches of tokens from a file -----------------------------------------===//
//
// A stream is the bytes of any file, or tokens in one of these formats:
//   llm.c      1024 bytes of header (256 int32: magic, version, number of tokens), then uint16
//              (magic 20240520, version 1) or uint32 (magic 20240801, version 7)
//   .bin       a headerless stream of little-endian uint16, as nanoGPT writes it
//
// Samples begin at multiples of the stride. The stream has as many samples as windows fit; sample n
// of a run is sample n modulo that number, so the stream starts again behind its last whole window.
// A shifted window (the targets of a language model) reads beyond its sample; beyond the end of the
// stream it gets `tail`.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/CoordinateMap.h"
#include "runtime/io/InputFile.h"

#include <string>

namespace tpc {

/// How a tensor [batch, window], or [window], is fed.
struct FeedSpec {
  int64_t window, stride, shift;
  int32_t tail;
  /// Tokens are below it; 0 if it is not known.
  int64_t vocabulary = 0;
};

class TokenFeed {
public:
  enum class Kind : uint8_t { Tokens, Bytes };

  static Result<TokenFeed> open(const std::string &path, Kind kind);

  int64_t tokens() const { return tokens_; }
  int64_t samples(const FeedSpec &spec) const;

  /// Whether the stream is long enough for batches of so many samples, and every token of `count`
  /// samples from `first` on is in the vocabulary.
  Status check(const FeedSpec &spec, int64_t batch, int64_t first, int64_t count) const;

  /// One rank's elements of the batch that begins at sample `first`; pads become zero.
  Status fill(const FeedSpec &spec, int64_t first, const CoordinateMap &map, int32_t *local) const;

private:
  TokenFeed(InputFile file, uint64_t begin, uint64_t width);

  /// Tokens [begin, begin + count) of the stream, each below the vocabulary.
  Status read(int64_t begin, int64_t count, int64_t vocabulary, std::vector<uint32_t> &to) const;

  InputFile file_;
  uint64_t begin_, width_; ///< bytes before the first token, and of each token
  int64_t tokens_;
};

} // namespace tpc
