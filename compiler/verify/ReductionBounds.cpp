//===- ReductionBounds.cpp - Bounds of products and sums -----------------------------------===//
//
// A sum of n terms in any order is within gamma(n - 1) of the sum of their magnitudes, and a
// product of matrices within gamma(K) |A||B| (Higham, sections 3.1 and 3.5). What an op applied to
// magnitudes gives is exactly that sum of magnitudes.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/verify/ErrorBounds.h"
#include "dialects/nn/NN.h"

#include "llvm/ADT/TypeSwitch.h"

namespace tpc::verify {

namespace {

/// `relative` to the sums of magnitudes, and what the operands' bounds become.
Results reduction(const Evaluated &e, double relative, const Tensor &through) {
  double tiny = e.rounding().tiny;
  Tensor bounds = magnitudes(e);
  for (int64_t i = 0; i < bounds.size(); ++i)
    bounds[i] = relative * bounds[i] + through[i] + tiny;
  return {std::move(bounds)};
}

Results sums(const Evaluated &e, double terms) {
  return reduction(e, e.rounding().sum(terms), propagated(e));
}

} // namespace

std::optional<int64_t> contractedTerms(mlir::Operation *op) {
  auto shape = [&](unsigned operand) {
    return mlir::cast<mlir::RankedTensorType>(op->getOperand(operand).getType()).getShape();
  };
  if (mlir::isa<nn::LinearOp, nn::LinearInputGradOp>(op))
    return shape(0).back();
  if (mlir::isa<nn::LinearWeightGradOp>(op))
    return mlir::ShapedType::getNumElements(shape(0).drop_back());
  if (auto matmul = mlir::dyn_cast<nn::MatmulOp>(op))
    return shape(0)[shape(0).size() - (matmul.getTransposeA() ? 2 : 1)];
  return std::nullopt;
}

std::optional<Results> reductionBounds(const Evaluated &e) {
  using Optional = std::optional<Results>;
  // K + ranks + 1 of one rank's product. A bias is one term more, of the K + 1 that this is enough
  // for.
  if (std::optional<int64_t> terms = contractedTerms(e.op))
    return reduction(e, e.rounding().gamma(static_cast<double>(*terms + 2)), propagatedProduct(e));
  return llvm::TypeSwitch<mlir::Operation *, Optional>(e.op)
      .Case([&](nn::SumOp) -> Optional {
        int64_t terms = e.values[0]->size() / std::max<int64_t>(e.results[0].size(), 1);
        return sums(e, static_cast<double>(terms));
      })
      .Case([&](nn::EmbeddingGradOp) -> Optional {
        return sums(e, static_cast<double>(e.values[0]->size()));
      })
      // Ones are added: exact up to 2^24 (2^53), which no count of labels reaches.
      .Case([&](nn::CountLabelsOp) -> Optional { return Results{Tensor(e.results[0].shape)}; })
      .Default([](mlir::Operation *) -> Optional { return std::nullopt; });
}

} // namespace tpc::verify
