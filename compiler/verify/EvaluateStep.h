//===- EvaluateStep.h - A step of a scheduled program in float64, with bounds --------------===//
//
// A step is what verify checks as one: a library op, a kernel with all the ops of its region, or a
// collective, which is a function of the operands of all ranks.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/verify/ErrorBounds.h"

namespace tpc::verify {

/// A float64 value and how far the plan's may be from it; exact where there is no bound.
struct Bounded {
  Tensor value;
  std::optional<Tensor> bound;

  Errors errors() const { return bound ? Errors(&*bound) : Errors(); }
};

/// The results of one op that concerns one rank alone, from operands that may be off already: what
/// their bounds become, and the op's own roundings.
mlir::FailureOr<std::vector<Bounded>> evaluateOp(mlir::Operation *op, const Mesh &mesh, int rank,
                                                 llvm::ArrayRef<const Bounded *> operands,
                                                 DeviceArithmetic device = {});

/// The results of a step that concerns one rank alone, from that rank's operands (offsets
/// included). Takes the operands, which may be as large as the model. `device`: see
/// Rounding.h.
mlir::FailureOr<std::vector<Bounded>> evaluateStep(mlir::Operation *step, const Mesh &mesh,
                                                   int rank, std::vector<Tensor> operands,
                                                   DeviceArithmetic device = {});

/// The results, per rank, of a collective, from the operands of all ranks.
std::vector<std::vector<Bounded>>
evaluateCollective(mlir::Operation *step, const Mesh &mesh,
                   llvm::ArrayRef<std::vector<Tensor>> operandsOfRanks);

/// What a rank-dependent offset is.
Tensor evaluateOffset(mlir::Operation *offset, const Mesh &mesh, int rank);

} // namespace tpc::verify
