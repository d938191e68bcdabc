//===- Evaluate.cpp - Finds the family of an op, and rounds its results --------------------===//
//
// The families are tried in turn: an op belongs to exactly one. Rounding is a matter of types, the
// same for all of them.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/interpreter/Evaluate.h"

#include "dialects/nn/NN.h"

#include <algorithm>
#include <cmath>

namespace tpc::interpreter {

/// The nearest number of so many significant bits, ties to even, with float32's exponents.
static double roundedTo(const StoredPrecision &precision, double x) {
  if (x == 0 || !std::isfinite(x))
    return x;
  int exponent;
  std::frexp(x, &exponent);
  int quantum = std::max(exponent, -125) - precision.digits;
  double y = std::ldexp(std::nearbyint(std::ldexp(x, -quantum)), quantum);
  return std::fabs(y) > precision.largest ? std::copysign(HUGE_VAL, x) : y;
}

std::optional<StoredPrecision> storedPrecision(mlir::OpResult result) {
  auto type = mlir::dyn_cast<mlir::RankedTensorType>(result.getType());
  if (type && type.getElementType().isBF16())
    return StoredPrecision{8, 0x1.FEp127};
  auto cast = mlir::dyn_cast<nn::CastOp>(result.getOwner());
  if (cast && cast.getTf32())
    return StoredPrecision{11, 0x1.FFCp127};
  return std::nullopt;
}

void roundToTypes(mlir::Operation *op, Results &results) {
  for (auto [value, tensor] : llvm::zip_equal(op->getResults(), results))
    if (std::optional<StoredPrecision> precision = storedPrecision(value))
      for (double &x : tensor.data)
        x = roundedTo(*precision, x);
}

mlir::FailureOr<Results> evaluate(mlir::Operation *op, Operands operands, Roundings roundings) {
  for (auto family :
       {evaluateLinear, evaluateAttention, evaluatePointwise, evaluateDropout, evaluateShape,
        evaluateNorm, evaluateEmbedding, evaluateCrossEntropy, evaluateTraining}) {
    std::optional<Results> results = family(op, operands);
    if (!results)
      continue;
    for (auto [result, value] : llvm::zip_equal(*results, op->getResults()))
      if (result.shape != shapeOf(value))
        return op->emitError("the interpreter computes a result of another shape than its type; "
                             "the op or its interpretation is wrong");
    if (roundings == Roundings::Made)
      roundToTypes(op, *results);
    return std::move(*results);
  }
  return op->emitError("the interpreter does not know this op; add it to its family in "
                       "compiler/interpreter");
}

} // namespace tpc::interpreter
