//===- AxisOptions.cpp - What may happen along one axis, and what it costs -----------------===//

#include "compiler/sharding/AxisOptions.h"

#include "compiler/support/NamePattern.h"
#include "dialects/nn/NN.h"
#include "dialects/nn/Types.h"

using namespace mlir;

namespace tpc {

namespace {

SmallVector<Value> tensorsOf(ValueRange values) {
  SmallVector<Value> tensors;
  for (Value value : values)
    if (isa<RankedTensorType>(value.getType()))
      tensors.push_back(value);
  return tensors;
}

/// Where an atom of a factor lies in a tensor's dims; replicated if nowhere.
Place placeIn(const TensorFactors &dims, const Rule &rule, const std::vector<DimFacts> &factorFacts,
              int factor, int atom) {
  for (auto [dim, list] : llvm::enumerate(dims)) {
    int before = 0;
    for (int member : list) {
      if (member == factor)
        return Place::split(dim, before + atom);
      if (rule.factors[member].size > 1)
        before += factorFacts[member].atoms.size();
    }
  }
  return Place::replicated();
}

} // namespace

AxisOptions::AxisOptions(const SolverOptions &options, const FactorAtoms &atoms, AxisId axis,
                         bool gathersAllowed)
    : options_(options), atoms_(atoms), axis_(axis), ranks_(options.mesh.axisSize(axis)),
      role_(options.mesh.axes[axis].name == "dp" ? Role::Data : Role::Tensor),
      gathersAllowed_(gathersAllowed) {}

//===-------------------------------------------------------------------------------------===//
// What may be split
//===-------------------------------------------------------------------------------------===//

/// A factor of a single index is no atom of its dim. Features that are fewer than the ranks are
/// padded, and some ranks hold nothing but pads: three kv heads on four ranks are still a third of
/// the work each. A sequence or a batch of which a rank would hold nothing stays whole.
bool AxisOptions::mayBeSplit(const DimFacts &facts, int atom) const {
  if (facts.atoms[atom] == 1)
    return false;
  bool isLong = facts.atoms[atom] >= ranks_;
  if (role_ == Role::Data)
    return isLong && facts.role == DimRole::Batch && atom == 0;
  switch (facts.role) {
  case DimRole::Feature:
    return true;
  case DimRole::Batch:
    return false;
  case DimRole::Sequence:
    return isLong && options_.sequenceParallel != SequenceParallel::Off && atom == 0;
  }
  return false;
}

std::optional<Place> AxisOptions::alongSequence(const std::vector<DimFacts> &facts) const {
  for (auto [dim, fact] : llvm::enumerate(facts))
    if (fact.role == DimRole::Sequence && mayBeSplit(fact, 0))
      return Place::split(dim, 0);
  return std::nullopt;
}

/// Whether sequence parallelism is asked for, and this is a value that it splits: features along a
/// sequence.
bool AxisOptions::isResidual(Value value) const {
  const std::vector<DimFacts> &facts = atoms_.of(value);
  bool hasFeatures =
      llvm::any_of(facts, [](const DimFacts &fact) { return fact.role == DimRole::Feature; });
  return options_.sequenceParallel == SequenceParallel::On && hasFeatures &&
         alongSequence(facts).has_value();
}

/// Where sequence parallelism is asked for, a strategy that splits nothing is none for ops along
/// the residual stream: they are executed on a part of the sequence. Products alone take it whole.
/// A partial value does not pass an op that would need another value of the stream whole for it
/// (the gradient of a norm): it is scattered first. Sums add what is partial, and reduce once.
bool AxisOptions::keepsSequenceSplit(Operation *op, const Strategy &strategy) const {
  if (llvm::none_of(op->getResults(), [&](Value result) { return isResidual(result); }))
    return true;
  if (strategy.linear < 0)
    return isa<nn::LibraryOp>(op);
  if (isa<nn::AddOp>(op))
    return true;
  for (auto [operand, placement] : llvm::zip(tensorsOf(op->getOperands()), strategy.operands))
    if (placement.kind != Placement::Partial && isResidual(operand))
      return false;
  return true;
}

/// Whether the op takes a partial value that the forward pass would have kept for it: nothing
/// partial is kept, as the proof demands.
static bool takesKeptPartial(Operation *op, const Rule &rule, const Strategy &strategy) {
  std::optional<nn::Phase> phase = nn::phaseOf(op);
  if (!phase || *phase == nn::Phase::Forward)
    return false;
  for (auto [index, operand, placement] :
       llvm::enumerate(tensorsOf(op->getOperands()), strategy.operands)) {
    Operation *maker = operand.getDefiningOp();
    bool isKept = maker && nn::phaseOf(maker) == nn::Phase::Forward &&
                  !llvm::is_contained(rule.shapeOnly, static_cast<int>(index));
    if (isKept && placement.kind == Placement::Partial)
      return true;
  }
  return false;
}

//===-------------------------------------------------------------------------------------===//
// Costs
//===-------------------------------------------------------------------------------------===//

int64_t AxisOptions::localBytes(RankedTensorType type, const std::vector<DimFacts> &facts,
                                Place place) const {
  int64_t bytes = nn::bytesOf(type);
  if (!place.isSplit())
    return bytes;
  int64_t extent = facts[place.dim].atoms[place.atom];
  return bytes / extent * ((extent + ranks_ - 1) / ranks_);
}

Picoseconds AxisOptions::collective(CollectiveKind kind, Value value) const {
  RankedTensorType type = nn::typeOf(value);
  bool isRounded = isRoundedOnWire(value, atoms_.of(value), options_.wire);
  int64_t bytes = isRounded ? 2 * type.getNumElements() : nn::bytesOf(type);
  return collectiveTime(options_.hardware, kind, bytes, ranks_);
}

Picoseconds AxisOptions::sliceTime(Value value, Place place) const {
  int64_t slice = localBytes(nn::typeOf(value), atoms_.of(value), place);
  return computeTime(options_.hardware, 0, 2 * slice) +
         static_cast<Picoseconds>(options_.hardware.instructionLatencySeconds * 1e12);
}

//===-------------------------------------------------------------------------------------===//
// Options
//===-------------------------------------------------------------------------------------===//

std::vector<OpOption> AxisOptions::ofOp(Operation *op, const Rule &rule) const {
  std::vector<DimFacts> factorFacts = atoms_.ofFactors(op, rule);
  SmallVector<Value> operands = tensorsOf(op->getOperands());
  SmallVector<Value> results(op->getResults());

  // Pointwise ops are fused into their neighbours and cost nothing of their own.
  bool isFused = isa<nn::BodyOp>(op) && llvm::all_of(rule.factors, [](const RuleFactor &factor) {
                   return factor.kind == FactorKind::Parallel;
                 });
  int64_t flops = cast<nn::CostOp>(op).getFlops();

  std::vector<OpOption> all;
  /// Adds an option in which a rank does `part` of `extent` equal parts of the work.
  auto add = [&](OpOption option, int64_t part, int64_t extent) {
    int64_t operandBytes = 0;
    for (auto [value, place] : llvm::zip(operands, option.operands))
      operandBytes += localBytes(nn::typeOf(value), atoms_.of(value), place);
    for (auto [value, place] : llvm::zip(results, option.results))
      option.bytes += localBytes(nn::typeOf(value), atoms_.of(value), place);
    int64_t bytes = operandBytes + option.bytes;
    if (!isFused) {
      option.time = computeTime(options_.hardware, flops / extent * part, bytes);
      if (part * ranks_ > extent && extent > 1)
        option.padding = option.time - computeTime(options_.hardware, flops / ranks_,
                                                   bytes / (part * ranks_) * extent);
    }
    all.push_back(std::move(option));
  };
  auto addWithReduction = [&](OpOption option, CollectiveKind kind, int64_t part, int64_t extent) {
    option.addsPartialFirst = true;
    add(std::move(option), part, extent);
    all.back().time += collective(kind, results[0]);
  };

  std::vector<Strategy> ways = strategies(rule);
  // A slice of positions takes them whole, whatever is asked for.
  bool maySplitSequence = llvm::any_of(ways, [&](const Strategy &way) {
    return way.factor >= 0 && factorFacts[way.factor].role == DimRole::Sequence &&
           mayBeSplit(factorFacts[way.factor], 0);
  });
  for (auto [index, strategy] : llvm::enumerate(ways)) {
    if (takesKeptPartial(op, rule, strategy))
      continue;
    OpOption option;
    option.strategy = index;
    if (strategy.factor < 0) {
      if (maySplitSequence && !keepsSequenceSplit(op, strategy))
        continue;
      for (const Placement &placement : strategy.operands)
        option.operands.push_back({placement.kind, -1, -1, placement.reduce});
      for (const Placement &placement : strategy.results)
        option.results.push_back({placement.kind, -1, -1, placement.reduce});
      add(option, 1, 1);
      if (isa<nn::AddOp>(op) && strategy.linear < 0)
        addWithReduction(option, CollectiveKind::AllReduce, 1, 1);
      continue;
    }
    const DimFacts &facts = factorFacts[strategy.factor];
    // An op that is told where its part of a factor begins has one part of it: an outermost atom.
    int end = rule.factors[strategy.factor].needsOffset ? 1 : static_cast<int>(facts.atoms.size());
    for (int atom = 0; atom < end; ++atom) {
      if (!mayBeSplit(facts, atom))
        continue;
      OpOption split = option;
      for (const TensorFactors &dims : rule.operands)
        split.operands.push_back(placeIn(dims, rule, factorFacts, strategy.factor, atom));
      for (auto [dims, placement] : llvm::zip(rule.results, strategy.results))
        split.results.push_back(placement.kind == Placement::Partial
                                    ? Place::partial(placement.reduce)
                                    : placeIn(dims, rule, factorFacts, strategy.factor, atom));
      int64_t extent = facts.atoms[atom], part = (extent + ranks_ - 1) / ranks_;
      add(split, part, extent);
      if (isa<nn::AddOp>(op) && facts.role == DimRole::Sequence)
        addWithReduction(split, CollectiveKind::ReduceScatter, part, extent);
    }
  }
  return all;
}

std::vector<Availability> AxisOptions::ofValue(Value value, const std::set<Place> &produced,
                                               bool isReturned) const {
  std::optional<Place> sequence = alongSequence(atoms_.of(value));
  std::vector<Availability> result;
  for (const Place &place : produced) {
    result.push_back({place, {}, 0});
    if (place.isPartial()) {
      if (!isResidual(value))
        result.push_back(
            {place, {Place::replicated()}, collective(CollectiveKind::AllReduce, value)});
      if (sequence && place.isPartialSum()) {
        Picoseconds scatter = collective(CollectiveKind::ReduceScatter, value);
        result.push_back({place, {*sequence}, scatter});
        result.push_back({place,
                          {*sequence, Place::replicated()},
                          scatter + collective(CollectiveKind::AllGather, value)});
      }
    } else if (place.isSplit() && (place == sequence || gathersAllowed_ || isReturned)) {
      result.push_back(
          {place, {Place::replicated()}, collective(CollectiveKind::AllGather, value)});
      for (const Place &target : movesOf(value, place)) {
        Picoseconds move = collective(CollectiveKind::AllToAll, value);
        result.push_back({place, {target}, move});
        result.push_back({place,
                          {target, Place::replicated()},
                          move + collective(CollectiveKind::AllGather, value)});
      }
    }
  }
  return result;
}

/// Where an all_to_all may take a split: to what this axis splits of the other dims.
std::vector<Place> AxisOptions::movesOf(Value value, Place split) const {
  std::vector<Place> targets;
  for (auto [dim, fact] : llvm::enumerate(atoms_.of(value)))
    for (int atom = 0; atom < static_cast<int>(fact.atoms.size()); ++atom)
      if (gathersAllowed_ && static_cast<int>(dim) != split.dim && mayBeSplit(fact, atom))
        targets.push_back(Place::split(dim, atom));
  return targets;
}

/// A replicated value alone: of a sum that is reduced a slice would be a reduce_scatter, and of a
/// split that moves to another dim, an all_to_all. To another factor of its dim it is gathered and
/// sliced.
bool AxisOptions::mayBeSliced(const Availability &availability, Place place) const {
  if (!place.isSplit() || !availability.has(Place::replicated()))
    return false;
  bool moves = availability.produced.isSplit() && availability.produced.dim != place.dim;
  return availability.produced.isReplicated() || (gathersAllowed_ && !moves);
}

/// The outermost factor that is large enough, or else the outermost one that is a factor at all; a
/// fused dim is split where its ops allow.
Place AxisOptions::constrained(const ShardConstraint &constraint,
                               const std::vector<DimFacts> &facts) const {
  for (auto [dim, axes] : llvm::enumerate(constraint.axesPerDim)) {
    if (!llvm::is_contained(axes, options_.mesh.axes[axis_].name))
      continue;
    const Atoms &atoms = facts[dim].atoms;
    for (int64_t least : {ranks_, int64_t(2)})
      for (int atom = 0; atom < static_cast<int>(atoms.size()); ++atom)
        if (atoms[atom] >= least)
          return Place::split(dim, atom);
  }
  return Place::replicated();
}

std::vector<Place> AxisOptions::ofSymbol(Operation *declaration) const {
  StringRef name = cast<SymbolOpInterface>(declaration).getName();
  const std::vector<DimFacts> &facts = atoms_.ofSymbol(name);
  const ShardConstraint *constraint = nullptr;
  for (const ShardConstraint &candidate : options_.constraints)
    if (matchesPattern(candidate.pattern, name))
      constraint = &candidate;
  if (constraint)
    return {constrained(*constraint, facts)};
  if (isa<nn::ScalarOp>(declaration))
    return {Place::replicated()};
  if (isa<nn::InputOp>(declaration)) {
    if (role_ == Role::Data)
      for (auto [dim, fact] : llvm::enumerate(facts))
        if (fact.role == DimRole::Batch && mayBeSplit(fact, 0))
          return {Place::split(dim, 0)};
    return {Place::replicated()};
  }
  std::vector<Place> places = {Place::replicated()};
  std::set<size_t> replicable = atoms_.mayReplicate(name);
  if (role_ == Role::Tensor)
    for (auto [dim, fact] : llvm::enumerate(facts))
      // Either split there, or whole.
      for (int atom = 0; atom < static_cast<int>(fact.atoms.size()); ++atom)
        if (fact.role == DimRole::Feature && mayBeSplit(fact, atom) &&
            (replicable.empty() || replicable.count(dim)))
          places.push_back(Place::split(dim, atom));
  return places;
}

} // namespace tpc
