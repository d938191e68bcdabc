//===- OpSupport.h - What the op files of the nn dialect share -----------------------------===//
//
// Shape inference, verification against it, sharding rules of common forms, and small builders
// for gradients. Types here are without encodings: one verifier serves global, sharded and local
// forms of an op.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "dialects/nn/NN.h"
#include "dialects/nn/Types.h"

namespace tpc::nn {

using InferredTypes = llvm::FailureOr<llvm::SmallVector<mlir::RankedTensorType>>;

//===--- verification ---===//
/// Compares the result types that the op infers with those that are written.
mlir::LogicalResult verifyInferred(mlir::Operation *op);
/// An error unless all values have one element type.
mlir::LogicalResult verifySameElement(mlir::Operation *op, mlir::ValueRange values);
/// An error unless there is no offset (before partitioning) or exactly `count`.
mlir::LogicalResult verifyOffsets(mlir::Operation *op, mlir::ValueRange offsets, unsigned count);

/// The result type of a pointwise op: the shape of largest rank, of which all others are suffixes.
llvm::FailureOr<mlir::RankedTensorType> inferPointwise(mlir::Operation *op,
                                                       mlir::ValueRange operands);

//===--- sharding rules ---===//
/// Builds a rule, factor by factor, then tensor by tensor.
class RuleBuilder {
public:
  /// Adds a factor; the result is its index.
  int parallel(std::string name, int64_t size, PadResult pads = {});
  int contracted(std::string name, int64_t size); ///< by a sum: its pads must be zero
  int whole(std::string name, int64_t size);
  /// One parallel factor per dim of `shape`, named `prefix0`, `prefix1`, ...
  DimFactors parallelDims(const std::string &prefix, llvm::ArrayRef<int64_t> shape,
                          PadResult pads = {});
  DimFactors contractedDims(const std::string &prefix, llvm::ArrayRef<int64_t> shape);

  /// Of the next operand or result: one factor per dim, or one list of factors per dim.
  void operand(const DimFactors &dims) { rule.operands.push_back(onePerDim(dims)); }
  void operand(const TensorFactors &dims) { rule.operands.push_back(dims); }
  void result(const DimFactors &dims) { rule.results.push_back(onePerDim(dims)); }
  void result(const TensorFactors &dims) { rule.results.push_back(dims); }

  void linearIn(std::vector<int> operands) { rule.linearIn.push_back(std::move(operands)); }
  void shapeOnly(int operand) { rule.shapeOnly.push_back(operand); }
  void mayReplicate(int operand, int factor) { rule.mayReplicate.push_back({operand, factor}); }
  RuleFactor &factor(int index) { return rule.factors[index]; }
  Rule take() { return std::move(rule); }

  static TensorFactors onePerDim(const DimFactors &dims);

private:
  Rule rule;
};

/// `a` and then `b`: the factors of leading and trailing dims.
DimFactors joined(DimFactors a, const DimFactors &b);
inline PadResult padsZeroIf(std::vector<int> operands) { return {false, std::move(operands), {}}; }

/// When the pads of a pointwise result are zero along a factor.
enum class PointwisePads {
  Any,            ///< never known: exp, a constant added
  Additive,       ///< if all operands have the factor and are zero there: add, silu, a cast
  Multiplicative, ///< if the operands that have the factor are zero there: mul
};
/// The rule of a pointwise op: one parallel factor per dim of result 0; operands are its suffixes.
Rule pointwiseRule(mlir::Operation *op, PointwisePads pads,
                   std::vector<std::vector<int>> linearIn = {});

//===--- gradients ---===//
/// `value` summed over its leading dims to the shape of `like`: the gradient of an operand that was
/// repeated. `value` itself if the shapes are equal.
mlir::Value sumToShapeOf(mlir::OpBuilder &builder, mlir::Location loc, mlir::Value value,
                         mlir::Value like);

} // namespace tpc::nn
