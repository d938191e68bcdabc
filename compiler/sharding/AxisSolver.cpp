//===- AxisSolver.cpp - Least predicted time of one entry along one axis -------------------===//

#include "compiler/sharding/AxisSolver.h"

using namespace mlir;

namespace tpc {

bool AxisSolver::solve(nn::EntryOp entry, llvm::StringMap<Place> &fixed, Decision &decision,
                       SolverReport &report) {
  collect(entry, fixed);
  makeTables();
  std::optional<EliminationResult> solution = eliminate(variables_, tables_);
  report.gaveUp = solution && solution->gaveUp;
  if (!solution || report.gaveUp)
    return false;
  solution_ = *std::move(solution);
  report.variables += variables_;
  report.classes += opClasses_.size();
  report.largestTable = std::max(report.largestTable, solution_.largestTable);
  report.predicted += timeOf(solution_);
  if (!solution_.isExact)
    report.notes.push_back("entry " + entry.getSymName().str() + " has too many shardings over " +
                           solverOptions_.mesh.axes[axis_].name +
                           " to compare all of them; this is the best one of many");
  report.splitsSequence |= llvm::any_of(valueClasses_, [&](const ValueClass &value) {
    std::optional<Place> sequence = may_.alongSequence(atoms_.of(value.members.front()));
    return sequence && chosen(value).has(*sequence);
  });
  noteChoices(report);

  llvm::DenseMap<Operation *, std::string> alternatives = alternativesOfReshards();
  for (const OpClass &opClass : opClasses_) {
    Strategy strategy = strategies(opClass.rule)[chosen(opClass).strategy];
    report.ops += opClass.members.size();
    for (Operation *member : opClass.members) {
      OpDecision &opDecision = decision.ops[member];
      opDecision.perAxis.resize(solverOptions_.mesh.axes.size());
      opDecision.perAxis[axis_] = strategy;
      opDecision.origin = "least predicted time";
      if (auto found = alternatives.find(member); found != alternatives.end())
        opDecision.origin += "; " + found->second;
    }
  }
  for (const SymbolClass &symbolClass : symbolClasses_)
    for (const std::string &member : symbolClass.members)
      fixed[member] = chosen(symbolClass);
  return true;
}

} // namespace tpc
