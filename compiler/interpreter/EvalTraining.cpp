//===- EvalTraining.cpp - Clipping and optimizers ------------------------------------------===//
//
// As torch.nn.utils.clip_grad_norm_, torch.optim.SGD, Adam and AdamW define them.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/interpreter/Evaluate.h"
#include "dialects/nn/NN.h"

#include "llvm/ADT/TypeSwitch.h"

#include <algorithm>
#include <cmath>

namespace tpc::interpreter {

namespace {

/// {p', m'}; m is null without momentum.
Results sgd(nn::SgdOp op, const Tensor &p, const Tensor &g, const Tensor *m, double lr,
            double step) {
  double momentum = op.getMomentum().convertToDouble();
  double decay = op.getWeightDecay().convertToDouble();
  Results next(op->getNumResults(), p);
  for (int64_t i = 0; i < p.size(); ++i) {
    double change = g[i] + decay * p[i];
    if (m) {
      if (step != 1)
        change += momentum * (*m)[i];
      next[1][i] = change;
    }
    next[0][i] = p[i] - lr * change;
  }
  return next;
}

/// {p', m', v'}
Results adam(nn::AdamOp op, const Tensor &p, const Tensor &g, const Tensor &m, const Tensor &v,
             double lr, double step) {
  double beta1 = op.getBeta1().convertToDouble(), beta2 = op.getBeta2().convertToDouble();
  double eps = op.getEps().convertToDouble(), decay = op.getWeightDecay().convertToDouble();
  double correction1 = biasCorrection(beta1, step), correction2 = biasCorrection(beta2, step);
  Results next(3, p);
  for (int64_t i = 0; i < p.size(); ++i) {
    double value = op.getDecoupled() ? p[i] * (1 - lr * decay) : p[i];
    double gradient = op.getDecoupled() ? g[i] : g[i] + decay * p[i];
    next[1][i] = beta1 * m[i] + (1 - beta1) * gradient;
    next[2][i] = beta2 * v[i] + (1 - beta2) * gradient * gradient;
    double mean = next[1][i] / correction1;
    double root = std::sqrt(next[2][i] / correction2);
    next[0][i] = value - lr * mean / (root + eps);
  }
  return next;
}

} // namespace

std::optional<Results> evaluateTraining(mlir::Operation *op, Operands operands) {
  using Optional = std::optional<Results>;
  return llvm::TypeSwitch<mlir::Operation *, Optional>(op)
      .Case([&](nn::ClipFactorOp op) -> Optional {
        double norm = std::sqrt((*operands[0])[0]);
        double factor = std::min(1.0, op.getMaxNorm().convertToDouble() / (norm + 1e-6));
        return Results{Tensor::scalar(factor), Tensor::scalar(norm)};
      })
      .Case([&](nn::SgdOp op) -> Optional {
        auto in = named(op, operands);
        return sgd(op, *in.getP(), *in.getG(), in.getM(), (*in.getLr())[0], (*in.getStep())[0]);
      })
      .Case([&](nn::AdamOp op) -> Optional {
        auto in = named(op, operands);
        return adam(op, *in.getP(), *in.getG(), *in.getM(), *in.getV(), (*in.getLr())[0],
                    (*in.getStep())[0]);
      })
      .Default([](mlir::Operation *) -> Optional { return std::nullopt; });
}

} // namespace tpc::interpreter
