//===- CrossEntropyBounds.cpp - Bounds of the loss by rows ---------------------------------===//
//
// exp(logit - shift) is relatively as wrong as its argument is absolutely; sums over classes are
// sums of n terms.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/verify/ErrorBounds.h"
#include "dialects/nn/NN.h"

#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>
#include <cmath>

namespace tpc::verify {

namespace {

using std::fabs;

/// The rank's columns of the classes.
struct Columns {
  int64_t count, valid;
  double offset;

  Columns(const Tensor &logits, const Tensor *begin, int64_t classes)
      : count(logits.extent(-1)), offset(begin ? (*begin)[0] : 0) {
    valid = std::clamp<int64_t>(classes - static_cast<int64_t>(offset), 0, count);
  }
};

const Tensor *only(Operands offsets) { return offsets.empty() ? nullptr : offsets.front(); }

Results rowMaxBounds(nn::CeRowMaxOp op, const Evaluated &e) {
  auto in = interpreter::named(op, e.values);
  Columns columns(*in.getLogits(), only(in.getOffsets()), op.getClasses());
  Tensor bounds(e.results[0].shape);
  for (int64_t row = 0; row < bounds.size(); ++row)
    for (int64_t c = 0; c < columns.valid; ++c)
      bounds[row] = std::max(bounds[row], e.errors[0][row * columns.count + c]);
  return {std::move(bounds)};
}

/// What exp(logit - shift) may be off by.
double exponentialError(double exponential, double logit, double errors, double shift,
                        const Rounding &r) {
  double relative = std::expm1(errors + r.unit * (fabs(logit - shift) + errors));
  return exponential * (relative + r.exponential(logit - shift) * (1 + relative)) + r.tiny;
}

/// {sum_exp, target, sum_logits}
Results rowSumsBounds(nn::CeRowSumsOp op, const Evaluated &e) {
  auto in = interpreter::named(op, e.values);
  const Tensor &logits = *in.getLogits(), &shift = *in.getRowMax(), &labels = *in.getLabels();
  const Rounding r = e.rounding();
  Columns columns(logits, only(in.getOffsets()), op.getClasses());
  double gamma = r.gamma(static_cast<double>(columns.count));
  Results bounds(3, Tensor(labels.shape));
  for (int64_t row = 0; row < labels.size(); ++row) {
    double magnitude = 0;
    for (int64_t c = 0; c < columns.valid; ++c) {
      int64_t i = row * columns.count + c;
      double exponential = std::exp(logits[i] - shift[row]);
      double error = exponentialError(exponential, logits[i], e.errors[0][i] + e.errors[1][row],
                                      shift[row], r);
      bounds[0][row] += error + gamma * (exponential + error);
      if (columns.offset + static_cast<double>(c) == labels[row])
        bounds[1][row] = e.errors[0][i];
      bounds[2][row] += e.errors[0][i];
      magnitude += fabs(logits[i]) + e.errors[0][i];
    }
    bounds[2][row] += gamma * magnitude;
  }
  bounds.resize(e.op->getNumResults());
  return bounds;
}

Results rowSumsGradBounds(nn::CeRowSumsGradOp op, const Evaluated &e) {
  auto in = interpreter::named(op, e.values);
  const Tensor &logits = *in.getLogits(), &shift = *in.getRowMax(), &labels = *in.getLabels();
  const Tensor &dSum = *in.getDSumExp(), &dTarget = *in.getDTarget();
  const Tensor *dLogits = in.getDSumLogits();
  const Rounding r = e.rounding();
  Columns columns(logits, only(in.getOffsets()), op.getClasses());
  Tensor bounds(logits.shape);
  for (int64_t row = 0; row < labels.size(); ++row)
    for (int64_t c = 0; c < columns.valid; ++c) {
      int64_t i = row * columns.count + c;
      double exponential = std::exp(logits[i] - shift[row]);
      double error = exponentialError(exponential, logits[i], e.errors[0][i] + e.errors[1][row],
                                      shift[row], r);
      double through = productError(exponential, error, dSum[row], e.errors[3][row]);
      double magnitude = fabs(exponential * dSum[row]);
      if (columns.offset + static_cast<double>(c) == labels[row]) {
        through += e.errors[4][row];
        magnitude += fabs(dTarget[row]);
      }
      if (dLogits) {
        through += e.errors[5][row];
        magnitude += fabs((*dLogits)[row]);
      }
      // A product and up to two additions.
      bounds[i] = through + r.gamma(3) * (magnitude + through) + r.tiny;
    }
  return {std::move(bounds)};
}

Results rowLossBounds(nn::CeRowLossOp op, const Evaluated &e) {
  auto in = interpreter::named(op, e.values);
  const Rounding r = e.rounding();
  double smoothing = op.getLabelSmoothing().convertToDouble();
  double share = smoothing / static_cast<double>(op.getClasses());
  const Tensor &rowMax = *in.getRowMax(), &sumExp = *in.getSumExp(), &target = *in.getTarget();
  Tensor bounds(e.results[0].shape);
  for (int64_t row = 0; row < bounds.size(); ++row) {
    if (in.getLabels()->integer(row) == static_cast<int64_t>(op.getIgnoreIndex()))
      continue;
    double log = std::log(sumExp[row]);
    double logError = e.errors[1][row] == 0
                          ? 0
                          : quotientError(0, e.errors[1][row], sumExp[row], e.errors[1][row]);
    logError += r.function() * (fabs(log) + logError);
    double through = logError + e.errors[0][row] + (1 - smoothing) * e.errors[2][row];
    double magnitude = fabs(log) + fabs(rowMax[row]) + (1 - smoothing) * fabs(target[row]);
    if (in.getSumLogits()) {
      through += share * e.errors[3][row];
      magnitude += share * fabs((*in.getSumLogits())[row]);
    }
    // Each term has up to two roundings of its own, and takes part in up to three additions.
    bounds[row] = through + r.gamma(5) * (magnitude + through) + r.tiny;
  }
  return {std::move(bounds)};
}

Results rowLossGradBounds(nn::CeRowLossGradOp op, const Evaluated &e) {
  auto in = interpreter::named(op, e.values);
  const Rounding r = e.rounding();
  double smoothing = op.getLabelSmoothing().convertToDouble();
  double factors[] = {0, 1 - smoothing, smoothing / static_cast<double>(op.getClasses())};
  const Tensor &dLoss = *in.getDLoss(), &sumExp = *in.getSumExp();
  Results bounds(e.op->getNumResults(), Tensor(dLoss.shape));
  for (int64_t row = 0; row < dLoss.size(); ++row) {
    if (in.getLabels()->integer(row) == static_cast<int64_t>(op.getIgnoreIndex()))
      continue;
    double through = quotientError(dLoss[row], e.errors[0][row], sumExp[row], e.errors[1][row]);
    bounds[0][row] = through + r.unit * (fabs(e.results[0][row]) + through) + r.tiny;
    for (size_t i = 1; i < bounds.size(); ++i)
      bounds[i][row] = factors[i] * e.errors[0][row] +
                       r.gamma(2) * factors[i] * (fabs(dLoss[row]) + e.errors[0][row]) + r.tiny;
  }
  return bounds;
}

/// x / max(count, 1); the count is exact.
Results divCountBounds(const Evaluated &e) {
  const Rounding r = e.rounding();
  double count = std::max((*e.values[1])[0], 1.0);
  Tensor bounds(e.results[0].shape);
  for (int64_t i = 0; i < bounds.size(); ++i) {
    double through = quotientError((*e.values[0])[i], e.errors[0][i], count, e.errors[1][0]);
    bounds[i] = through + r.unit * (fabs(e.results[0][i]) + through) + r.tiny;
  }
  return {std::move(bounds)};
}

} // namespace

std::optional<Results> crossEntropyBounds(const Evaluated &e) {
  using Optional = std::optional<Results>;
  return llvm::TypeSwitch<mlir::Operation *, Optional>(e.op)
      .Case([&](nn::CeRowMaxOp op) -> Optional { return rowMaxBounds(op, e); })
      .Case([&](nn::CeRowSumsOp op) -> Optional { return rowSumsBounds(op, e); })
      .Case([&](nn::CeRowSumsGradOp op) -> Optional { return rowSumsGradBounds(op, e); })
      .Case([&](nn::CeRowLossOp op) -> Optional { return rowLossBounds(op, e); })
      .Case([&](nn::CeRowLossGradOp op) -> Optional { return rowLossGradBounds(op, e); })
      .Case([&](nn::DivCountOp) -> Optional { return divCountBounds(e); })
      .Default([](mlir::Operation *) -> Optional { return std::nullopt; });
}

} // namespace tpc::verify
