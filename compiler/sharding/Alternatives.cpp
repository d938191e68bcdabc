//===- Alternatives.cpp - What else was possible, and what it would cost -------------------===//
//
// The problem is solved once more with a choice forbidden. The difference is what the choice is
// worth, and the weights that would then be held otherwise say what the other plan is.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/sharding/AxisSolver.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace tpc {

/// "without it a step takes 3.2 us more, with h.*.mlp.fc.weight replicated"; `condition` is
/// "without it".
std::string AxisSolver::alternativeTo(int variable, ArrayRef<uint8_t> forbidden,
                                      StringRef condition) const {
  std::vector<CostTable> tables = tables_;
  for (CostTable &table : tables) {
    auto at = llvm::find(table.variables, variable);
    if (at == table.variables.end())
      continue;
    CostTable kept{table.variables, {}, {}};
    for (size_t row = 0; row < table.rows(); ++row)
      if (!llvm::is_contained(forbidden, table.row(row)[at - table.variables.begin()])) {
        kept.values.insert(kept.values.end(), table.row(row),
                           table.row(row) + table.variables.size());
        kept.costs.push_back(table.costs[row]);
      }
    table = std::move(kept);
  }
  // There are many questions; those about models/ are answered exactly by far fewer rows.
  constexpr EliminationEffort effort{size_t(1) << 12, size_t(1) << 14};
  std::optional<EliminationResult> other = eliminate(variables_, std::move(tables), effort);
  if (!other)
    return "nothing else is possible";
  if (other->gaveUp)
    return "what else is possible is too much to compare";

  Picoseconds longer = timeOf(*other) - timeOf(solution_);
  std::set<std::string> heldOtherwise;
  for (const SymbolClass &symbolClass : symbolClasses_) {
    Place now = chosen(symbolClass);
    uint8_t option = other->assignment[symbolClass.variable];
    Place then = symbolClass.options[option];
    if (now != then && symbolClass.isWeight)
      heldOtherwise.insert(layerNames_(symbolClass.members.front()) +
                           (then.isSplit() ? " split by " + factorStr(symbolClass, then)
                                           : std::string(" replicated")));
  }
  std::string text = condition.str() + " a step takes " +
                     (other->isExact || longer < 0 ? "" : "at most ") +
                     microseconds(std::abs(longer)) + (longer < 0 ? " less" : " more");
  if (!heldOtherwise.empty())
    text += ", with " + llvm::join(heldOtherwise, ", ");
  return text;
}

/// For each op in front of which a value is resharded; an add that sums partial addends first
/// passes the question on to the users of its result.
llvm::DenseMap<Operation *, std::string> AxisSolver::alternativesOfReshards() const {
  auto addsPartialFirst = [&](Operation *op) {
    auto found = classOfOp_.find(op);
    return found != classOfOp_.end() && chosen(opClasses_[found->second]).addsPartialFirst;
  };
  auto optionsOf = [](const ValueClass &value, function_ref<bool(const Availability &)> isOne) {
    SmallVector<uint8_t> options;
    for (auto [option, availability] : llvm::enumerate(value.options))
      if (isOne(availability))
        options.push_back(option);
    return options;
  };
  llvm::DenseMap<Operation *, std::string> alternatives;
  std::vector<std::string> ofClass(valueClasses_.size());
  for (auto [index, value] : llvm::enumerate(valueClasses_)) {
    const Availability &availability = chosen(value);
    if (availability.reshards.empty() &&
        (!availability.produced.isPartial() ||
         llvm::none_of(value.members.front().getUsers(), addsPartialFirst)))
      continue;
    SmallVector<uint8_t> forbidden = optionsOf(
        value, [&](const Availability &other) { return other.produced == availability.produced; });
    // A split that a user asks for is produced in no other way, but need not be resharded so.
    if (forbidden.size() == value.options.size() && availability.produced.isSplit())
      forbidden = optionsOf(value, [&](const Availability &other) {
        return other.has(availability.reshards.front());
      });
    ofClass[index] = forbidden.size() == value.options.size()
                         ? "nothing else is possible"
                         : alternativeTo(value.variable, forbidden, "without it");
  }
  SmallVector<std::pair<Operation *, const std::string *>> passedOn;
  for (auto [index, value] : llvm::enumerate(valueClasses_))
    for (Value member : value.members)
      for (Operation *user : member.getUsers())
        if (!ofClass[index].empty()) {
          alternatives.try_emplace(user, ofClass[index]);
          if (addsPartialFirst(user))
            for (Operation *next : user->getUsers())
              passedOn.emplace_back(next, &ofClass[index]);
        }
  for (auto &[op, alternative] : passedOn)
    alternatives.try_emplace(op, *alternative);
  return alternatives;
}

std::string AxisSolver::factorStr(const SymbolClass &symbolClass, Place place) const {
  const Atoms &atoms = atoms_.ofSymbol(symbolClass.members.front())[place.dim].atoms;
  std::string text = "dim " + std::to_string(place.dim);
  if (atoms.size() > 1)
    text += " (factor " + std::to_string(atoms[place.atom]) + " of " +
            llvm::join(llvm::map_range(atoms, [](int64_t size) { return std::to_string(size); }),
                       " x ") +
            ")";
  return text;
}

/// Of each weight that is padded or held whole: that it is, and what the best other way costs.
void AxisSolver::noteChoices(SolverReport &report) const {
  const MeshAxis &axis = solverOptions_.mesh.axes[axis_];
  if (axis.size == 1)
    return;
  bool anyPads = false;
  for (const SymbolClass &symbolClass : symbolClasses_) {
    Place place = chosen(symbolClass);
    if (!symbolClass.isWeight)
      continue;
    std::string what;
    if (place.isReplicated()) {
      what = "is held whole on every rank of " + axis.name;
    } else {
      const DimFacts &facts = atoms_.ofSymbol(symbolClass.members.front())[place.dim];
      int64_t extent = facts.atoms[place.atom];
      int64_t multiple = axis.size * alignmentOf(facts, solverOptions_.alignment);
      int64_t padded = (extent + multiple - 1) / multiple * multiple;
      if (padded == extent)
        continue;
      anyPads = true;
      what = "splits " + factorStr(symbolClass, place) + " on " + axis.name + ", padded to " +
             std::to_string(padded) + ", which makes it " +
             std::to_string((100 * (padded - extent) + extent / 2) / extent) + "% larger";
    }
    // What a user asked for, and what may cost less whole, needs no warning.
    if (penaltyOf(symbolClass, place) != 0 && symbolClass.options.size() > 1)
      report.heldWhole.emplace_back(symbolClass.declaration->getLoc(),
                                    layerNames_(symbolClass.members.front()) + " " + what);
    uint8_t choice = solution_.assignment[symbolClass.variable];
    report.notes.push_back(layerNames_(symbolClass.members.front()) + " " + what + "; " +
                           alternativeTo(symbolClass.variable, {choice}, "otherwise"));
  }
  Picoseconds padding = 0;
  for (const OpClass &opClass : opClasses_)
    padding += chosen(opClass).padding * static_cast<int64_t>(opClass.members.size());
  if (anyPads)
    report.notes.push_back("pads take " + microseconds(padding) + " of the " +
                           microseconds(timeOf(solution_)) +
                           " that a step is predicted to take along " + axis.name);
}

} // namespace tpc
