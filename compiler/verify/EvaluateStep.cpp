//===- EvaluateStep.cpp - A step of a scheduled program in float64, with bounds ------------===//

#include "compiler/verify/EvaluateStep.h"

#include "dialects/nn/NN.h"
#include "dialects/tp/TP.h"

#include "llvm/ADT/DenseMap.h"

#include <cmath>
#include <limits>

using namespace tpc;
using namespace tpc::verify;

namespace {

/// Runs an op of `tp` that looks at no other rank's values.
Results evaluateAlone(mlir::Operation *op, const Mesh &mesh, int rank, Operands operands) {
  std::vector<std::vector<const Tensor *>> ofRanks(mesh.numRanks(),
                                                   std::vector<const Tensor *>(operands));
  return std::move((*interpreter::evaluateOnMesh(op, mesh, ofRanks))[rank]);
}

/// Rounds results as their types say. An exact value has one rounding; of two values that are
/// `bound` apart each is rounded by half a unit.
void roundStored(mlir::Operation *op, Results &results, Results &bounds) {
  interpreter::roundToTypes(op, results);
  for (auto [i, result] : llvm::enumerate(op->getResults())) {
    auto precision = interpreter::storedPrecision(result);
    if (!precision)
      continue;
    double unit = std::ldexp(1, -precision->digits), smallest = std::ldexp(1, -126);
    for (int64_t e = 0; e < bounds[i].size(); ++e)
      if (double &bound = bounds[i][e]; bound > 0)
        bound += unit * (2 * std::max(std::fabs(results[i][e]), smallest) + bound);
  }
}

/// Where the fill stands it is a rounded constant; what lies beneath it does not matter.
Tensor maskBounds(tp::MaskOp op, const Mesh &mesh, int rank, Operands operands, Errors errors) {
  constexpr double kNoNumber = std::numeric_limits<double>::quiet_NaN();
  Tensor unmasked(operands[0]->shape, kNoNumber);
  const Tensor *marked[] = {&unmasked, operands[1]};
  Tensor bounds = std::move(evaluateAlone(op, mesh, rank, marked).front());
  auto type = mlir::cast<mlir::RankedTensorType>(op.getY().getType());
  double ofFill =
      Rounding::of(type.getElementType()).unit * std::fabs(op.getFill().convertToDouble());
  for (int64_t i = 0; i < bounds.size(); ++i)
    bounds[i] = std::isnan(bounds[i]) ? errors[i] : std::isfinite(ofFill) ? ofFill : 0;
  return bounds;
}

/// Of a mask, a slice or an offset.
Results tpBounds(mlir::Operation *op, const Mesh &mesh, int rank, Operands operands,
                 llvm::ArrayRef<Errors> errors) {
  if (auto mask = mlir::dyn_cast<tp::MaskOp>(op))
    return {maskBounds(mask, mesh, rank, operands, errors[0])};
  if (mlir::isa<tp::SliceOp>(op) && !errors[0].areZero())
    return evaluateAlone(op, mesh, rank, {errors[0].tensor()});
  return {Tensor(interpreter::shapeOf(op->getResult(0)))};
}

std::vector<Bounded> paired(Results results, Results bounds) {
  std::vector<Bounded> pairs;
  for (auto [result, bound] : llvm::zip_equal(results, bounds))
    pairs.push_back({std::move(result), std::move(bound)});
  return pairs;
}

/// Evaluates the ops of a kernel one after the other; of each value, what the last use has seen is
/// dropped, since kernels of optimizers hold tensors as large as the parameters.
class KernelEvaluation {
public:
  KernelEvaluation(const Mesh &mesh, int rank, DeviceArithmetic device)
      : mesh(mesh), rank(rank), device(device) {}

  mlir::FailureOr<std::vector<Bounded>> run(nn::KernelOp kernel, std::vector<Tensor> operands) {
    mlir::Block &block = kernel.getBody().front();
    llvm::DenseMap<mlir::Value, mlir::Operation *> lastUse;
    for (mlir::Operation &op : block)
      for (mlir::Value operand : op.getOperands())
        lastUse[operand] = &op;
    for (auto [argument, value] : llvm::zip_equal(block.getArguments(), operands))
      values[argument] = {std::move(value), std::nullopt};
    for (mlir::Operation &op : block.without_terminator()) {
      if (failed(compute(&op)))
        return mlir::failure();
      for (mlir::Value operand : op.getOperands())
        if (lastUse.lookup(operand) == &op)
          values.erase(operand);
    }
    std::vector<Bounded> results;
    for (mlir::Value result : block.getTerminator()->getOperands())
      results.push_back(values.find(result)->second);
    return results;
  }

  mlir::LogicalResult compute(mlir::Operation *op) {
    std::vector<const Bounded *> operands;
    for (mlir::Value operand : op->getOperands())
      operands.push_back(&values.find(operand)->second);
    auto results = evaluateOp(op, mesh, rank, operands, device);
    if (failed(results))
      return mlir::failure();
    for (auto [value, result] : llvm::zip_equal(op->getResults(), *results))
      values[value] = std::move(result);
    return mlir::success();
  }

  const Bounded &operator[](mlir::Value value) const { return values.find(value)->second; }
  void set(mlir::Value value, Tensor tensor) { values[value] = {std::move(tensor), std::nullopt}; }

private:
  const Mesh &mesh;
  int rank;
  DeviceArithmetic device;
  llvm::DenseMap<mlir::Value, Bounded> values;
};

} // namespace

mlir::FailureOr<std::vector<Bounded>>
tpc::verify::evaluateOp(mlir::Operation *op, const Mesh &mesh, int rank,
                        llvm::ArrayRef<const Bounded *> operands, DeviceArithmetic device) {
  std::vector<const Tensor *> values;
  std::vector<Errors> errors;
  for (const Bounded *operand : operands) {
    values.push_back(&operand->value);
    errors.push_back(operand->errors());
  }
  if (mlir::isa<tp::MaskOp, tp::SliceOp, tp::OffsetOp>(op))
    return paired(evaluateAlone(op, mesh, rank, values), tpBounds(op, mesh, rank, values, errors));
  auto results = interpreter::evaluate(op, values, interpreter::Roundings::Ignored);
  if (failed(results))
    return mlir::failure();
  auto bounds = errorBounds({op, values, errors, *results, device});
  if (failed(bounds))
    return mlir::failure();
  roundStored(op, *results, *bounds);
  return paired(std::move(*results), std::move(*bounds));
}

mlir::FailureOr<std::vector<Bounded>> tpc::verify::evaluateStep(mlir::Operation *step,
                                                                const Mesh &mesh, int rank,
                                                                std::vector<Tensor> operands,
                                                                DeviceArithmetic device) {
  // A write copies.
  if (mlir::isa<nn::WriteOp>(step))
    return std::vector<Bounded>{{std::move(operands[0]), std::nullopt}};
  KernelEvaluation evaluation(mesh, rank, device);
  if (auto kernel = mlir::dyn_cast<nn::KernelOp>(step))
    return evaluation.run(kernel, std::move(operands));
  for (auto [operand, value] : llvm::zip_equal(step->getOperands(), operands))
    evaluation.set(operand, std::move(value));
  if (failed(evaluation.compute(step)))
    return mlir::failure();
  std::vector<Bounded> results;
  for (mlir::Value result : step->getResults())
    results.push_back(evaluation[result]);
  return results;
}

std::vector<std::vector<Bounded>>
tpc::verify::evaluateCollective(mlir::Operation *step, const Mesh &mesh,
                                llvm::ArrayRef<std::vector<Tensor>> operandsOfRanks) {
  auto evaluate = [&](llvm::ArrayRef<std::vector<Tensor>> ofRanks) {
    std::vector<std::vector<const Tensor *>> operands(ofRanks.size());
    for (size_t rank = 0; rank < ofRanks.size(); ++rank)
      for (const Tensor &operand : ofRanks[rank])
        operands[rank].push_back(&operand);
    return std::move(*interpreter::evaluateOnMesh(step, mesh, operands));
  };
  std::vector<Results> values = evaluate(operandsOfRanks);
  std::vector<std::vector<Bounded>> bounded(values.size());
  for (size_t rank = 0; rank < values.size(); ++rank)
    for (Tensor &value : values[rank])
      bounded[rank].push_back({std::move(value), std::nullopt});

  // Only sums round: gamma(ranks - 1) of the sum of magnitudes.
  auto reduce = mlir::dyn_cast<tp::AllReduceOp>(step);
  bool sums =
      mlir::isa<tp::ReduceScatterOp>(step) || (reduce && reduce.getKind() == tp::Reduce::sum);
  if (!sums)
    return bounded;
  std::vector<std::vector<Tensor>> magnitudes(operandsOfRanks);
  for (std::vector<Tensor> &ofRank : magnitudes)
    for (Tensor &operand : ofRank)
      for (double &value : operand.data)
        value = std::fabs(value);
  std::vector<Results> sumsOfMagnitudes = evaluate(magnitudes);
  auto axis = mesh.findAxis(step->getAttrOfType<mlir::StringAttr>("axis").str());
  for (size_t rank = 0; rank < bounded.size(); ++rank)
    for (auto [i, result] : llvm::enumerate(step->getResults())) {
      auto type = mlir::cast<mlir::RankedTensorType>(result.getType());
      Rounding rounding = Rounding::of(type.getElementType());
      double gamma = rounding.gamma(static_cast<double>(mesh.axisSize(*axis) - 1));
      Tensor &bound = sumsOfMagnitudes[rank][i];
      for (double &value : bound.data)
        value *= gamma;
      bounded[rank][i].bound = std::move(bound);
    }
  // In float32, and rounded once.
  for (std::vector<Bounded> &ofRank : bounded) {
    Results values, bounds;
    for (Bounded &result : ofRank) {
      values.push_back(std::move(result.value));
      bounds.push_back(std::move(*result.bound));
    }
    roundStored(step, values, bounds);
    for (size_t i = 0; i < ofRank.size(); ++i)
      ofRank[i] = {std::move(values[i]), std::move(bounds[i])};
  }
  return bounded;
}

Tensor tpc::verify::evaluateOffset(mlir::Operation *offset, const Mesh &mesh, int rank) {
  return std::move(evaluateAlone(offset, mesh, rank, {}).front());
}
