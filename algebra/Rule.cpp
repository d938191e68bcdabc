//===- Rule.cpp - Sharding rules and their application ------------------------------------===//
//
// Operands are projected on the rule's factors; the factors must agree; the results are composed
// of them. An axis does one thing in an op: it splits one factor, or it carries partial values
// through a linear op, or nothing. The messages are for the author of a model or of a rule, so
// they name axis, operand and factor.
//
//===---------------------------------------------------------------------------------------===//
#include "algebra/Rule.h"

#include <algorithm>

namespace tpc {

namespace {

std::string quoted(const std::string &name) { return "\"" + name + "\""; }
std::string operandStr(int operand) { return "operand " + std::to_string(operand); }
std::string axisStr(const Mesh &mesh, AxisId axis) {
  return "axis " + quoted(mesh.axes[axis].name);
}

/// "1, 2 and 5"
std::string listStr(const std::vector<int> &values) {
  std::string text;
  for (size_t i = 0; i < values.size(); ++i) {
    if (i)
      text += i + 1 == values.size() ? " and " : ", ";
    text += std::to_string(values[i]);
  }
  return text;
}

/// `"heads" (12), "size" (64)`
std::string factorsStr(const Rule &rule, const DimFactors &factors) {
  std::string text;
  for (int factor : factors) {
    if (!text.empty())
      text += ", ";
    text +=
        quoted(rule.factors[factor].name) + " (" + std::to_string(rule.factors[factor].size) + ")";
  }
  return text.empty() ? "no factor" : "the factors " + text;
}

std::string layoutStr(const DimLayout &dim, const Mesh &mesh) {
  Sharding sharding;
  sharding.dims = {dim};
  std::string text = sharding.str(mesh);
  return text.substr(1, text.size() - 2);
}

/// The dim that contains `factor`, or -1.
int dimOf(const TensorFactors &tensor, int factor) {
  for (size_t dim = 0; dim < tensor.size(); ++dim)
    if (std::find(tensor[dim].begin(), tensor[dim].end(), factor) != tensor[dim].end())
      return static_cast<int>(dim);
  return -1;
}

bool contains(const std::vector<AxisId> &axes, AxisId axis) {
  return std::find(axes.begin(), axes.end(), axis) != axes.end();
}

/// How two layouts of one factor differ, as a clause after "operand A and operand B disagree: ".
std::string differenceStr(const RuleFactor &factor, const DimLayout &a, int operandA,
                          const DimLayout &b, int operandB, const Mesh &mesh) {
  std::string name = "factor " + quoted(factor.name);
  std::vector<AxisId> axesA = axesOf(a), axesB = axesOf(b);
  for (AxisId axis : axesA)
    if (!contains(axesB, axis))
      return axisStr(mesh, axis) + " splits " + name + " in " + operandStr(operandA) +
             " but not in " + operandStr(operandB);
  for (AxisId axis : axesB)
    if (!contains(axesA, axis))
      return axisStr(mesh, axis) + " splits " + name + " in " + operandStr(operandB) +
             " but not in " + operandStr(operandA);
  return name + " is " + layoutStr(a, mesh) + " (padded to " + std::to_string(paddedSize(a)) +
         ") in " + operandStr(operandA) + " but " + layoutStr(b, mesh) + " (padded to " +
         std::to_string(paddedSize(b)) + ") in " + operandStr(operandB);
}

/// Collects the layouts of the factors, operand by operand, and the axes that are partial.
class OperandWalk {
public:
  OperandWalk(const Rule &rule, const std::vector<Sharding> &operands, const Mesh &mesh)
      : rule(rule), operands(operands), mesh(mesh), firstOperand(rule.factors.size(), -1) {
    for (const RuleFactor &factor : rule.factors)
      layouts.factors.push_back(wholeDim(factor.size));
  }

  std::optional<RuleError> walk() {
    if (operands.size() != rule.operands.size())
      return RuleError{"the rule is for " + std::to_string(rule.operands.size()) +
                           " tensor operands, not " + std::to_string(operands.size()),
                       -1};
    for (size_t i = 0; i < operands.size(); ++i)
      if (auto error = project(static_cast<int>(i)))
        return error;
    if (auto error = checkAxes())
      return error;
    for (size_t axis = 0; axis < mesh.axes.size(); ++axis)
      if (auto error = checkPartial(static_cast<AxisId>(axis)))
        return error;
    return std::nullopt;
  }

  FactorLayouts layouts;

private:
  std::optional<RuleError> project(int operand) {
    const Sharding &sharding = operands[operand];
    const TensorFactors &dims = rule.operands[operand];
    if (auto error = sharding.check(mesh))
      return RuleError{operandStr(operand) + " has no valid sharding: " + *error, operand};
    if (sharding.dims.size() != dims.size())
      return RuleError{"the rule is for " + std::to_string(dims.size()) + " dims of " +
                           operandStr(operand) + ", which has " +
                           std::to_string(sharding.dims.size()),
                       operand};
    for (size_t dim = 0; dim < dims.size(); ++dim) {
      std::vector<int64_t> sizes;
      for (int factor : dims[dim])
        sizes.push_back(rule.factors[factor].size);
      auto parts = projectDim(sharding.dims[dim], sizes, mesh);
      if (!parts) {
        std::string split;
        for (AxisId axis : axesOf(sharding.dims[dim]))
          split += (split.empty() ? ", split on " : ", ") + axisStr(mesh, axis) + " of size " +
                   std::to_string(mesh.axisSize(axis));
        return RuleError{"dim " + std::to_string(dim) + " of " + operandStr(operand) + " is " +
                             layoutStr(sharding.dims[dim], mesh) + " of size " +
                             std::to_string(logicalSize(sharding.dims[dim])) + split +
                             ", which is no layout of " + factorsStr(rule, dims[dim]),
                         operand};
      }
      for (size_t i = 0; i < parts->size(); ++i)
        if (auto error = unify(dims[dim][i], (*parts)[i], operand))
          return error;
    }
    return std::nullopt;
  }

  std::optional<RuleError> unify(int factor, const DimLayout &layout, int operand) {
    const RuleFactor &info = rule.factors[factor];
    if (firstOperand[factor] < 0) {
      firstOperand[factor] = operand;
      layouts.factors[factor] = layout;
      if (info.kind == FactorKind::Whole && isSplit(layout))
        return RuleError{axisStr(mesh, axesOf(layout)[0]) + " splits factor " + quoted(info.name) +
                             " in " + operandStr(operand) + ", but every rank needs all of it",
                         operand};
      return std::nullopt;
    }
    if (layouts.factors[factor] == layout)
      return std::nullopt;
    if (storesTheSame(layouts.factors[factor], layout)) {
      // The finer one says more: which factor it is that is padded.
      if (layout.size() > layouts.factors[factor].size())
        layouts.factors[factor] = layout;
      return std::nullopt;
    }
    return RuleError{
        differenceStr(info, layouts.factors[factor], firstOperand[factor], layout, operand, mesh),
        operand};
  }

  /// One axis splits at most one factor.
  std::optional<RuleError> checkAxes() {
    splitFactor.assign(mesh.axes.size(), -1);
    for (size_t factor = 0; factor < layouts.factors.size(); ++factor)
      for (AxisId axis : axesOf(layouts.factors[factor])) {
        int &first = splitFactor[axis];
        if (first >= 0)
          return RuleError{
              axisStr(mesh, axis) + " splits factor " + quoted(rule.factors[first].name) + " in " +
                  operandStr(firstOperand[first]) + " and factor " +
                  quoted(rule.factors[factor].name) + " in " + operandStr(firstOperand[factor]) +
                  "; in one op an axis splits one factor",
              firstOperand[factor]};
        first = static_cast<int>(factor);
      }
    return std::nullopt;
  }

  /// The operands that are partial on `axis` must be one of the sets the op is linear in.
  std::optional<RuleError> checkPartial(AxisId axis) {
    std::vector<int> carriers;
    for (size_t i = 0; i < operands.size(); ++i)
      if (auto kind = operands[i].partialOn(axis); kind && !isShapeOnly(i)) {
        carriers.push_back(static_cast<int>(i));
        if (*kind != ReduceKind::Sum)
          return RuleError{operandStr(static_cast<int>(i)) + " is partial(" + name(*kind) +
                               ") on " + axisStr(mesh, axis) +
                               "; only partial(sum) passes through an op",
                           static_cast<int>(i)};
      }
    if (carriers.empty())
      return std::nullopt;

    int first = carriers[0];
    std::string subject = operandStr(first) + " is partial(sum) on " + axisStr(mesh, axis);
    if (splitFactor[axis] >= 0)
      return RuleError{subject + ", which splits factor " +
                           quoted(rule.factors[splitFactor[axis]].name) + " in " +
                           operandStr(firstOperand[splitFactor[axis]]),
                       first};
    for (const RuleFactor &factor : rule.factors)
      if (factor.kind == FactorKind::Contracted && factor.reduce == ReduceKind::Max)
        return RuleError{subject + ", but a maximum over factor " + quoted(factor.name) +
                             " is not linear",
                         first};
    if (std::find(rule.linearIn.begin(), rule.linearIn.end(), carriers) == rule.linearIn.end())
      return RuleError{notLinearStr(subject, carriers), first};
    layouts.partial.push_back({axis, ReduceKind::Sum});
    return std::nullopt;
  }

  bool isShapeOnly(size_t operand) const {
    return std::find(rule.shapeOnly.begin(), rule.shapeOnly.end(), static_cast<int>(operand)) !=
           rule.shapeOnly.end();
  }

  std::string notLinearStr(const std::string &subject, const std::vector<int> &carriers) const {
    auto has = [](const std::vector<int> &set, int operand) {
      return std::find(set.begin(), set.end(), operand) != set.end();
    };
    // The set that comes closest explains most: it has all the carriers, and some others.
    for (const std::vector<int> &set : rule.linearIn)
      if (std::all_of(carriers.begin(), carriers.end(), [&](int op) { return has(set, op); }))
        for (int operand : set)
          if (!has(carriers, operand))
            return subject + " and operand " + std::to_string(operand) +
                   " is not: the op is linear in operands " + listStr(set) + " only together";
    if (carriers.size() > 1)
      return "operands " + listStr(carriers) + " are partial(sum)" +
             subject.substr(subject.find(" on ")) + ", but the op is not linear in them together";
    return subject + ", but the op is not linear in it";
  }

  const Rule &rule;
  const std::vector<Sharding> &operands;
  const Mesh &mesh;
  std::vector<int> firstOperand; ///< per factor: the operand that fixed it, or -1
  std::vector<int> splitFactor;  ///< per axis: the factor that it splits, or -1
};

} // namespace

bool PadResult::isZero(int result, const std::vector<bool> &operandIsZero) const {
  if (any || std::find(anyIn.begin(), anyIn.end(), result) != anyIn.end())
    return false;
  return std::all_of(zeroIf.begin(), zeroIf.end(),
                     [&](int operand) { return operandIsZero[operand]; });
}

std::optional<std::string>
Rule::check(const std::vector<std::vector<int64_t>> &operandShapes,
            const std::vector<std::vector<int64_t>> &resultShapes) const {
  for (const RuleFactor &factor : factors) {
    if (factor.size < 1)
      return "factor " + quoted(factor.name) + " has size " + std::to_string(factor.size) +
             ", which is not positive";
    for (int operand : factor.padResult.zeroIf)
      if (operand < 0 || operand >= static_cast<int>(operands.size()))
        return "the pads of factor " + quoted(factor.name) + " depend on " + operandStr(operand) +
               ", which the rule lacks";
    for (int result : factor.padResult.anyIn)
      if (result < 0 || result >= static_cast<int>(results.size()))
        return "the pads of factor " + quoted(factor.name) + " name result " +
               std::to_string(result) + ", which the rule lacks";
    if (factor.kind == FactorKind::Contracted && factor.reduce == ReduceKind::Max &&
        !linearIn.empty())
      return "the op takes the maximum over factor " + quoted(factor.name) +
             ", so it is linear in nothing";
  }

  auto checkTensors = [&](const std::vector<TensorFactors> &tensors,
                          const std::vector<std::vector<int64_t>> &shapes,
                          const std::string &what) -> std::optional<std::string> {
    if (tensors.size() != shapes.size())
      return "the rule has " + std::to_string(tensors.size()) + " " + what + "s, the op " +
             std::to_string(shapes.size());
    for (size_t i = 0; i < tensors.size(); ++i) {
      std::string tensor = what + " " + std::to_string(i);
      if (tensors[i].size() != shapes[i].size())
        return "the rule gives " + tensor + " " + std::to_string(tensors[i].size()) +
               " dims, it has " + std::to_string(shapes[i].size());
      std::vector<bool> seen(factors.size(), false);
      for (size_t dim = 0; dim < tensors[i].size(); ++dim) {
        int64_t size = 1;
        for (int factor : tensors[i][dim]) {
          if (factor < 0 || factor >= static_cast<int>(factors.size()))
            return tensor + " names factor number " + std::to_string(factor) +
                   ", which the rule lacks";
          if (seen[factor])
            return tensor + " has factor " + quoted(factors[factor].name) + " twice";
          seen[factor] = true;
          size *= factors[factor].size;
        }
        if (size != shapes[i][dim])
          return "dim " + std::to_string(dim) + " of " + tensor + " has size " +
                 std::to_string(shapes[i][dim]) + ", but the rule gives it " +
                 factorsStr(*this, tensors[i][dim]) + " of size " + std::to_string(size);
      }
    }
    return std::nullopt;
  };
  if (auto error = checkTensors(operands, operandShapes, "operand"))
    return error;
  if (auto error = checkTensors(results, resultShapes, "result"))
    return error;

  auto has = [](size_t count, int index) { return index >= 0 && index < static_cast<int>(count); };
  for (int operand : shapeOnly)
    if (!has(operands.size(), operand))
      return "the shape alone is used of " + operandStr(operand) + ", which the rule lacks";
  for (MayReplicate entry : mayReplicate)
    if (!has(operands.size(), entry.operand) || !has(factors.size(), entry.factor) ||
        dimOf(operands[entry.operand], entry.factor) < 0)
      return operandStr(entry.operand) + " may be replicated along a factor that it lacks";

  for (const std::vector<int> &set : linearIn) {
    if (set.empty())
      return "a set of operands that the op is linear in is empty";
    for (size_t i = 0; i < set.size(); ++i) {
      if (set[i] < 0 || set[i] >= static_cast<int>(operands.size()))
        return "the op is linear in " + operandStr(set[i]) + ", which the rule lacks";
      if (i && set[i - 1] >= set[i])
        return "the operands " + listStr(set) +
               " that the op is linear in are not in ascending order";
    }
  }
  return std::nullopt;
}

std::variant<FactorLayouts, RuleError>
factorLayouts(const Rule &rule, const std::vector<Sharding> &operands, const Mesh &mesh) {
  OperandWalk walk(rule, operands, mesh);
  if (auto error = walk.walk())
    return *std::move(error);
  return std::move(walk.layouts);
}

std::variant<std::vector<Sharding>, RuleError>
applyRule(const Rule &rule, const std::vector<Sharding> &operands, const Mesh &mesh) {
  auto derived = factorLayouts(rule, operands, mesh);
  if (auto *error = std::get_if<RuleError>(&derived))
    return std::move(*error);
  const FactorLayouts &layouts = std::get<FactorLayouts>(derived);

  std::vector<Sharding> results;
  for (size_t i = 0; i < rule.results.size(); ++i) {
    Sharding result;
    for (const DimFactors &dim : rule.results[i]) {
      std::vector<DimLayout> parts;
      for (int factor : dim)
        parts.push_back(layouts.factors[factor]);
      result.dims.push_back(composeDim(parts));
    }
    for (const Partial &partial : layouts.partial)
      result = result.withPartial(partial.axis, partial.kind);
    for (size_t f = 0; f < rule.factors.size(); ++f) {
      const RuleFactor &factor = rule.factors[f];
      std::vector<AxisId> axes = axesOf(layouts.factors[f]);
      if (axes.empty() || dimOf(rule.results[i], static_cast<int>(f)) >= 0)
        continue;
      if (factor.kind != FactorKind::Contracted)
        return RuleError{axisStr(mesh, axes[0]) + " splits factor " + quoted(factor.name) +
                             ", which result " + std::to_string(i) +
                             " lacks, and the op does not contract it",
                         -1};
      for (AxisId axis : axes)
        result = result.withPartial(axis, factor.reduce);
    }
    results.push_back(std::move(result));
  }
  return results;
}

std::string Strategy::str(const Rule &rule) const {
  auto listPlacements = [](const std::vector<Placement> &placements) {
    std::string text;
    for (const Placement &placement : placements)
      text += (text.empty() ? "" : ", ") + placement.str();
    return "(" + text + ")";
  };
  std::string what = "replicated";
  if (factor >= 0)
    what = "split " + rule.factors[factor].name;
  else if (linear >= 0)
    what = "linear in " + listStr(rule.linearIn[linear]);
  return what + ": " + listPlacements(operands) + " -> " + listPlacements(results);
}

std::vector<Strategy> strategies(const Rule &rule) {
  const std::vector<Placement> replicatedIn(rule.operands.size());
  const std::vector<Placement> replicatedOut(rule.results.size());
  auto splitOf = [](int dim) { return Placement{Placement::Split, dim, ReduceKind::Sum}; };
  auto partialOf = [](ReduceKind kind) { return Placement{Placement::Partial, -1, kind}; };

  std::vector<Strategy> all;
  all.push_back({-1, -1, replicatedIn, replicatedOut});

  for (size_t f = 0; f < rule.factors.size(); ++f) {
    const RuleFactor &factor = rule.factors[f];
    if (factor.kind == FactorKind::Whole)
      continue;
    Strategy strategy{static_cast<int>(f), -1, replicatedIn, replicatedOut};
    bool anyOperand = false, possible = true;
    for (size_t i = 0; i < rule.operands.size(); ++i)
      if (int dim = dimOf(rule.operands[i], static_cast<int>(f)); dim >= 0) {
        strategy.operands[i] = splitOf(dim);
        anyOperand = true;
      }
    for (size_t i = 0; i < rule.results.size(); ++i) {
      if (int dim = dimOf(rule.results[i], static_cast<int>(f)); dim >= 0)
        strategy.results[i] = splitOf(dim);
      else if (factor.kind == FactorKind::Contracted)
        strategy.results[i] = partialOf(factor.reduce);
      else
        possible = false;
    }
    if (anyOperand && possible)
      all.push_back(std::move(strategy));
  }

  for (size_t i = 0; i < rule.linearIn.size(); ++i) {
    Strategy strategy{-1, static_cast<int>(i), replicatedIn,
                      std::vector<Placement>(rule.results.size(), partialOf(ReduceKind::Sum))};
    for (int operand : rule.linearIn[i])
      strategy.operands[operand] = partialOf(ReduceKind::Sum);
    all.push_back(std::move(strategy));
  }

  if (!rule.shapeOnly.empty())
    for (size_t i = 0, count = all.size(); i < count; ++i)
      if (all[i].factor < 0) {
        Strategy strategy = all[i];
        for (int operand : rule.shapeOnly)
          strategy.operands[operand] = partialOf(ReduceKind::Sum);
        all.push_back(std::move(strategy));
      }
  return all;
}

} // namespace tpc
