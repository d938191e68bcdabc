//===- Evaluate.cpp - Finds the family of an op --------------------------------------------===//
//
// The families are tried in turn: an op belongs to exactly one.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/interpreter/Evaluate.h"

namespace tpc::interpreter {

mlir::FailureOr<Results> evaluate(mlir::Operation *op, Operands operands) {
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
    return std::move(*results);
  }
  return op->emitError("the interpreter does not know this op; add it to its family in "
                       "compiler/interpreter");
}

} // namespace tpc::interpreter
