//===- Checkpoint.h - Saving a run and going on from it
//-------------------------------------------===//
//
// A checkpoint is a safetensors file of logical tensors: parameters and optimizer states under the
// plan's names, and in its metadata the last step and the seed, which is all the random state that
// counter-based generators have. It loads at any mesh.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/exec/RunSession.h"
#include "runtime/io/SafetensorsReader.h"

namespace tpc {

struct CheckpointInfo {
  int64_t step; ///< that was the last one
  uint32_t seed;
};

bool isCheckpoint(const SafetensorsReader &file);
Result<CheckpointInfo> checkpointInfo(const SafetensorsReader &file);

/// Between steps, with all ranks standing still; every process calls it, and rank 0's writes.
Status saveCheckpoint(const std::string &path, const RunSession &session,
                      const CheckpointInfo &info);

/// One output of all ranks as a whole tensor; every process calls it, and rank 0's writes.
Status saveOutput(const std::string &path, const RunSession &session, const plan::Output &output);

} // namespace tpc
