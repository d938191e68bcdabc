//===- FoldCasts.cpp - Roundings that another op makes --------------------------------------===//

#include "compiler/fusion/FoldCasts.h"

using namespace mlir;

namespace tpc {

static Type elementOf(Value value) {
  return cast<RankedTensorType>(value.getType()).getElementType();
}

/// The value that the cast narrows again to what it was.
static Value beforeWidening(nn::CastOp op) {
  auto widening = op.getX().getDefiningOp<nn::CastOp>();
  if (!widening || widening.getTf32() || op.getTf32() ||
      widening.getX().getType() != op.getY().getType() ||
      elementOf(widening.getX()).getIntOrFloatBitWidth() >=
          elementOf(widening.getY()).getIntOrFloatBitWidth())
    return {};
  return widening.getX();
}

/// Whether the op is a product that can store its sum as the cast's result.
static bool mayRound(Operation *op, nn::CastOp narrowing) {
  auto library = dyn_cast_if_present<nn::LibraryOp>(op);
  return library && std::holds_alternative<nn::GemmStep>(library.getLibraryStep()) &&
         op->hasOneUse() && !narrowing.getTf32() &&
         elementOf(op->getOperand(0)) == elementOf(narrowing.getY());
}

/// Widens behind a view instead of before it, where the cast is a neighbour of what reads it.
/// Casts that it makes are added to `casts`.
static void sinkBelowViews(nn::CastOp op, SmallVectorImpl<nn::CastOp> &casts) {
  if (op.getTf32())
    return;
  for (Operation *view : llvm::make_early_inc_range(op.getY().getUsers())) {
    if (!isa<nn::SplitDimOp, nn::MergeDimsOp>(view) ||
        elementOf(op.getX()).getIntOrFloatBitWidth() >=
            elementOf(op.getY()).getIntOrFloatBitWidth())
      continue;
    OpBuilder builder(view);
    Operation *narrow = builder.clone(*view);
    narrow->setOperand(0, op.getX());
    Value result = narrow->getResult(0);
    auto wide = cast<RankedTensorType>(view->getResult(0).getType());
    result.setType(wide.clone(elementOf(op.getX())));
    auto widening = nn::CastOp::create(builder, op.getLoc(), wide, result);
    for (StringRef name : {nn::kPhaseAttr, nn::kScopeAttr})
      if (Attribute value = view->getAttr(name))
        widening->setAttr(name, value);
    casts.push_back(widening);
    view->getResult(0).replaceAllUsesWith(widening.getY());
    view->erase();
  }
}

void foldCasts(nn::EntryOp entry) {
  SmallVector<nn::CastOp> casts(entry.getBody().front().getOps<nn::CastOp>());
  for (size_t i = 0; i < casts.size(); ++i)
    sinkBelowViews(casts[i], casts);
  for (auto op : llvm::make_early_inc_range(entry.getBody().front().getOps<nn::CastOp>())) {
    Value same = beforeWidening(op);
    if (Operation *product = op.getX().getDefiningOp(); !same && mayRound(product, op)) {
      same = product->getResult(0);
      same.setType(op.getY().getType());
    }
    if (!same)
      continue;
    op.getY().replaceAllUsesWith(same);
    op.erase();
  }
}

} // namespace tpc
