//===- EvalAttention.cpp - Attention -------------------------------------------------------===//
//
// The textbook formula, score by score: no tiles, no running maximum. q is [b, tq, h, d], k and v
// [b, tk, kv, d]; query head i reads kv head i / (h / kv).
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/interpreter/Evaluate.h"
#include "dialects/nn/NN.h"

#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tpc::interpreter {

namespace {

/// The positions of one attention: everything but the values.
struct Problem {
  int64_t batch, queries, keys, heads, kvHeads, size;
  bool causal;
  double scale;

  Problem(const Tensor &q, const Tensor &k, bool causal, double scale)
      : batch(q.extent(0)), queries(q.extent(1)), keys(k.extent(1)), heads(q.extent(2)),
        kvHeads(k.extent(2)), size(q.extent(3)), causal(causal), scale(scale) {}

  bool sees(int64_t query, int64_t key) const { return !causal || key <= query + keys - queries; }
  int64_t kvHead(int64_t head) const { return head / (heads / kvHeads); }
};

double score(const Problem &p, const Tensor &q, const Tensor &k, int64_t b, int64_t h, int64_t i,
             int64_t j) {
  double sum = 0;
  for (int64_t e = 0; e < p.size; ++e)
    sum += q.at({b, i, h, e}) * k.at({b, j, p.kvHead(h), e});
  return p.scale * sum;
}

/// {o, lse}. A query that sees no key gets zeros, and lse = -inf.
Results attention(const Problem &p, const Tensor &q, const Tensor &k, const Tensor &v) {
  Tensor o(q.shape), lse({p.batch, p.heads, p.queries}, -std::numeric_limits<double>::infinity());
  for (int64_t b = 0; b < p.batch; ++b)
    for (int64_t h = 0; h < p.heads; ++h)
      for (int64_t i = 0; i < p.queries; ++i) {
        double largest = -std::numeric_limits<double>::infinity(), total = 0;
        for (int64_t j = 0; j < p.keys; ++j)
          if (p.sees(i, j))
            largest = std::max(largest, score(p, q, k, b, h, i, j));
        for (int64_t j = 0; j < p.keys; ++j)
          if (p.sees(i, j))
            total += std::exp(score(p, q, k, b, h, i, j) - largest);
        if (total == 0)
          continue;
        lse.at({b, h, i}) = largest + std::log(total);
        for (int64_t j = 0; j < p.keys; ++j)
          if (p.sees(i, j)) {
            double weight = std::exp(score(p, q, k, b, h, i, j) - largest) / total;
            for (int64_t e = 0; e < p.size; ++e)
              o.at({b, i, h, e}) += weight * v.at({b, j, p.kvHead(h), e});
          }
      }
  return {std::move(o), std::move(lse)};
}

/// {dq, dk, dv}, with the softmax weights taken from lse.
Results attentionGrad(const Problem &p, const Tensor &q, const Tensor &k, const Tensor &v,
                      const Tensor &o, const Tensor &lse, const Tensor &dO) {
  Tensor dq(q.shape), dk(k.shape), dv(v.shape);
  for (int64_t b = 0; b < p.batch; ++b)
    for (int64_t h = 0; h < p.heads; ++h)
      for (int64_t i = 0; i < p.queries; ++i) {
        int64_t kv = p.kvHead(h);
        double delta = 0; // sum over keys of weight * d weight
        for (int64_t e = 0; e < p.size; ++e)
          delta += dO.at({b, i, h, e}) * o.at({b, i, h, e});
        for (int64_t j = 0; j < p.keys; ++j) {
          if (!p.sees(i, j))
            continue;
          double weight = std::exp(score(p, q, k, b, h, i, j) - lse.at({b, h, i}));
          double dWeight = 0;
          for (int64_t e = 0; e < p.size; ++e)
            dWeight += dO.at({b, i, h, e}) * v.at({b, j, kv, e});
          double dScore = weight * (dWeight - delta);
          for (int64_t e = 0; e < p.size; ++e) {
            dv.at({b, j, kv, e}) += weight * dO.at({b, i, h, e});
            dq.at({b, i, h, e}) += p.scale * dScore * k.at({b, j, kv, e});
            dk.at({b, j, kv, e}) += p.scale * dScore * q.at({b, i, h, e});
          }
        }
      }
  return {std::move(dq), std::move(dk), std::move(dv)};
}

} // namespace

std::optional<Results> evaluateAttention(mlir::Operation *op, Operands operands) {
  using Optional = std::optional<Results>;
  return llvm::TypeSwitch<mlir::Operation *, Optional>(op)
      .Case([&](nn::AttentionOp op) -> Optional {
        auto in = named(op, operands);
        double scale = op.getScale() ? op.getScale()->convertToDouble()
                                     : 1 / std::sqrt(static_cast<double>(in.getQ()->extent(3)));
        Problem problem(*in.getQ(), *in.getK(), op.getCausal(), scale);
        return Results{attention(problem, *in.getQ(), *in.getK(), *in.getV())[0]};
      })
      .Case([&](nn::FlashAttentionOp op) -> Optional {
        auto in = named(op, operands);
        Problem problem(*in.getQ(), *in.getK(), op.getCausal(), op.getScale().convertToDouble());
        return attention(problem, *in.getQ(), *in.getK(), *in.getV());
      })
      .Case([&](nn::FlashAttentionGradOp op) -> Optional {
        auto in = named(op, operands);
        Problem problem(*in.getQ(), *in.getK(), op.getCausal(), op.getScale().convertToDouble());
        return attentionGrad(problem, *in.getQ(), *in.getK(), *in.getV(), *in.getO(), *in.getLse(),
                             *in.getDO());
      })
      .Default([](mlir::Operation *) -> Optional { return std::nullopt; });
}

} // namespace tpc::interpreter
