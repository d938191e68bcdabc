//===- Evaluate.h - The meaning of single ops ----------------------------------------------===//
//
// One function per family of ops. Each computes an op's results directly from its description in
// ODS, by plain loops in float64. None shares code with bodies, expansions, gradients or kernels:
// this is what they are tested against. An op means the same on global and on local shapes; what a
// rank must know of its place comes in as offset operands.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/Mesh.h"
#include "compiler/interpreter/Roundings.h"
#include "compiler/interpreter/Tensor.h"

#include "mlir/IR/Operation.h"
#include "mlir/Support/LLVM.h"

#include <cmath>
#include <optional>

namespace tpc::interpreter {

/// Values of all operands of an op, offsets included.
using Operands = llvm::ArrayRef<const Tensor *>;
using Results = std::vector<Tensor>;

/// The results of an op on tensors. Fails, with an error on the op, if no family knows it.
mlir::FailureOr<Results> evaluate(mlir::Operation *op, Operands operands,
                                  Roundings roundings = Roundings::Made);

/// How a result is rounded where it is stored: significant bits and the largest number.
struct StoredPrecision {
  int digits;
  double largest;
};
/// Of results of type bfloat16, and of casts to tf32; nothing where float64 stands for the type.
std::optional<StoredPrecision> storedPrecision(mlir::OpResult result);
/// Rounds results to nearest even where they are stored in few bits.
void roundToTypes(mlir::Operation *op, Results &results);

/// The results, per rank, of an op of `tp`, from the operands of all ranks. Nothing if it is none.
std::optional<std::vector<Results>>
evaluateOnMesh(mlir::Operation *op, const Mesh &mesh,
               llvm::ArrayRef<std::vector<const Tensor *>> ranks);

// The families; nothing if the op is of another one.
std::optional<Results> evaluateLinear(mlir::Operation *op, Operands operands);
std::optional<Results> evaluateAttention(mlir::Operation *op, Operands operands);
std::optional<Results> evaluatePointwise(mlir::Operation *op, Operands operands);
std::optional<Results> evaluateDropout(mlir::Operation *op, Operands operands);
std::optional<Results> evaluateShape(mlir::Operation *op, Operands operands);
std::optional<Results> evaluateNorm(mlir::Operation *op, Operands operands);
std::optional<Results> evaluateEmbedding(mlir::Operation *op, Operands operands);
std::optional<Results> evaluateCrossEntropy(mlir::Operation *op, Operands operands);
std::optional<Results> evaluateTraining(mlir::Operation *op, Operands operands);

/// 1 - beta^step, by which Adam divides its means (Kingma and Ba 2015): right to some roundings
/// also where beta^step is near 1.
inline double biasCorrection(double beta, double step) {
  return beta == 0 ? 1 : -std::expm1(step * std::log(beta));
}

/// Access to operand values by the names of ODS: `named(op, operands).getWeight()`; null where an
/// optional operand is absent.
template <typename OpTy> auto named(OpTy op, Operands operands) {
  return typename OpTy::template GenericAdaptor<Operands>(operands, op);
}

} // namespace tpc::interpreter
