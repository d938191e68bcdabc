//===- GradientBuilder.h - What an op's gradient is built with --------------------------===//
#pragma once

#include "mlir/IR/Builders.h"

namespace tpc::nn {

/// Handed to GradientOp::buildGradient. The implementation keeps the sums of gradients per value.
class GradientBuilder {
public:
  virtual ~GradientBuilder() = default;

  /// Creates ops at the present end of the backward pass, with the location of the forward op.
  virtual mlir::OpBuilder &builder() = 0;
  virtual mlir::Location loc() = 0;
  /// The gradient of a result of the op, or null if nothing depends on it.
  virtual mlir::Value ofResult(unsigned result) = 0;
  /// Whether anything needs the gradient of an operand.
  virtual bool isNeeded(unsigned operand) = 0;
  /// Adds `gradient`, of the operand's type, to the operand's sum.
  virtual void add(unsigned operand, mlir::Value gradient) = 0;
};

} // namespace tpc::nn
