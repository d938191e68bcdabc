//===- Pads.cpp - What the pads of values hold ---------------------------------------------===//
//
// Projecting a dim on a rule's factors and composing it again keeps its padded factors and their
// order, so a pad of a dim belongs to one rule factor, found by counting.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/partition/Pads.h"

#include <algorithm>

namespace tpc {

namespace {

int numPads(const DimLayout &layout) {
  return static_cast<int>(std::count_if(layout.begin(), layout.end(),
                                        [](const Factor &factor) { return factor.isPadded(); }));
}

/// Calls `visit(tensor, dim, pad, factor, padOfFactor)` for every pad of the tensors.
template <typename Visitor>
void forEachPad(const std::vector<TensorFactors> &tensors, const FactorLayouts &layouts,
                Visitor visit) {
  for (int tensor = 0; tensor < static_cast<int>(tensors.size()); ++tensor)
    for (int dim = 0; dim < static_cast<int>(tensors[tensor].size()); ++dim) {
      int pad = 0;
      for (int factor : tensors[tensor][dim])
        for (int i = 0; i < numPads(layouts.factors[factor]); ++i)
          visit(tensor, dim, pad++, factor, i);
    }
}

} // namespace

PadState PadState::of(const Sharding &sharding, bool zero) {
  PadState state;
  for (const DimLayout &dim : sharding.dims)
    state.zero.emplace_back(numPads(dim), zero);
  return state;
}

bool PadState::allZero() const {
  return std::all_of(zero.begin(), zero.end(), [](const std::vector<bool> &dim) {
    return std::all_of(dim.begin(), dim.end(), [](bool pad) { return pad; });
  });
}

int padIndex(const DimLayout &dim, int factor) {
  return numPads(DimLayout(dim.begin(), dim.begin() + factor));
}

PadFlow flowPads(const Rule &rule, const FactorLayouts &layouts,
                 const std::vector<PadState> &operands) {
  PadFlow flow;
  // Per factor, per pad of it, per operand: an operand that lacks the factor has no zeros there.
  std::vector<std::vector<std::vector<bool>>> known(rule.factors.size());
  for (size_t factor = 0; factor < rule.factors.size(); ++factor)
    known[factor].assign(numPads(layouts.factors[factor]),
                         std::vector<bool>(operands.size(), false));
  forEachPad(rule.operands, layouts, [&](int operand, int dim, int pad, int factor, int i) {
    bool zero = operands[operand].zero[dim][pad];
    known[factor][i][operand] = zero;
    if (rule.factors[factor].padNeed == PadNeed::Zero && !zero) {
      flow.unmet.push_back({operand, dim, pad, factor});
      // The results are stated for demands that are met.
      known[factor][i][operand] = true;
    }
  });
  flow.results.resize(rule.results.size());
  for (size_t result = 0; result < rule.results.size(); ++result)
    flow.results[result].zero.resize(rule.results[result].size());
  forEachPad(rule.results, layouts, [&](int result, int dim, int, int factor, int i) {
    flow.results[result].zero[dim].push_back(
        rule.factors[factor].padResult.isZero(result, known[factor][i]));
  });
  return flow;
}

} // namespace tpc
