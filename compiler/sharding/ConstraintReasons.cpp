//===- ConstraintReasons.cpp - Which constraints are the reason of a decision --------------===//

#include "compiler/sharding/ConstraintReasons.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace tpc {

ConstraintReasons::ConstraintReasons(SymbolTable &symbols, const SolverOptions &options,
                                     const FactorAtoms &atoms, const LayerNames &layerNames,
                                     AxisId axis)
    : symbols_(symbols), atoms_(atoms), layerNames_(layerNames), axis_(axis) {
  if (options.constraints.empty() || options.mesh.axisSize(axis) == 1)
    return;
  auto leaveOut = [&](size_t first, size_t count) {
    Other &other = others_.emplace_back();
    other.options = options;
    auto begin = other.options.constraints.begin() + first;
    for (auto constraint = begin; constraint != begin + count; ++constraint)
      other.leftOut.push_back("'" + constraint->text + "'");
    other.options.constraints.erase(begin, begin + count);
  };
  size_t constraints = options.constraints.size();
  leaveOut(0, constraints);
  for (size_t i = 0; constraints > 1 && i < constraints; ++i)
    leaveOut(i, 1);
}

void ConstraintReasons::enter(nn::EntryOp entry) {
  for (Other &other : others_) {
    other.held.clear();
    other.strategies.clear();
    for (bool gathersAllowed : {false, true}) {
      AxisSolver solver(symbols_, other.options, atoms_, layerNames_, axis_, gathersAllowed);
      if (!solver.search(entry, other.fixed))
        continue;
      solver.fixSymbols(other.fixed);
      other.held = solver.held();
      other.strategies = solver.strategiesOfOps();
      break;
    }
  }
}

std::string ConstraintReasons::of(Value value, const Availability &held) const {
  return textOf([&](const Other &other) {
    auto found = other.held.find(value);
    return found != other.held.end() && found->second != held;
  });
}

std::string ConstraintReasons::of(Operation *op, int strategy) const {
  return textOf([&](const Other &other) {
    auto found = other.strategies.find(op);
    return found != other.strategies.end() && found->second != strategy;
  });
}

std::string ConstraintReasons::textOf(function_ref<bool(const Other &)> isOtherwise) const {
  if (others_.empty() || !isOtherwise(others_.front()))
    return "";
  std::vector<std::string> reasons;
  for (const Other &other : llvm::drop_begin(others_))
    if (isOtherwise(other))
      llvm::append_range(reasons, other.leftOut);
  // Where each of several is enough, or there is but one.
  if (reasons.empty())
    reasons = others_.front().leftOut;
  return (reasons.size() == 1 ? " under the constraint " : " under the constraints ") +
         llvm::join(reasons, ", ");
}

} // namespace tpc
