//===- Annotator.h - Gives new ops their scope and phase ------------------------------------===//
#pragma once

#include "dialects/nn/NN.h"

namespace tpc {

/// A listener of a builder: every op that it creates gets the scope and the phase set here.
class Annotator : public mlir::OpBuilder::Listener {
public:
  mlir::StringAttr scope;         ///< none: no scope
  std::optional<nn::Phase> phase; ///< none: no phase

  void notifyOperationInserted(mlir::Operation *op,
                               mlir::OpBuilder::InsertPoint previous) override {
    if (previous.isSet())
      return; // moved, not new
    if (scope)
      op->setAttr(nn::kScopeAttr, scope);
    if (phase)
      nn::setPhase(op, *phase);
  }
};

} // namespace tpc
