//===- ConstraintReasons.h - Which constraints are the reason of a decision ----------------===//
//
// What a user's constraint changes is seen by leaving it out: each entry is solved once more
// without all constraints, and without each one. What would then be decided otherwise has its
// reason there.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/sharding/AxisSolver.h"

#include <vector>

namespace tpc {

class ConstraintReasons {
public:
  /// Along one axis; the entries have to come in the order in which they are decided.
  ConstraintReasons(mlir::SymbolTable &symbols, const SolverOptions &options,
                    const FactorAtoms &atoms, const LayerNames &layerNames, AxisId axis);

  void enter(nn::EntryOp entry);

  /// " under the constraint 'fc1=[{}, {tp}]'" of a value of the present entry that is held so for
  /// it; empty where no constraint is the reason.
  std::string of(mlir::Value value, const Availability &held) const;
  /// The same of an op and the strategy by which it is executed.
  std::string of(mlir::Operation *op, int strategy) const;

private:
  /// The plan without one constraint, or without any.
  struct Other {
    SolverOptions options;
    std::vector<std::string> leftOut; ///< the constraints' texts
    llvm::StringMap<Place> fixed;
    // Of the present entry; empty if it has no plan.
    llvm::DenseMap<mlir::Value, Availability> held;
    llvm::DenseMap<mlir::Operation *, int> strategies;
  };

  std::string textOf(llvm::function_ref<bool(const Other &)> isOtherwise) const;

  mlir::SymbolTable &symbols_;
  const FactorAtoms &atoms_;
  const LayerNames &layerNames_;
  AxisId axis_;
  std::vector<Other> others_; ///< without all of them first
};

} // namespace tpc
