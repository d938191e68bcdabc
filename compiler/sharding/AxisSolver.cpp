//===- AxisSolver.cpp - Least predicted time of one entry along one axis -------------------===//

#include "compiler/sharding/ConstraintReasons.h"

using namespace mlir;

namespace tpc {

bool AxisSolver::search(nn::EntryOp entry, const llvm::StringMap<Place> &fixed) {
  collect(entry, fixed);
  makeTables();
  std::optional<EliminationResult> solution = eliminate(variables_, tables_);
  if (!solution)
    return false;
  solution_ = *std::move(solution);
  return !solution_.gaveUp;
}

void AxisSolver::fixSymbols(llvm::StringMap<Place> &fixed) const {
  for (const SymbolClass &symbolClass : symbolClasses_)
    for (const std::string &member : symbolClass.members)
      fixed[member] = chosen(symbolClass);
}

llvm::DenseMap<Value, Availability> AxisSolver::held() const {
  llvm::DenseMap<Value, Availability> held;
  for (const ValueClass &value : valueClasses_)
    for (Value member : value.members)
      held[member] = chosen(value);
  return held;
}

llvm::DenseMap<Operation *, int> AxisSolver::strategiesOfOps() const {
  llvm::DenseMap<Operation *, int> strategies;
  for (const OpClass &opClass : opClasses_)
    for (Operation *member : opClass.members)
      strategies[member] = chosen(opClass).strategy;
  return strategies;
}

bool AxisSolver::splitsAnything() const {
  auto isSplit = [](const Place &place) { return place.isSplit(); };
  return llvm::any_of(symbolClasses_,
                      [&](const SymbolClass &symbol) { return isSplit(chosen(symbol)); }) ||
         llvm::any_of(opClasses_, [&](const OpClass &op) {
           return llvm::any_of(chosen(op).operands, isSplit) ||
                  llvm::any_of(chosen(op).results, isSplit);
         });
}

void AxisSolver::record(nn::EntryOp entry, const ConstraintReasons &reasons, Decision &decision,
                        SolverReport &report) const {
  report.variables += variables_;
  report.classes += opClasses_.size();
  report.largestTable = std::max(report.largestTable, solution_.largestTable);
  report.predicted += timeOf(solution_);
  if (!solution_.isExact)
    report.notes.push_back("entry " + entry.getSymName().str() + " has too many shardings over " +
                           solverOptions_.mesh.axes[axis_].name +
                           " to compare all of them; this is the best one of many");
  if (splitsAnything())
    report.splitAxes.insert(axis_);
  report.splitsSequence |= llvm::any_of(valueClasses_, [&](const ValueClass &value) {
    std::optional<Place> sequence = may_.alongSequence(atoms_.of(value.members.front()));
    return sequence && chosen(value).has(*sequence);
  });
  noteChoices(report);

  llvm::DenseMap<Operation *, std::string> origins = originsOfReshards(reasons);
  for (const OpClass &opClass : opClasses_) {
    Strategy strategy = strategies(opClass.rule)[chosen(opClass).strategy];
    report.ops += opClass.members.size();
    for (Operation *member : opClass.members) {
      OpDecision &opDecision = decision.ops[member];
      opDecision.perAxis.resize(solverOptions_.mesh.axes.size());
      opDecision.perAxis[axis_] = strategy;
      if (auto origin = origins.find(member); origin != origins.end())
        opDecision.origin = origin->second;
      else if (opDecision.origin.empty())
        opDecision.origin = "least predicted time" + reasons.of(member, chosen(opClass).strategy);
    }
  }
}

} // namespace tpc
