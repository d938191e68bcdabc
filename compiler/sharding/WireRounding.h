//===- WireRounding.h - Which values travel between ranks as bfloat16 -----------------------===//
//
// The type on the wire is a matter of the value, not of the collective: the solver counts its
// bytes, the reshards that it decides on carry it, and their lowering places the casts.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/sharding/FactorAtoms.h"

namespace tpc {

/// What is rounded; values that are bfloat16 already travel as they are.
struct WireRounding {
  bool activations = false; ///< and their gradients
  bool gradients = false;   ///< of parameters
};

/// Whether a float32 value is rounded to bfloat16 where it moves between ranks. Row statistics, of
/// a norm or of the loss, have no feature dim, and are never rounded; nor are scalars.
bool isRoundedOnWire(mlir::Value value, const std::vector<DimFacts> &facts, WireRounding rounding);

} // namespace tpc
