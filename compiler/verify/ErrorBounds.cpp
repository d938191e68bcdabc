//===- ErrorBounds.cpp - How far an op's result may be from its float64 value --------------===//

#include "compiler/verify/ErrorBounds.h"

#include <cmath>

using namespace tpc;
using namespace tpc::verify;

Rounding Evaluated::rounding() const {
  auto rounding = [&](mlir::Type element) {
    Rounding result = Rounding::of(element);
    result.approximates = device.approximates && !element.isF64();
    return result;
  };
  // Ops compute in their results' float type; how bfloat16 is stored is added by evaluateStep.
  for (mlir::Type type : op->getResultTypes())
    if (auto tensor = mlir::dyn_cast<mlir::RankedTensorType>(type);
        tensor && mlir::isa<mlir::FloatType>(tensor.getElementType()))
      return rounding(tensor.getElementType());
  return rounding(mlir::Float32Type::get(op->getContext()));
}

mlir::FailureOr<Results> tpc::verify::errorBounds(const Evaluated &evaluated) {
  for (auto family : {pointwiseBounds, reductionBounds, rowBounds, crossEntropyBounds,
                      attentionBounds, trainingBounds})
    if (std::optional<Results> bounds = family(evaluated))
      return std::move(*bounds);
  return evaluated.op->emitError("verify has no error bound for this op; add one to its family in "
                                 "compiler/verify");
}

namespace {

bool isFloat(mlir::Value value) {
  auto type = mlir::dyn_cast<mlir::RankedTensorType>(value.getType());
  return type && mlir::isa<mlir::FloatType>(type.getElementType());
}

bool isExact(const Evaluated &evaluated) {
  return llvm::all_of(evaluated.errors, [](const Errors &errors) { return errors.areZero(); });
}

/// Evaluates the op on operands that `replace` makes of the float ones.
Tensor evaluateReplaced(const Evaluated &evaluated,
                        llvm::function_ref<double(size_t i, double value, double error)> replace) {
  std::vector<Tensor> replaced(evaluated.values.size());
  std::vector<const Tensor *> operands(evaluated.values);
  for (size_t i = 0; i < operands.size(); ++i) {
    if (!isFloat(evaluated.op->getOperand(i)))
      continue;
    replaced[i] = *evaluated.values[i];
    for (int64_t e = 0; e < replaced[i].size(); ++e)
      replaced[i][e] = replace(i, replaced[i][e], evaluated.errors[i][e]);
    operands[i] = &replaced[i];
  }
  auto results = interpreter::evaluate(evaluated.op, operands, interpreter::Roundings::Ignored);
  // The op has been evaluated on its values before.
  return std::move(results->front());
}

} // namespace

Tensor tpc::verify::magnitudes(const Evaluated &evaluated) {
  return evaluateReplaced(
      evaluated, [](size_t, double value, double error) { return std::fabs(value) + error; });
}

Tensor tpc::verify::propagated(const Evaluated &evaluated) {
  if (isExact(evaluated))
    return Tensor(evaluated.results.front().shape);
  return evaluateReplaced(evaluated, [](size_t, double, double error) { return error; });
}

Tensor tpc::verify::propagatedProduct(const Evaluated &evaluated) {
  Tensor sum(evaluated.results.front().shape);
  if (isExact(evaluated))
    return sum;
  // |a| eb + ea eb, and ea |b|; what is added to the product is off once.
  for (size_t uncertain : {1, 0}) {
    Tensor term = evaluateReplaced(evaluated, [&](size_t i, double value, double error) {
      bool isFirst = uncertain == 1;
      if (i == uncertain || i > 1)
        return i == uncertain || isFirst ? error : 0;
      return std::fabs(value) + (isFirst ? error : 0);
    });
    for (int64_t e = 0; e < sum.size(); ++e)
      sum[e] += term[e];
  }
  return sum;
}

double tpc::verify::rootError(double x, double error) {
  double sum = std::sqrt(x) + std::sqrt(std::max(x - error, 0.0));
  return sum > 0 ? std::min(error / sum, std::sqrt(error)) : std::sqrt(error);
}

double tpc::verify::productError(double a, double ea, double b, double eb) {
  return std::fabs(a) * eb + std::fabs(b) * ea + ea * eb;
}

double tpc::verify::quotientError(double a, double ea, double b, double eb) {
  double least = std::fabs(b) - eb;
  if (!(least > 0))
    return ea == 0 && eb == 0 ? 0 : std::numeric_limits<double>::infinity();
  return (ea + std::fabs(a / b) * eb) / least;
}
