//===- TestModule.h - Small modules from text ----------------------------------------------===//
//
// A test states an op as one line of IR whose operands are %0, %1, ...:
//
//   nn.linear %0, %1 : (tensor<2x3xf64>, tensor<4x3xf64>) -> tensor<2x4xf64>
//
// TestOp makes a module of it: one input @x0, @x1, ... per operand, and an entry @f that returns
// all results of the op.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/interpreter/Interpreter.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"

#include <random>
#include <string>
#include <vector>

namespace tpc::interpreter::test {

/// A context with the dialects nn and tp.
mlir::MLIRContext &context();

/// Fails the test if the text is no valid module.
mlir::OwningOpRef<mlir::ModuleOp> parseModule(const std::string &text);

/// "tensor<2x3xf64>"
std::string tensorText(const Shape &shape, const char *element);
/// Replaces every $name by its meaning; the longest name that fits.
std::string substitute(std::string text, const std::map<std::string, std::string> &names);

class TestOp {
public:
  explicit TestOp(const std::string &line);

  mlir::ModuleOp module() { return *module_; }
  nn::EntryOp entry() { return *module_->getOps<nn::EntryOp>().begin(); }
  /// The op of the line.
  mlir::Operation *op() { return op_; }
  std::vector<mlir::RankedTensorType> operandTypes() const;

  /// The results on operands in order.
  std::vector<Tensor> run(const std::vector<Tensor> &operands);

private:
  mlir::OwningOpRef<mlir::ModuleOp> module_;
  mlir::Operation *op_ = nullptr;
};

/// The results of the line's op.
std::vector<Tensor> runLine(const std::string &line, const std::vector<Tensor> &operands);

Bindings bindingsOf(const std::vector<Tensor> &operands);

/// How an operand is drawn: floats uniform in [low, high), integers in {low, ..., high - 1}.
struct Draw {
  double low = -2, high = 2;
};
Tensor draw(mlir::RankedTensorType type, Draw range, std::mt19937 &engine);

/// Expects equal shapes, and |a - b| <= tolerance * (1 + |b|) everywhere.
void expectNear(const Tensor &actual, const Tensor &expected, double tolerance);

} // namespace tpc::interpreter::test
