//===- Place.h - A placement along one axis, down to the factor ----------------------------===//
#pragma once

#include "algebra/Sharding.h"

namespace tpc {

/// A placement along the axis that is being solved. Of a split it says which factor of the dim is
/// split, by its position among the dim's atoms.
struct Place {
  Placement::Kind kind = Placement::Replicated;
  int dim = -1, atom = -1;
  ReduceKind reduce = ReduceKind::Sum;

  static Place replicated() { return {}; }
  static Place split(int dim, int atom) { return {Placement::Split, dim, atom}; }
  static Place partial(ReduceKind kind) { return {Placement::Partial, -1, -1, kind}; }
  bool isReplicated() const { return kind == Placement::Replicated; }
  bool isSplit() const { return kind == Placement::Split; }
  bool isPartial() const { return kind == Placement::Partial; }
  bool isPartialSum() const { return isPartial() && reduce == ReduceKind::Sum; }
  auto operator<=>(const Place &) const = default;
};

} // namespace tpc
