//===- EvalNorm.cpp - Normalization over the last dim --------------------------------------===//
//
// Row by row: mean, biased variance, reciprocal root. The gradients use what the forward op gave.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/interpreter/Evaluate.h"
#include "dialects/nn/NN.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

namespace tpc::interpreter {

namespace {

/// {xhat, rstd}
Results normalize(const Tensor &x, double eps, bool subtractMean) {
  int64_t n = x.extent(-1);
  Tensor xhat(x.shape), rstd(Shape(x.shape.begin(), x.shape.end() - 1));
  for (int64_t row = 0; row < rstd.size(); ++row) {
    double mean = 0, variance = 0;
    if (subtractMean)
      for (int64_t i = 0; i < n; ++i)
        mean += x[row * n + i] / n;
    for (int64_t i = 0; i < n; ++i)
      variance += (x[row * n + i] - mean) * (x[row * n + i] - mean) / n;
    rstd[row] = 1 / std::sqrt(variance + eps);
    for (int64_t i = 0; i < n; ++i)
      xhat[row * n + i] = (x[row * n + i] - mean) * rstd[row];
  }
  return {std::move(xhat), std::move(rstd)};
}

Tensor normalizeGrad(const Tensor &d, const Tensor &xhat, const Tensor &rstd, bool subtractMean) {
  int64_t n = d.extent(-1);
  Tensor dx(d.shape);
  for (int64_t row = 0; row < rstd.size(); ++row) {
    double meanD = 0, meanProduct = 0;
    for (int64_t i = row * n; i < (row + 1) * n; ++i) {
      if (subtractMean)
        meanD += d[i] / n;
      meanProduct += d[i] * xhat[i] / n;
    }
    for (int64_t i = row * n; i < (row + 1) * n; ++i)
      dx[i] = rstd[row] * (d[i] - meanD - xhat[i] * meanProduct);
  }
  return dx;
}

Tensor affine(Tensor xhat, const Tensor *weight, const Tensor *bias) {
  int64_t n = xhat.extent(-1);
  for (int64_t i = 0; i < xhat.size(); ++i)
    xhat[i] = xhat[i] * (weight ? (*weight)[i % n] : 1) + (bias ? (*bias)[i % n] : 0);
  return xhat;
}

} // namespace

std::optional<Results> evaluateNorm(mlir::Operation *op, Operands operands) {
  using Optional = std::optional<Results>;
  return llvm::TypeSwitch<mlir::Operation *, Optional>(op)
      .Case([&](nn::LayerNormOp op) -> Optional {
        auto in = named(op, operands);
        Results parts = normalize(*in.getX(), op.getEps().convertToDouble(), true);
        return Results{affine(std::move(parts[0]), in.getWeight(), in.getBias())};
      })
      .Case([&](nn::RmsNormOp op) -> Optional {
        auto in = named(op, operands);
        Results parts = normalize(*in.getX(), op.getEps().convertToDouble(), false);
        return Results{affine(std::move(parts[0]), in.getWeight(), nullptr)};
      })
      .Case([&](nn::LayerNormalizeOp op) -> Optional {
        return normalize(*operands[0], op.getEps().convertToDouble(), true);
      })
      .Case([&](nn::RmsNormalizeOp op) -> Optional {
        return normalize(*operands[0], op.getEps().convertToDouble(), false);
      })
      .Case([&](nn::LayerNormalizeGradOp op) -> Optional {
        auto in = named(op, operands);
        return Results{normalizeGrad(*in.getD(), *in.getXhat(), *in.getRstd(), true)};
      })
      .Case([&](nn::RmsNormalizeGradOp op) -> Optional {
        auto in = named(op, operands);
        return Results{normalizeGrad(*in.getD(), *in.getXhat(), *in.getRstd(), false)};
      })
      .Default([](mlir::Operation *) -> Optional { return std::nullopt; });
}

} // namespace tpc::interpreter
