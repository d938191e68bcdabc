//===- EvalCrossEntropy.cpp - Cross entropy, whole and by rows -----------------------------===//
//
// The composite op as PyTorch defines it, and the pieces that it is expanded into. Logits are
// [..., columns]; column j of a rank is class offset + j, and counts if that is below `classes`.
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

/// The columns that a rank holds.
struct Columns {
  int64_t count, offset, classes;

  Columns(const Tensor &logits, Operands offsets, int64_t classes)
      : count(logits.extent(-1)), offset(offsets.empty() ? 0 : offsets[0]->integer(0)),
        classes(classes) {}
  /// The columns that are classes, from 0 on.
  int64_t valid() const { return std::max<int64_t>(0, std::min(count, classes - offset)); }
};

/// -log of the probability of the target distribution's classes, summed or averaged over rows.
double crossEntropy(const Tensor &logits, const Tensor &labels, int64_t ignoreIndex,
                    double smoothing, bool mean) {
  int64_t n = logits.extent(-1), counted = 0;
  double total = 0;
  for (int64_t row = 0; row < labels.size(); ++row) {
    int64_t label = labels.integer(row);
    if (label == ignoreIndex)
      continue;
    ++counted;
    double largest = -std::numeric_limits<double>::infinity(), sum = 0;
    for (int64_t c = 0; c < n; ++c)
      largest = largerOf(largest, logits[row * n + c]);
    for (int64_t c = 0; c < n; ++c)
      sum += std::exp(logits[row * n + c] - largest);
    for (int64_t c = 0; c < n; ++c) {
      double probability = smoothing / n + (c == label ? 1 - smoothing : 0);
      total -= probability * (logits[row * n + c] - largest - std::log(sum));
    }
  }
  return mean ? total / std::max<int64_t>(counted, 1) : total;
}

Tensor rowMax(const Tensor &logits, const Columns &columns, Shape shape) {
  Tensor result(std::move(shape), -std::numeric_limits<double>::infinity());
  for (int64_t row = 0; row < result.size(); ++row)
    for (int64_t c = 0; c < columns.valid(); ++c)
      result[row] = largerOf(result[row], logits[row * columns.count + c]);
  return result;
}

/// {sum_exp, target, sum_logits}
Results rowSums(const Tensor &logits, const Tensor &max, const Tensor &labels,
                const Columns &columns) {
  Results sums(3, Tensor(labels.shape));
  for (int64_t row = 0; row < labels.size(); ++row)
    for (int64_t c = 0; c < columns.valid(); ++c) {
      double logit = logits[row * columns.count + c];
      sums[0][row] += std::exp(logit - max[row]);
      if (columns.offset + c == labels.integer(row))
        sums[1][row] += logit;
      sums[2][row] += logit;
    }
  return sums;
}

Tensor rowSumsGrad(const Tensor &logits, const Tensor &max, const Tensor &labels,
                   const Tensor &dSumExp, const Tensor &dTarget, const Tensor *dSumLogits,
                   const Columns &columns) {
  Tensor dLogits(logits.shape);
  for (int64_t row = 0; row < labels.size(); ++row)
    for (int64_t c = 0; c < columns.valid(); ++c) {
      int64_t i = row * columns.count + c;
      dLogits[i] = std::exp(logits[i] - max[row]) * dSumExp[row];
      if (columns.offset + c == labels.integer(row))
        dLogits[i] += dTarget[row];
      if (dSumLogits)
        dLogits[i] += (*dSumLogits)[row];
    }
  return dLogits;
}

/// Without pads: what lies beyond the logical extents.
Tensor countLabels(const Tensor &labels, Operands offsets, llvm::ArrayRef<int64_t> globalShape,
                   int64_t ignoreIndex) {
  double count = 0;
  forEachIndex(labels.shape, [&](llvm::ArrayRef<int64_t> index) {
    for (size_t dim = 0; dim < index.size(); ++dim)
      if (index[dim] + (offsets.empty() ? 0 : offsets[dim]->integer(0)) >= globalShape[dim])
        return;
    count += static_cast<int64_t>(labels.at(index)) != ignoreIndex;
  });
  return Tensor::scalar(count);
}

} // namespace

std::optional<Results> evaluateCrossEntropy(mlir::Operation *op, Operands operands) {
  using Optional = std::optional<Results>;
  return llvm::TypeSwitch<mlir::Operation *, Optional>(op)
      .Case([&](nn::CrossEntropyOp op) -> Optional {
        auto in = named(op, operands);
        return Results{Tensor::scalar(crossEntropy(
            *in.getLogits(), *in.getLabels(), static_cast<int64_t>(op.getIgnoreIndex()),
            op.getLabelSmoothing().convertToDouble(), op.getReduction() == nn::Reduction::mean))};
      })
      .Case([&](nn::CeRowMaxOp op) -> Optional {
        auto in = named(op, operands);
        Columns columns(*in.getLogits(), in.getOffsets(), op.getClasses());
        return Results{rowMax(*in.getLogits(), columns, shapeOf(op.getRowMax()))};
      })
      .Case([&](nn::CeRowSumsOp op) -> Optional {
        auto in = named(op, operands);
        Columns columns(*in.getLogits(), in.getOffsets(), op.getClasses());
        Results sums = rowSums(*in.getLogits(), *in.getRowMax(), *in.getLabels(), columns);
        sums.resize(op->getNumResults());
        return sums;
      })
      .Case([&](nn::CeRowSumsGradOp op) -> Optional {
        auto in = named(op, operands);
        Columns columns(*in.getLogits(), in.getOffsets(), op.getClasses());
        return Results{rowSumsGrad(*in.getLogits(), *in.getRowMax(), *in.getLabels(),
                                   *in.getDSumExp(), *in.getDTarget(), in.getDSumLogits(),
                                   columns)};
      })
      .Case([&](nn::CeRowLossOp op) -> Optional {
        auto in = named(op, operands);
        double e = op.getLabelSmoothing().convertToDouble();
        Tensor loss(shapeOf(op.getLoss()));
        for (int64_t row = 0; row < loss.size(); ++row) {
          if (in.getLabels()->integer(row) == static_cast<int64_t>(op.getIgnoreIndex()))
            continue;
          loss[row] = std::log((*in.getSumExp())[row]) + (*in.getRowMax())[row] -
                      (1 - e) * (*in.getTarget())[row];
          if (in.getSumLogits())
            loss[row] -= e / op.getClasses() * (*in.getSumLogits())[row];
        }
        return Results{std::move(loss)};
      })
      .Case([&](nn::CeRowLossGradOp op) -> Optional {
        auto in = named(op, operands);
        double e = op.getLabelSmoothing().convertToDouble();
        Results grads(op->getNumResults(), Tensor(in.getDLoss()->shape));
        for (int64_t row = 0; row < in.getDLoss()->size(); ++row) {
          if (in.getLabels()->integer(row) == static_cast<int64_t>(op.getIgnoreIndex()))
            continue;
          double d = (*in.getDLoss())[row];
          grads[0][row] = d / (*in.getSumExp())[row];
          grads[1][row] = -(1 - e) * d;
          if (grads.size() > 2)
            grads[2][row] = -e / op.getClasses() * d;
        }
        return grads;
      })
      .Case([&](nn::CountLabelsOp op) -> Optional {
        auto in = named(op, operands);
        return Results{countLabels(*in.getLabels(), in.getOffsets(), op.getGlobalShape(),
                                   static_cast<int64_t>(op.getIgnoreIndex()))};
      })
      .Case([&](nn::DivCountOp op) -> Optional {
        auto in = named(op, operands);
        Tensor y = *in.getX();
        for (double &value : y.data)
          value /= std::max((*in.getCount())[0], 1.0);
        return Results{std::move(y)};
      })
      .Default([](mlir::Operation *) -> Optional { return std::nullopt; });
}

} // namespace tpc::interpreter
