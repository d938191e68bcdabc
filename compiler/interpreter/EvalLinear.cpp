//===- EvalLinear.cpp - Products of matrices -----------------------------------------------===//
//
// linear, its two gradients, and matmul, as sums over the contracted index in ascending order.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/interpreter/Evaluate.h"
#include "dialects/nn/NN.h"

#include "llvm/ADT/TypeSwitch.h"

namespace tpc::interpreter {

namespace {

/// x [..., in], weight [out, in], bias [out] -> [..., out]
Tensor linear(const Tensor &x, const Tensor &weight, const Tensor *bias, Shape shape) {
  Tensor y(std::move(shape));
  int64_t in = weight.extent(1), out = weight.extent(0);
  for (int64_t row = 0; row < x.size() / in; ++row)
    for (int64_t o = 0; o < out; ++o) {
      double sum = 0;
      for (int64_t i = 0; i < in; ++i)
        sum += x[row * in + i] * weight[o * in + i];
      y[row * out + o] = bias ? sum + (*bias)[o] : sum;
    }
  return y;
}

/// dy [..., out], weight [out, in] -> [..., in]
Tensor linearInputGrad(const Tensor &dy, const Tensor &weight, Shape shape) {
  Tensor dx(std::move(shape));
  int64_t in = weight.extent(1), out = weight.extent(0);
  for (int64_t row = 0; row < dy.size() / out; ++row)
    for (int64_t i = 0; i < in; ++i)
      for (int64_t o = 0; o < out; ++o)
        dx[row * in + i] += dy[row * out + o] * weight[o * in + i];
  return dx;
}

/// dy [..., out], x [..., in] -> [out, in]
Tensor linearWeightGrad(const Tensor &dy, const Tensor &x, Shape shape) {
  Tensor dw(std::move(shape));
  int64_t in = x.extent(-1), out = dy.extent(-1);
  for (int64_t o = 0; o < out; ++o)
    for (int64_t i = 0; i < in; ++i)
      for (int64_t row = 0; row < x.size() / in; ++row)
        dw[o * in + i] += dy[row * out + o] * x[row * in + i];
  return dw;
}

/// a [..., m, k] or [..., k, m], b [..., k, n] or [..., n, k] -> [..., m, n]
Tensor matmul(const Tensor &a, const Tensor &b, bool transposeA, bool transposeB, Shape shape) {
  Tensor c(std::move(shape));
  int64_t m = c.extent(-2), n = c.extent(-1), k = a.extent(transposeA ? -2 : -1);
  for (int64_t batch = 0; batch < c.size() / (m * n); ++batch)
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j)
        for (int64_t l = 0; l < k; ++l)
          c[(batch * m + i) * n + j] += a[batch * m * k + (transposeA ? l * m + i : i * k + l)] *
                                        b[batch * k * n + (transposeB ? j * k + l : l * n + j)];
  return c;
}

} // namespace

std::optional<Results> evaluateLinear(mlir::Operation *op, Operands operands) {
  using Optional = std::optional<Results>;
  return llvm::TypeSwitch<mlir::Operation *, Optional>(op)
      .Case([&](nn::LinearOp op) -> Optional {
        auto in = named(op, operands);
        return Results{linear(*in.getX(), *in.getWeight(), in.getBias(), shapeOf(op.getY()))};
      })
      .Case([&](nn::LinearInputGradOp op) -> Optional {
        auto in = named(op, operands);
        return Results{linearInputGrad(*in.getDy(), *in.getWeight(), shapeOf(op.getDx()))};
      })
      .Case([&](nn::LinearWeightGradOp op) -> Optional {
        auto in = named(op, operands);
        return Results{linearWeightGrad(*in.getDy(), *in.getX(), shapeOf(op.getDw()))};
      })
      .Case([&](nn::MatmulOp op) -> Optional {
        auto in = named(op, operands);
        return Results{matmul(*in.getA(), *in.getB(), op.getTransposeA(), op.getTransposeB(),
                              shapeOf(op.getC()))};
      })
      .Default([](mlir::Operation *) -> Optional { return std::nullopt; });
}

} // namespace tpc::interpreter
