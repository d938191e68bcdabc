//===- Checkpoint.h - Saving a run and going on from it ---------------------------------------===//
//
// A checkpoint is a safetensors file of logical tensors, parameters and optimizer states under the
// plan's names, and a manifest in its metadata. Counter-based generators have no state but the seed
// and the step. It is taken between steps, and loads at any mesh.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/exec/RunSession.h"
#include "runtime/io/CheckpointManifest.h"

namespace tpc {

/// Whether a checkpoint could be saved there now: makes room for it and gives it back.
Status checkSaveTarget(const std::string &path, const PlanFile &plan);
/// The same for an output.
Status checkOutputTarget(const std::string &path, const PlanFile &plan, const plan::Output &output);

/// Between steps, with all ranks standing still; every process calls it, and rank 0's writes. What
/// is not finite is not saved, unless `saveNonfinite`.
Status saveCheckpoint(const std::string &path, const RunSession &session,
                      const CheckpointInfo &info, bool saveNonfinite);

/// One output of all ranks as a whole tensor; every process calls it, and rank 0's writes.
Status saveOutput(const std::string &path, const RunSession &session, const plan::Output &output);

} // namespace tpc
