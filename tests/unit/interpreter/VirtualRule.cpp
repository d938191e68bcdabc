//===- VirtualRule.cpp - Executes a rule's strategies on virtual ranks ---------------------===//
//
// Partial operands are addends of different magnitudes per rank (1, 10, 100, ...), so that a rank
// that is left out, or counted twice, shows. Each execution runs twice: with the least that the
// rule asks of pads, and with zeros where the claim that a result's pads are zero depends on them.
//
//===---------------------------------------------------------------------------------------===//
#include "VirtualRule.h"

#include "algebra/CoordinateMap.h"
#include "compiler/interpreter/Evaluate.h"
#include "compiler/interpreter/VirtualRanks.h"
#include "dialects/nn/LocalExtents.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Verifier.h"
#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tpc::interpreter::test {

namespace {

bool hasFactor(const TensorFactors &tensor, int factor) {
  return llvm::any_of(tensor,
                      [&](const DimFactors &dim) { return llvm::is_contained(dim, factor); });
}

/// The layout of each factor under an execution.
std::vector<DimLayout> layoutsOf(const Rule &rule, const Execution &execution) {
  std::vector<DimLayout> layouts;
  for (size_t f = 0; f < rule.factors.size(); ++f) {
    Factor factor{rule.factors[f].size, rule.factors[f].size, {}};
    int64_t ranks = 1;
    for (size_t axis = 0; axis < execution.strategies.size(); ++axis)
      if (execution.strategies[axis].factor == static_cast<int>(f)) {
        factor.axes.push_back(axis);
        ranks *= execution.mesh.axisSize(axis);
      }
    if (factor.isSplit())
      factor.padded = (factor.logical + ranks - 1) / ranks * ranks + execution.extraPads * ranks;
    if (execution.paddedFactor == static_cast<int>(f))
      factor.padded += 2;
    layouts.push_back({factor});
  }
  return layouts;
}

std::vector<Sharding> operandShardings(const Rule &rule, const Execution &execution,
                                       const std::vector<DimLayout> &layouts) {
  std::vector<Sharding> shardings;
  for (const TensorFactors &tensor : rule.operands) {
    Sharding sharding;
    for (const DimFactors &dim : tensor) {
      std::vector<DimLayout> parts;
      for (int factor : dim)
        parts.push_back(layouts[factor]);
      sharding.dims.push_back(composeDim(parts));
    }
    shardings.push_back(std::move(sharding));
  }
  for (size_t axis = 0; axis < execution.strategies.size(); ++axis)
    if (int linear = execution.strategies[axis].linear; linear >= 0)
      for (int operand : rule.linearIn[linear])
        shardings[operand] = shardings[operand].withPartial(axis, ReduceKind::Sum);
  return shardings;
}

/// What each rank holds of a value: on partial axes addends of it, on others its parts.
std::vector<Tensor> distribute(const Tensor &value, const Sharding &sharding, const Mesh &mesh,
                               double pads, std::mt19937 &engine) {
  // Addends, by the coordinates along the partial axes, major first.
  std::vector<Tensor> addends{value};
  for (const Partial &partial : sharding.partial) {
    std::vector<Tensor> next;
    for (Tensor &sum : addends) {
      double magnitude = 1;
      // Of many ranks the largest would drown what the value itself is.
      double base = mesh.axisSize(partial.axis) > 4 ? 3 : 10;
      for (int64_t rank = 0; rank + 1 < mesh.axisSize(partial.axis); ++rank, magnitude *= base) {
        Tensor addend(sum.shape);
        for (int64_t i = 0; i < sum.size(); ++i) {
          addend[i] = magnitude * (1 + engine() % 9);
          sum[i] -= addend[i];
        }
        next.push_back(std::move(addend));
      }
      next.push_back(std::move(sum));
    }
    addends = std::move(next);
  }
  std::vector<Tensor> parts;
  for (int64_t rank = 0; rank < mesh.numRanks(); ++rank) {
    int64_t addend = 0;
    for (const Partial &partial : sharding.partial)
      addend = addend * mesh.axisSize(partial.axis) + mesh.coordinate(rank, partial.axis);
    parts.push_back(std::move(splitTensor(addends[addend], sharding, mesh, pads)[rank]));
  }
  return parts;
}

/// The op on local types, with one offset operand per factor that needs one, if any such is split.
mlir::OwningOpRef<mlir::ModuleOp> localForm(mlir::Operation *op, const Rule &rule,
                                            const std::vector<DimLayout> &layouts,
                                            const std::vector<Sharding> &operands,
                                            const std::vector<Sharding> &results,
                                            const Mesh &mesh) {
  mlir::OwningOpRef<mlir::ModuleOp> module = mlir::ModuleOp::create(op->getLoc());
  auto builder = mlir::OpBuilder::atBlockBegin(module->getBody());
  auto valueOf = [&](mlir::Type type) {
    return mlir::UnrealizedConversionCastOp::create(builder, op->getLoc(), type, mlir::ValueRange{})
        .getResult(0);
  };
  auto localType = [&](mlir::Value value, const Sharding &sharding) {
    auto type = mlir::cast<mlir::RankedTensorType>(value.getType());
    return mlir::RankedTensorType::get(sharding.localShape(mesh), type.getElementType());
  };

  mlir::IRMapping mapping;
  for (auto [value, sharding] : llvm::zip_equal(op->getOperands(), operands))
    mapping.map(value, valueOf(localType(value, sharding)));
  mlir::Operation *local = op->cloneWithoutRegions(mapping);
  for (auto [result, sharding] : llvm::zip_equal(local->getResults(), results))
    result.setType(localType(result, sharding));
  if (op->getNumOperands() != 0)
    if (auto type = mlir::dyn_cast<mlir::RankedTensorType>(op->getOperand(0).getType()))
      nn::setLocalExtents(local, type.getShape());

  int64_t offsets = 0;
  bool isSplitAnywhere = false;
  for (auto [factor, layout] : llvm::zip_equal(rule.factors, layouts))
    if (factor.needsOffset) {
      ++offsets;
      isSplitAnywhere |= isSplit(layout);
    }
  if (isSplitAnywhere) {
    for (int64_t i = 0; i < offsets; ++i)
      local->insertOperands(local->getNumOperands(), valueOf(builder.getIndexType()));
    // Offsets are the last group of operands in every op.
    if (auto segments = local->getAttrOfType<mlir::DenseI32ArrayAttr>("operandSegmentSizes")) {
      llvm::SmallVector<int32_t> sizes(segments.asArrayRef());
      sizes.back() = static_cast<int32_t>(offsets);
      local->setAttr("operandSegmentSizes", builder.getDenseI32ArrayAttr(sizes));
    }
  }
  builder.insert(local);
  return module;
}

/// Where the rank's part of a factor begins.
int64_t offsetOf(const Factor &factor, const Mesh &mesh, int64_t rank) {
  int64_t block = 0, ranks = 1;
  for (AxisId axis : factor.axes) {
    block = block * mesh.axisSize(axis) + mesh.coordinate(rank, axis);
    ranks *= mesh.axisSize(axis);
  }
  return block * (factor.padded / ranks);
}

bool isClose(double actual, double expected) {
  return actual == expected || std::abs(actual - expected) <= 1e-9 * (1 + std::abs(expected));
}

class Runner {
public:
  Runner(TestOp &op, const Rule &rule, const Execution &execution)
      : op(op), rule(rule), mesh(execution.mesh), layouts(layoutsOf(rule, execution)),
        operandsAre(operandShardings(rule, execution, layouts)) {}

  /// Derives the results' shardings; a sentence where the rule refuses.
  std::optional<std::string> derive() {
    auto derived = applyRule(rule, operandsAre, mesh);
    if (auto *refusal = std::get_if<RuleError>(&derived))
      return refusal->message;
    resultsAre = std::get<std::vector<Sharding>>(derived);
    return std::nullopt;
  }

  /// The state of the pads of all operands: zero or NaN (integers: an id that exists).
  bool run(const std::vector<Tensor> &operands, const std::vector<bool> &zeroPads,
           std::string &error) {
    auto module = localForm(op.op(), rule, layouts, operandsAre, resultsAre, mesh);
    mlir::Operation *local = &module->getBody()->back();
    if (failed(mlir::verify(*module))) {
      error = "the local form does not verify";
      return false;
    }
    std::mt19937 engine(7);
    std::vector<std::vector<Tensor>> parts; // per operand, per rank
    for (size_t i = 0; i < operands.size(); ++i) {
      bool isInteger = op.operandTypes()[i].getElementType().isInteger();
      double any = isInteger ? 1 : std::numeric_limits<double>::quiet_NaN();
      parts.push_back(distribute(operands[i], operandsAre[i], mesh, zeroPads[i] ? 0 : any, engine));
    }

    std::vector<Results> ofRanks;
    for (int64_t rank = 0; rank < mesh.numRanks(); ++rank) {
      std::vector<const Tensor *> values;
      for (std::vector<Tensor> &ofOperand : parts)
        values.push_back(&ofOperand[rank]);
      std::vector<Tensor> offsets;
      for (auto [factor, layout] : llvm::zip_equal(rule.factors, layouts))
        if (factor.needsOffset)
          offsets.push_back(Tensor::scalar(offsetOf(layout[0], mesh, rank)));
      if (local->getNumOperands() > operands.size())
        for (const Tensor &offset : offsets)
          values.push_back(&offset);
      auto results = evaluate(local, values);
      if (failed(results)) {
        error = "the interpreter refuses the local form";
        return false;
      }
      ofRanks.push_back(std::move(*results));
    }
    return compare(operands, ofRanks, zeroPads, error);
  }

  const std::vector<Sharding> &results() const { return resultsAre; }

private:
  bool compare(const std::vector<Tensor> &operands, const std::vector<Results> &ofRanks,
               const std::vector<bool> &zeroPads, std::string &error) {
    std::vector<Tensor> expected = op.run(operands);
    for (size_t i = 0; i < expected.size(); ++i) {
      std::vector<Tensor> parts;
      for (const Results &results : ofRanks)
        parts.push_back(results[i]);
      std::string which = "result " + std::to_string(i) + ": ";
      auto actual = gatherTensor(parts, resultsAre[i], mesh, error);
      if (!actual) {
        error = which + error;
        return false;
      }
      for (int64_t element = 0; element < actual->size(); ++element)
        if (!isClose((*actual)[element], expected[i][element])) {
          error = which + "element " + std::to_string(element) + " is " +
                  std::to_string((*actual)[element]) + ", not " +
                  std::to_string(expected[i][element]);
          return false;
        }
      if (!padsAreAsClaimed(i, parts, zeroPads)) {
        error = which + "its pads are not zero, as the rule claims";
        return false;
      }
    }
    return true;
  }

  /// Checked where one factor alone is padded: a pad is then a pad of that factor.
  bool padsAreAsClaimed(int result, const std::vector<Tensor> &parts,
                        const std::vector<bool> &zeroPads) {
    int padded = -1;
    for (size_t f = 0; f < layouts.size(); ++f)
      if (isPadded(layouts[f]) && std::exchange(padded, static_cast<int>(f)) >= 0)
        return true;
    if (padded < 0 || !hasFactor(rule.results[result], padded))
      return true;
    std::vector<bool> isZero;
    for (size_t i = 0; i < zeroPads.size(); ++i)
      isZero.push_back(zeroPads[i] && hasFactor(rule.operands[i], padded));
    if (!rule.factors[padded].padResult.isZero(result, isZero))
      return true;
    for (int64_t rank = 0; rank < mesh.numRanks(); ++rank) {
      CoordinateMap map(resultsAre[result], mesh, rank);
      for (int64_t i = 0; i < parts[rank].size(); ++i)
        if (map.globalElement(i) < 0 && parts[rank][i] != 0)
          return false;
    }
    return true;
  }

  TestOp &op;
  const Rule &rule;
  const Mesh &mesh;
  std::vector<DimLayout> layouts; ///< per factor
  std::vector<Sharding> operandsAre, resultsAre;
};

/// The operands whose pads must be zero in this execution; `claimed`: those too on which a claim of
/// zero pads depends.
std::vector<bool> zeroPads(const Rule &rule, const Execution &execution, bool claimed) {
  std::vector<bool> zero(rule.operands.size(), false);
  std::vector<DimLayout> layouts = layoutsOf(rule, execution);
  for (size_t f = 0; f < layouts.size(); ++f) {
    if (!isPadded(layouts[f]))
      continue;
    const RuleFactor &factor = rule.factors[f];
    for (size_t i = 0; i < zero.size(); ++i) {
      bool listed = claimed && llvm::is_contained(factor.padResult.zeroIf, static_cast<int>(i));
      if (hasFactor(rule.operands[i], f) && (factor.padNeed == PadNeed::Zero || listed))
        zero[i] = true;
    }
  }
  return zero;
}

} // namespace

Verdict execute(TestOp &op, const Rule &rule, const std::vector<Tensor> &operands,
                const Execution &execution, std::string &error) {
  Runner runner(op, rule, execution);
  if (auto refusal = runner.derive()) {
    error = *refusal;
    return Verdict::NotAllowed;
  }
  for (size_t axis = 0; axis < execution.strategies.size(); ++axis)
    for (auto [sharding, placement] :
         llvm::zip_equal(runner.results(), execution.strategies[axis].results))
      if (sharding.placementOn(axis) != placement) {
        error = "the strategy gives " + placement.str() + ", but the rule derives " +
                sharding.placementOn(axis).str();
        return Verdict::Different;
      }
  for (bool claimed : {false, true})
    if (!runner.run(operands, zeroPads(rule, execution, claimed), error)) {
      error += claimed ? " (pads zero where the claim needs it)" : " (pads NaN where allowed)";
      return Verdict::Different;
    }
  return Verdict::Equal;
}

} // namespace tpc::interpreter::test
