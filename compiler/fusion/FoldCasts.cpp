//===- FoldCasts.cpp - Roundings that another op makes --------------------------------------===//

#include "compiler/fusion/FoldCasts.h"

#include "compiler/fusion/BodyProbe.h"
#include "dialects/nn/Types.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace tpc {

bool isWidening(nn::CastOp op) {
  return !op.getTf32() && nn::elementOf(op.getX()).getIntOrFloatBitWidth() <
                              nn::elementOf(op.getY()).getIntOrFloatBitWidth();
}

/// The value that the cast narrows again to what it was.
static Value beforeWidening(nn::CastOp op) {
  auto widening = op.getX().getDefiningOp<nn::CastOp>();
  if (!widening || !isWidening(widening) || op.getTf32() ||
      widening.getX().getType() != op.getY().getType())
    return {};
  return widening.getX();
}

/// Whether the op is a product that can store its sum as the cast's result.
static bool mayRound(Operation *op, nn::CastOp narrowing) {
  auto library = dyn_cast_if_present<nn::LibraryOp>(op);
  return library && std::holds_alternative<nn::GemmStep>(library.getLibraryStep()) &&
         op->hasOneUse() && !narrowing.getTf32() &&
         nn::elementOf(op->getOperand(0)) == nn::elementOf(narrowing.getY());
}

/// Each op that becomes part of a kernel widens for itself: what is kept between kernels is narrow.
static void widenAtEachUser(nn::CastOp op) {
  if (!isWidening(op))
    return;
  llvm::SetVector<Operation *> users(op.getY().user_begin(), op.getY().user_end());
  for (Operation *user : users) {
    if (!isGenerated(user))
      continue;
    Operation *own = OpBuilder(user).clone(*op);
    if (std::optional<nn::Phase> phase = nn::phaseOf(user))
      nn::setPhase(own, *phase);
    user->replaceUsesOfWith(op.getY(), own->getResult(0));
  }
  if (op.use_empty())
    op.erase();
}

/// Widens behind a view instead of before it, where the cast is a neighbour of what reads it.
/// Casts that it makes are added to `casts`.
static void sinkBelowViews(nn::CastOp op, SmallVectorImpl<nn::CastOp> &casts) {
  if (!isWidening(op))
    return;
  for (Operation *view : llvm::make_early_inc_range(op.getY().getUsers())) {
    if (!nn::isView(view))
      continue;
    OpBuilder builder(view);
    Operation *narrow = builder.clone(*view);
    narrow->setOperand(0, op.getX());
    Value result = narrow->getResult(0);
    RankedTensorType wide = nn::typeOf(view->getResult(0));
    result.setType(wide.clone(nn::elementOf(op.getX())));
    auto widening = nn::CastOp::create(builder, op.getLoc(), wide, result);
    nn::copyPlace(view, widening);
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
  for (auto op : llvm::to_vector(entry.getBody().front().getOps<nn::CastOp>()))
    widenAtEachUser(op);
}

} // namespace tpc
