//===- FactorAtoms.cpp - The independent factors of every dim ------------------------------===//

#include "compiler/sharding/FactorAtoms.h"

#include "dialects/nn/NN.h"

#include <algorithm>
#include <set>

using namespace mlir;

namespace tpc {

std::optional<Atoms> commonRefinement(const Atoms &a, const Atoms &b) {
  // A boundary is the product of the factors on its right.
  std::set<int64_t> boundaries;
  for (const Atoms *atoms : {&a, &b}) {
    int64_t product = 1;
    for (auto atom = atoms->rbegin(); atom != atoms->rend(); ++atom)
      boundaries.insert(product *= *atom);
  }
  Atoms refined;
  int64_t previous = 1;
  for (int64_t boundary : boundaries) {
    if (boundary % previous != 0)
      return std::nullopt;
    if (boundary != previous)
      refined.insert(refined.begin(), boundary / previous);
    previous = boundary;
  }
  if (refined.empty())
    refined.push_back(1);
  return refined;
}

namespace {

/// Joins what two places know of the same dim; true if `into` learned something.
bool learn(DimFacts &into, const DimFacts &from) {
  bool changed = false;
  if (std::optional<Atoms> refined = commonRefinement(into.atoms, from.atoms);
      refined && *refined != into.atoms) {
    into.atoms = *refined;
    changed = true;
  }
  if (into.role == DimRole::Feature && from.role != DimRole::Feature) {
    into.role = from.role;
    changed = true;
  }
  DimMarks both = {
      into.marks.inProduct || from.marks.inProduct,
      into.marks.isVocabulary || from.marks.isVocabulary, into.marks.isWhole || from.marks.isWhole,
      into.marks.isNumbered || from.marks.isNumbered, into.marks.isInside || from.marks.isInside};
  changed |= both != into.marks;
  into.marks = both;
  return changed;
}

/// The part of a dim's atoms that belongs to each of its factors. Where a boundary is missing yet,
/// the factor's own extent stands for it.
std::vector<Atoms> cutAtoms(const Atoms &atoms, const std::vector<int64_t> &sizes) {
  std::vector<Atoms> parts;
  Atoms boundariesKnown = commonRefinement(atoms, sizes).value_or(Atoms(sizes));
  size_t next = 0;
  for (int64_t size : sizes) {
    Atoms part;
    for (int64_t product = 1; product < size && next < boundariesKnown.size(); ++next) {
      part.push_back(boundariesKnown[next]);
      product *= boundariesKnown[next];
    }
    if (part.empty())
      part.push_back(1);
    parts.push_back(std::move(part));
  }
  return parts;
}

/// What sums over a factor and has to know where on it the rank stands looks indices up there.
DimMarks marksOf(const RuleFactor &factor) {
  DimMarks marks;
  marks.isVocabulary = factor.needsOffset && factor.kind == FactorKind::Contracted;
  marks.isWhole = factor.kind == FactorKind::Whole;
  marks.isNumbered = factor.needsOffset;
  return marks;
}

std::vector<DimFacts> initialFacts(RankedTensorType type) {
  std::vector<DimFacts> facts;
  for (int64_t size : type.getShape())
    facts.push_back({{size}, DimRole::Feature});
  return facts;
}

SmallVector<Value> tensors(ValueRange values) {
  SmallVector<Value> result;
  for (Value value : values)
    if (isa<RankedTensorType>(value.getType()))
      result.push_back(value);
  return result;
}

} // namespace

llvm::MapVector<StringRef, DimRole> rolesOfNames(ModuleOp module) {
  llvm::MapVector<StringRef, DimRole> roles;
  for (auto input : module.getOps<nn::InputOp>()) {
    bool isFirst = true;
    for (StringRef name : input.getDims().getAsValueRange<StringAttr>()) {
      if (name.empty())
        continue;
      if (isFirst)
        roles.try_emplace(name, DimRole::Batch);
      else
        roles[name] = DimRole::Sequence;
      isFirst = false;
    }
  }
  return roles;
}

int64_t alignmentOf(const DimFacts &facts, const WeightAlignment &alignment) {
  if (facts.role != DimRole::Feature || !facts.marks.inProduct || facts.marks.isWhole ||
      facts.marks.isInside || facts.atoms.size() != 1)
    return 1;
  return facts.marks.isVocabulary ? alignment.vocabulary : alignment.leading;
}

FactorAtoms::FactorAtoms(ModuleOp module) {
  SymbolTable symbolTable(module);
  llvm::MapVector<StringRef, DimRole> roles = rolesOfNames(module);
  for (Operation &op : module.getBody()->getOperations()) {
    if (auto typed = dyn_cast<SymbolOpInterface>(op))
      if (auto type = op.getAttrOfType<TypeAttr>("type"))
        symbols_[typed.getName()] = initialFacts(cast<RankedTensorType>(type.getValue()));
    if (auto input = dyn_cast<nn::InputOp>(op))
      for (auto [fact, name] :
           llvm::zip(symbols_[input.getSymName()], input.getDims().getAsValueRange<StringAttr>()))
        if (!name.empty())
          fact.role = roles.lookup(name);
  }

  std::vector<std::pair<Operation *, Rule>> ruled;
  std::vector<std::pair<Value, StringRef>> bound;
  for (auto entry : module.getOps<nn::EntryOp>())
    for (Operation &op : entry.getBody().front()) {
      for (Value result : tensors(op.getResults()))
        values_[result] = initialFacts(cast<RankedTensorType>(result.getType()));
      auto resolve = [&](StringRef symbol) {
        if (auto tie = symbolTable.lookup<nn::TieOp>(symbol))
          return tie.getTarget();
        return symbol;
      };
      if (auto read = dyn_cast<nn::ReadOp>(op))
        bound.emplace_back(read.getResult(), resolve(read.getSource()));
      else if (auto write = dyn_cast<nn::WriteOp>(op))
        bound.emplace_back(write.getValue(), resolve(write.getTarget()));
      else if (auto interface = dyn_cast<nn::ShardingRuleOp>(op))
        ruled.emplace_back(&op, interface.getShardingRule());
      if (nn::isProduct(&op))
        for (ValueRange values : {ValueRange(op.getOperands()), ValueRange(op.getResults())})
          for (Value value : tensors(values))
            for (DimFacts &facts : values_[value])
              facts.marks.inProduct = true;
    }

  for (bool changed = true; changed;) {
    changed = false;
    for (auto &[value, symbol] : bound)
      changed |= unifyWithSymbol(value, symbol);
    for (auto &[op, rule] : ruled)
      changed |= unifyOp(op, rule);
    for (auto &[op, rule] : llvm::reverse(ruled))
      changed |= unifyOp(op, rule);
  }
  findReplicable(ruled, bound);
}

/// From the operands of which rules say so, against the flow, along the dims that have the factor,
/// to the symbols from which they are read.
void FactorAtoms::findReplicable(const std::vector<std::pair<Operation *, Rule>> &ruled,
                                 const std::vector<std::pair<Value, StringRef>> &bound) {
  auto has = [](const DimFactors &dim, int factor) { return llvm::is_contained(dim, factor); };
  std::set<std::pair<void *, size_t>> found; // dims of values
  for (auto &[op, rule] : llvm::reverse(ruled)) {
    SmallVector<Value> operands = tensors(op->getOperands());
    auto mark = [&](int operand, int factor) {
      for (auto [dim, factors] : llvm::enumerate(rule.operands[operand]))
        if (has(factors, factor))
          found.insert({operands[operand].getAsOpaquePointer(), dim});
    };
    for (Rule::MayReplicate entry : rule.mayReplicate)
      mark(entry.operand, entry.factor);
    for (auto [result, dims] : llvm::zip(tensors(op->getResults()), rule.results))
      for (auto [dim, factors] : llvm::enumerate(dims))
        if (found.count({result.getAsOpaquePointer(), dim}))
          for (int factor : factors)
            for (size_t operand = 0; operand < operands.size(); ++operand)
              mark(operand, factor);
  }
  for (auto &[value, symbol] : bound)
    for (size_t dim = 0; dim < values_[value].size(); ++dim)
      if (found.count({value.getAsOpaquePointer(), dim}))
        mayReplicate_[symbol].insert(dim);
}

std::vector<DimFacts> FactorAtoms::ofFactors(Operation *op, const Rule &rule) const {
  std::vector<DimFacts> factors;
  for (const RuleFactor &factor : rule.factors)
    factors.push_back({{factor.size}, DimRole::Feature, marksOf(factor)});
  auto gather = [&](ArrayRef<Value> operands, const std::vector<TensorFactors> &lists) {
    for (auto [value, list] : llvm::zip(operands, lists))
      for (auto [fact, dim] : llvm::zip(values_.at(value), list)) {
        std::vector<int64_t> sizes;
        for (int factor : dim)
          sizes.push_back(rule.factors[factor].size);
        std::vector<Atoms> parts = cutAtoms(fact.atoms, sizes);
        // A role belongs to the major factor of a dim (the batch of merged batch and sequence), and
        // so do marks, but what minor ones are to a dim whose indices are numbered.
        DimMarks minor;
        minor.isInside = fact.marks.isNumbered || fact.marks.isInside;
        for (auto [index, factor] : llvm::enumerate(dim))
          learn(factors[factor], index == 0 ? DimFacts{parts[index], fact.role, fact.marks}
                                            : DimFacts{parts[index], DimRole::Feature, minor});
      }
  };
  gather(tensors(op->getOperands()), rule.operands);
  gather(tensors(op->getResults()), rule.results);
  return factors;
}

bool FactorAtoms::unifyOp(Operation *op, const Rule &rule) {
  std::vector<DimFacts> factors = ofFactors(op, rule);
  bool changed = false;
  auto spread = [&](ArrayRef<Value> operands, const std::vector<TensorFactors> &lists) {
    for (auto [value, list] : llvm::zip(operands, lists))
      for (auto [fact, dim] : llvm::zip(values_[value], list)) {
        if (dim.empty())
          continue;
        DimFacts composed{{}, factors[dim[0]].role, factors[dim[0]].marks};
        for (int factor : dim)
          composed.atoms.insert(composed.atoms.end(), factors[factor].atoms.begin(),
                                factors[factor].atoms.end());
        changed |= learn(fact, composed);
      }
  };
  spread(tensors(op->getOperands()), rule.operands);
  spread(tensors(op->getResults()), rule.results);
  return changed;
}

bool FactorAtoms::unifyWithSymbol(Value value, StringRef symbol) {
  bool changed = false;
  for (auto [ofValue, ofSymbol] : llvm::zip(values_[value], symbols_[symbol])) {
    changed |= learn(ofValue, ofSymbol);
    changed |= learn(ofSymbol, ofValue);
  }
  return changed;
}

} // namespace tpc
