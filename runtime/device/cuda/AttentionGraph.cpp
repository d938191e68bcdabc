//===- AttentionGraph.cpp - Attention, spelled out for cuDNN -------------------------------===//

#include "runtime/device/cuda/AttentionGraph.h"

#include <utility>

namespace tpc::cuda {

namespace {

using enum GraphOpKind;
using enum GraphType;

/// A tensor in memory: a part of [batch, length, heads, size], seen as [batch, heads, length,
/// size].
struct Placed {
  GraphDims dims, strides;

  /// As [batch, heads, size, length].
  Placed transposed() const {
    Placed result = *this;
    std::swap(result.dims[2], result.dims[3]);
    std::swap(result.strides[2], result.strides[3]);
    return result;
  }
};

/// What both passes are made of.
struct Builder {
  OpGraph graph;
  const AttentionShape &shape;
  int64_t batch, heads;
  Placed queries, keys;
  GraphDims scores, rows;

  Builder(const AttentionShape &shape, const AttentionPart &part)
      : shape(shape), batch(part.batch), heads(part.kvHeads * (shape.heads / shape.kvHeads)),
        queries{{batch, heads, shape.queryLength, shape.size},
                {shape.queryLength * shape.heads * shape.size, shape.size, shape.heads * shape.size,
                 1}},
        keys{{batch, part.kvHeads, shape.keyLength, shape.size},
             {shape.keyLength * shape.kvHeads * shape.size, shape.size, shape.kvHeads * shape.size,
              1}},
        scores{batch, heads, shape.queryLength, shape.keyLength},
        rows{batch, heads, shape.queryLength, 1} {}

  size_t operand(AttentionUid uid, const Placed &placed) {
    return graph.operand(uid, placed.dims, placed.strides, BF16);
  }
  size_t lse() {
    return graph.operand(UidLse, rows, {shape.heads * shape.queryLength, shape.queryLength, 1, 1},
                         F32);
  }

  size_t unary(GraphOpKind kind, size_t x, const GraphDims &dims) {
    size_t result = graph.temporary(dims, F32);
    graph.add(kind, x, result);
    return result;
  }
  size_t binary(GraphOpKind kind, size_t x, size_t b, GraphType type = F32) {
    size_t result = graph.temporary(scores, type);
    graph.add(kind, x, b, result);
    return result;
  }
  size_t index(size_t like, int64_t axis) {
    size_t result = graph.temporary(scores, I32);
    graph.addIndex(like, axis, result);
    return result;
  }

  /// scale * q . k^T
  size_t scaledScores(size_t q, size_t keysTransposed, size_t scale) {
    return binary(Mul, binary(Matmul, q, keysTransposed), scale);
  }

  /// Query i sees keys j with i + keyLength - queryLength >= j. The pattern has no constants: the
  /// lengths come with the call. A single query sees all keys, and must not be given the mask: with
  /// it, say cuDNN's release notes, results may be wrong if heads share keys.
  size_t mask(size_t x) {
    if (!shape.causal || shape.queryLength == 1)
      return x;
    size_t masked = graph.number(UidMasked, F32);
    size_t row = index(x, 2), column = index(x, 3);
    if (shape.keyLength != shape.queryLength) {
      row = binary(Add, row, graph.number(UidKeyLength, I32), I32);
      row = binary(Sub, row, graph.number(UidQueryLength, I32), I32);
    }
    size_t visible = binary(NotLess, row, column, Bool);
    size_t result = graph.temporary(scores, F32);
    graph.addSelect(visible, x, masked, result);
    return result;
  }

  /// The gradient of keys or values, weights^T . rows: of every query head, and then the sum of
  /// the heads that share keys.
  void gradientOfKeys(size_t weights, size_t rowsOfQueries, AttentionUid uid) {
    int64_t area = shape.queryLength * shape.keyLength;
    size_t transposed = graph.temporary({batch, heads, shape.keyLength, shape.queryLength},
                                        {heads * area, area, 1, shape.keyLength}, BF16);
    graph.add(Reshape, weights, transposed);
    size_t gradient = operand(uid, keys);
    if (shape.heads == shape.kvHeads) {
      graph.add(Matmul, transposed, rowsOfQueries, gradient);
      return;
    }
    size_t ofAllHeads = graph.temporary({batch, heads, shape.keyLength, shape.size}, BF16);
    graph.add(Matmul, transposed, rowsOfQueries, ofAllHeads);
    graph.add(Sum, ofAllHeads, gradient);
  }
};

OpGraph forwardGraph(Builder b) {
  size_t q = b.operand(UidQ, b.queries), k = b.operand(UidK, b.keys.transposed()),
         v = b.operand(UidV, b.keys), o = b.operand(UidO, b.queries), lse = b.lse(),
         scale = b.graph.number(UidScale, F32);
  size_t scores = b.mask(b.scaledScores(q, k, scale));
  size_t most = b.unary(Max, scores, b.rows);
  size_t exponentials = b.unary(Exp, b.binary(Sub, scores, most), b.scores);
  size_t sums = b.unary(Sum, exponentials, b.rows);
  b.graph.add(Add, most, b.unary(Log, sums, b.rows), lse);
  b.graph.add(Matmul, b.binary(Div, exponentials, sums, BF16), v, o);
  return std::move(b.graph);
}

OpGraph backwardGraph(Builder b, bool deterministic) {
  size_t q = b.operand(UidQ, b.queries), k = b.operand(UidK, b.keys.transposed()),
         v = b.operand(UidV, b.keys.transposed()), o = b.operand(UidO, b.queries), lse = b.lse(),
         dOut = b.operand(UidDOut, b.queries), scale = b.graph.number(UidScale, F32),
         one = b.graph.number(UidOne, F32);

  // The sums of dOut * o of each row; they are in memory, since a kernel of their own makes them.
  // The factor of one stands where the pattern has the keep rate of a dropout.
  size_t products = b.graph.temporary(b.queries.dims, F32);
  b.graph.add(Mul, dOut, o, products);
  size_t outputSums = b.graph.operand(UidOutputSums, b.rows, contiguousStrides(b.rows), F32);
  b.graph.add(Mul, b.unary(Sum, products, b.rows), one, outputSums);

  // The weights once more, from the saved lse.
  size_t shifted = b.binary(Sub, b.scaledScores(q, k, scale), lse);
  size_t weights = b.unary(Exp, b.mask(shifted), b.scores);
  b.gradientOfKeys(weights, dOut, UidDv);

  size_t dWeights = b.binary(Matmul, dOut, v);
  size_t dScores =
      b.binary(Mul, b.binary(Mul, b.binary(Sub, dWeights, outputSums), weights), scale);
  b.gradientOfKeys(dScores, q, UidDk);

  size_t keysUpright = b.graph.temporary(b.keys.dims, b.keys.strides, BF16);
  b.graph.add(Reshape, k, keysUpright);
  size_t dq = b.operand(UidDq, b.queries);
  if (deterministic) {
    b.graph.add(Matmul, dScores, keysUpright, dq);
  } else {
    size_t sums =
        b.graph.operand(UidDqSums, b.queries.dims, contiguousStrides(b.queries.dims), F32);
    b.graph.add(Matmul, dScores, keysUpright, sums);
    b.graph.add(Identity, sums, dq);
  }
  return std::move(b.graph);
}

} // namespace

OpGraph attentionGraph(const AttentionShape &shape, const AttentionPart &part, AttentionPass pass) {
  Builder builder(shape, part);
  return pass == AttentionPass::Forward
             ? forwardGraph(std::move(builder))
             : backwardGraph(std::move(builder), pass == AttentionPass::DeterministicBackward);
}

int64_t partOffset(const AttentionShape &shape, AttentionUid uid, int64_t batch, int64_t kvHead) {
  int64_t head = kvHead * (shape.heads / shape.kvHeads);
  switch (uid) {
  case UidK:
  case UidV:
  case UidDk:
  case UidDv:
    return (batch * shape.keyLength * shape.kvHeads + kvHead) * shape.size;
  case UidLse:
    return (batch * shape.heads + head) * shape.queryLength;
  default:
    return (batch * shape.queryLength * shape.heads + head) * shape.size;
  }
}

} // namespace tpc::cuda
