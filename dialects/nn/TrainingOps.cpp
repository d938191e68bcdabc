//===- TrainingOps.cpp - Gradient clipping and optimizers -----------------------------------===//
//
// As PyTorch defines them. An optimizer step is pointwise in the parameter; learning rate and step
// number are 0-d values, so that a schedule needs no new plan.
//
//===---------------------------------------------------------------------------------------===//
#include "dialects/nn/OpSupport.h"

#include <cmath>

using namespace mlir;

namespace tpc::nn {

using Scalar = BodyBuilder::Scalar;

namespace {

/// Parameter, gradient and moments have one type; lr and step are 0-d.
LogicalResult verifyUpdate(Operation *op, Value p, ArrayRef<Value> like, Value lr, Value step) {
  for (Value value : like)
    if (value && !sameShapeAndElement(value.getType(), p.getType()))
      return op->emitOpError() << "needs a gradient and moments of the parameter's type, but has "
                               << plainType(value) << " beside " << plainType(p);
  RankedTensorType scalar = tensorOf({}, elementOf(p));
  if (!sameShapeAndElement(lr.getType(), scalar))
    return op->emitOpError() << "needs an lr of type " << scalar << ", but has " << plainType(lr);
  if (!shapeOf(step).empty())
    return op->emitOpError("needs a step of type tensor<i32>: it is 0-d");
  return success();
}

/// x of these operands is zero where all of them are: true of pads.
Rule updateRule(Operation *op, Value p, size_t tensors, bool keepsZero) {
  std::vector<int> all(tensors);
  for (size_t i = 0; i < tensors; ++i)
    all[i] = static_cast<int>(i);
  RuleBuilder rule;
  DimFactors dims = rule.parallelDims("d", shapeOf(p), keepsZero ? padsZeroIf(all) : PadResult());
  for (size_t i = 0; i < tensors; ++i)
    rule.operand(dims);
  rule.operand(DimFactors{});
  rule.operand(DimFactors{});
  for (size_t i = 0; i < op->getNumResults(); ++i)
    rule.result(dims);
  return rule.take();
}

/// 1 - beta^step, by expm1: in float32 the difference has few digits while beta^step is near 1.
Scalar biasCorrection(BodyBuilder &body, double beta, Scalar step) {
  if (beta == 0.0)
    return body.constant(1.0);
  return body.neg(body.expm1(body.mul(body.toFloat(step), body.constant(std::log(beta)))));
}

} // namespace

//===-------------------------------------------------------------------------------------===//
// clip_factor
//===-------------------------------------------------------------------------------------===//

LogicalResult ClipFactorOp::verify() {
  if (!(getMaxNorm().convertToDouble() > 0.0))
    return emitOpError() << "needs max_norm > 0, but max_norm is "
                         << getMaxNorm().convertToDouble();
  return verifyInferred(*this);
}

InferredTypes ClipFactorOp::inferResultTypes() {
  if (!shapeOf(getNormSquared()).empty())
    return emitOpError() << "needs a 0-d squared norm, but has " << plainType(getNormSquared());
  return SmallVector<RankedTensorType>(2, plainType(getNormSquared()));
}

Rule ClipFactorOp::getShardingRule() { return pointwiseRule(*this, PointwisePads::Any); }
int64_t ClipFactorOp::getFlops() { return 4; }

void ClipFactorOp::buildBody(BodyBuilder &body) {
  Scalar norm = body.sqrt(body.operand(0));
  Scalar factor =
      body.div(body.constant(getMaxNorm().convertToDouble()), body.add(norm, body.constant(1e-6)));
  body.result(0, body.min(body.constant(1.0), factor));
  body.result(1, norm);
}

//===-------------------------------------------------------------------------------------===//
// sgd
//===-------------------------------------------------------------------------------------===//

LogicalResult SgdOp::verify() {
  bool hasMomentum = !getMomentum().isZero();
  if (hasMomentum != (getM() != nullptr))
    return emitOpError() << "needs a moment just where momentum is not 0; it "
                         << (getM() ? "has one" : "lacks one") << ", and momentum is "
                         << getMomentum().convertToDouble();
  return verifyInferred(*this);
}

InferredTypes SgdOp::inferResultTypes() {
  if (failed(verifyUpdate(*this, getP(), {getG(), getM()}, getLr(), getStep())))
    return failure();
  return SmallVector<RankedTensorType>(getM() ? 2 : 1, plainType(getP()));
}

Rule SgdOp::getShardingRule() { return updateRule(*this, getP(), getM() ? 3 : 2, true); }
int64_t SgdOp::getFlops() { return (getM() ? 6 : 4) * elementCount(shapeOf(getP())); }

void SgdOp::buildBody(BodyBuilder &body) {
  double decay = getWeightDecay().convertToDouble();
  Scalar p = body.operand(0), g = body.operand(1);
  if (decay != 0.0)
    g = body.add(g, body.mul(body.constant(decay), p));
  Scalar lr = body.operand(getM() ? 3 : 2);
  if (getM()) {
    Scalar isFirst = body.equal(body.operand(4), body.constantInt(1));
    Scalar momentum = body.constant(getMomentum().convertToDouble());
    g = body.select(isFirst, g, body.add(body.mul(momentum, body.operand(2)), g));
    body.result(1, g);
  }
  body.result(0, body.sub(p, body.mul(lr, g)));
}

//===-------------------------------------------------------------------------------------===//
// adam
//===-------------------------------------------------------------------------------------===//

LogicalResult AdamOp::verify() {
  for (double beta : {getBeta1().convertToDouble(), getBeta2().convertToDouble()})
    if (!(beta >= 0.0 && beta < 1.0))
      return emitOpError() << "needs 0 <= beta < 1, but a beta is " << beta;
  if (getEps().isNegative() || getEps().isNaN())
    return emitOpError() << "needs eps >= 0, but eps is " << getEps().convertToDouble();
  return verifyInferred(*this);
}

InferredTypes AdamOp::inferResultTypes() {
  if (failed(verifyUpdate(*this, getP(), {getG(), getM(), getV()}, getLr(), getStep())))
    return failure();
  return SmallVector<RankedTensorType>(3, plainType(getP()));
}

Rule AdamOp::getShardingRule() {
  // Without eps, pads are 0 / 0.
  return updateRule(*this, getP(), 4, !getEps().isZero());
}
int64_t AdamOp::getFlops() { return 16 * elementCount(shapeOf(getP())); }

void AdamOp::buildBody(BodyBuilder &body) {
  double decay = getWeightDecay().convertToDouble();
  double beta1 = getBeta1().convertToDouble(), beta2 = getBeta2().convertToDouble();
  Scalar p = body.operand(0), g = body.operand(1), m = body.operand(2), v = body.operand(3);
  Scalar lr = body.operand(4), step = body.operand(5);
  if (decay != 0.0) {
    Scalar weight = body.constant(decay);
    if (getDecoupled())
      p = body.mul(p, body.sub(body.constant(1.0), body.mul(lr, weight)));
    else
      g = body.add(g, body.mul(weight, p));
  }
  Scalar newM = body.add(m, body.mul(body.constant(1.0 - beta1), body.sub(g, m)));
  Scalar newV = body.add(body.mul(body.constant(beta2), v),
                         body.mul(body.mul(body.constant(1.0 - beta2), g), g));
  Scalar stepSize = body.div(lr, biasCorrection(body, beta1, step));
  Scalar root = body.div(body.sqrt(newV), body.sqrt(biasCorrection(body, beta2, step)));
  Scalar denominator = body.add(root, body.constant(getEps().convertToDouble()));
  body.result(0, body.sub(p, body.mul(stepSize, body.div(newM, denominator))));
  body.result(1, newM);
  body.result(2, newV);
}

} // namespace tpc::nn
