//===- Alternatives.cpp - What else was possible, and what it would cost -------------------===//
//
// The problem is solved once more with a choice forbidden. The difference is what the choice is
// worth, and the weights that would then be held otherwise say what the other plan is.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/sharding/ConstraintReasons.h"

#include "llvm/ADT/StringExtras.h"

using namespace mlir;

namespace tpc {

std::optional<EliminationResult> AxisSolver::without(int variable,
                                                     ArrayRef<uint8_t> forbidden) const {
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
  return eliminate(variables_, std::move(tables), effort);
}

/// "h.*.mlp.fc.weight replicated"
std::set<std::string> AxisSolver::heldOtherwise(const EliminationResult &other) const {
  std::set<std::string> texts;
  for (const SymbolClass &symbolClass : symbolClasses_) {
    Place now = chosen(symbolClass);
    Place then = symbolClass.options[other.assignment[symbolClass.variable]];
    if (now != then && symbolClass.isWeight)
      texts.insert(layerNames_(symbolClass.members.front()) +
                   (then.isSplit() ? " split by " + factorStr(symbolClass, then)
                                   : std::string(" replicated")));
  }
  return texts;
}

/// "without it all but pointwise ops take 3.2 us more, with h.*.mlp.fc.weight replicated";
/// `condition` is "without it".
std::string AxisSolver::alternativeStr(const std::optional<EliminationResult> &other,
                                       StringRef condition) const {
  if (!other)
    return "nothing else is possible";
  if (other->gaveUp)
    return "what else is possible is too much to compare";
  Picoseconds longer = timeOf(*other) - timeOf(solution_);
  std::string text = condition.str() + " all but pointwise ops take " +
                     (other->isExact || longer < 0 ? "" : "at most ") +
                     microseconds(std::abs(longer)) + (longer < 0 ? " less" : " more");
  if (std::set<std::string> otherwise = heldOtherwise(*other); !otherwise.empty())
    text += ", with " + llvm::join(otherwise, ", ");
  return text;
}

/// Why this plan was taken, and not the other. One that splits fewer weights may be faster.
std::string AxisSolver::reasonAgainst(const std::optional<EliminationResult> &other) const {
  if (!other || other->gaveUp || timeOf(*other) >= timeOf(solution_))
    return "least predicted time";
  if (penaltyOf(*other) > penaltyOf(solution_))
    return solverOptions_.mesh.axes[axis_].name + " splits every weight that it can";
  return "the best of the plans that were compared";
}

/// For each op in front of which a value is resharded: why it is, and what else was possible. An
/// add that sums partial addends first passes the question on to the users of its result.
llvm::DenseMap<Operation *, std::string>
AxisSolver::originsOfReshards(const ConstraintReasons &reasons) const {
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
  llvm::DenseMap<Operation *, std::string> origins;
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
    std::optional<EliminationResult> other;
    if (forbidden.size() != value.options.size())
      other = without(value.variable, forbidden);
    std::string constraints = reasons.of(value.members.front(), availability);
    ofClass[index] = reasonAgainst(other) + constraints + "; " +
                     alternativeStr(other, constraints.empty() ? "without it" : "otherwise");
  }
  SmallVector<std::pair<Operation *, const std::string *>> passedOn;
  for (auto [index, value] : llvm::enumerate(valueClasses_))
    for (Value member : value.members)
      for (Operation *user : member.getUsers())
        if (!ofClass[index].empty()) {
          origins.try_emplace(user, ofClass[index]);
          if (addsPartialFirst(user))
            for (Operation *next : user->getUsers())
              passedOn.emplace_back(next, &ofClass[index]);
        }
  for (auto &[op, origin] : passedOn)
    origins.try_emplace(op, *origin);
  return origins;
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

/// Of a weight to be split; `other` is the best plan that splits it.
std::string AxisSolver::whyHeldWhole(const std::optional<EliminationResult> &other) const {
  if (!other)
    return std::string("with any split of it, something that it computes would have to be "
                       "gathered") +
           (solverOptions_.constraints.empty() ? "" : " under the constraints") +
           "; hint: parts of a fused weight are split if nn.slice cuts them equally; else write a "
           "parameter for each part";
  if (other->gaveUp || !solution_.isExact)
    return "there are too many shardings to compare all of them, and one that splits it may have "
           "been left out; hint: ask for its split by --shard";
  return "a plan that splits it is no better: " + alternativeStr(other, "there") +
         "; hint: --shard can ask for that one";
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
    what = layerNames_(symbolClass.members.front()) + " " + what;
    uint8_t choice = solution_.assignment[symbolClass.variable];
    std::optional<EliminationResult> other = without(symbolClass.variable, {choice});
    // What a user asked for, and what may cost less whole, needs no warning.
    if (penaltyOf(symbolClass, place) != 0 && symbolClass.options.size() > 1)
      report.heldWhole.emplace_back(symbolClass.declaration->getLoc(),
                                    what + ": " + whyHeldWhole(other));
    report.notes.push_back(what + "; " + alternativeStr(other, "otherwise"));
  }
  Picoseconds padding = 0;
  for (const OpClass &opClass : opClasses_)
    padding += chosen(opClass).padding * static_cast<int64_t>(opClass.members.size());
  if (anyPads)
    report.notes.push_back("pads take " + microseconds(padding) + " of the " +
                           microseconds(timeOf(solution_)) +
                           " that all but pointwise ops are predicted to take along " + axis.name);
}

} // namespace tpc
