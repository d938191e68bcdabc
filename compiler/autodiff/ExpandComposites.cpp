//===- ExpandComposites.cpp - From composite ops to primitive ones ----------------------------===//
//
// What a composite op means in primitive ops is written beside it (CompositeOp::expand); here it is
// only applied until nothing composite is left. Sums that it makes join those that they belong to.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/autodiff/Annotator.h"
#include "compiler/autodiff/FlattenSums.h"
#include "compiler/autodiff/Passes.h"

#include "mlir/IR/BuiltinOps.h"

namespace tpc {

#define GEN_PASS_DEF_EXPANDCOMPOSITES
#include "compiler/autodiff/Passes.h.inc"

using namespace mlir;

namespace {

bool isComposite(Operation &op) {
  auto composite = dyn_cast<nn::CompositeOp>(op);
  return composite && !composite.isPrimitive();
}

/// Replaces a composite op; fails if its expansion does not fit.
LogicalResult expand(nn::CompositeOp op) {
  Annotator annotator;
  annotator.scope = op->getAttrOfType<StringAttr>(nn::kScopeAttr);
  OpBuilder builder(op->getContext(), &annotator);
  builder.setInsertionPoint(op);
  SmallVector<Value> values = op.expand(builder);
  if (values.size() != op->getNumResults())
    return op->emitOpError() << "internal: its expansion gives " << values.size() << " values for "
                             << op->getNumResults() << " results";
  op->replaceAllUsesWith(values);
  op->erase();
  return success();
}

struct ExpandComposites final : impl::ExpandCompositesBase<ExpandComposites> {
  void runOnOperation() override {
    for (auto entry : getOperation().getOps<nn::EntryOp>()) {
      Block &block = entry.getBody().front();
      for (auto it = block.begin(); it != block.end();) {
        if (!isComposite(*it)) {
          ++it;
          continue;
        }
        // An expansion may hold composite ops: go on at its first op.
        Operation *previous = it->getPrevNode();
        if (failed(expand(cast<nn::CompositeOp>(*it))))
          return signalPassFailure();
        it = previous ? std::next(previous->getIterator()) : block.begin();
      }
      flattenSums(block);
      for (Operation &op : block.without_terminator())
        nn::setPhase(&op, nn::Phase::Forward);
    }
  }
};

} // namespace

} // namespace tpc
