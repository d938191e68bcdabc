//===- PointwiseBounds.cpp - Bounds of ops element by element ------------------------------===//
//
// Per op: how the operands' bounds come through (the largest slope times the bound), and its own
// roundings. A product of k rounded factors has k - 1 + (rounded constants) roundings.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/verify/ErrorBounds.h"
#include "dialects/nn/NN.h"
#include "runtime/device/cpu/GemmLayout.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <numbers>

namespace tpc::verify {

namespace {

using std::fabs;

/// `bound(x, error of x, y)`.
Results unary(const Evaluated &e, llvm::function_ref<double(double, double, double)> bound) {
  const Tensor &x = *e.values[0], &y = e.results[0];
  Tensor bounds(y.shape);
  double tiny = e.rounding().tiny;
  for (int64_t i = 0; i < y.size(); ++i)
    bounds[i] = bound(x[i % x.size()], e.errors[0].repeated(i), y[i]) + tiny;
  return {std::move(bounds)};
}

/// `bound(a, error of a, b, error of b, y)`.
Results binary(const Evaluated &e,
               llvm::function_ref<double(double, double, double, double, double)> bound) {
  const Tensor &a = *e.values[0], &b = *e.values[1], &y = e.results[0];
  Tensor bounds(y.shape);
  double tiny = e.rounding().tiny;
  for (int64_t i = 0; i < y.size(); ++i)
    bounds[i] = bound(a[i % a.size()], e.errors[0].repeated(i), b[i % b.size()],
                      e.errors[1].repeated(i), y[i]) +
                tiny;
  return {std::move(bounds)};
}

/// Operands are added one after the other, but for a product or a scatter of the same kernel: it is
/// added part by part onto what stands there.
Results sumOfOperands(const Evaluated &e) {
  int64_t additions = static_cast<int64_t>(e.values.size()) - 1;
  int64_t scattered = 0; // elements that a row may get
  const Errors *ofScatter = nullptr;
  for (auto [operand, errors] : llvm::zip(e.op->getOperands(), e.errors)) {
    mlir::Operation *producer = operand.getDefiningOp();
    if (!producer || !mlir::isa<nn::KernelOp>(e.op->getParentOp()))
      continue;
    if (std::optional<int64_t> terms = contractedTerms(producer))
      additions += (*terms - 1) / kGemmLeastChain;
    if (auto scatter = mlir::dyn_cast<nn::EmbeddingGradOp>(producer)) {
      scattered = mlir::cast<mlir::ShapedType>(scatter.getIds().getType()).getNumElements();
      ofScatter = &errors;
    }
  }
  double once = e.rounding().gamma(static_cast<double>(additions));
  double each = e.rounding().sum(static_cast<double>(scattered));
  Tensor bounds = magnitudes(e);
  Tensor through = propagated(e);
  for (int64_t i = 0; i < bounds.size(); ++i) {
    // A row that gets nothing has no error but underflow.
    bool isHit = ofScatter && ofScatter->repeated(i) > e.rounding().tiny;
    bounds[i] = (isHit ? once + each : once) * bounds[i] + through[i];
  }
  return {std::move(bounds)};
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
/// The slopes of silu and gelu stay below the first for all x, those of their derivatives below the
/// second.
constexpr double kActivationSlope = 1.13, kActivationCurve = 1.2;

double siluGradBound(double x, double ex, double dy, double edy, const Rounding &r) {
  const double u = r.unit;
  double s = sigmoid(x), magnitude = s * (1 + fabs(x) * (1 - s));
  // sigmoid: exp, sum, quotient; then a difference, two products, a sum and the last product.
  double roundings = r.exponential(x) + r.reciprocal() + 7 * u;
  double slope = kActivationCurve * ex + roundings * (magnitude + s * fabs(x) * s);
  return kActivationSlope * edy + slope * (fabs(dy) + edy);
}

double geluGradBound(double x, double ex, double dy, double edy, bool byTanh, double u) {
  double slope = kActivationCurve * ex;
  if (byTanh) {
    double square = x * x, cubic = 3 * 0.044715 * square;
    double inner = std::sqrt(2 / std::numbers::pi) * x * (1 + 0.044715 * square);
    double t = std::tanh(inner);
    // The error of the inner argument, of tanh, and the cancellation of 1 - t^2.
    double tError = (1 - t * t) * fabs(inner) * 5 * u + 9 * u;
    slope += 0.5 * tError + 2 * u +
             0.5 * fabs(x) * std::sqrt(2 / std::numbers::pi) * (1 + cubic) *
                 (2 * tError + 2 * u + (1 - t * t) * 8 * u);
  } else {
    // erf is within 8 units of 1; its argument and the exponent x^2 / 2 are rounded twice.
    double density = std::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi);
    slope += 0.5 * (8 * u + 2 * u) + 2 * fabs(x) * density * 2 * u +
             fabs(x) * density * (x * x * u + (8 + 4) * u) + 2 * u;
  }
  return kActivationSlope * edy + slope * (fabs(dy) + edy) + 2 * u * kActivationSlope * fabs(dy);
}

double geluBound(double x, double ex, bool byTanh, double u) {
  // erf or tanh within 8 units of 1, and of their arguments' roundings: |inner| (1 - tanh^2) <
  // 0.45.
  double part = byTanh ? 9 * u + 0.45 * 5 * u : 9 * u + 2 * u;
  return kActivationSlope * ex + fabs(x) * (0.5 * part + 3 * u);
}

/// The op moves or masks elements: bounds move with them, nothing is rounded.
Results moved(const Evaluated &e) { return {propagated(e)}; }

} // namespace

std::optional<Results> pointwiseBounds(const Evaluated &e) {
  using Optional = std::optional<Results>;
  const Rounding r = e.rounding();
  const double u = r.unit, f = r.function();
  // The gate of gelu is within 8 units of 1 by erf, tanh, or an approximate sigmoid's exponential,
  // sum and quotient, whose argument's roundings count for more.
  const double ofGelu = r.approximates ? 1.5 * u : u;
  return llvm::TypeSwitch<mlir::Operation *, Optional>(e.op)
      .Case([&](nn::FillOp) -> Optional {
        Tensor bounds = e.results[0];
        for (double &bound : bounds.data)
          bound = u * fabs(bound);
        return Results{std::move(bounds)};
      })
      .Case([&](nn::AddOp) -> Optional { return sumOfOperands(e); })
      .Case([&](nn::SubOp) -> Optional {
        return binary(e, [&](double, double ea, double, double eb, double y) {
          return ea + eb + u * (fabs(y) + ea + eb);
        });
      })
      .Case([&](nn::MulOp) -> Optional {
        return binary(e, [&](double a, double ea, double b, double eb, double y) {
          double through = productError(a, ea, b, eb);
          return through + u * (fabs(y) + through);
        });
      })
      .Case([&](nn::DivOp) -> Optional {
        return binary(e, [&](double a, double ea, double b, double eb, double y) {
          double through = quotientError(a, ea, b, eb);
          return through + (a == 1 ? r.reciprocal() : u) * (fabs(y) + through);
        });
      })
      .Case([&](nn::NegOp) -> Optional {
        return unary(e, [](double, double ex, double) { return ex; });
      })
      .Case([&](nn::ExpOp) -> Optional {
        return unary(e, [&](double x, double ex, double y) {
          return y * std::expm1(ex) + r.exponential(x) * y * std::exp(ex);
        });
      })
      .Case([&](nn::LogOp) -> Optional {
        return unary(e, [&](double x, double ex, double y) {
          double through = ex == 0 ? 0 : quotientError(0, ex, x, ex);
          return through + f * (fabs(y) + through);
        });
      })
      .Case([&](nn::TanhOp) -> Optional {
        return unary(e, [&](double, double ex, double y) { return ex + f * fabs(y); });
      })
      .Case([&](nn::SqrtOp) -> Optional {
        return unary(e, [&](double x, double ex, double y) {
          double through = rootError(x, ex);
          return through + u * (y + through);
        });
      })
      .Case([&](nn::SquareOp) -> Optional {
        return unary(e, [&](double x, double ex, double y) {
          double through = productError(x, ex, x, ex);
          return through + u * (y + through);
        });
      })
      .Case([&](nn::SiluOp) -> Optional {
        // exp, sum, quotient, product
        return unary(e, [&](double x, double ex, double y) {
          return kActivationSlope * ex + (r.exponential(x) + r.reciprocal() + 2 * u) * fabs(y);
        });
      })
      .Case([&](nn::SiluGradOp) -> Optional {
        return binary(e, [&](double a, double ea, double b, double eb, double) {
          return siluGradBound(a, ea, b, eb, r);
        });
      })
      .Case([&](nn::ReluOp) -> Optional {
        return unary(e, [](double, double ex, double) { return ex; });
      })
      .Case([&](nn::ReluGradOp) -> Optional {
        return binary(e, [](double a, double ea, double b, double eb, double) {
          // Where the sign is not known, either side may be taken.
          return eb + (ea > 0 && fabs(a) <= ea ? fabs(b) : 0);
        });
      })
      .Case([&](nn::ScaleOp op) -> Optional {
        double factor = fabs(op.getFactor().convertToDouble());
        return unary(e, [&](double, double ex, double y) {
          return factor * ex + 2 * u * (fabs(y) + factor * ex);
        });
      })
      .Case([&](nn::GeluOp op) -> Optional {
        return unary(
            e, [&](double x, double ex, double) { return geluBound(x, ex, op.getTanh(), ofGelu); });
      })
      .Case([&](nn::GeluGradOp op) -> Optional {
        return binary(e, [&](double x, double ex, double dy, double edy, double) {
          return geluGradBound(x, ex, dy, edy, op.getTanh(), ofGelu);
        });
      })
      .Case([&](nn::DropoutOp op) -> Optional {
        double factor = 1 / (1 - op.getP().convertToDouble());
        return unary(e, [&](double, double ex, double y) {
          return factor * ex + 3 * u * (fabs(y) + factor * ex);
        });
      })
      .Case<nn::SplitDimOp, nn::MergeDimsOp, nn::TransposeOp, nn::SliceOp, nn::ConcatOp, nn::PadOp,
            nn::BroadcastOp, nn::PositionsOp, nn::CastOp>(
          [&](auto) -> Optional { return moved(e); })
      .Case([&](nn::EmbeddingOp) -> Optional { return moved(e); })
      .Default([](mlir::Operation *) -> Optional { return std::nullopt; });
}

} // namespace tpc::verify
