//===- TrainingBounds.cpp - Bounds of clipping and optimizers ------------------------------===//
//
// Statement by statement, as the ops' bodies are written. The gradient is the plan's own, so that
// what Adam makes of small gradients is no difference here.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/interpreter/Evaluate.h"
#include "compiler/verify/ErrorBounds.h"
#include "dialects/nn/NN.h"

#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>
#include <cmath>

namespace tpc::verify {

namespace {

using std::fabs;

/// {factor, norm} of min(1, max_norm / (norm + 1e-6)).
Results clipBounds(nn::ClipFactorOp op, const Evaluated &e) {
  const Rounding r = e.rounding();
  double square = (*e.values[0])[0], norm = std::sqrt(square);
  double normError = rootError(square, e.errors[0][0]);
  normError += r.unit * (norm + normError);
  double shifted = norm + 1e-6, shiftedError = normError + 2 * r.unit * (shifted + normError);
  double largest = op.getMaxNorm().convertToDouble();
  double through = quotientError(largest, r.unit * largest, shifted, shiftedError);
  double factorError = through + r.unit * (largest / shifted + through);
  // What is cut off at 1 on both sides is 1 on both.
  if (largest / shifted - factorError > 1)
    factorError = 0;
  return {Tensor::scalar(factorError), Tensor::scalar(normError + r.tiny)};
}

/// {p', m'}
Results sgdBounds(nn::SgdOp op, const Evaluated &e) {
  auto in = interpreter::named(op, e.values);
  const Tensor &p = *in.getP(), &g = *in.getG(), *m = in.getM();
  const Rounding r = e.rounding();
  double momentum = op.getMomentum().convertToDouble(),
         decay = op.getWeightDecay().convertToDouble();
  unsigned lrIndex = m ? 3 : 2;
  double lr = (*in.getLr())[0], lrError = e.errors[lrIndex][0];
  bool first = (*in.getStep())[0] == 1;
  Results bounds(e.op->getNumResults(), Tensor(p.shape));
  for (int64_t i = 0; i < p.size(); ++i) {
    double change = g[i] + decay * p[i];
    double error = e.errors[1][i] + decay * e.errors[0][i] +
                   (decay != 0 ? r.gamma(3) * (fabs(g[i]) + fabs(decay * p[i])) : 0);
    if (m) {
      if (!first) {
        double before = momentum * (*m)[i];
        error += momentum * e.errors[2][i] + r.gamma(3) * (fabs(before) + fabs(change));
        change += before;
      }
      bounds[1][i] = error + r.tiny;
    }
    double step = productError(lr, lrError, change, error);
    bounds[0][i] =
        e.errors[0][i] + step + r.gamma(2) * (fabs(p[i]) + fabs(lr * change) + step) + r.tiny;
  }
  return bounds;
}

/// {p', m', v'}
Results adamBounds(nn::AdamOp op, const Evaluated &e) {
  auto in = interpreter::named(op, e.values);
  const Tensor &p = *in.getP(), &g = *in.getG(), &m = *in.getM(), &v = *in.getV();
  const Rounding r = e.rounding();
  const double u = r.unit;
  double beta1 = op.getBeta1().convertToDouble(), beta2 = op.getBeta2().convertToDouble();
  double eps = op.getEps().convertToDouble(), decay = op.getWeightDecay().convertToDouble();
  double lr = fabs((*in.getLr())[0]), step = (*in.getStep())[0];
  double correction1 = interpreter::biasCorrection(beta1, step),
         correction2 = interpreter::biasCorrection(beta2, step);
  // -expm1(step log beta): its argument has two roundings, and |a| e^a / (1 - e^a) <= 1. The
  // reference's has as many, in float64.
  double correctionError = r.function() + 4 * u;
  double stepSize = lr / correction1;
  double stepSizeError = stepSize * (correctionError + u) + e.errors[4][0] / correction1;
  Results bounds(3, Tensor(p.shape));
  for (int64_t i = 0; i < p.size(); ++i) {
    double value = p[i], valueError = e.errors[0][i];
    double gradient = g[i], gradientError = e.errors[1][i];
    if (decay != 0 && op.getDecoupled()) {
      value *= 1 - lr * decay;
      valueError += r.gamma(4) * fabs(p[i]);
    } else if (decay != 0) {
      gradient += decay * p[i];
      gradientError += decay * e.errors[0][i] + r.gamma(3) * (fabs(g[i]) + fabs(decay * p[i]));
    }
    // m + (1 - beta1) (g - m)
    double gap = fabs(gradient - m[i]);
    double gapError = gradientError + e.errors[2][i];
    double newM = m[i] + (1 - beta1) * (gradient - m[i]);
    double newMError = e.errors[2][i] + (1 - beta1) * (gapError + r.gamma(3) * (gap + gapError)) +
                       u * fabs(newM) + r.tiny;
    // beta2 v + (1 - beta2) g g; no term is negative.
    double newV = beta2 * v[i] + (1 - beta2) * gradient * gradient;
    double newVError =
        beta2 * e.errors[3][i] +
        (1 - beta2) * productError(gradient, gradientError, gradient, gradientError) +
        r.gamma(4) * newV + r.tiny;
    bounds[1][i] = newMError;
    bounds[2][i] = newVError;
    // sqrt(v') / sqrt(correction) + eps
    double root = std::sqrt(newV / correction2);
    double rootBound = rootError(newV, newVError) / std::sqrt(correction2) +
                       root * (0.5 * correctionError + r.gamma(3));
    double denominator = root + eps;
    double denominatorError = rootBound + 2 * u * (denominator + rootBound);
    double ratio = newM / denominator;
    // A root is not negative, whatever the moment's error: eps stays.
    double least = std::max(denominator - denominatorError, eps * (1 - 4 * u));
    double ratioError = (newMError + fabs(ratio) * denominatorError) / least;
    ratioError += u * (fabs(ratio) + ratioError);
    double move = stepSize * fabs(ratio);
    double moveError = productError(stepSize, stepSizeError, ratio, ratioError);
    moveError += u * (move + moveError);
    bounds[0][i] = valueError + moveError + u * (fabs(value) + move + moveError) + r.tiny;
  }
  return bounds;
}

} // namespace

std::optional<Results> trainingBounds(const Evaluated &e) {
  using Optional = std::optional<Results>;
  return llvm::TypeSwitch<mlir::Operation *, Optional>(e.op)
      .Case([&](nn::ClipFactorOp op) -> Optional { return clipBounds(op, e); })
      .Case([&](nn::SgdOp op) -> Optional { return sgdBounds(op, e); })
      .Case([&](nn::AdamOp op) -> Optional { return adamBounds(op, e); })
      .Default([](mlir::Operation *) -> Optional { return std::nullopt; });
}

} // namespace tpc::verify
