//===- Recompute.h - What the backward pass computes again -----------------------------------===//
//
// Forward values that the backward pass reads are kept from the forward pass until then. Which of
// them are computed again instead is decided here, on the graph of level `grad`: sharding then
// decides on the clones as on all ops, the proofs cover them, and what they need of collectives
// follows from their rules.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "dialects/nn/NN.h"

#include <optional>

namespace tpc {

enum class RecomputeMode { None, Selective, Full };

/// "none", "selective", "full".
llvm::StringRef name(RecomputeMode mode);
std::optional<RecomputeMode> parseRecomputeMode(llvm::StringRef text);

/// What an entry keeps for its backward pass. Bytes are of global shapes; parameters and inputs,
/// which are there anyway, do not count.
struct RecomputeReport {
  int64_t keptBytesBefore = 0, keptBytes = 0;
  int64_t keptValuesBefore = 0, keptValues = 0;
  int64_t clonedOps = 0;
  int64_t clonedFlops = 0; ///< at global shapes

  /// One sentence for the plan's report.
  std::string str(llvm::StringRef entry, RecomputeMode mode) const;
};

/// Rewrites `entry`. An entry without a backward pass stays as it is, and reports nothing.
RecomputeReport recompute(nn::EntryOp entry, RecomputeMode mode);

} // namespace tpc
