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

void foldCasts(nn::EntryOp entry) {
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
