//===- TokenFeed.h - Batches of tokens from a file -----------------------------------------===//
//
// Formats, told apart by the first bytes and the file's name:
//   llm.c      1024 bytes of header (256 int32: magic, version, number of tokens), then uint16
//              (magic 20240520, version 1) or uint32 (magic 20240801, version 7)
//   .bin       a headerless stream of little-endian uint16, as nanoGPT writes it
//   otherwise  bytes, each a token
//
// Samples begin at multiples of the stride. The stream has as many samples as windows fit, at least
// one; step s takes samples s * batch ... (s + 1) * batch - 1, modulo that number, so the stream
// starts again behind its last whole window, and a batch may hold both ends. A shifted window (the
// targets of a language model) reads beyond its sample; beyond the end of the stream it gets
// `tail`.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/CoordinateMap.h"
#include "runtime/io/MappedFile.h"

#include <string>

namespace tpc {

/// How a tensor [batch, window], or [window], is fed.
struct FeedSpec {
  int64_t window, stride, shift;
  int32_t tail;
};

class TokenFeed {
public:
  static Result<TokenFeed> open(const std::string &path);

  int64_t tokens() const { return tokens_; }
  int64_t samples(const FeedSpec &spec) const;

  /// One rank's elements for the step (0 is the first); pads become zero. A token that is not below
  /// `vocabulary` is an error.
  Status fill(const FeedSpec &spec, int64_t step, int64_t vocabulary, const CoordinateMap &map,
              int32_t *local) const;

private:
  TokenFeed(MappedFile file, size_t begin, size_t width);

  uint32_t token(int64_t index) const;

  MappedFile file_;
  size_t begin_, width_; // bytes before the first token, and of each token
  int64_t tokens_;
};

} // namespace tpc
