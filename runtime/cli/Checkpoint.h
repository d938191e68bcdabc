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

/// How long a run that is done waits for another process that is saving to the same file.
inline constexpr std::chrono::seconds kSavePatience{60};

/// Whether a step of the entry writes anything that a checkpoint holds: else it is no training.
bool trains(const PlanFile &plan, const plan::Entry &entry);

/// Whether a checkpoint could be saved there now: makes room for it and gives it back.
Status checkSaveTarget(const std::string &path, const PlanFile &plan);
/// The same for an output.
Status checkOutputTarget(const std::string &path, const PlanFile &plan, const plan::Output &output);

/// Between steps, with all ranks standing still; every process calls it, and rank 0's writes. What
/// is not finite is not saved, unless `saveNonfinite`. `onWait` is called if there is another
/// process to wait for.
Status saveCheckpoint(const std::string &path, const RunSession &session,
                      const CheckpointInfo &info, bool saveNonfinite,
                      const std::function<void()> &onWait);

/// One output of all ranks as a whole tensor; every process calls it, and rank 0's writes.
Status saveOutput(const std::string &path, const RunSession &session, const plan::Output &output,
                  const std::function<void()> &onWait);

} // namespace tpc
