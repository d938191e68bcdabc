//===- ApplyShardings.cpp - Writes a decision into types and reshards ----------------------===//
//
// One walk in order over each entry. A value's sharding is the encoding of its type, so the types
// are the walk's only memory, with the reshards made so far. Of each op: the layouts of its rule's
// factors follow from the strategies and from what its operands are already (so that a padding once
// chosen stays); from the layouts what each operand must be; and from these, by the rule, what the
// results are.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/sharding/ApplyShardings.h"

#include "dialects/nn/NN.h"
#include "dialects/nn/Types.h"
#include "dialects/tp/TP.h"

using namespace mlir;

namespace tpc {

namespace {

/// "h.0.mlp nn.gelu"
std::string opStr(Operation *op) {
  std::string text;
  if (auto scope = op->getAttrOfType<StringAttr>(nn::kScopeAttr))
    text = scope.getValue().str() + " ";
  return text + op->getName().getStringRef().str();
}

/// Sharding of every declared symbol, ties included.
using SymbolShardings = llvm::StringMap<Sharding>;

class EntryApplier {
public:
  EntryApplier(const Decision &decision, const SymbolShardings &symbols)
      : decision(decision), mesh(decision.mesh), symbols(symbols) {}

  LogicalResult run(nn::EntryOp entry) {
    for (Operation &op : llvm::make_early_inc_range(entry.getBody().front()))
      if (failed(apply(&op)))
        return failure();
    return success();
  }

private:
  LogicalResult apply(Operation *op) {
    if (auto read = dyn_cast<nn::ReadOp>(op)) {
      auto symbol = symbols.find(read.getSource());
      if (symbol == symbols.end())
        return op->emitOpError() << "reads @" << read.getSource() << ", which is not declared";
      setSharding(read.getResult(), symbol->second);
      return success();
    }
    if (auto write = dyn_cast<nn::WriteOp>(op)) {
      auto symbol = symbols.find(write.getTarget());
      if (symbol == symbols.end())
        return op->emitOpError() << "writes @" << write.getTarget() << ", which is not declared";
      return reshardOperand(op, 0, symbol->second, "@" + write.getTarget().str() + " is held so");
    }
    if (isa<nn::ReturnOp>(op)) {
      for (OpOperand &operand : op->getOpOperands())
        if (failed(reshardOperand(op, operand.getOperandNumber(),
                                  Sharding::replicated(nn::shapeOf(operand.get())),
                                  "every rank returns the output")))
          return failure();
      return success();
    }
    if (!isa<nn::ShardingRuleOp>(op))
      return op->emitOpError("has no sharding rule; give it getShardingRule in its file under "
                             "dialects/nn");
    return applyStrategies(op);
  }

  //===--- ops with a rule ---===//

  /// What is decided for the op; replicated on axes of which nothing is said, and on axes of one
  /// rank, where any strategy is the same and only that one needs no collective.
  FailureOr<OpDecision> decisionOf(Operation *op, const Rule &rule) const {
    const Strategy replicated = strategies(rule).front();
    OpDecision chosen;
    if (auto it = decision.ops.find(op); it != decision.ops.end())
      chosen = it->second;
    if (chosen.perAxis.size() > mesh.axes.size())
      return op->emitOpError() << "has a decision for " << chosen.perAxis.size()
                               << " axes, the mesh has " << mesh.axes.size();
    chosen.perAxis.resize(mesh.axes.size());
    for (size_t axis = 0; axis < mesh.axes.size(); ++axis) {
      Strategy &strategy = chosen.perAxis[axis];
      bool nothingSaid = strategy.operands.empty() && strategy.results.empty();
      if (nothingSaid || mesh.axes[axis].size == 1)
        strategy = replicated;
      else if (strategy.operands.size() != rule.operands.size() ||
               strategy.results.size() != rule.results.size())
        return op->emitOpError() << "has a decision on axis \"" << mesh.axes[axis].name
                                 << "\" that is for another rule";
    }
    return chosen;
  }

  LogicalResult applyStrategies(Operation *op) {
    Rule rule = cast<nn::ShardingRuleOp>(op).getShardingRule();
    FailureOr<OpDecision> decided = decisionOf(op, rule);
    if (failed(decided))
      return failure();
    const OpDecision &chosen = *decided;
    SmallVector<unsigned> tensors;
    for (OpOperand &operand : op->getOpOperands())
      if (isa<RankedTensorType>(operand.get().getType()))
        tensors.push_back(operand.getOperandNumber());
    if (tensors.size() != rule.operands.size())
      return op->emitOpError() << "has " << tensors.size() << " tensor operands, its rule "
                               << rule.operands.size();

    std::vector<Sharding> targets = operandTargets(op, rule, chosen, tensors);
    bool keepsPartial = false;
    if (isa<nn::AddOp>(op)) {
      FailureOr<bool> allPartial = addPartialOperands(op, targets);
      if (failed(allPartial))
        return failure();
      keepsPartial = *allPartial;
      // It may have fewer addends now.
      rule = cast<nn::ShardingRuleOp>(op).getShardingRule();
      tensors.resize(op->getNumOperands());
    }
    if (!keepsPartial)
      for (size_t i = 0; i < targets.size(); ++i)
        if (failed(reshardOperand(op, tensors[i], targets[i], chosen.origin)))
          return failure();
    return setResults(op, rule, tensors, keepsPartial ? nullptr : &chosen);
  }

  /// What each tensor operand must be: composed of the layouts of its factors.
  std::vector<Sharding> operandTargets(Operation *op, const Rule &rule, const OpDecision &chosen,
                                       ArrayRef<unsigned> tensors) const {
    std::vector<std::vector<AxisId>> wanted(rule.factors.size());
    for (auto [axis, strategy] : llvm::enumerate(chosen.perAxis))
      if (strategy.factor >= 0)
        wanted[strategy.factor].push_back(static_cast<AxisId>(axis));
    std::vector<DimLayout> layouts = factorLayoutsFor(op, rule, wanted, tensors);

    std::vector<Sharding> targets;
    for (size_t i = 0; i < tensors.size(); ++i) {
      Sharding target;
      for (const DimFactors &dim : rule.operands[i]) {
        std::vector<DimLayout> parts;
        for (int factor : dim)
          parts.push_back(layouts[factor]);
        target.dims.push_back(composeDim(parts));
      }
      for (auto [axis, strategy] : llvm::enumerate(chosen.perAxis))
        if (strategy.operands[i].kind == Placement::Partial)
          target = target.withPartial(static_cast<AxisId>(axis), strategy.operands[i].reduce);
      targets.push_back(std::move(target));
    }
    return targets;
  }

  /// A factor is laid out as an operand has it already that is split by the same axes, a padded one
  /// first (it can be padded for alignment while another operand is not); else it is padded to the
  /// next multiple. What an op needs whole has no pads: a norm divides by its extent.
  std::vector<DimLayout> factorLayoutsFor(Operation *op, const Rule &rule,
                                          const std::vector<std::vector<AxisId>> &wanted,
                                          ArrayRef<unsigned> tensors) const {
    std::vector<std::optional<DimLayout>> found(rule.factors.size());
    for (size_t i = 0; i < tensors.size(); ++i) {
      Sharding present = tp::toSharding(nn::typeOf(op->getOperand(tensors[i])), mesh);
      for (auto [dim, factors] : llvm::enumerate(rule.operands[i])) {
        std::vector<int64_t> sizes;
        for (int factor : factors)
          sizes.push_back(rule.factors[factor].size);
        auto parts = projectDim(present.dims[dim], sizes, mesh);
        if (!parts)
          continue;
        for (auto [factor, part] : llvm::zip_equal(factors, *parts))
          if (axesOf(part) == wanted[factor] &&
              !(rule.factors[factor].kind == FactorKind::Whole && isPadded(part)) &&
              (!found[factor] || (isPadded(part) && !isPadded(*found[factor]))))
            found[factor] = part;
      }
    }
    std::vector<DimLayout> layouts;
    for (size_t factor = 0; factor < rule.factors.size(); ++factor) {
      int64_t size = rule.factors[factor].size, ranks = 1;
      for (AxisId axis : wanted[factor])
        ranks *= mesh.axisSize(axis);
      layouts.push_back(found[factor].value_or(
          DimLayout{Factor{size, (size + ranks - 1) / ranks * ranks, wanted[factor]}}));
    }
    return layouts;
  }

  LogicalResult setResults(Operation *op, const Rule &rule, ArrayRef<unsigned> tensors,
                           const OpDecision *chosen) {
    std::vector<Sharding> operands;
    for (unsigned index : tensors)
      operands.push_back(tp::toSharding(nn::typeOf(op->getOperand(index)), mesh));
    auto derived = applyRule(rule, operands, mesh);
    if (auto *error = std::get_if<RuleError>(&derived))
      return op->emitOpError() << "cannot be executed as decided: " << error->message;
    auto &results = std::get<std::vector<Sharding>>(derived);
    for (size_t i = 0; i < results.size(); ++i) {
      for (size_t axis = 0; chosen && axis < mesh.axes.size(); ++axis) {
        Placement expected = chosen->perAxis[axis].results[i];
        Placement found = results[i].placementOn(static_cast<AxisId>(axis));
        if (expected != found)
          return op->emitOpError()
                 << "result " << i << " is decided to be " << expected.str() << " on axis \""
                 << mesh.axes[axis].name << "\", but its rule makes it " << found.str();
      }
      setSharding(op->getResult(i), results[i]);
    }
    return success();
  }

  //===--- n-ary sums ---===//

  /// Adds those addends first that are partial where they are not to be, and have no other use.
  /// True if all of them are, in the same way: then the sum stays partial, and its users reshard
  /// it.
  FailureOr<bool> addPartialOperands(Operation *op, std::vector<Sharding> &targets) {
    auto partialOf = [&](Value value) { return tp::toSharding(nn::typeOf(value), mesh).partial; };
    SmallVector<unsigned> group;
    std::vector<Partial> common;
    for (unsigned i = 0; i < op->getNumOperands(); ++i) {
      Value addend = op->getOperand(i);
      std::vector<Partial> partial = partialOf(addend);
      bool mustChange = partial != targets[i].partial;
      bool isFirst = group.empty();
      if (!mustChange || !addend.hasOneUse() || (!isFirst && partial != common) ||
          llvm::any_of(partial, [](Partial entry) { return entry.kind != ReduceKind::Sum; }))
        continue;
      common = std::move(partial);
      group.push_back(i);
    }
    // On an axis where another addend stays partial, the sum of the group would have to be, too.
    if (group.size() < 2)
      return false;

    SmallVector<Value> addends;
    std::vector<Sharding> shardings;
    RankedTensorType type;
    unsigned widest = group.front();
    for (unsigned i : group) {
      addends.push_back(op->getOperand(i));
      if (!type || nn::typeOf(addends.back()).getRank() > type.getRank()) {
        type = nn::typeOf(addends.back());
        widest = i;
      }
    }
    bool everyAddend = group.size() == op->getNumOperands();
    Operation *sum = op;
    if (!everyAddend) {
      OpBuilder builder(op);
      sum = nn::AddOp::create(builder, op->getLoc(), tp::withoutSharding(type), addends);
      nn::copyPlace(op, sum);
    }
    Rule rule = cast<nn::ShardingRuleOp>(sum).getShardingRule();
    for (Value addend : addends)
      shardings.push_back(tp::toSharding(nn::typeOf(addend), mesh));
    auto derived = applyRule(rule, shardings, mesh);
    if (std::holds_alternative<RuleError>(derived)) {
      // Their layouts differ: each is resharded by itself.
      if (!everyAddend)
        sum->erase();
      return false;
    }
    if (everyAddend)
      return true;

    if (decision.roundedOnWire.contains(op->getResult(0)))
      roundedSums.insert(sum->getResult(0));
    setSharding(sum->getResult(0), std::get<std::vector<Sharding>>(derived).front());
    SmallVector<Value> operands{sum->getResult(0)};
    std::vector<Sharding> remaining{targets[widest]};
    for (unsigned i = 0; i < op->getNumOperands(); ++i)
      if (!llvm::is_contained(group, i)) {
        operands.push_back(op->getOperand(i));
        remaining.push_back(targets[i]);
      }
    op->setOperands(operands);
    targets = std::move(remaining);
    return false;
  }

  //===--- reshards ---===//

  void setSharding(Value value, const Sharding &sharding) {
    value.setType(tp::withSharding(nn::typeOf(value), sharding, mesh));
  }

  LogicalResult reshardOperand(Operation *op, unsigned index, const Sharding &target,
                               StringRef origin) {
    Value value = op->getOperand(index);
    Sharding present = tp::toSharding(nn::typeOf(value), mesh);
    RankedTensorType type = tp::withSharding(nn::typeOf(value), target, mesh);
    if (type == value.getType())
      return success();
    bool reduces = false;
    for (size_t i = 0; i < mesh.axes.size(); ++i) {
      auto axis = static_cast<AxisId>(i);
      auto from = present.partialOn(axis), to = target.partialOn(axis);
      if (to && from != to)
        return op->emitOpError() << "takes operand " << index << " as "
                                 << target.placementOn(axis).str() << " on axis \""
                                 << mesh.axes[axis].name << "\", but it is "
                                 << present.placementOn(axis).str();
      reduces |= from != to;
    }
    Value &resharded = reshards[{value, type}];
    if (!resharded)
      resharded = createReshard(op, index, type, reduces, origin);
    op->setOperand(index, resharded);
    return success();
  }

  /// `replicated on tp`; without a change of placements, the sharding (its pads differ).
  std::string changeStr(const Sharding &from, const Sharding &to) const {
    std::string text;
    for (size_t i = 0; i < mesh.axes.size(); ++i) {
      auto axis = static_cast<AxisId>(i);
      if (from.placementOn(axis) != to.placementOn(axis))
        text +=
            (text.empty() ? "" : ", ") + to.placementOn(axis).str() + " on " + mesh.axes[i].name;
    }
    return text.empty() ? "as " + to.str(mesh) : text;
  }

  /// bfloat16 if the value is to be rounded and a collective moves it, which a slice is not.
  TypeAttr wireTypeOf(Value value, const Sharding &target) const {
    if (!decision.roundedOnWire.contains(value) && !roundedSums.contains(value))
      return {};
    Sharding present = tp::toSharding(nn::typeOf(value), mesh);
    for (size_t i = 0; i < mesh.axes.size(); ++i) {
      auto axis = static_cast<AxisId>(i);
      Placement from = present.placementOn(axis);
      if (from != target.placementOn(axis) && from.kind != Placement::Replicated)
        return TypeAttr::get(BFloat16Type::get(value.getContext()));
    }
    return {};
  }

  Value createReshard(Operation *user, unsigned index, RankedTensorType type, bool reduces,
                      StringRef origin) {
    Value value = user->getOperand(index);
    OpBuilder builder(user);
    Operation *place = user;
    if (reduces) {
      builder.setInsertionPointAfterValue(value);
      place = value.getDefiningOp();
    }
    std::string why =
        opStr(user) + " takes operand " + std::to_string(index) + " " +
        changeStr(tp::toSharding(nn::typeOf(value), mesh), tp::toSharding(type, mesh));
    if (!origin.empty())
      why += ": " + origin.str();
    auto reshard =
        tp::ReshardOp::create(builder, place->getLoc(), type, value, builder.getStringAttr(why),
                              wireTypeOf(value, tp::toSharding(type, mesh)));
    nn::copyPlace(place, reshard);
    return reshard.getY();
  }

  const Decision &decision;
  const Mesh &mesh;
  const SymbolShardings &symbols;
  /// One reshard per (value, placement).
  llvm::DenseMap<std::pair<Value, Type>, Value> reshards;
  /// Sums of partial addends of a value that is rounded on the wire.
  llvm::DenseSet<Value> roundedSums;
};

/// Axes of one rank split nothing.
Sharding withoutUnitAxes(Sharding sharding, const Mesh &mesh) {
  for (DimLayout &dim : sharding.dims)
    for (Factor &factor : dim)
      llvm::erase_if(factor.axes, [&](AxisId axis) { return mesh.axisSize(axis) == 1; });
  return canonical(std::move(sharding));
}

/// Writes the decided sharding into a declaration's type.
template <typename DeclOp>
LogicalResult declare(DeclOp op, const Decision &decision, SymbolShardings &symbols) {
  auto type = cast<RankedTensorType>(op.getType());
  Sharding sharding = Sharding::replicated(type.getShape());
  if (auto it = decision.symbols.find(op.getSymName()); it != decision.symbols.end())
    sharding = it->second;
  if (auto error = sharding.check(decision.mesh))
    return op.emitOpError() << "is decided to have no valid sharding: " << *error;
  if (ArrayRef<int64_t>(sharding.globalShape()) != type.getShape())
    return op.emitOpError() << "is decided to be " << sharding.str(decision.mesh)
                            << ", which is for another shape";
  if (sharding.hasPartial())
    return op.emitOpError() << "is decided to be " << sharding.str(decision.mesh)
                            << ", but what is declared is never partial";
  sharding = withoutUnitAxes(std::move(sharding), decision.mesh);
  op.setType(tp::withSharding(type, sharding, decision.mesh));
  symbols[op.getSymName()] = std::move(sharding);
  return success();
}

} // namespace

LogicalResult applyShardings(ModuleOp module, const Decision &decision) {
  if (tp::findMesh(module))
    return module.emitError("has a mesh already; shardings are decided once, at level `grad`");
  SymbolShardings symbols;
  for (Operation &op : *module.getBody()) {
    LogicalResult declared = success();
    if (auto input = dyn_cast<nn::InputOp>(op))
      declared = declare(input, decision, symbols);
    else if (auto parameter = dyn_cast<nn::ParameterOp>(op))
      declared = declare(parameter, decision, symbols);
    else if (auto state = dyn_cast<nn::StateOp>(op))
      declared = declare(state, decision, symbols);
    else if (auto scalar = dyn_cast<nn::ScalarOp>(op))
      symbols[scalar.getSymName()] =
          Sharding::replicated(cast<RankedTensorType>(scalar.getType()).getShape());
    if (failed(declared))
      return failure();
  }
  for (const auto &entry : decision.symbols)
    if (!symbols.contains(entry.getKey()))
      return module.emitError() << "a sharding is decided for @" << entry.getKey()
                                << ", which is no input, parameter or state";
  for (nn::TieOp tie : module.getOps<nn::TieOp>())
    if (auto target = symbols.find(tie.getTarget()); target != symbols.end())
      symbols[tie.getSymName()] = Sharding(target->second);

  for (nn::EntryOp entry : module.getOps<nn::EntryOp>())
    if (failed(EntryApplier(decision, symbols).run(entry)))
      return failure();
  tp::createMesh(module, decision.mesh);
  return success();
}

} // namespace tpc
