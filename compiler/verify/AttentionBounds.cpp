//===- AttentionBounds.cpp - Bounds of attention and its gradients -------------------------===//
//
// A score is a product of K = size terms, so it is off by at most gamma(size + 2) of its
// magnitudes; the exponential turns that into a relative error of the weight, to which come those
// of the shift and, tile by tile, of the rescaling of what has been summed before.
//
// Tensor cores multiply bf16: there the weights, and the gradients of the scores, are rounded once
// more before they are factors, and so may each query head's share of a key's gradients be before
// the heads of a group are summed.
//
// What operands are off by is what a score, a weight or a term is off by; the exact shift cancels.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/verify/ErrorBounds.h"
#include "dialects/nn/NN.h"

#include "mlir/IR/TypeUtilities.h"

#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tpc::verify {

namespace {

using std::fabs;

/// Rescalings of a row: one for each tile of keys, of which none is smaller than this.
constexpr int64_t kLeastKeyTile = 16;
constexpr double kUnitOfBF16 = 0x1p-8;

struct Attention {
  const Tensor &q, &k, &v;
  llvm::ArrayRef<Errors> errors; ///< of the op's operands
  bool causal;
  double scale;
  int64_t batch, queries, keys, heads, kvHeads, size;
  Rounding r;
  double factorUnit; ///< of rounding a weight or a score's gradient to a factor; 0: they are not

  Attention(const Evaluated &e, bool causal, double scale)
      : q(*e.values[0]), k(*e.values[1]), v(*e.values[2]), errors(e.errors), causal(causal),
        scale(scale), batch(q.extent(0)), queries(q.extent(1)), keys(k.extent(1)),
        heads(q.extent(2)), kvHeads(k.extent(2)), size(q.extent(3)), r(e.rounding()),
        factorUnit(e.device.attentionNarrows &&
                           mlir::getElementTypeOrSelf(e.op->getOperand(0)).isBF16()
                       ? kUnitOfBF16
                       : 0) {}

  bool sees(int64_t query, int64_t key) const { return !causal || key <= query + keys - queries; }
  int64_t queryRow(int64_t b, int64_t i, int64_t h) const {
    return ((b * queries + i) * heads + h) * size;
  }
  int64_t keyRow(int64_t b, int64_t j, int64_t h) const {
    return ((b * keys + j) * kvHeads + h / (heads / kvHeads)) * size;
  }

  /// A score, and how far it may be off.
  struct Score {
    double value = 0, error = 0;
  };
  Score score(int64_t queryAt, int64_t keyAt) const {
    double sum = 0, magnitude = 0;
    for (int64_t e = 0; e < size; ++e) {
      double term = q[queryAt + e] * k[keyAt + e];
      sum += term;
      magnitude += fabs(term);
    }
    double through = dotError(q, 0, queryAt, k, 1, keyAt);
    return {scale * sum,
            fabs(scale) *
                (r.gamma(static_cast<double>(size + 2)) * (magnitude + through) + through)};
  }
  /// What the operands' errors make of the product of two rows, of operands i and j.
  double dotError(const Tensor &a, size_t i, int64_t atA, const Tensor &b, size_t j,
                  int64_t atB) const {
    double sum = 0;
    if (!errors[i].areZero() || !errors[j].areZero())
      for (int64_t e = 0; e < size; ++e)
        sum += productError(a[atA + e], errors[i][atA + e], b[atB + e], errors[j][atB + e]);
    return sum;
  }
  /// exp(score - shift), relatively: the score's error, the difference (in base 2 or e, hence the
  /// roundings of both), and the function's own.
  double weightError(const Score &score, double shift) const {
    return std::expm1(score.error + 3 * r.unit * (fabs(score.value) + fabs(shift))) + r.function();
  }
};

/// {o, lse}
Results attentionBounds(const Attention &a) {
  Results bounds{Tensor(a.q.shape), Tensor({a.batch, a.heads, a.queries})};
  std::vector<Attention::Score> scores(a.keys);
  std::vector<double> output(a.size), magnitude(a.size), through(a.size);
  double rescale =
      (2.0 + static_cast<double>(a.keys) / kLeastKeyTile) * (a.r.function() + 2 * a.r.unit);
  double gamma = a.r.gamma(static_cast<double>(a.keys + 2));
  for (int64_t b = 0; b < a.batch; ++b)
    for (int64_t h = 0; h < a.heads; ++h)
      for (int64_t i = 0; i < a.queries; ++i) {
        double largest = -std::numeric_limits<double>::infinity(), total = 0, worst = 0;
        for (int64_t j = 0; j < a.keys; ++j)
          if (a.sees(i, j)) {
            scores[j] = a.score(a.queryRow(b, i, h), a.keyRow(b, j, h));
            largest = std::max(largest, scores[j].value);
          }
        std::fill(output.begin(), output.end(), 0.0);
        std::fill(magnitude.begin(), magnitude.end(), 0.0);
        std::fill(through.begin(), through.end(), 0.0);
        for (int64_t j = 0; j < a.keys; ++j) {
          if (!a.sees(i, j))
            continue;
          double weight = std::exp(scores[j].value - largest);
          total += weight;
          worst = std::max(worst, a.weightError(scores[j], largest));
          for (int64_t e = 0; e < a.size; ++e) {
            int64_t at = a.keyRow(b, j, h) + e;
            double term = weight * a.v[at];
            output[e] += term;
            magnitude[e] += fabs(term);
            through[e] += weight * a.errors[2][at];
          }
        }
        if (total == 0)
          continue;
        // Of the weighted sum and of the sum of weights, relative to magnitudes.
        double relative = worst + rescale + gamma;
        double lse = largest + std::log(total);
        bounds[1][(b * a.heads + h) * a.queries + i] = relative + a.r.function() * std::log(total) +
                                                       3 * a.r.unit * (fabs(largest) + fabs(lse)) +
                                                       a.r.tiny;
        for (int64_t e = 0; e < a.size; ++e)
          bounds[0][a.queryRow(b, i, h) + e] =
              ((relative + a.factorUnit * (1 + relative)) * magnitude[e] +
               (1 + relative) * (1 + a.factorUnit) * through[e] +
               (relative + 2 * a.r.unit) * fabs(output[e])) /
                  total / std::max(1 - relative, 0.0) +
              static_cast<double>(a.keys) * a.r.tiny;
      }
  return bounds;
}

/// {dq, dk, dv}
Results attentionGradBounds(const Attention &a, const Tensor &o, const Tensor &lse,
                            const Tensor &dO) {
  // Errors of the terms, and their magnitudes, which the summation's gamma is of.
  Results through{Tensor(a.q.shape), Tensor(a.k.shape), Tensor(a.v.shape)};
  Results magnitude = through;
  for (int64_t b = 0; b < a.batch; ++b)
    for (int64_t h = 0; h < a.heads; ++h)
      for (int64_t i = 0; i < a.queries; ++i) {
        int64_t at = a.queryRow(b, i, h);
        int64_t row = (b * a.heads + h) * a.queries + i;
        double shift = lse[row], shiftError = a.errors[4][row];
        double delta = 0, deltaMagnitude = 0;
        for (int64_t e = 0; e < a.size; ++e) {
          delta += dO[at + e] * o[at + e];
          deltaMagnitude += fabs(dO[at + e] * o[at + e]);
        }
        double deltaError = a.dotError(dO, 5, at, o, 3, at);
        for (int64_t j = 0; j < a.keys; ++j) {
          if (!a.sees(i, j))
            continue;
          int64_t key = a.keyRow(b, j, h);
          Attention::Score score = a.score(at, key);
          score.error += shiftError;
          double weight = std::exp(score.value - shift);
          double weightError = weight * a.weightError(score, shift) + a.r.tiny;
          double dWeight = 0, dWeightMagnitude = 0;
          for (int64_t e = 0; e < a.size; ++e) {
            dWeight += dO[at + e] * a.v[key + e];
            dWeightMagnitude += fabs(dO[at + e] * a.v[key + e]);
          }
          double inner = dWeight - delta;
          double innerThrough = deltaError + a.dotError(dO, 5, at, a.v, 2, key);
          double innerError = innerThrough +
                              a.r.gamma(static_cast<double>(a.size)) *
                                  (dWeightMagnitude + deltaMagnitude + innerThrough) +
                              a.r.unit * fabs(inner);
          double dScore = fabs(a.scale * weight * inner);
          double dScoreError =
              fabs(a.scale) * productError(weight, weightError, inner, innerError) +
              a.r.gamma(3) * dScore;
          dScoreError += a.factorUnit * (dScore + dScoreError);
          weightError += a.factorUnit * (weight + weightError);
          for (int64_t e = 0; e < a.size; ++e) {
            through[0][at + e] +=
                productError(dScore, dScoreError, a.k[key + e], a.errors[1][key + e]);
            magnitude[0][at + e] += dScore * fabs(a.k[key + e]);
            through[1][key + e] +=
                productError(dScore, dScoreError, a.q[at + e], a.errors[0][at + e]);
            magnitude[1][key + e] += dScore * fabs(a.q[at + e]);
            through[2][key + e] +=
                productError(weight, weightError, dO[at + e], a.errors[5][at + e]);
            magnitude[2][key + e] += weight * fabs(dO[at + e]);
          }
        }
      }
  int64_t queriesOfKey = a.queries * (a.heads / a.kvHeads);
  bool sumsHeads = a.heads > a.kvHeads;
  for (size_t result = 0; result < 3; ++result) {
    double gamma = a.r.gamma(static_cast<double>((result == 0 ? a.keys : queriesOfKey) + 2));
    for (int64_t i = 0; i < through[result].size(); ++i)
      through[result][i] += (gamma + (result > 0 && sumsHeads ? a.factorUnit : 0)) *
                                (magnitude[result][i] + through[result][i]) +
                            a.r.tiny;
  }
  return through;
}

} // namespace

std::optional<Results> attentionBounds(const Evaluated &e) {
  using Optional = std::optional<Results>;
  return llvm::TypeSwitch<mlir::Operation *, Optional>(e.op)
      .Case([&](nn::FlashAttentionOp op) -> Optional {
        return attentionBounds(Attention(e, op.getCausal(), op.getScale().convertToDouble()));
      })
      .Case([&](nn::FlashAttentionGradOp op) -> Optional {
        return attentionGradBounds(Attention(e, op.getCausal(), op.getScale().convertToDouble()),
                                   *e.values[3], *e.values[4], *e.values[5]);
      })
      .Default([](mlir::Operation *) -> Optional { return std::nullopt; });
}

} // namespace tpc::verify
