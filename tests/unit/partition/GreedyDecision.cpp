//===- GreedyDecision.cpp - Decisions without a solver, for tests --------------------------===//
#include "GreedyDecision.h"

#include "compiler/partition/Partition.h"
#include "dialects/nn/NN.h"
#include "dialects/tp/TP.h"

using namespace mlir;

namespace tpc {

namespace {

/// How bad it is to use a value that is `is` where `needed` is asked for; -1 where it can't be.
int changeCost(Placement is, Placement needed) {
  if (is == needed)
    return 0;
  if (needed.kind == Placement::Partial)
    return -1;
  if (is.kind == Placement::Replicated)
    return 1;
  return is.kind == Placement::Partial ? 10 : 100;
}

} // namespace

Decision decideGreedily(ModuleOp module, const Mesh &mesh, const NamedShardings &shardings) {
  Decision decision;
  decision.mesh = mesh;
  for (const auto &[name, sharding] : shardings)
    decision.symbols[name] = sharding;
  for (nn::StateOp state : module.getOps<nn::StateOp>())
    if (auto it = decision.symbols.find(state.getParameter()); it != decision.symbols.end())
      decision.symbols[state.getSymName()] = Sharding(it->second);

  std::vector<llvm::DenseMap<Value, Placement>> placements(mesh.axes.size());
  module.walk([&](Operation *op) {
    if (auto read = dyn_cast<nn::ReadOp>(op))
      if (auto it = decision.symbols.find(read.getSource()); it != decision.symbols.end())
        for (size_t axis = 0; axis < mesh.axes.size(); ++axis)
          placements[axis][read.getResult()] = it->second.placementOn(axis);
    auto ruled = dyn_cast<nn::ShardingRuleOp>(op);
    if (!ruled)
      return;
    Rule rule = ruled.getShardingRule();
    OpDecision &chosen = decision.ops[op];
    chosen.origin = "it fits its operands";
    for (size_t axis = 0; axis < mesh.axes.size(); ++axis) {
      int best = -1;
      Strategy choice;
      for (Strategy &strategy : strategies(rule)) {
        int total = 0;
        for (auto [operand, needed] : llvm::zip_equal(tensorOperands(op), strategy.operands)) {
          int cost = changeCost(placements[axis].lookup(operand->get()), needed);
          total = cost < 0 || total < 0 ? -1 : total + cost;
        }
        if (total >= 0 && (best < 0 || total < best)) {
          best = total;
          choice = strategy;
        }
      }
      for (auto [result, placement] : llvm::zip_equal(op->getResults(), choice.results))
        placements[axis][result] = placement;
      chosen.perAxis.push_back(std::move(choice));
    }
  });
  return decision;
}

} // namespace tpc
