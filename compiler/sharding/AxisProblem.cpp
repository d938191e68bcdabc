//===- AxisProblem.cpp - The classes of one entry, and the costs between them --------------===//

#include "compiler/sharding/AxisSolver.h"
#include "compiler/sharding/RepeatedOps.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

namespace tpc {

namespace {

/// A table over two variables, in ascending order of variables.
CostTable ordered(CostTable table) {
  if (table.variables[0] < table.variables[1])
    return table;
  std::swap(table.variables[0], table.variables[1]);
  for (size_t row = 0; row < table.rows(); ++row)
    std::swap(table.values[2 * row], table.values[2 * row + 1]);
  return table;
}

} // namespace

std::string AxisSolver::resolve(StringRef symbol) const {
  if (auto tie = symbols_.lookup<nn::TieOp>(symbol))
    return tie.getTarget().str();
  return symbol.str();
}

//===-------------------------------------------------------------------------------------===//
// Classes
//===-------------------------------------------------------------------------------------===//

void AxisSolver::collect(nn::EntryOp entry, const llvm::StringMap<Place> &fixed) {
  std::map<std::string, int> classOfKey, ordinals;
  for (Operation &op : entry.getBody().front()) {
    if (auto read = dyn_cast<nn::ReadOp>(op))
      reads_.emplace_back(read.getResult(), resolve(read.getSource()));
    else if (auto write = dyn_cast<nn::WriteOp>(op))
      writes_.emplace_back(write.getValue(), resolve(write.getTarget()));
    else if (isa<nn::ShardingRuleOp>(op))
      collectOp(&op, classOfKey, ordinals);
    else
      returned_.insert(op.operand_begin(), op.operand_end());
  }
  for (const auto *bound : {&reads_, &writes_})
    for (auto &[value, symbol] : *bound)
      collectSymbol(symbol, fixed);
  // What the backward pass computes again is computed as it was the first time.
  llvm::DenseMap<Operation *, Operation *> repeated = findRepeatedOps(entry);
  for (OpClass &opClass : opClasses_) {
    opClass.options = may_.ofOp(opClass.representative, opClass.rule);
    Operation *first = repeated.lookup(opClass.representative);
    const OpClass *shared = first ? &opClasses_[classOfOp_.at(first)] : nullptr;
    bool isShared = shared && shared->options.size() == opClass.options.size();
    opClass.variable = isShared ? shared->variable : variables_++;
  }
  for (SymbolClass &symbolClass : symbolClasses_)
    symbolClass.variable = variables_++;
  collectValues();
}

/// The class of the op that makes a value and which of its results it is, or what is read.
std::string AxisSolver::originOf(Value value) const {
  if (auto read = value.getDefiningOp<nn::ReadOp>())
    return "@" + layerNames_(resolve(read.getSource()));
  auto result = cast<OpResult>(value);
  return std::to_string(classOfOp_.lookup(result.getOwner())) + "#" +
         std::to_string(result.getResultNumber());
}

/// An op's class: the place in the model without layer numbers, the kind of op, which one of its
/// kind it is there, its types, and how their dims fall into factors. A cast is told by what it
/// casts: layers differ in how many they have.
void AxisSolver::collectOp(Operation *op, std::map<std::string, int> &classOfKey,
                           std::map<std::string, int> &ordinals) {
  auto attribute = [&](StringRef name) {
    auto attr = op->getAttrOfType<StringAttr>(name);
    return attr ? attr.getValue() : StringRef();
  };
  StringRef phase = attribute(nn::kPhaseAttr), scope = attribute(nn::kScopeAttr);
  std::string place = (phase + "|" + scope + "|" + op->getName().getStringRef()).str();
  std::string key;
  llvm::raw_string_ostream os(key);
  os << phase << '|' << layerNames_(scope) << '|' << op->getName() << '|';
  if (auto cast = dyn_cast<nn::CastOp>(op))
    os << originOf(cast.getX());
  else
    os << ordinals[place]++;
  os << '|';
  llvm::interleave(op->getOperandTypes(), os, ",");
  os << "->";
  llvm::interleave(op->getResultTypes(), os, ",");
  for (ValueRange values : {ValueRange(op->getOperands()), ValueRange(op->getResults())})
    for (Value value : values)
      if (isa<RankedTensorType>(value.getType()))
        for (const DimFacts &facts : atoms_.of(value)) {
          os << ';';
          llvm::interleave(facts.atoms, os, "*");
        }
  auto [found, isNew] = classOfKey.try_emplace(key, opClasses_.size());
  if (isNew) {
    OpClass &opClass = opClasses_.emplace_back();
    opClass.representative = op;
    opClass.rule = cast<nn::ShardingRuleOp>(op).getShardingRule();
  }
  opClasses_[found->second].members.push_back(op);
  classOfOp_[op] = found->second;
}

/// Symbols of equal layers share a decision, unless a constraint or an earlier entry tells them
/// apart.
void AxisSolver::collectSymbol(StringRef name, const llvm::StringMap<Place> &fixed) {
  if (classOfSymbol_.contains(name))
    return;
  Operation *declaration = symbols_.lookup(name);
  std::vector<Place> places;
  if (auto decided = fixed.find(name); decided != fixed.end())
    places = {decided->second};
  else
    places = may_.ofSymbol(declaration);

  auto typeOf = [](Operation *declaration) {
    return cast<RankedTensorType>(declaration->getAttrOfType<TypeAttr>("type").getValue());
  };
  RankedTensorType type = typeOf(declaration);
  std::string key = layerNames_(name);
  int index = -1;
  for (auto [i, other] : llvm::enumerate(symbolClasses_))
    if (other.options == places && typeOf(other.declaration) == type &&
        layerNames_(other.members.front()) == key)
      index = i;
  if (index < 0) {
    index = symbolClasses_.size();
    SymbolClass &symbolClass = symbolClasses_.emplace_back();
    symbolClass.declaration = declaration;
    symbolClass.options = places;
    for (const Place &place : places)
      symbolClass.bytes.push_back(may_.localBytes(type, atoms_.ofSymbol(name), place));
    symbolClass.isWeight = isa<nn::ParameterOp>(declaration) && type.getRank() >= 2 &&
                           may_.splitsWeights() && places.size() > 1;
    symbolClass.mayReplicate =
        isa<nn::ParameterOp>(declaration) && !atoms_.mayReplicate(name).empty();
  }
  symbolClasses_[index].members.push_back(name.str());
  classOfSymbol_[name] = index;
}

/// Classes of values: a result of a class of ops, or the reads of a class of symbols; what the
/// entry returns of them, which must be whole, apart.
void AxisSolver::collectValues() {
  std::map<std::tuple<int, int, bool>, int> classOfKey;
  auto add = [&](Value value, std::pair<int, int> origin, int producer, auto placeOfOption,
                 size_t options) {
    bool isReturned = returned_.contains(value);
    auto [found, isNew] =
        classOfKey.try_emplace({origin.first, origin.second, isReturned}, valueClasses_.size());
    if (isNew) {
      ValueClass &valueClass = valueClasses_.emplace_back();
      valueClass.producer = producer;
      for (size_t option = 0; option < options; ++option)
        valueClass.producedBy.push_back(placeOfOption(option));
      valueClass.options = may_.ofValue(
          value, std::set<Place>(valueClass.producedBy.begin(), valueClass.producedBy.end()),
          isReturned);
      valueClass.variable = variables_++;
    }
    valueClasses_[found->second].members.push_back(value);
    classOfValue_[value] = found->second;
  };
  for (auto &[value, symbol] : reads_) {
    int index = classOfSymbol_[symbol];
    const SymbolClass &of = symbolClasses_[index];
    add(
        value, {-1 - index, 0}, of.variable, [&](size_t option) { return of.options[option]; },
        of.options.size());
    valueClasses_[classOfValue_[value]].mayBeSliced = !of.mayReplicate;
  }
  for (auto [index, of] : llvm::enumerate(opClasses_))
    for (Operation *member : of.members)
      for (OpResult result : member->getResults()) {
        unsigned number = result.getResultNumber();
        add(
            result, {static_cast<int>(index), static_cast<int>(number)}, of.variable,
            [&](size_t option) { return of.options[option].results[number]; }, of.options.size());
      }
}

//===-------------------------------------------------------------------------------------===//
// Costs
//===-------------------------------------------------------------------------------------===//

/// A split weight is preferred to any time: weights are replicated only where nothing else works,
/// or where a rule says that it may cost less.
Picoseconds AxisSolver::penaltyOf(const SymbolClass &symbolClass, Place place) {
  constexpr Picoseconds replicatedWeight = int64_t(1) << 50;
  bool toBeSplit = symbolClass.isWeight && !symbolClass.mayReplicate;
  return toBeSplit && place.isReplicated() ? replicatedWeight : 0;
}

Picoseconds AxisSolver::penaltyOf(const EliminationResult &result) const {
  Picoseconds penalty = 0;
  for (const SymbolClass &symbolClass : symbolClasses_)
    penalty += penaltyOf(symbolClass, symbolClass.options[result.assignment[symbolClass.variable]]);
  return penalty;
}

Picoseconds AxisSolver::timeOf(const EliminationResult &result) const {
  return result.cost.picoseconds - penaltyOf(result);
}

void AxisSolver::makeTables() {
  for (const SymbolClass &symbolClass : symbolClasses_) {
    CostTable table{{symbolClass.variable}, {}, {}};
    for (auto [index, place] : llvm::enumerate(symbolClass.options)) {
      int64_t members = symbolClass.members.size();
      table.add({static_cast<uint8_t>(index)},
                {penaltyOf(symbolClass, place), 0, symbolClass.bytes[index] * members});
    }
    tables_.push_back(std::move(table));
  }
  for (const OpClass &opClass : opClasses_) {
    CostTable table{{opClass.variable}, {}, {}};
    int64_t members = opClass.members.size();
    for (auto [index, option] : llvm::enumerate(opClass.options)) {
      bool isPartial =
          llvm::any_of(option.results, [](const Place &place) { return place.isPartial(); });
      table.add({static_cast<uint8_t>(index)},
                {option.time * members, isPartial ? members : 0, option.bytes * members});
    }
    tables_.push_back(std::move(table));
  }
  // Producers and the availability of their values.
  for (const ValueClass &value : valueClasses_) {
    CostTable table{{value.producer, value.variable}, {}, {}};
    for (auto [option, produced] : llvm::enumerate(value.producedBy))
      for (auto [index, availability] : llvm::enumerate(value.options))
        if (availability.produced == produced)
          table.add({static_cast<uint8_t>(option), static_cast<uint8_t>(index)},
                    {availability.time * value.count(), 0, 0});
    tables_.push_back(ordered(std::move(table)));
  }
  // Values and their consumers; equal edges of equal layers are one table.
  std::set<std::tuple<int, int, int>> edges;
  for (auto [index, opClass] : llvm::enumerate(opClasses_))
    for (Operation *member : opClass.members) {
      int position = 0;
      for (Value operand : member->getOperands()) {
        if (!isa<RankedTensorType>(operand.getType()))
          continue;
        int valueIndex = classOfValue_.at(operand);
        if (edges.insert({static_cast<int>(index), position, valueIndex}).second) {
          SmallVector<std::pair<Place, bool>> places;
          for (const OpOption &option : opClass.options)
            places.emplace_back(option.operands[position], option.addsPartialFirst);
          requirePlaces(opClass.variable, valueClasses_[valueIndex], places);
        }
        ++position;
      }
    }
  // Writes keep the symbol's placement; results of the entry are whole.
  std::set<std::pair<int, int>> writeEdges;
  for (auto &[written, symbol] : writes_) {
    const ValueClass &value = valueClasses_[classOfValue_.at(written)];
    const SymbolClass &symbolClass = symbolClasses_[classOfSymbol_[symbol]];
    if (!writeEdges.insert({symbolClass.variable, value.variable}).second)
      continue;
    SmallVector<std::pair<Place, bool>> places;
    for (const Place &place : symbolClass.options)
      places.emplace_back(place, /*orPartial=*/false);
    requirePlaces(symbolClass.variable, value, places);
  }
  for (Value result : returned_) {
    const ValueClass &value = valueClasses_[classOfValue_.at(result)];
    CostTable table{{value.variable}, {}, {}};
    for (auto [index, availability] : llvm::enumerate(value.options))
      if (availability.has(Place::replicated()))
        table.add({static_cast<uint8_t>(index)}, {});
    tables_.push_back(std::move(table));
  }
}

/// A table of a consumer's options, each with the place that it needs the value in (or, if so said,
/// the value may also be partial), against how the value is held.
void AxisSolver::requirePlaces(int consumer, const ValueClass &value,
                               ArrayRef<std::pair<Place, bool>> places) {
  CostTable table{{consumer, value.variable}, {}, {}};
  for (auto [option, needed] : llvm::enumerate(places)) {
    auto [place, orPartial] = needed;
    for (auto [index, availability] : llvm::enumerate(value.options)) {
      SolverCost cost;
      if (!availability.has(place) &&
          !(orPartial && availability.has(Place::partial(ReduceKind::Sum)))) {
        if (!value.mayBeSliced || !may_.mayBeSliced(availability, place))
          continue;
        cost.picoseconds = value.count() * may_.sliceTime(value.members.front(), place);
      }
      table.add({static_cast<uint8_t>(option), static_cast<uint8_t>(index)}, cost);
    }
  }
  tables_.push_back(ordered(std::move(table)));
}

} // namespace tpc
