//===- EvalPointwise.cpp - Pointwise ops ---------------------------------------------------===//
//
// One formula per op. Operands' shapes are suffixes of the result's, so an operand's element is
// the result's row-major index modulo the operand's size.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/interpreter/Evaluate.h"
#include "dialects/nn/NN.h"

#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <numbers>

namespace tpc::interpreter {

namespace {

using std::numbers::pi;

Results unary(mlir::Operation *op, Operands operands, llvm::function_ref<double(double)> formula) {
  const Tensor &x = *operands[0];
  Tensor y(shapeOf(op->getResult(0)));
  for (int64_t i = 0; i < y.size(); ++i)
    y[i] = formula(x[i % x.size()]);
  return {std::move(y)};
}

Results binary(mlir::Operation *op, Operands operands,
               llvm::function_ref<double(double, double)> formula) {
  const Tensor &a = *operands[0], &b = *operands[1];
  Tensor y(shapeOf(op->getResult(0)));
  for (int64_t i = 0; i < y.size(); ++i)
    y[i] = formula(a[i % a.size()], b[i % b.size()]);
  return {std::move(y)};
}

Results add(mlir::Operation *op, Operands operands) {
  Tensor y(shapeOf(op->getResult(0)));
  for (const Tensor *addend : operands)
    for (int64_t i = 0; i < y.size(); ++i)
      y[i] += (*addend)[i % addend->size()];
  return {std::move(y)};
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

double gelu(double x, bool byTanh) {
  if (byTanh)
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / pi) * (x + 0.044715 * x * x * x)));
  return 0.5 * x * (1 + std::erf(x / std::sqrt(2)));
}

double geluSlope(double x, bool byTanh) {
  if (byTanh) {
    double t = std::tanh(std::sqrt(2 / pi) * (x + 0.044715 * x * x * x));
    return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * std::sqrt(2 / pi) * (1 + 3 * 0.044715 * x * x);
  }
  double density = std::exp(-0.5 * x * x) / std::sqrt(2 * pi);
  return 0.5 * (1 + std::erf(x / std::sqrt(2))) + x * density;
}

double siluSlope(double x) { return sigmoid(x) * (1 + x * (1 - sigmoid(x))); }

} // namespace

std::optional<Results> evaluatePointwise(mlir::Operation *op, Operands operands) {
  using Optional = std::optional<Results>;
  auto unaryBy = [&](llvm::function_ref<double(double)> formula) -> Optional {
    return unary(op, operands, formula);
  };
  auto binaryBy = [&](llvm::function_ref<double(double, double)> formula) -> Optional {
    return binary(op, operands, formula);
  };
  return llvm::TypeSwitch<mlir::Operation *, Optional>(op)
      .Case([&](nn::FillOp op) -> Optional {
        Tensor y(shapeOf(op->getResult(0)));
        for (int64_t i = 0; i < y.size(); ++i)
          y[i] = op.getValue().convertToDouble();
        return Results{std::move(y)};
      })
      .Case([&](nn::FillOp op) -> Optional {
        return Results{Tensor(shapeOf(op.getY()), op.getValue().convertToDouble())};
      })
      .Case([&](nn::AddOp op) -> Optional { return add(op, operands); })
      .Case([&](nn::SubOp) { return binaryBy([](double a, double b) { return a - b; }); })
      .Case([&](nn::MulOp) { return binaryBy([](double a, double b) { return a * b; }); })
      .Case([&](nn::DivOp) { return binaryBy([](double a, double b) { return a / b; }); })
      .Case([&](nn::NegOp) { return unaryBy([](double x) { return -x; }); })
      .Case([&](nn::ExpOp) { return unaryBy([](double x) { return std::exp(x); }); })
      .Case([&](nn::LogOp) { return unaryBy([](double x) { return std::log(x); }); })
      .Case([&](nn::TanhOp) { return unaryBy([](double x) { return std::tanh(x); }); })
      .Case([&](nn::SqrtOp) { return unaryBy([](double x) { return std::sqrt(x); }); })
      .Case([&](nn::SquareOp) { return unaryBy([](double x) { return x * x; }); })
      .Case([&](nn::SiluOp) { return unaryBy([](double x) { return x * sigmoid(x); }); })
      .Case([&](nn::SiluGradOp) {
        return binaryBy([](double a, double b) { return siluSlope(a) * b; });
      })
      .Case([&](nn::ReluOp) { return unaryBy([](double x) { return x < 0 ? 0.0 : x; }); })
      .Case([&](nn::ReluGradOp) {
        return binaryBy([](double a, double b) { return a > 0 ? b : 0.0; });
      })
      .Case([&](nn::ScaleOp op) {
        double factor = op.getFactor().convertToDouble();
        return unaryBy([&](double x) { return x * factor; });
      })
      .Case([&](nn::GeluOp op) { return unaryBy([&](double x) { return gelu(x, op.getTanh()); }); })
      .Case([&](nn::GeluGradOp op) {
        return binaryBy([&](double x, double dy) { return geluSlope(x, op.getTanh()) * dy; });
      })
      // The rounding is a matter of the result's type: evaluate() makes it for all ops.
      .Case([&](nn::CastOp) { return unaryBy([](double x) { return x; }); })
      .Default([](mlir::Operation *) -> Optional { return std::nullopt; });
}

} // namespace tpc::interpreter
