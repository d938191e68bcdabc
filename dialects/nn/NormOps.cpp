//===- NormOps.cpp - Layer and root-mean-square normalization ------------------------------===//
//
// The composite ops become a normalization, which is a row reduction, and the multiplication and
// addition of the parameters, whose gradients are then ordinary column sums.
//
//===---------------------------------------------------------------------------------------===//
#include "dialects/nn/OpSupport.h"

using namespace mlir;

namespace tpc::nn {

using Scalar = BodyBuilder::Scalar;

namespace {

//===--- shapes ---===//

LogicalResult verifyEps(Operation *op, const llvm::APFloat &eps) {
  if (eps.isNegative() || eps.isNaN())
    return op->emitOpError() << "needs eps >= 0, but eps is " << eps.convertToDouble();
  return success();
}

LogicalResult verifyRows(Operation *op, Value x) {
  if (shapeOf(x).empty())
    return op->emitOpError("normalizes the last dim, but x has no dims");
  return success();
}

/// weight and bias: [d] beside x [..., d].
LogicalResult verifyVector(Operation *op, Value x, Value vector, StringRef name) {
  if (!vector ||
      sameShapeAndElement(plainType(vector), tensorOf(shapeOf(x).take_back(), elementOf(x))))
    return success();
  return op->emitOpError() << "needs a " << name << " of type "
                           << tensorOf(shapeOf(x).take_back(), elementOf(x)) << ", but has "
                           << plainType(vector);
}

RankedTensorType rowStatistics(Value x) {
  return tensorOf(shapeOf(x).drop_back(), statisticsType(elementOf(x)));
}

/// xhat and rstd.
InferredTypes inferNormalize(Operation *op, Value x) {
  if (failed(verifyRows(op, x)))
    return failure();
  return SmallVector<RankedTensorType>{plainType(x), rowStatistics(x)};
}

InferredTypes inferNormalizeGrad(Operation *op, Value d, Value xhat, Value rstd) {
  if (failed(verifyRows(op, xhat)))
    return failure();
  if (!sameShapeAndElement(d.getType(), xhat.getType()))
    return op->emitOpError() << "needs d and xhat of one type, but has " << plainType(d) << " and "
                             << plainType(xhat);
  if (!sameShapeAndElement(rstd.getType(), rowStatistics(xhat)))
    return op->emitOpError() << "needs an rstd of type " << rowStatistics(xhat) << ", but has "
                             << plainType(rstd);
  return SmallVector<RankedTensorType>{plainType(xhat)};
}

//===--- rules: rows are parallel, every rank needs all of a row ---===//

Rule normalizeRule(Value x) {
  RuleBuilder rule;
  DimFactors rows = rule.parallelDims("row", shapeOf(x).drop_back());
  DimFactors all = joined(rows, {rule.whole("features", shapeOf(x).back())});
  rule.operand(all);
  rule.result(all);
  rule.result(rows);
  return rule.take();
}

Rule normalizeGradRule(Value x) {
  RuleBuilder rule;
  DimFactors rows = rule.parallelDims("row", shapeOf(x).drop_back(), padsZeroIf({0, 1, 2}));
  DimFactors all = joined(rows, {rule.whole("features", shapeOf(x).back())});
  rule.operand(all);
  rule.operand(all);
  rule.operand(rows);
  rule.result(all);
  rule.linearIn({0});
  return rule.take();
}

//===--- bodies ---===//

Scalar meanOfRow(BodyBuilder &body, Value x, llvm::function_ref<Scalar()> element) {
  Scalar sum = body.reduceColumns(ReduceKind::Sum, element);
  return body.div(sum, body.constant(static_cast<double>(shapeOf(x).back())));
}

Scalar inverseRoot(BodyBuilder &body, Scalar square, const llvm::APFloat &eps) {
  Scalar root = body.sqrt(body.add(square, body.constant(eps.convertToDouble())));
  return body.div(body.constant(1.0), root);
}

/// mean(d * xhat) of the row, of a gradient op's operands 0 and 1.
Scalar meanOfProduct(BodyBuilder &body, Value xhat) {
  return meanOfRow(body, xhat, [&] { return body.mul(body.operand(0), body.operand(1)); });
}

//===--- gradients ---===//

/// d rstd / d x is -rstd^2 xhat / n in both normalizations.
void addStatisticsGradient(GradientBuilder &gradient, Value xhat, Value rstd, Value dRstd) {
  OpBuilder &builder = gradient.builder();
  Location loc = gradient.loc();
  int64_t rank = shapeOf(xhat).size();
  Value square = SquareOp::create(builder, loc, plainType(rstd), rstd);
  Value perRow = MulOp::create(builder, loc, plainType(rstd), dRstd, square);
  if (elementOf(perRow) != elementOf(xhat))
    perRow = CastOp::create(builder, loc, tensorOf(shapeOf(rstd), elementOf(xhat)), perRow);
  Value repeated =
      BroadcastOp::create(builder, loc, plainType(xhat), perRow, xhat, ArrayRef<int64_t>{rank - 1});
  Value part = MulOp::create(builder, loc, plainType(xhat), repeated, xhat);
  double factor = -1.0 / static_cast<double>(shapeOf(xhat).back());
  gradient.add(0, ScaleOp::create(builder, loc, plainType(xhat), part, llvm::APFloat(factor)));
}

template <typename GradOp, typename Op>
void addNormalizeGradient(GradientBuilder &gradient, Op op) {
  if (!gradient.isNeeded(0))
    return;
  if (Value d = gradient.ofResult(0))
    gradient.add(0, GradOp::create(gradient.builder(), gradient.loc(), plainType(op.getX()), d,
                                   op.getXhat(), op.getRstd()));
  if (Value dRstd = gradient.ofResult(1))
    addStatisticsGradient(gradient, op.getXhat(), op.getRstd(), dRstd);
}

} // namespace

//===-------------------------------------------------------------------------------------===//
// layer_norm
//===-------------------------------------------------------------------------------------===//

LogicalResult LayerNormOp::verify() {
  if (failed(verifyEps(*this, getEps())))
    return failure();
  return verifyInferred(*this);
}

InferredTypes LayerNormOp::inferResultTypes() {
  if (failed(verifyRows(*this, getX())) ||
      failed(verifyVector(*this, getX(), getWeight(), "weight")) ||
      failed(verifyVector(*this, getX(), getBias(), "bias")))
    return failure();
  return SmallVector<RankedTensorType>{plainType(getX())};
}

SmallVector<Value> LayerNormOp::expand(OpBuilder &builder) {
  RankedTensorType type = plainType(getX());
  Value y =
      LayerNormalizeOp::create(builder, getLoc(), type, rowStatistics(getX()), getX(), getEpsAttr())
          .getXhat();
  if (getWeight())
    y = MulOp::create(builder, getLoc(), type, y, getWeight());
  if (getBias())
    y = AddOp::create(builder, getLoc(), type, ValueRange{y, getBias()});
  return {y};
}

LogicalResult LayerNormalizeOp::verify() {
  if (failed(verifyEps(*this, getEps())))
    return failure();
  return verifyInferred(*this);
}
InferredTypes LayerNormalizeOp::inferResultTypes() { return inferNormalize(*this, getX()); }
Rule LayerNormalizeOp::getShardingRule() { return normalizeRule(getX()); }
int64_t LayerNormalizeOp::getFlops() { return 6 * elementCount(shapeOf(getX())); }

void LayerNormalizeOp::buildBody(BodyBuilder &body) {
  // Two passes: the mean first, so that the variance is not a difference of large numbers.
  Scalar mean = meanOfRow(body, getX(), [&] { return body.operand(0); });
  auto centered = [&] { return body.sub(body.operand(0), mean); };
  Scalar variance = meanOfRow(body, getX(), [&] {
    Scalar c = centered();
    return body.mul(c, c);
  });
  Scalar rstd = inverseRoot(body, variance, getEps());
  body.result(0, body.mul(centered(), rstd));
  body.result(1, rstd);
}

void LayerNormalizeOp::buildGradient(GradientBuilder &gradient) {
  addNormalizeGradient<LayerNormalizeGradOp>(gradient, *this);
}

LogicalResult LayerNormalizeGradOp::verify() { return verifyInferred(*this); }
InferredTypes LayerNormalizeGradOp::inferResultTypes() {
  return inferNormalizeGrad(*this, getD(), getXhat(), getRstd());
}
Rule LayerNormalizeGradOp::getShardingRule() { return normalizeGradRule(getXhat()); }
int64_t LayerNormalizeGradOp::getFlops() { return 8 * elementCount(shapeOf(getXhat())); }

void LayerNormalizeGradOp::buildBody(BodyBuilder &body) {
  Scalar mean = meanOfRow(body, getXhat(), [&] { return body.operand(0); });
  Scalar slope = meanOfProduct(body, getXhat());
  Scalar centered = body.sub(body.operand(0), mean);
  Scalar part = body.sub(centered, body.mul(body.operand(1), slope));
  body.result(0, body.mul(body.rowOperand(2), part));
}

//===-------------------------------------------------------------------------------------===//
// rms_norm
//===-------------------------------------------------------------------------------------===//

LogicalResult RmsNormOp::verify() {
  if (failed(verifyEps(*this, getEps())))
    return failure();
  return verifyInferred(*this);
}

InferredTypes RmsNormOp::inferResultTypes() {
  if (failed(verifyRows(*this, getX())) ||
      failed(verifyVector(*this, getX(), getWeight(), "weight")))
    return failure();
  return SmallVector<RankedTensorType>{plainType(getX())};
}

SmallVector<Value> RmsNormOp::expand(OpBuilder &builder) {
  RankedTensorType type = plainType(getX());
  Value y =
      RmsNormalizeOp::create(builder, getLoc(), type, rowStatistics(getX()), getX(), getEpsAttr())
          .getXhat();
  if (getWeight())
    y = MulOp::create(builder, getLoc(), type, y, getWeight());
  return {y};
}

LogicalResult RmsNormalizeOp::verify() {
  if (failed(verifyEps(*this, getEps())))
    return failure();
  return verifyInferred(*this);
}
InferredTypes RmsNormalizeOp::inferResultTypes() { return inferNormalize(*this, getX()); }
Rule RmsNormalizeOp::getShardingRule() { return normalizeRule(getX()); }
int64_t RmsNormalizeOp::getFlops() { return 3 * elementCount(shapeOf(getX())); }

void RmsNormalizeOp::buildBody(BodyBuilder &body) {
  Scalar square = meanOfRow(body, getX(), [&] {
    Scalar x = body.operand(0);
    return body.mul(x, x);
  });
  Scalar rstd = inverseRoot(body, square, getEps());
  body.result(0, body.mul(body.operand(0), rstd));
  body.result(1, rstd);
}

void RmsNormalizeOp::buildGradient(GradientBuilder &gradient) {
  addNormalizeGradient<RmsNormalizeGradOp>(gradient, *this);
}

LogicalResult RmsNormalizeGradOp::verify() { return verifyInferred(*this); }
InferredTypes RmsNormalizeGradOp::inferResultTypes() {
  return inferNormalizeGrad(*this, getD(), getXhat(), getRstd());
}
Rule RmsNormalizeGradOp::getShardingRule() { return normalizeGradRule(getXhat()); }
int64_t RmsNormalizeGradOp::getFlops() { return 5 * elementCount(shapeOf(getXhat())); }

void RmsNormalizeGradOp::buildBody(BodyBuilder &body) {
  Scalar slope = meanOfProduct(body, getXhat());
  Scalar part = body.sub(body.operand(0), body.mul(body.operand(1), slope));
  body.result(0, body.mul(body.rowOperand(2), part));
}

} // namespace tpc::nn
