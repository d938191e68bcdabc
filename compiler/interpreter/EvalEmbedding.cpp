//===- EvalEmbedding.cpp - Lookups and positions -------------------------------------------===//
//
// The rank-dependent ops among these take offsets: where on the table, or along the sequence, the
// rank's part begins.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/interpreter/Evaluate.h"
#include "dialects/nn/NN.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <limits>

namespace tpc::interpreter {

namespace {

/// The only offset of an op, 0 where it has none.
int64_t offsetOf(Operands offsets) { return offsets.empty() ? 0 : offsets[0]->integer(0); }

/// ids [...], table [v, d] -> [..., d]
Tensor embedding(const Tensor &ids, const Tensor &table, int64_t offset, Shape shape) {
  Tensor y(std::move(shape));
  int64_t rows = table.extent(0), d = table.extent(1);
  for (int64_t i = 0; i < ids.size(); ++i)
    if (int64_t row = ids.integer(i) - offset; row >= 0 && row < rows)
      for (int64_t e = 0; e < d; ++e)
        y[i * d + e] = table[row * d + e];
  return y;
}

/// ids [...], dy [..., d] -> [v, d]; ids from `end` on have no row.
Tensor embeddingGrad(const Tensor &ids, const Tensor &dy, int64_t offset, int64_t end,
                     Shape shape) {
  Tensor dTable(std::move(shape));
  int64_t rows = dTable.extent(0), d = dTable.extent(1);
  for (int64_t i = 0; i < ids.size(); ++i)
    if (int64_t row = ids.integer(i) - offset; row >= 0 && row < rows && ids.integer(i) < end)
      for (int64_t e = 0; e < d; ++e)
        dTable[row * d + e] += dy[i * d + e];
  return dTable;
}

/// x [b, t, h, d]: turns the pair (i, i + d/2) by position * theta^(-2i/d).
Tensor rope(const Tensor &x, int64_t offset, double theta, bool inverse) {
  Tensor y(x.shape);
  int64_t d = x.extent(3), half = d / 2;
  forEachIndex({x.extent(0), x.extent(1), x.extent(2), half}, [&](llvm::ArrayRef<int64_t> index) {
    int64_t b = index[0], t = index[1], h = index[2], i = index[3];
    double angle = (offset + t) * std::pow(theta, -2.0 * i / d) * (inverse ? -1 : 1);
    double first = x.at({b, t, h, i}), second = x.at({b, t, h, i + half});
    y.at({b, t, h, i}) = first * std::cos(angle) - second * std::sin(angle);
    y.at({b, t, h, i + half}) = second * std::cos(angle) + first * std::sin(angle);
  });
  return y;
}

} // namespace

std::optional<Results> evaluateEmbedding(mlir::Operation *op, Operands operands) {
  using Optional = std::optional<Results>;
  return llvm::TypeSwitch<mlir::Operation *, Optional>(op)
      .Case([&](nn::PositionsOp op) -> Optional {
        Tensor y(shapeOf(op.getY()));
        for (int64_t i = 0; i < y.size(); ++i)
          y[i] = offsetOf(named(op, operands).getOffsets()) + i % y.extent(-1);
        return Results{std::move(y)};
      })
      .Case([&](nn::EmbeddingOp op) -> Optional {
        auto in = named(op, operands);
        return Results{
            embedding(*in.getIds(), *in.getTable(), offsetOf(in.getOffsets()), shapeOf(op.getY()))};
      })
      .Case([&](nn::EmbeddingGradOp op) -> Optional {
        auto in = named(op, operands);
        return Results{embeddingGrad(*in.getIds(), *in.getDy(), offsetOf(in.getOffsets()),
                                     op.getRows().value_or(std::numeric_limits<int64_t>::max()),
                                     shapeOf(op.getDTable()))};
      })
      .Case([&](nn::RopeOp op) -> Optional {
        auto in = named(op, operands);
        return Results{rope(*in.getX(), offsetOf(in.getOffsets()), op.getTheta().convertToDouble(),
                            op.getInverse())};
      })
      .Default([](mlir::Operation *) -> Optional { return std::nullopt; });
}

} // namespace tpc::interpreter
