//===- ErrorBounds.h - How far an op's result may be from its float64 value ----------------===//
//
// Running error analysis (Higham, section 3.3): next to every value of the float64 evaluation there
// is an absolute bound on what the plan's arithmetic may make of it. An op's bound has two parts:
// what its operands' bounds become (they are exact where they come from the plan's own buffers),
// and what its own roundings add. docs/verify.md derives them.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/interpreter/Evaluate.h"
#include "compiler/verify/Rounding.h"

namespace tpc::verify {

using interpreter::Operands;
using interpreter::Results;
using interpreter::Tensor;

/// The bounds of an operand; every element is exact if there is no tensor.
class Errors {
public:
  Errors(const Tensor *bounds = nullptr) : bounds(bounds) {}
  double operator[](int64_t i) const { return bounds ? (*bounds)[i] : 0; }
  /// Of operands that are repeated along leading dims.
  double repeated(int64_t i) const { return bounds ? (*bounds)[i % bounds->size()] : 0; }
  bool areZero() const { return !bounds; }
  const Tensor *tensor() const { return bounds; }

private:
  const Tensor *bounds;
};

/// One evaluated op.
struct Evaluated {
  mlir::Operation *op;
  Operands values;               ///< of the operands, in float64
  llvm::ArrayRef<Errors> errors; ///< of the operands
  const Results &results;        ///< in float64
  DeviceArithmetic device = {};

  Rounding rounding() const;
};

/// Bounds of all results. Fails, with an error on the op, if no family knows it.
mlir::FailureOr<Results> errorBounds(const Evaluated &evaluated);

// The families; nothing if the op is of another one.
std::optional<Results> pointwiseBounds(const Evaluated &evaluated);
std::optional<Results> reductionBounds(const Evaluated &evaluated);
std::optional<Results> rowBounds(const Evaluated &evaluated);
std::optional<Results> crossEntropyBounds(const Evaluated &evaluated);
std::optional<Results> attentionBounds(const Evaluated &evaluated);
std::optional<Results> trainingBounds(const Evaluated &evaluated);

/// K of a product A B; nothing of other ops.
std::optional<int64_t> contractedTerms(mlir::Operation *op);

/// The op applied to the magnitudes of its operands plus their bounds (integers as they are).
Tensor magnitudes(const Evaluated &evaluated);
/// The op, which is linear in its float operands, applied to their bounds.
Tensor propagated(const Evaluated &evaluated);

/// The op, which is a product of its two operands, applied to one's magnitude and the other's
/// bound, and the other way round.
Tensor propagatedProduct(const Evaluated &evaluated);

/// |sqrt(x) - sqrt(y)| for |x - y| <= error, x >= 0.
double rootError(double x, double error);
/// |a b - c d| for |a - c| <= ea, |b - d| <= eb.
double productError(double a, double ea, double b, double eb);
/// |a / b - c / d| likewise; infinite where d may be 0.
double quotientError(double a, double ea, double b, double eb);

} // namespace tpc::verify
