//===- Pads.h - What the pads of values hold -----------------------------------------------===//
//
// A padded factor stores more than it means. Its pads are known to be zero, or they may hold
// anything. An op that sums over them needs zeros. How that knowledge passes through an op is in
// its rule; here it is applied.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/Rule.h"

namespace tpc {

/// Whether the pads of one value are zero: per dim, one entry for each padded factor of the dim's
/// layout, major first.
struct PadState {
  std::vector<std::vector<bool>> zero;

  static PadState of(const Sharding &sharding, bool zero);
  bool allZero() const;
  bool operator==(const PadState &) const = default;
};

/// Position of `factor` among the padded factors of its dim.
int padIndex(const DimLayout &dim, int factor);

/// An operand's pads that must be zero and are not known to be.
struct PadDemand {
  int operand;
  int dim;
  int pad; ///< index into PadState::zero[dim]
  int ruleFactor;
};

struct PadFlow {
  std::vector<PadDemand> unmet;
  /// Of the results, where the demands are met.
  std::vector<PadState> results;
};

PadFlow flowPads(const Rule &rule, const FactorLayouts &layouts,
                 const std::vector<PadState> &operands);

} // namespace tpc
