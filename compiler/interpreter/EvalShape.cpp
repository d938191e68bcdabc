//===- EvalShape.cpp - Ops that move elements, sums and repetitions ------------------------===//
//
// Each says, for every index of one side, which index of the other it belongs to.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/interpreter/Evaluate.h"
#include "dialects/nn/NN.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/TypeSwitch.h"

namespace tpc::interpreter {

namespace {

Tensor transpose(const Tensor &x, llvm::ArrayRef<int64_t> permutation, Shape shape) {
  Tensor y(std::move(shape));
  forEachIndex(y.shape, [&](llvm::ArrayRef<int64_t> index) {
    Shape from(index.size());
    for (size_t dim = 0; dim < index.size(); ++dim)
      from[permutation[dim]] = index[dim];
    y.at(index) = x.at(from);
  });
  return y;
}

/// Writes `part` into `whole` from `start` on along `dim`.
void place(Tensor &whole, const Tensor &part, int64_t dim, int64_t start) {
  forEachIndex(part.shape, [&](llvm::ArrayRef<int64_t> index) {
    Shape to(index);
    to[dim] += start;
    whole.at(to) = part.at(index);
  });
}

Tensor slice(const Tensor &x, int64_t dim, int64_t start, Shape shape) {
  Tensor y(std::move(shape));
  forEachIndex(y.shape, [&](llvm::ArrayRef<int64_t> index) {
    Shape from(index);
    from[dim] += start;
    y.at(index) = x.at(from);
  });
  return y;
}

Shape without(llvm::ArrayRef<int64_t> index, llvm::ArrayRef<int64_t> dims) {
  Shape rest;
  for (size_t dim = 0; dim < index.size(); ++dim)
    if (!llvm::is_contained(dims, static_cast<int64_t>(dim)))
      rest.push_back(index[dim]);
  return rest;
}

Tensor sum(const Tensor &x, llvm::ArrayRef<int64_t> dims, Shape shape) {
  Tensor y(std::move(shape));
  forEachIndex(x.shape,
               [&](llvm::ArrayRef<int64_t> index) { y.at(without(index, dims)) += x.at(index); });
  return y;
}

Tensor broadcast(const Tensor &x, llvm::ArrayRef<int64_t> dims, Shape shape) {
  Tensor y(std::move(shape));
  forEachIndex(y.shape,
               [&](llvm::ArrayRef<int64_t> index) { y.at(index) = x.at(without(index, dims)); });
  return y;
}

} // namespace

std::optional<Results> evaluateShape(mlir::Operation *op, Operands operands) {
  using Optional = std::optional<Results>;
  return llvm::TypeSwitch<mlir::Operation *, Optional>(op)
      .Case<nn::SplitDimOp, nn::MergeDimsOp>([&](auto op) -> Optional {
        return Results{Tensor(shapeOf(op.getY()), operands[0]->data)};
      })
      .Case([&](nn::TransposeOp op) -> Optional {
        return Results{transpose(*operands[0], op.getPermutation(), shapeOf(op.getY()))};
      })
      .Case([&](nn::SliceOp op) -> Optional {
        return Results{slice(*operands[0], op.getDim(), op.getStart(), shapeOf(op.getY()))};
      })
      .Case([&](nn::ConcatOp op) -> Optional {
        Tensor y(shapeOf(op.getY()));
        int64_t start = 0;
        for (const Tensor *part : operands) {
          place(y, *part, op.getDim(), start);
          start += part->extent(op.getDim());
        }
        return Results{std::move(y)};
      })
      .Case([&](nn::PadOp op) -> Optional {
        Tensor y(shapeOf(op.getY()));
        place(y, *operands[0], op.getDim(), op.getStart());
        return Results{std::move(y)};
      })
      .Case([&](nn::SumOp op) -> Optional {
        return Results{sum(*operands[0], op.getDims(), shapeOf(op.getY()))};
      })
      .Case([&](nn::MeanOp op) -> Optional {
        Tensor y = sum(*operands[0], op.getDims(), shapeOf(op.getY()));
        for (double &value : y.data)
          value /= static_cast<double>(operands[0]->size()) / y.size();
        return Results{std::move(y)};
      })
      .Case([&](nn::BroadcastOp op) -> Optional {
        return Results{broadcast(*operands[0], op.getDims(), shapeOf(op.getY()))};
      })
      .Default([](mlir::Operation *) -> Optional { return std::nullopt; });
}

} // namespace tpc::interpreter
