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

/// `relative` to the sums of magnitudes.
Results sums(const Evaluated &e, double relative) {
  double tiny = e.rounding().tiny;
  Tensor bounds = magnitudes(e);
  Tensor through = propagated(e);
  for (int64_t i = 0; i < bounds.size(); ++i)
    bounds[i] = relative * bounds[i] + through[i] + tiny;
  return {std::move(bounds)};
}

/// K + ranks + 1 of one rank's product; products have plan values as operands, which are exact.
Results product(const Evaluated &e, int64_t contracted) {
  return sums(e, e.rounding().gamma(static_cast<double>(contracted + 2)));
}

} // namespace

std::optional<Results> reductionBounds(const Evaluated &e) {
  using Optional = std::optional<Results>;
  return llvm::TypeSwitch<mlir::Operation *, Optional>(e.op)
      .Case([&](nn::LinearOp) -> Optional { return product(e, e.values[0]->extent(-1)); })
      .Case([&](nn::LinearInputGradOp) -> Optional { return product(e, e.values[0]->extent(-1)); })
      .Case([&](nn::LinearWeightGradOp) -> Optional {
        return product(e, e.values[0]->size() / std::max<int64_t>(e.values[0]->extent(-1), 1));
      })
      .Case([&](nn::MatmulOp op) -> Optional {
        return product(e, e.values[0]->extent(op.getTransposeA() ? -2 : -1));
      })
      .Case([&](nn::SumOp) -> Optional {
        int64_t terms = e.values[0]->size() / std::max<int64_t>(e.results[0].size(), 1);
        return sums(e, e.rounding().sum(static_cast<double>(terms)));
      })
      .Case([&](nn::EmbeddingGradOp) -> Optional {
        return sums(e, e.rounding().sum(static_cast<double>(e.values[0]->size())));
      })
      // Ones are added: exact up to 2^24 (2^53), which no count of labels reaches.
      .Case([&](nn::CountLabelsOp) -> Optional { return Results{Tensor(e.results[0].shape)}; })
      .Default([](mlir::Operation *) -> Optional { return std::nullopt; });
}

} // namespace tpc::verify
