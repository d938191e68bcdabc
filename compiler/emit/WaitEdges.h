//===- WaitEdges.h - What instructions of several streams wait for ------------------------===//
#pragma once

#include "runtime/plan/plan_generated.h"

namespace tpc {

/// Gives the instructions of `entry` their waits: of any two on different streams that touch common
/// bytes, one of them writing, the later one waits for the earlier one, unless streams and other
/// waits order them already. `plan` has the buffers.
void addWaits(plan::EntryT &entry, const plan::PlanT &plan);

/// An entry on its streams, each instruction taking its predicted time.
struct Timeline {
  int64_t total = 0;       ///< picoseconds to the end of the last instruction
  int64_t collectives = 0; ///< of the collectives together
  /// Per phase: how long nothing is computed, because what comes next waits for a collective of
  /// that phase.
  int64_t exposed[int(plan::Phase::MAX) + 1] = {};
};
Timeline timelineOf(const plan::EntryT &entry);

} // namespace tpc
