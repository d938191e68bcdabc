//===- Solver.cpp - Finds the sharding of least predicted time -----------------------------===//

#include "compiler/sharding/Solver.h"

#include "compiler/sharding/Elimination.h"
#include "compiler/sharding/FactorAtoms.h"
#include "compiler/sharding/RepeatedOps.h"
#include "compiler/support/Layer.h"
#include "compiler/support/NamePattern.h"
#include "dialects/nn/NN.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <set>

using namespace mlir;

namespace tpc {
namespace {

/// A placement along the axis that is being solved, down to the factor that is split.
struct Place {
  Placement::Kind kind = Placement::Replicated;
  int dim = -1, atom = -1;
  ReduceKind reduce = ReduceKind::Sum;

  static Place replicated() { return {}; }
  static Place split(int dim, int atom) { return {Placement::Split, dim, atom}; }
  static Place partial(ReduceKind kind) { return {Placement::Partial, -1, -1, kind}; }
  bool isPartialSum() const { return kind == Placement::Partial && reduce == ReduceKind::Sum; }
  auto operator<=>(const Place &) const = default;
};

/// One way to execute an op along the axis.
struct OpOption {
  int strategy = 0; ///< index into strategies(rule)
  std::vector<Place> operands, results;
  /// nn.add: partial addends are summed first and reduced once, so each may also be partial.
  bool addsPartialFirst = false;
  Picoseconds time = 0;
  int64_t bytes = 0; ///< of the results, on one rank
};

/// One way to hold a value: as it is produced, and resharded once per further placement.
struct Availability {
  Place produced;
  std::vector<Place> reshards;
  Picoseconds time = 0;
};

/// Ops that share one decision.
struct OpClass {
  Operation *representative = nullptr;
  Rule rule;
  std::vector<Operation *> members;
  std::vector<OpOption> options;
  int variable = -1;
};

struct SymbolClass {
  std::vector<std::string> members;
  std::vector<Place> options;
  std::vector<int64_t> bytes; ///< per option, on one rank
  int variable = -1;
  bool isWeight = false; ///< to be split on this axis if there is any way
};

/// A split weight is preferred to any time: weights are replicated only where nothing else works.
constexpr Picoseconds replicatedWeight = int64_t(1) << 50;

struct ValueClass {
  Value representative;
  int64_t members = 0;
  std::vector<Availability> options;
  int variable = -1;
};

/// The name that equal layers share: "h.3.mlp" is "h.*.mlp". A layer that a constraint tells apart
/// from its equals keeps its number.
class ClassNames {
public:
  ClassNames(ModuleOp module, const std::vector<ShardConstraint> &constraints) {
    // Which constraint each symbol matches; layers are equal if theirs match the same.
    std::map<std::string, std::map<std::string, std::vector<int>>> matchesOfLayers;
    for (Operation &op : module.getBody()->getOperations()) {
      auto symbol = dyn_cast<SymbolOpInterface>(op);
      if (!symbol)
        continue;
      StringRef layer = layerOf(symbol.getName());
      if (layer.empty())
        continue;
      for (auto [index, constraint] : llvm::enumerate(constraints))
        if (matchesPattern(constraint.pattern, symbol.getName()))
          matchesOfLayers[starred(layer)][layer.str()].push_back(index);
      matchesOfLayers[starred(layer)][layer.str()];
    }
    for (auto &[_, layers] : matchesOfLayers)
      if (llvm::any_of(layers, [&](auto &layer) { return layer.second != layers.begin()->second; }))
        for (auto &[layer, matched] : layers)
          if (!matched.empty())
            apart.insert(layer);
  }

  std::string operator()(StringRef name) const {
    return apart.count(layerOf(name).str()) ? name.str() : starred(name);
  }

private:
  static bool isNumber(StringRef text) {
    return !text.empty() && llvm::all_of(text, llvm::isDigit);
  }
  static std::string starred(StringRef name) {
    SmallVector<StringRef> parts;
    name.split(parts, '.');
    for (StringRef &part : parts)
      if (isNumber(part))
        part = "*";
    return llvm::join(parts, ".");
  }

  std::set<std::string> apart;
};

int64_t elementBytes(RankedTensorType type) { return type.getElementTypeBitWidth() / 8; }

/// What one axis may do.
enum class AxisRole { Tensor, Data };

/// Solves one entry along one axis.
class AxisSolver {
public:
  AxisSolver(ModuleOp module, const SolverOptions &options, const FactorAtoms &atoms,
             const ClassNames &classNames, AxisId axis, bool gathersAllowed)
      : module(module), options(options), atoms(atoms), classNames(classNames), axis(axis),
        ranks(options.mesh.axisSize(axis)),
        role(options.mesh.axes[axis].name == "dp" ? AxisRole::Data : AxisRole::Tensor),
        gathersAllowed(gathersAllowed) {}

  /// `fixed` holds the placements of symbols that earlier entries decided; it is extended.
  /// Returns false if nothing is possible.
  bool solve(nn::EntryOp entry, llvm::StringMap<Place> &fixed, Decision &decision,
             SolverReport &report);

private:
  void collect(nn::EntryOp entry);
  void collectSymbol(StringRef name, const llvm::StringMap<Place> &fixed);
  std::vector<OpOption> optionsOf(OpClass &opClass);
  std::vector<Availability> availabilities(Value value, const std::set<Place> &produced);
  bool mayBeSplit(const DimFacts &facts, int atom) const;
  std::optional<Place> splitAlongSequence(const std::vector<DimFacts> &facts) const;
  bool mayBeReduced(const std::vector<DimFacts> &facts) const;
  int64_t localBytes(RankedTensorType type, const std::vector<DimFacts> &facts, Place place) const;
  Picoseconds reshardTime(CollectiveKind kind, Value value) const {
    auto type = cast<RankedTensorType>(value.getType());
    int64_t bytes = elementBytes(type);
    if (isRoundedOnWire(value, atoms.of(value), options.wire))
      bytes = 2;
    return collectiveTime(options.hardware, kind, type.getNumElements() * bytes, ranks);
  }
  std::string describeAlternative(const ValueClass &value, int variables,
                                  std::vector<CostTable> tables,
                                  const EliminationResult &solution) const;
  void requireOperand(CostTable &table, const ValueClass &value, size_t option, Place place,
                      bool orPartial, size_t consumerOption);
  std::string resolve(StringRef symbol) const;
  std::string originOf(Value value) const;

  ModuleOp module;
  const SolverOptions &options;
  const FactorAtoms &atoms;
  const ClassNames &classNames;
  AxisId axis;
  int64_t ranks;
  AxisRole role;
  bool gathersAllowed;

  std::vector<OpClass> opClasses;
  std::vector<SymbolClass> symbolClasses;
  std::vector<ValueClass> valueClasses;
  llvm::DenseMap<Operation *, int> classOfOp;
  llvm::StringMap<int> classOfSymbol;
  llvm::DenseMap<Value, int> classOfValue;
  std::vector<std::pair<Value, std::string>> reads, writes;
  std::vector<Value> returned;
};

std::string AxisSolver::resolve(StringRef symbol) const {
  if (auto tie = dyn_cast_or_null<nn::TieOp>(SymbolTable::lookupSymbolIn(module, symbol)))
    return tie.getTarget().str();
  return symbol.str();
}

/// A factor smaller than the axis would leave ranks with nothing but pads; one of a single index is
/// no atom of its dim.
bool AxisSolver::mayBeSplit(const DimFacts &facts, int atom) const {
  if (facts.atoms[atom] < ranks || facts.atoms[atom] == 1)
    return false;
  if (role == AxisRole::Data)
    return facts.role == DimRole::Batch && atom == 0;
  switch (facts.role) {
  case DimRole::Feature:
    return true;
  case DimRole::Batch:
    return false;
  case DimRole::Sequence:
    return options.sequenceParallel != SequenceParallel::Off && atom == 0;
  }
  return false;
}

int64_t AxisSolver::localBytes(RankedTensorType type, const std::vector<DimFacts> &facts,
                               Place place) const {
  int64_t bytes = type.getNumElements() * elementBytes(type);
  if (place.kind != Placement::Split)
    return bytes;
  int64_t extent = facts[place.dim].atoms[place.atom];
  return bytes / extent * ((extent + ranks - 1) / ranks);
}

std::optional<Place> AxisSolver::splitAlongSequence(const std::vector<DimFacts> &facts) const {
  for (auto [dim, fact] : llvm::enumerate(facts))
    if (fact.role == DimRole::Sequence && mayBeSplit(fact, 0))
      return Place::split(dim, 0);
  return std::nullopt;
}

/// Sequence parallelism, where it is asked for, is how the residual stream is held.
bool AxisSolver::mayBeReduced(const std::vector<DimFacts> &facts) const {
  bool hasFeatures =
      llvm::any_of(facts, [](const DimFacts &fact) { return fact.role == DimRole::Feature; });
  return options.sequenceParallel != SequenceParallel::On || !hasFeatures ||
         !splitAlongSequence(facts);
}

std::vector<OpOption> AxisSolver::optionsOf(OpClass &opClass) {
  Operation *op = opClass.representative;
  const Rule &rule = opClass.rule;
  std::vector<DimFacts> factorFacts = atoms.ofFactors(op, rule);
  SmallVector<Value> operandTensors, resultTensors;
  for (Value operand : op->getOperands())
    if (isa<RankedTensorType>(operand.getType()))
      operandTensors.push_back(operand);
  llvm::append_range(resultTensors, op->getResults());

  // Where an atom of a factor lies in a tensor's dims.
  auto placeIn = [&](const TensorFactors &dims, int factor, int atom) {
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
  };

  // Pointwise ops are fused into their neighbours and cost nothing of their own.
  bool isFused = isa<nn::BodyOp>(op) && llvm::all_of(rule.factors, [](const RuleFactor &factor) {
                   return factor.kind == FactorKind::Parallel;
                 });
  int64_t flops = cast<nn::CostOp>(op).getFlops();

  std::vector<OpOption> result;
  auto finish = [&](OpOption option, int64_t ways) {
    int64_t bytes = 0;
    for (auto [value, place] : llvm::zip(operandTensors, option.operands))
      bytes += localBytes(cast<RankedTensorType>(value.getType()), atoms.of(value), place);
    for (auto [value, place] : llvm::zip(resultTensors, option.results))
      option.bytes += localBytes(cast<RankedTensorType>(value.getType()), atoms.of(value), place);
    if (!isFused)
      option.time = computeTime(options.hardware, flops / ways, bytes + option.bytes);
    result.push_back(std::move(option));
  };

  for (auto [index, strategy] : llvm::enumerate(strategies(rule))) {
    OpOption option;
    option.strategy = index;
    if (strategy.factor < 0) {
      for (const Placement &placement : strategy.operands)
        option.operands.push_back({placement.kind, -1, -1, placement.reduce});
      for (const Placement &placement : strategy.results)
        option.results.push_back({placement.kind, -1, -1, placement.reduce});
      finish(option, 1);
      // The sum of partial addends is reduced inside of the add.
      if (isa<nn::AddOp>(op) && strategy.linear < 0 && mayBeReduced(atoms.of(resultTensors[0]))) {
        option.addsPartialFirst = true;
        finish(option, 1);
        result.back().time += reshardTime(CollectiveKind::AllReduce, resultTensors[0]);
      }
      continue;
    }
    const DimFacts &facts = factorFacts[strategy.factor];
    for (int atom = 0; atom < static_cast<int>(facts.atoms.size()); ++atom) {
      if (!mayBeSplit(facts, atom))
        continue;
      OpOption split = option;
      for (const TensorFactors &dims : rule.operands)
        split.operands.push_back(placeIn(dims, strategy.factor, atom));
      for (auto [dims, placement] : llvm::zip(rule.results, strategy.results))
        split.results.push_back(placement.kind == Placement::Partial
                                    ? Place::partial(placement.reduce)
                                    : placeIn(dims, strategy.factor, atom));
      finish(split, ranks);
      if (isa<nn::AddOp>(op) && facts.role == DimRole::Sequence) {
        split.addsPartialFirst = true;
        finish(split, ranks);
        result.back().time += reshardTime(CollectiveKind::ReduceScatter, resultTensors[0]);
      }
    }
  }
  return result;
}

std::vector<Availability> AxisSolver::availabilities(Value value, const std::set<Place> &produced) {
  const std::vector<DimFacts> &facts = atoms.of(value);
  std::optional<Place> alongSequence = splitAlongSequence(facts);
  std::vector<Availability> result;
  for (const Place &place : produced) {
    result.push_back({place, {}, 0});
    if (place.kind == Placement::Partial) {
      if (mayBeReduced(facts))
        result.push_back(
            {place, {Place::replicated()}, reshardTime(CollectiveKind::AllReduce, value)});
      if (alongSequence && place.isPartialSum()) {
        Picoseconds scatter = reshardTime(CollectiveKind::ReduceScatter, value);
        result.push_back({place, {*alongSequence}, scatter});
        result.push_back({place,
                          {*alongSequence, Place::replicated()},
                          scatter + reshardTime(CollectiveKind::AllGather, value)});
      }
    } else if (place.kind == Placement::Split &&
               (place == alongSequence || gathersAllowed || llvm::is_contained(returned, value))) {
      result.push_back(
          {place, {Place::replicated()}, reshardTime(CollectiveKind::AllGather, value)});
    }
  }
  return result;
}

void AxisSolver::collectSymbol(StringRef name, const llvm::StringMap<Place> &fixed) {
  if (classOfSymbol.contains(name))
    return;
  Operation *declaration = SymbolTable::lookupSymbolIn(module, name);
  auto type = cast<RankedTensorType>(declaration->getAttrOfType<TypeAttr>("type").getValue());
  const std::vector<DimFacts> &facts = atoms.ofSymbol(name);

  const ShardConstraint *constraint = nullptr;
  for (const ShardConstraint &candidate : options.constraints)
    if (matchesPattern(candidate.pattern, name))
      constraint = &candidate;

  std::vector<Place> places;
  if (auto decided = fixed.find(name); decided != fixed.end()) {
    places = {decided->second};
  } else if (constraint) {
    Place place;
    for (auto [dim, axes] : llvm::enumerate(constraint->axesPerDim))
      if (llvm::is_contained(axes, options.mesh.axes[axis].name)) {
        // The outermost factor that is large enough; a fused dim is split where its ops allow.
        for (int atom = facts[dim].atoms.size(); atom-- > 0;)
          if (facts[dim].atoms[atom] >= ranks)
            place = Place::split(dim, atom);
      }
    places = {place};
  } else if (isa<nn::ScalarOp>(declaration)) {
    places = {Place::replicated()};
  } else if (isa<nn::InputOp>(declaration)) {
    Place place;
    if (role == AxisRole::Data)
      for (auto [dim, fact] : llvm::enumerate(facts))
        if (fact.role == DimRole::Batch && mayBeSplit(fact, 0))
          place = Place::split(dim, 0);
    places = {place};
  } else {
    places = {Place::replicated()};
    if (role == AxisRole::Tensor)
      for (auto [dim, fact] : llvm::enumerate(facts))
        for (int atom = 0; atom < static_cast<int>(fact.atoms.size()); ++atom)
          if (fact.role == DimRole::Feature && mayBeSplit(fact, atom))
            places.push_back(Place::split(dim, atom));
  }

  // Symbols of equal layers share a decision, unless a constraint or an earlier entry tells them
  // apart.
  int index = -1;
  for (auto [i, other] : llvm::enumerate(symbolClasses)) {
    StringRef member = other.members.front();
    if (classNames(member) == classNames(name) && other.options == places &&
        SymbolTable::lookupSymbolIn(module, member)->getAttrOfType<TypeAttr>("type").getValue() ==
            type)
      index = i;
  }
  if (index < 0) {
    index = symbolClasses.size();
    SymbolClass &symbolClass = symbolClasses.emplace_back();
    symbolClass.options = places;
    for (const Place &place : places)
      symbolClass.bytes.push_back(localBytes(type, facts, place));
  }
  symbolClasses[index].members.push_back(name.str());
  classOfSymbol[name] = index;
}

/// The class of the op that makes a value and which of its results it is, or what is read.
std::string AxisSolver::originOf(Value value) const {
  if (auto read = value.getDefiningOp<nn::ReadOp>())
    return "@" + classNames(resolve(read.getSource()));
  auto result = cast<OpResult>(value);
  return std::to_string(classOfOp.lookup(result.getOwner())) + "#" +
         std::to_string(result.getResultNumber());
}

void AxisSolver::collect(nn::EntryOp entry) {
  // Classes of ops: the place in the model without layer numbers, the kind of op, which one of its
  // kind it is there, its types, and how their dims fall into factors. A cast is told by what it
  // casts: layers differ in how many they have.
  std::map<std::string, int> opClassIndex;
  std::map<std::string, int> ordinals;
  for (Operation &op : entry.getBody().front()) {
    if (auto read = dyn_cast<nn::ReadOp>(op)) {
      reads.emplace_back(read.getResult(), resolve(read.getSource()));
      continue;
    }
    if (auto write = dyn_cast<nn::WriteOp>(op)) {
      writes.emplace_back(write.getValue(), resolve(write.getTarget()));
      continue;
    }
    auto ruled = dyn_cast<nn::ShardingRuleOp>(op);
    if (!ruled) {
      llvm::append_range(returned, op.getOperands());
      continue;
    }
    auto attribute = [&](StringRef name) {
      auto attr = op.getAttrOfType<StringAttr>(name);
      return attr ? attr.getValue() : StringRef();
    };
    StringRef phase = attribute(nn::kPhaseAttr), scope = attribute(nn::kScopeAttr);
    std::string place = (phase + "|" + scope + "|" + op.getName().getStringRef()).str();
    std::string key;
    llvm::raw_string_ostream os(key);
    os << phase << '|' << classNames(scope) << '|' << op.getName() << '|';
    if (auto cast = dyn_cast<nn::CastOp>(op))
      os << originOf(cast.getX());
    else
      os << ordinals[place]++;
    os << '|';
    llvm::interleave(op.getOperandTypes(), os, ",");
    os << "->";
    llvm::interleave(op.getResultTypes(), os, ",");
    for (Value value : llvm::concat<Value>(SmallVector<Value>(op.getOperands()),
                                           SmallVector<Value>(op.getResults())))
      if (isa<RankedTensorType>(value.getType()))
        for (const DimFacts &facts : atoms.of(value)) {
          os << ';';
          llvm::interleave(facts.atoms, os, "*");
        }
    auto [found, isNew] = opClassIndex.try_emplace(key, opClasses.size());
    if (isNew) {
      OpClass &opClass = opClasses.emplace_back();
      opClass.representative = &op;
      opClass.rule = ruled.getShardingRule();
    }
    opClasses[found->second].members.push_back(&op);
    classOfOp[&op] = found->second;
  }
}

/// Rows of `table` for one availability of an operand under one option of its consumer.
void AxisSolver::requireOperand(CostTable &table, const ValueClass &value, size_t option,
                                Place place, bool orPartial, size_t consumerOption) {
  const Availability &availability = value.options[option];
  auto has = [&](Place wanted) {
    return availability.produced == wanted || llvm::is_contained(availability.reshards, wanted);
  };
  SolverCost cost;
  bool fits = has(place) || (orPartial && has(Place::partial(ReduceKind::Sum)));
  if (!fits && place.kind == Placement::Split && has(Place::replicated())) {
    fits = true; // each rank takes its slice
    auto type = cast<RankedTensorType>(value.representative.getType());
    int64_t slice = localBytes(type, atoms.of(value.representative), place);
    cost.picoseconds =
        value.members *
        (computeTime(options.hardware, 0, 2 * slice) +
         static_cast<Picoseconds>(options.hardware.instructionLatencySeconds * 1e12));
  }
  if (fits)
    table.add({static_cast<uint8_t>(consumerOption), static_cast<uint8_t>(option)}, cost);
}

/// A table over two variables, given as (first, second), in ascending order of variables.
CostTable ordered(CostTable table) {
  if (table.variables[0] < table.variables[1])
    return table;
  std::swap(table.variables[0], table.variables[1]);
  for (size_t row = 0; row < table.rows(); ++row)
    std::swap(table.values[2 * row], table.values[2 * row + 1]);
  return table;
}

/// The best plan in which `value` is not partial: what it costs, and which weights it holds
/// otherwise.
std::string AxisSolver::describeAlternative(const ValueClass &value, int variables,
                                            std::vector<CostTable> tables,
                                            const EliminationResult &solution) const {
  CostTable others{{value.variable}, {}, {}};
  Place produced = value.options[solution.assignment[value.variable]].produced;
  for (size_t option = 0; option < value.options.size(); ++option)
    if (value.options[option].produced != produced)
      others.add({static_cast<uint8_t>(option)}, {});
  if (others.rows() == 0)
    return "nothing else is possible";
  tables.push_back(std::move(others));
  std::optional<EliminationResult> other = eliminate(variables, std::move(tables));
  if (!other)
    return "nothing else is possible";

  Picoseconds longer = other->cost.picoseconds - solution.cost.picoseconds;
  std::set<std::string> heldOtherwise;
  for (const SymbolClass &symbolClass : symbolClasses) {
    Place now = symbolClass.options[solution.assignment[symbolClass.variable]];
    Place then = symbolClass.options[other->assignment[symbolClass.variable]];
    if (symbolClass.isWeight)
      longer += replicatedWeight *
                ((now.kind == Placement::Replicated) - (then.kind == Placement::Replicated));
    if (now != then && symbolClass.isWeight)
      heldOtherwise.insert(classNames(symbolClass.members.front()) +
                           (then.kind == Placement::Split
                                ? " split by dim " + std::to_string(then.dim)
                                : std::string(" replicated")));
  }
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "without it a step takes "
     << llvm::format("%.1f us ", static_cast<double>(std::abs(longer)) * 1e-6)
     << (longer < 0 ? "less" : "more");
  if (!heldOtherwise.empty())
    os << ", with " << llvm::join(heldOtherwise, ", ");
  return text;
}

bool AxisSolver::solve(nn::EntryOp entry, llvm::StringMap<Place> &fixed, Decision &decision,
                       SolverReport &report) {
  collect(entry);
  for (auto &[value, symbol] : reads)
    collectSymbol(symbol, fixed);
  for (auto &[value, symbol] : writes)
    collectSymbol(symbol, fixed);

  int variables = 0;
  // What the backward pass computes again is computed as it was the first time.
  llvm::DenseMap<Operation *, Operation *> repeated = findRepeatedOps(entry);
  for (OpClass &opClass : opClasses) {
    opClass.options = optionsOf(opClass);
    Operation *first = repeated.lookup(opClass.representative);
    const OpClass *shared = first ? &opClasses[classOfOp.at(first)] : nullptr;
    bool isShared = shared && shared->options.size() == opClass.options.size();
    opClass.variable = isShared ? shared->variable : variables++;
  }
  for (SymbolClass &symbolClass : symbolClasses)
    symbolClass.variable = variables++;

  // Classes of values: a result of a class of ops, or the reads of a class of symbols.
  std::map<std::pair<int, int>, int> valueClassIndex;
  auto addValue = [&](Value value, std::pair<int, int> key, const std::set<Place> &produced) {
    auto [found, isNew] = valueClassIndex.try_emplace(key, valueClasses.size());
    if (isNew) {
      ValueClass &valueClass = valueClasses.emplace_back();
      valueClass.representative = value;
      valueClass.options = availabilities(value, produced);
      valueClass.variable = variables++;
    }
    ++valueClasses[found->second].members;
    classOfValue[value] = found->second;
  };
  for (auto &[value, symbol] : reads) {
    int symbolClass = classOfSymbol[symbol];
    const std::vector<Place> &places = symbolClasses[symbolClass].options;
    addValue(value, {-1 - symbolClass, 0}, std::set<Place>(places.begin(), places.end()));
  }
  for (auto [index, opClass] : llvm::enumerate(opClasses))
    for (Operation *member : opClass.members)
      for (OpResult result : member->getResults()) {
        std::set<Place> produced;
        for (const OpOption &option : opClass.options)
          produced.insert(option.results[result.getResultNumber()]);
        addValue(result, {static_cast<int>(index), static_cast<int>(result.getResultNumber())},
                 produced);
      }

  std::vector<CostTable> tables;
  for (SymbolClass &symbolClass : symbolClasses) {
    CostTable table{{symbolClass.variable}, {}, {}};
    Operation *declaration = SymbolTable::lookupSymbolIn(module, symbolClass.members.front());
    auto type = cast<RankedTensorType>(declaration->getAttrOfType<TypeAttr>("type").getValue());
    symbolClass.isWeight = isa<nn::ParameterOp>(declaration) && type.getRank() >= 2 &&
                           role == AxisRole::Tensor && symbolClass.options.size() > 1;
    int64_t members = symbolClass.members.size();
    for (auto [index, place] : llvm::enumerate(symbolClass.options)) {
      SolverCost cost{0, 0, symbolClass.bytes[index] * members};
      if (symbolClass.isWeight && place.kind == Placement::Replicated)
        cost.picoseconds = replicatedWeight;
      table.add({static_cast<uint8_t>(index)}, cost);
    }
    tables.push_back(std::move(table));
  }
  for (const OpClass &opClass : opClasses) {
    CostTable table{{opClass.variable}, {}, {}};
    int64_t members = opClass.members.size();
    for (auto [index, option] : llvm::enumerate(opClass.options)) {
      bool isPartial = llvm::any_of(
          option.results, [](const Place &place) { return place.kind == Placement::Partial; });
      table.add({static_cast<uint8_t>(index)},
                {option.time * members, isPartial ? members : 0, option.bytes * members});
    }
    tables.push_back(std::move(table));
  }
  // Producers and the availability of their values.
  for (auto &[key, valueIndex] : valueClassIndex) {
    const ValueClass &value = valueClasses[valueIndex];
    int producer =
        key.first < 0 ? symbolClasses[-1 - key.first].variable : opClasses[key.first].variable;
    size_t producerOptions = key.first < 0 ? symbolClasses[-1 - key.first].options.size()
                                           : opClasses[key.first].options.size();
    CostTable table{{producer, value.variable}, {}, {}};
    for (size_t option = 0; option < producerOptions; ++option) {
      Place produced = key.first < 0 ? symbolClasses[-1 - key.first].options[option]
                                     : opClasses[key.first].options[option].results[key.second];
      for (auto [index, availability] : llvm::enumerate(value.options))
        if (availability.produced == produced)
          table.add({static_cast<uint8_t>(option), static_cast<uint8_t>(index)},
                    {availability.time * value.members, 0, 0});
    }
    tables.push_back(ordered(std::move(table)));
  }
  // Values and their consumers; equal edges of equal layers are one table.
  std::set<std::tuple<int, int, int>> edges;
  for (auto [index, opClass] : llvm::enumerate(opClasses))
    for (Operation *member : opClass.members) {
      int tensorIndex = 0;
      for (Value operand : member->getOperands()) {
        if (!isa<RankedTensorType>(operand.getType()))
          continue;
        int position = tensorIndex++;
        int valueIndex = classOfValue.at(operand);
        if (!edges.insert({static_cast<int>(index), position, valueIndex}).second)
          continue;
        const ValueClass &value = valueClasses[valueIndex];
        CostTable table{{opClass.variable, value.variable}, {}, {}};
        for (auto [optionIndex, option] : llvm::enumerate(opClass.options))
          for (size_t availability = 0; availability < value.options.size(); ++availability)
            requireOperand(table, value, availability, option.operands[position],
                           option.addsPartialFirst, optionIndex);
        tables.push_back(ordered(std::move(table)));
      }
    }
  // Writes keep the symbol's placement; results of the entry are not partial.
  std::set<std::pair<int, int>> writeEdges;
  for (auto &[written, symbol] : writes) {
    const ValueClass &value = valueClasses[classOfValue.at(written)];
    const SymbolClass &symbolClass = symbolClasses[classOfSymbol[symbol]];
    if (!writeEdges.insert({symbolClass.variable, value.variable}).second)
      continue;
    CostTable table{{symbolClass.variable, value.variable}, {}, {}};
    for (auto [optionIndex, place] : llvm::enumerate(symbolClass.options))
      for (size_t availability = 0; availability < value.options.size(); ++availability)
        requireOperand(table, value, availability, place, /*orPartial=*/false, optionIndex);
    tables.push_back(ordered(std::move(table)));
  }
  for (Value result : returned) {
    const ValueClass &value = valueClasses[classOfValue.at(result)];
    CostTable table{{value.variable}, {}, {}};
    for (auto [index, availability] : llvm::enumerate(value.options))
      if (availability.produced == Place::replicated() ||
          llvm::is_contained(availability.reshards, Place::replicated()))
        table.add({static_cast<uint8_t>(index)}, {});
    tables.push_back(std::move(table));
  }

  std::optional<EliminationResult> solution = eliminate(variables, tables);
  if (!solution)
    return false;
  report.variables += variables;
  report.classes += opClasses.size();
  report.largestTable = std::max(report.largestTable, solution->largestTable);
  report.predicted += solution->cost.picoseconds;

  // What else was possible, for each op in front of which a value is resharded; an add that sums
  // partial addends first passes the question on to the users of its result.
  auto addsPartialFirst = [&](Operation *op) {
    auto found = classOfOp.find(op);
    if (found == classOfOp.end())
      return false;
    const OpClass &opClass = opClasses[found->second];
    return opClass.options[solution->assignment[opClass.variable]].addsPartialFirst;
  };
  llvm::DenseMap<Operation *, std::string> alternatives;
  for (const ValueClass &value : valueClasses) {
    const Availability &chosen = value.options[solution->assignment[value.variable]];
    if (chosen.reshards.empty() &&
        (chosen.produced.kind != Placement::Partial ||
         llvm::none_of(value.representative.getUsers(), addsPartialFirst)))
      continue;
    std::string alternative = describeAlternative(value, variables, tables, *solution);
    for (auto &[member, index] : classOfValue) {
      if (&valueClasses[index] != &value)
        continue;
      for (Operation *user : member.getUsers()) {
        alternatives[user] = alternative;
        if (addsPartialFirst(user))
          for (Operation *next : user->getUsers())
            alternatives.try_emplace(next, alternative);
      }
    }
  }

  for (const OpClass &opClass : opClasses) {
    const OpOption &option = opClass.options[solution->assignment[opClass.variable]];
    Strategy strategy = strategies(opClass.rule)[option.strategy];
    report.ops += opClass.members.size();
    for (Operation *member : opClass.members) {
      OpDecision &opDecision = decision.ops[member];
      opDecision.perAxis.resize(options.mesh.axes.size());
      opDecision.perAxis[axis] = strategy;
      opDecision.origin = "least predicted time";
      if (auto found = alternatives.find(member); found != alternatives.end())
        opDecision.origin += "; " + found->second;
    }
  }
  for (const SymbolClass &symbolClass : symbolClasses)
    for (const std::string &member : symbolClass.members)
      fixed[member] = symbolClass.options[solution->assignment[symbolClass.variable]];
  return true;
}

/// The sharding of a symbol whose placements on all axes are known.
Sharding shardingOf(const std::vector<DimFacts> &facts, const std::vector<Place> &placePerAxis,
                    const Mesh &mesh) {
  Sharding sharding;
  for (auto [dim, fact] : llvm::enumerate(facts)) {
    DimLayout layout;
    for (auto [atom, extent] : llvm::enumerate(fact.atoms)) {
      Factor factor{extent, extent, {}};
      int64_t ways = 1;
      for (auto [axis, place] : llvm::enumerate(placePerAxis))
        if (place == Place::split(dim, atom)) {
          factor.axes.push_back(axis);
          ways *= mesh.axisSize(axis);
        }
      factor.padded = (extent + ways - 1) / ways * ways;
      layout.push_back(factor);
    }
    sharding.dims.push_back(std::move(layout));
  }
  return canonical(std::move(sharding));
}

} // namespace

FailureOr<Decision> solveShardings(ModuleOp module, const SolverOptions &options,
                                   SolverReport &report) {
  FactorAtoms atoms(module);
  ClassNames classNames(module, options.constraints);
  Decision decision;
  decision.mesh = options.mesh;

  // Constraints must match something and fit it.
  for (const ShardConstraint &constraint : options.constraints) {
    bool matched = false;
    for (Operation &op : module.getBody()->getOperations()) {
      if (!isa<nn::ParameterOp, nn::InputOp, nn::StateOp>(op))
        continue;
      StringRef name = cast<SymbolOpInterface>(op).getName();
      if (!matchesPattern(constraint.pattern, name))
        continue;
      matched = true;
      auto type = cast<RankedTensorType>(op.getAttrOfType<TypeAttr>("type").getValue());
      if (static_cast<int64_t>(constraint.axesPerDim.size()) != type.getRank())
        return emitError(op.getLoc())
               << "the constraint '" << constraint.text << "' has " << constraint.axesPerDim.size()
               << " dims, but '" << name << "' has " << type.getRank();
      for (auto [dim, axes] : llvm::enumerate(constraint.axesPerDim))
        for (const std::string &axis : axes) {
          std::optional<AxisId> id = options.mesh.findAxis(axis);
          if (!id)
            return emitError(op.getLoc())
                   << "the constraint '" << constraint.text << "' names the axis '" << axis
                   << "', but the mesh has " << options.mesh.str();
          if (llvm::all_of(atoms.ofSymbol(name)[dim].atoms,
                           [&](int64_t extent) { return extent < options.mesh.axisSize(*id); }))
            return emitError(op.getLoc())
                   << "the constraint '" << constraint.text << "' splits dim " << dim << " of '"
                   << name << "' (" << type.getDimSize(dim) << ") over " << axis << "="
                   << options.mesh.axisSize(*id) << ", which would leave ranks with nothing";
        }
    }
    if (!matched)
      return emitError(module.getLoc())
             << "the constraint '" << constraint.text
             << "' matches no parameter, state or input; hint: `tpc inspect MODEL --view sharding` "
                "lists their names";
  }

  // The training decides for the others.
  SmallVector<nn::EntryOp> entries(module.getOps<nn::EntryOp>());
  llvm::stable_sort(entries, [](nn::EntryOp a, nn::EntryOp b) {
    auto writes = [](nn::EntryOp entry) { return !entry.getBody().getOps<nn::WriteOp>().empty(); };
    return writes(a) && !writes(b);
  });

  llvm::StringMap<std::vector<Place>> places;
  for (AxisId axis = 0; axis < options.mesh.axes.size(); ++axis) {
    llvm::StringMap<Place> fixed;
    if (options.mesh.axes[axis].name == "dp")
      for (auto input : module.getOps<nn::InputOp>())
        for (auto [dim, fact] : llvm::enumerate(atoms.ofSymbol(input.getSymName())))
          if (fact.role == DimRole::Batch && fact.atoms[0] % options.mesh.axisSize(axis) != 0)
            return emitError(input.getLoc())
                   << "the batch of input '" << input.getSymName() << "' is " << fact.atoms[0]
                   << ", which dp=" << options.mesh.axisSize(axis)
                   << " does not divide; hint: bind the batch to a multiple with --dim";
    for (nn::EntryOp entry : entries) {
      // Anything else than the usual transitions is taken only for a user's constraint.
      bool solved = false;
      for (bool gathersAllowed : {false, true}) {
        if (gathersAllowed && options.constraints.empty())
          break;
        AxisSolver solver(module, options, atoms, classNames, axis, gathersAllowed);
        if ((solved = solver.solve(entry, fixed, decision, report)))
          break;
      }
      if (!solved) {
        InFlightDiagnostic error = emitError(entry.getLoc());
        error << "no sharding of entry '" << entry.getSymName() << "' over "
              << options.mesh.axes[axis].name << "=" << options.mesh.axisSize(axis)
              << " meets the rules of all ops";
        if (!options.constraints.empty()) {
          error << " under the constraints";
          for (const ShardConstraint &constraint : options.constraints)
            error << " '" << constraint.text << "'";
        }
        return error;
      }
    }
    for (auto &entry : fixed) {
      std::vector<Place> &perAxis = places[entry.first()];
      perAxis.resize(options.mesh.axes.size());
      perAxis[axis] = entry.second;
    }
  }

  for (auto &entry : places)
    decision.symbols[entry.first()] =
        shardingOf(atoms.ofSymbol(entry.first()), entry.second, options.mesh);

  for (nn::EntryOp entry : entries)
    for (Operation &op : entry.getBody().front())
      for (Value result : op.getResults())
        if (isRoundedOnWire(result, atoms.of(result), options.wire))
          decision.roundedOnWire.insert(result);

  // What was padded, in the order of declaration.
  for (Operation &op : module.getBody()->getOperations())
    if (isa<nn::ParameterOp>(op)) {
      StringRef name = cast<SymbolOpInterface>(op).getName();
      auto found = decision.symbols.find(name);
      if (found == decision.symbols.end())
        continue;
      for (auto [dim, layout] : llvm::enumerate(found->second.dims))
        for (const Factor &factor : layout)
          if (factor.isPadded())
            report.notes.push_back("dim " + std::to_string(dim) + " of " + name.str() +
                                   ": a factor of " + std::to_string(factor.logical) +
                                   " is padded to " + std::to_string(factor.padded));
    }
  return decision;
}

} // namespace tpc
