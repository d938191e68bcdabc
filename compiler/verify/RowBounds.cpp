//===- RowBounds.cpp - Bounds of normalizations and rotary positions -----------------------===//
//
// Normalizations are bounded statement by statement, as they are written in their ops' bodies: a
// mean in one pass, the variance of centered elements in a second one.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/verify/ErrorBounds.h"
#include "dialects/nn/NN.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>

namespace tpc::verify {

namespace {

using std::fabs;

/// A computed number: its value and how far it may be off.
struct Number {
  double value = 0, error = 0;
};

/// The mean of n numbers, with what they add up to in magnitude.
template <typename Element> Number mean(int64_t n, const Rounding &r, Element element) {
  double sum = 0, magnitude = 0, error = 0;
  for (int64_t i = 0; i < n; ++i) {
    Number x = element(i);
    sum += x.value;
    magnitude += fabs(x.value) + x.error;
    error += x.error;
  }
  // n - 1 additions and the division.
  return {sum / n, (error + r.gamma(n) * magnitude) / n + r.tiny};
}

Number difference(Number a, Number b, const Rounding &r) {
  double value = a.value - b.value, through = a.error + b.error;
  return {value, through + r.unit * (fabs(value) + through)};
}
Number product(Number a, Number b, const Rounding &r) {
  double value = a.value * b.value, through = productError(a.value, a.error, b.value, b.error);
  return {value, through + r.unit * (fabs(value) + through) + r.tiny};
}

/// 1 / sqrt(square + eps)
Number inverseRoot(Number square, double eps, const Rounding &r) {
  Number shifted{square.value + eps, square.error + r.unit * eps};
  shifted.error += r.unit * (shifted.value + shifted.error);
  Number root{std::sqrt(shifted.value), rootError(shifted.value, shifted.error)};
  root.error += r.unit * (root.value + root.error);
  double through = quotientError(1, 0, root.value, root.error);
  return {1 / root.value, through + r.reciprocal() * (1 / root.value + through)};
}

/// {xhat, rstd}
Results normalizeBounds(const Evaluated &e, double eps, bool centers) {
  const Tensor &x = *e.values[0];
  const Rounding r = e.rounding();
  int64_t n = x.extent(-1);
  Results bounds{Tensor(e.results[0].shape), Tensor(e.results[1].shape)};
  for (int64_t row = 0; row < x.size() / n; ++row) {
    auto element = [&](int64_t i) { return Number{x[row * n + i], e.errors[0][row * n + i]}; };
    Number center = centers ? mean(n, r, element) : Number{};
    auto centered = [&](int64_t i) {
      return centers ? difference(element(i), center, r) : element(i);
    };
    Number square = mean(n, r, [&](int64_t i) { return product(centered(i), centered(i), r); });
    Number rstd = inverseRoot(square, eps, r);
    bounds[1][row] = rstd.error;
    for (int64_t i = 0; i < n; ++i)
      bounds[0][row * n + i] = product(centered(i), rstd, r).error;
  }
  return bounds;
}

/// rstd * (d (- mean(d)) - xhat * mean(d * xhat))
Results normalizeGradBounds(const Evaluated &e, bool centers) {
  const Tensor &d = *e.values[0], &xhat = *e.values[1], &rstd = *e.values[2];
  const Rounding r = e.rounding();
  int64_t n = d.extent(-1);
  Results bounds{Tensor(e.results[0].shape)};
  for (int64_t row = 0; row < d.size() / n; ++row) {
    auto gradient = [&](int64_t i) { return Number{d[row * n + i], e.errors[0][row * n + i]}; };
    auto element = [&](int64_t i) { return Number{xhat[row * n + i], e.errors[1][row * n + i]}; };
    Number center = centers ? mean(n, r, gradient) : Number{};
    Number slope = mean(n, r, [&](int64_t i) { return product(gradient(i), element(i), r); });
    Number scale{rstd[row], e.errors[2][row]};
    for (int64_t i = 0; i < n; ++i) {
      Number part = centers ? difference(gradient(i), center, r) : gradient(i);
      part = difference(part, product(element(i), slope, r), r);
      bounds[0][row * n + i] = product(scale, part, r).error;
    }
  }
  return bounds;
}

/// The angle of pair i is position * theta^(-2i / d): its error grows with the position.
Results ropeBounds(nn::RopeOp op, const Evaluated &e) {
  const Tensor &x = *e.values[0];
  const Rounding r = e.rounding();
  const int64_t size = x.extent(3), half = size / 2;
  const double offset = e.values.size() > 1 ? (*e.values[1])[0] : 0;
  const double theta = op.getTheta().convertToDouble();
  Results bounds{Tensor(x.shape)};
  for (int64_t i = 0; i < x.size(); ++i) {
    int64_t column = i % size, pair = column % half, partner = i - column + (column + half) % size;
    double position = offset + static_cast<double>(i / (size * x.extent(2)) % x.extent(1));
    double exponent = fabs(std::log(theta)) * 2 * pair / size;
    // Exponent and frequency are rounded twice each, theta and the position once, and the product.
    double angleError =
        position * std::exp(-exponent) * (2 * exponent + 5) * r.unit + r.function() + 2 * r.unit;
    double through = e.errors[0][i] + e.errors[0][partner];
    bounds[0][i] = through + (fabs(x[i]) + fabs(x[partner]) + through) * angleError + r.tiny;
  }
  return bounds;
}

} // namespace

std::optional<Results> rowBounds(const Evaluated &e) {
  using Optional = std::optional<Results>;
  return llvm::TypeSwitch<mlir::Operation *, Optional>(e.op)
      .Case([&](nn::LayerNormalizeOp op) -> Optional {
        return normalizeBounds(e, op.getEps().convertToDouble(), true);
      })
      .Case([&](nn::RmsNormalizeOp op) -> Optional {
        return normalizeBounds(e, op.getEps().convertToDouble(), false);
      })
      .Case([&](nn::LayerNormalizeGradOp) -> Optional { return normalizeGradBounds(e, true); })
      .Case([&](nn::RmsNormalizeGradOp) -> Optional { return normalizeGradBounds(e, false); })
      .Case([&](nn::RopeOp op) -> Optional { return ropeBounds(op, e); })
      .Default([](mlir::Operation *) -> Optional { return std::nullopt; });
}

} // namespace tpc::verify
