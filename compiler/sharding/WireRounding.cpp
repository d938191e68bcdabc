//===- WireRounding.cpp - Which values travel between ranks as bfloat16 ---------------------===//

#include "compiler/sharding/WireRounding.h"

#include "dialects/nn/NN.h"
#include "dialects/tp/TP.h"

using namespace mlir;

namespace tpc {

/// Whether the optimizer reads the value, or a sum that it is added to.
static bool isParameterGradient(Value value) {
  return llvm::any_of(value.getUsers(), [](Operation *user) {
    if (nn::phaseOf(user) == nn::Phase::Update)
      return true;
    return (isa<nn::AddOp, tp::ReshardOp>(user) || nn::isView(user)) &&
           isParameterGradient(user->getResult(0));
  });
}

bool isRoundedOnWire(Value value, const std::vector<DimFacts> &facts, WireRounding rounding) {
  auto type = cast<RankedTensorType>(value.getType());
  if (!type.getElementType().isF32() || type.getRank() == 0 || value.getDefiningOp<nn::ReadOp>())
    return false;
  // The optimizer's own values are the parameters themselves.
  Operation *def = value.getDefiningOp();
  if (def && nn::phaseOf(def) == nn::Phase::Update)
    return false;
  if (isParameterGradient(value))
    return rounding.gradients;
  return rounding.activations &&
         llvm::any_of(facts, [](const DimFacts &fact) { return fact.role == DimRole::Feature; });
}

} // namespace tpc
