//===- Phase.cpp - Where an op stands in the model and in a step ---------------------------===//
#include "dialects/nn/Phase.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/StringSwitch.h"

using namespace mlir;

namespace tpc::nn {

StringRef name(Phase phase) {
  switch (phase) {
  case Phase::Forward:
    return "forward";
  case Phase::Backward:
    return "backward";
  case Phase::Update:
    return "update";
  }
  return "";
}

std::optional<Phase> parsePhase(StringRef text) {
  return llvm::StringSwitch<std::optional<Phase>>(text)
      .Case("forward", Phase::Forward)
      .Case("backward", Phase::Backward)
      .Case("update", Phase::Update)
      .Default(std::nullopt);
}

std::optional<Phase> phaseOf(Operation *op) {
  auto phase = op->getAttrOfType<StringAttr>(kPhaseAttr);
  return phase ? parsePhase(phase.getValue()) : std::nullopt;
}

void setPhase(Operation *op, Phase phase) {
  op->setAttr(kPhaseAttr, StringAttr::get(op->getContext(), name(phase)));
}

void copyPlace(Operation *from, Operation *to) {
  for (StringRef attribute : {kScopeAttr, kPhaseAttr})
    if (Attribute value = from->getAttr(attribute))
      to->setAttr(attribute, value);
}

} // namespace tpc::nn
