//===- CheckpointManifest.h - What a checkpoint says of the run ---------------------------===//
//
// The metadata of the safetensors file that a checkpoint is. Reading is strict: every field is
// there, in its range, and nothing else; the generator and the data's fingerprint may be missing,
// as in files of older versions. There is no state of random numbers but the seed and the step, and
// none of micro-batches: checkpoints are taken between steps.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/io/Initialise.h"
#include "runtime/support/Status.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace tpc {

struct CheckpointInfo {
  std::string model;  ///< its name
  uint64_t modelHash; ///< of what it says: the names of tensors alone don't say what they mean
  int64_t step;       ///< that was the last one
  uint32_t seed;
  /// The token of the stream where the next step begins. Older versions counted the tokens that
  /// the steps took, and may be beyond the stream's end.
  int64_t dataPosition;
  Initialiser init = Initialiser::Philox; ///< also of the inputs that are drawn
  /// Of the stream that the position is in (TokenFeed.h); nothing: not known, or there is none.
  std::optional<uint64_t> dataHash = std::nullopt;
};

/// Of a safetensors file.
using Metadata = std::map<std::string, std::string>;

/// Whether a checkpoint is meant, whole or damaged.
bool isCheckpoint(const Metadata &metadata);
Metadata manifestOf(const CheckpointInfo &info);
Result<CheckpointInfo> checkpointInfo(const Metadata &metadata);

} // namespace tpc
