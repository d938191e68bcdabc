//===- StepCost.h - What a step is predicted to take ---------------------------------------===//
#pragma once

#include "algebra/Cost.h"
#include "algebra/Mesh.h"

#include "mlir/IR/Operation.h"

namespace tpc {

struct StepCost {
  int64_t flops = 0;
  int64_t bytes = 0; ///< memory traffic, or wire bytes of a collective, on one rank
  Picoseconds time = 0;
};

/// The kind of a collective.
CollectiveKind collectiveKind(mlir::Operation *collective);

/// Of a step at level `fused` or later, with local types. What is no step costs nothing.
StepCost costOf(mlir::Operation *step, const Mesh &mesh, const Hardware &hardware);

} // namespace tpc
