//===- TokenFeed.h - Batches of tokens from a file -----------------------------------------===//
//
// A stream is the bytes of any file, or tokens in one of these formats:
//   llm.c      1024 bytes of header (256 int32: magic, version, number of tokens), then uint16
//              (magic 20240520, version 1) or uint32 (magic 20240801, version 7)
//   .bin       a headerless stream of little-endian uint16, as nanoGPT writes it
//
// Samples begin a stride apart, the first of a run at the run's start. Behind the last whole window
// the stream begins again, at its first token. A shifted window (the targets of a language model)
// reads beyond its sample; beyond the end of the stream it gets `tail`.
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
  /// The token where the first sample of the run begins; later rounds begin at token 0.
  int64_t start = 0;
};

class TokenFeed {
public:
  enum class Kind : uint8_t { Tokens, Bytes };

  static Result<TokenFeed> open(const std::string &path, Kind kind);

  int64_t tokens() const { return tokens_; }
  /// In a round from the first token on.
  int64_t samples(const FeedSpec &spec) const;
  /// Where a run goes on that took so many samples, at least one: behind the last of them.
  int64_t positionAfter(const FeedSpec &spec, int64_t samples) const;
  /// Of the number of tokens and of their bytes, in a long stream of some of them: tells files
  /// apart, and costs the same for all of them.
  Result<uint64_t> fingerprint() const;

  /// Whether the stream is long enough for batches of so many samples, and every token of `count`
  /// samples from `first` on is in the vocabulary.
  Status check(const FeedSpec &spec, int64_t batch, int64_t first, int64_t count) const;

  /// One rank's elements of the batch that begins at sample `first`; pads become zero.
  Status fill(const FeedSpec &spec, int64_t first, const CoordinateMap &map, int32_t *local) const;

private:
  TokenFeed(InputFile file, uint64_t begin, uint64_t width);

  /// The samples of the first round from a sample of the run on, and where that begins.
  struct Round {
    int64_t begin, left;
  };
  Round roundAt(const FeedSpec &spec, int64_t sample) const;

  /// Tokens [begin, begin + count) of the stream, each below the vocabulary.
  Status read(int64_t begin, int64_t count, int64_t vocabulary, std::vector<uint32_t> &to) const;

  InputFile file_;
  uint64_t begin_, width_; ///< bytes before the first token, and of each token
  int64_t tokens_;
};

} // namespace tpc
