//===- Schedule.h - The final order of every entry ----------------------------------------===//
//
// Level `scheduled`: what is executed, in the order in which it is executed. The order of the ops
// is the order of the instructions, and the order of the collectives in it is the one total order
// that all ranks share. Where collectives have a stream of their own, they say so (kStreamAttr),
// and what stands between a collective and the first use of its results runs beside it.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/Cost.h"
#include "dialects/nn/NN.h"

#include <memory>

namespace mlir {
class Pass;
}

namespace tpc {

/// Orders the ops of an entry: as they stand, but updates of parameters as early as they can run,
/// since each frees a gradient; a write behind every use of the value that it replaces.
mlir::LogicalResult orderEntry(nn::EntryOp entry);

/// Small collectives are packed up to this many bytes together: there the latency of one collective
/// is worth more than what waiting for the last of its inputs can cost (75 KB take as long on the
/// wire as one start on the reference machine).
inline constexpr int64_t kPackedBytes = 256 * 1024;
/// Those of one place in the model and one phase are ready at about the same time, so that waiting
/// costs little: the gradients of the weights of k and v.
inline constexpr int64_t kPackedBytesOfOnePlace = 64 * 1024 * 1024;

/// Joins collectives of one kind, axis and reduction where no use of a result lies between them, or
/// where the later one's inputs are there already.
void packCollectives(nn::EntryOp entry);

/// Puts independent work between each collective and the first use of its results, and starts
/// collectives as soon as their inputs are there; their order stays.
mlir::LogicalResult overlapCollectives(nn::EntryOp entry, const Hardware &hardware);

struct ScheduleOptions {
  bool overlapsCollectives = false;
  Hardware hardware; ///< by whose predicted times work and collectives are matched
};

/// tpc-schedule: orders every entry and packs its collectives.
std::unique_ptr<mlir::Pass> createSchedulePass(ScheduleOptions options = {});
/// tpc-verify-scheduled: the legal form of level `scheduled`.
std::unique_ptr<mlir::Pass> createVerifyScheduledPass();

} // namespace tpc
