//===- PointwiseOps.cpp - Pointwise ops and dropout ----------------------------------------===//
//
// One parallel factor per dim of the result. What differs from op to op is stated in one place
// each: whether zero pads stay zero, in which operands the op is linear, its flops per element, its
// body and its gradient.
//
//===---------------------------------------------------------------------------------------===//
#include "dialects/nn/OpSupport.h"
#include "runtime/io/Philox.h"

#include <cmath>
#include <numbers>

using namespace mlir;

namespace tpc::nn {

using Scalar = BodyBuilder::Scalar;

namespace {

Value scaled(OpBuilder &builder, Location loc, Value value, double factor) {
  return ScaleOp::create(builder, loc, plainType(value), value, llvm::APFloat(factor));
}
Value product(OpBuilder &builder, Location loc, Value a, Value b) {
  return MulOp::create(builder, loc, plainType(a), a, b);
}

/// Hands d to operand 0 of a unary op, whose gradient is `derivative` times that of the result.
void addChainRule(GradientBuilder &gradient, llvm::function_ref<Value(Value dy)> derivative) {
  if (gradient.isNeeded(0))
    gradient.add(0, derivative(gradient.ofResult(0)));
}

/// Hands `d`, of the result's shape, to an operand that may have been repeated.
void addRepeated(GradientBuilder &gradient, unsigned operand, Value d, Value like) {
  gradient.add(operand, sumToShapeOf(gradient.builder(), gradient.loc(), d, like));
}

/// The rule of an op whose result is zero wherever operand `index`, which has all dims, is.
Rule zeroWhere(int index, Rule rule) {
  for (RuleFactor &factor : rule.factors)
    factor.padResult = padsZeroIf({index});
  return rule;
}

/// Both operands of a gradient op: the input and the gradient of the output, of one shape.
FailureOr<RankedTensorType> inferSameShape(Operation *op) {
  if (!sameShapeAndElement(op->getOperand(0).getType(), op->getOperand(1).getType()))
    return op->emitOpError() << "needs two operands of one type, but has "
                             << plainType(op->getOperand(0)) << " and "
                             << plainType(op->getOperand(1));
  return plainType(op->getOperand(0));
}

InferredTypes asResult(FailureOr<RankedTensorType> type) {
  if (failed(type))
    return failure();
  return SmallVector<RankedTensorType>{*type};
}

unsigned mantissaBits(Type element) { return cast<FloatType>(element).getFPMantissaWidth(); }

} // namespace

/// verify, shape inference, rule and flops per element of an op; INFER and RULE see the op as
/// *this.
#define POINTWISE_OP(OP, FLOPS, INFER, RULE)                                                       \
  LogicalResult OP::verify() { return verifyInferred(*this); }                                     \
  InferredTypes OP::inferResultTypes() { return asResult(INFER); }                                 \
  Rule OP::getShardingRule() { return RULE; }                                                      \
  int64_t OP::getFlops() { return (FLOPS) * elementCount(shapeOf(getResult())); }

#define INFER_REPEATED inferPointwise(*this, getOperands())
#define INFER_UNARY plainType(getOperand())

//===-------------------------------------------------------------------------------------===//
// Constants
//===-------------------------------------------------------------------------------------===//

Rule FillOp::getShardingRule() { return pointwiseRule(*this, PointwisePads::Any); }
int64_t FillOp::getFlops() { return 0; }
void FillOp::buildBody(BodyBuilder &body) {
  body.result(0, body.constant(getValue().convertToDouble()));
}

//===-------------------------------------------------------------------------------------===//
// Sums and products
//===-------------------------------------------------------------------------------------===//

static std::vector<int> allOperands(Operation *op) {
  std::vector<int> all(op->getNumOperands());
  for (size_t i = 0; i < all.size(); ++i)
    all[i] = static_cast<int>(i);
  return all;
}

POINTWISE_OP(AddOp, static_cast<int64_t>(getNumOperands()) - 1, INFER_REPEATED,
             pointwiseRule(*this, PointwisePads::Additive, {allOperands(*this)}))
void AddOp::buildBody(BodyBuilder &body) {
  Scalar sum = body.operand(0);
  for (unsigned i = 1; i < getNumOperands(); ++i)
    sum = body.add(sum, body.operand(i));
  body.result(0, sum);
}
void AddOp::buildGradient(GradientBuilder &gradient) {
  for (unsigned i = 0; i < getNumOperands(); ++i)
    if (gradient.isNeeded(i))
      addRepeated(gradient, i, gradient.ofResult(0), getOperand(i));
}

POINTWISE_OP(SubOp, 1, INFER_REPEATED,
             pointwiseRule(*this, PointwisePads::Additive, {allOperands(*this)}))
void SubOp::buildBody(BodyBuilder &body) {
  body.result(0, body.sub(body.operand(0), body.operand(1)));
}
void SubOp::buildGradient(GradientBuilder &gradient) {
  Value dy = gradient.ofResult(0);
  if (gradient.isNeeded(0))
    addRepeated(gradient, 0, dy, getA());
  if (gradient.isNeeded(1)) {
    // Negated after the sum over repetitions: fewer elements.
    Value sum = sumToShapeOf(gradient.builder(), gradient.loc(), dy, getB());
    gradient.add(1, NegOp::create(gradient.builder(), gradient.loc(), plainType(sum), sum));
  }
}

POINTWISE_OP(MulOp, 1, INFER_REPEATED,
             pointwiseRule(*this, PointwisePads::Multiplicative, {{0}, {1}}))
void MulOp::buildBody(BodyBuilder &body) {
  body.result(0, body.mul(body.operand(0), body.operand(1)));
}
void MulOp::buildGradient(GradientBuilder &gradient) {
  Value dy = gradient.ofResult(0);
  if (gradient.isNeeded(0))
    addRepeated(gradient, 0, product(gradient.builder(), gradient.loc(), dy, getB()), getA());
  if (gradient.isNeeded(1))
    addRepeated(gradient, 1, product(gradient.builder(), gradient.loc(), dy, getA()), getB());
}

/// 0 / 0 is no number: pads stay zero along the dims that the divisor lacks.
static Rule divRule(DivOp op) {
  Rule rule = pointwiseRule(op, PointwisePads::Any, {{0}});
  size_t rank = shapeOf(op.getY()).size();
  for (size_t dim = 0; dim < rank - shapeOf(op.getB()).size(); ++dim)
    rule.factors[dim].padResult = padsZeroIf({0});
  return rule;
}
POINTWISE_OP(DivOp, 1, INFER_REPEATED, divRule(*this))
void DivOp::buildBody(BodyBuilder &body) {
  body.result(0, body.div(body.operand(0), body.operand(1)));
}
void DivOp::buildGradient(GradientBuilder &gradient) {
  OpBuilder &builder = gradient.builder();
  Location loc = gradient.loc();
  Value quotient = DivOp::create(builder, loc, plainType(getY()), gradient.ofResult(0), getB());
  if (gradient.isNeeded(0))
    addRepeated(gradient, 0, quotient, getA());
  if (gradient.isNeeded(1)) {
    Value sum = sumToShapeOf(builder, loc, product(builder, loc, quotient, getY()), getB());
    gradient.add(1, NegOp::create(builder, loc, plainType(sum), sum));
  }
}

POINTWISE_OP(NegOp, 1, INFER_UNARY, pointwiseRule(*this, PointwisePads::Additive, {{0}}))
void NegOp::buildBody(BodyBuilder &body) { body.result(0, body.neg(body.operand(0))); }
void NegOp::buildGradient(GradientBuilder &gradient) {
  addChainRule(gradient, [&](Value dy) {
    return NegOp::create(gradient.builder(), gradient.loc(), plainType(dy), dy);
  });
}

POINTWISE_OP(ScaleOp, 1, INFER_UNARY, pointwiseRule(*this, PointwisePads::Additive, {{0}}))
void ScaleOp::buildBody(BodyBuilder &body) {
  body.result(0, body.mul(body.operand(0), body.constant(getFactor().convertToDouble())));
}
void ScaleOp::buildGradient(GradientBuilder &gradient) {
  addChainRule(gradient, [&](Value dy) {
    return scaled(gradient.builder(), gradient.loc(), dy, getFactor().convertToDouble());
  });
}

//===-------------------------------------------------------------------------------------===//
// Elementary functions
//===-------------------------------------------------------------------------------------===//

POINTWISE_OP(ExpOp, 1, INFER_UNARY, pointwiseRule(*this, PointwisePads::Any))
void ExpOp::buildBody(BodyBuilder &body) { body.result(0, body.exp(body.operand(0))); }
void ExpOp::buildGradient(GradientBuilder &gradient) {
  addChainRule(gradient,
               [&](Value dy) { return product(gradient.builder(), gradient.loc(), dy, getY()); });
}

POINTWISE_OP(LogOp, 1, INFER_UNARY, pointwiseRule(*this, PointwisePads::Any))
void LogOp::buildBody(BodyBuilder &body) { body.result(0, body.log(body.operand(0))); }
void LogOp::buildGradient(GradientBuilder &gradient) {
  addChainRule(gradient, [&](Value dy) {
    return DivOp::create(gradient.builder(), gradient.loc(), plainType(dy), dy, getX());
  });
}

POINTWISE_OP(TanhOp, 1, INFER_UNARY, pointwiseRule(*this, PointwisePads::Additive))
void TanhOp::buildBody(BodyBuilder &body) { body.result(0, body.tanh(body.operand(0))); }
void TanhOp::buildGradient(GradientBuilder &gradient) {
  addChainRule(gradient, [&](Value dy) {
    OpBuilder &builder = gradient.builder();
    Location loc = gradient.loc();
    Value square = SquareOp::create(builder, loc, plainType(getY()), getY());
    Value part = product(builder, loc, dy, square);
    return SubOp::create(builder, loc, plainType(dy), dy, part);
  });
}

POINTWISE_OP(SqrtOp, 1, INFER_UNARY, pointwiseRule(*this, PointwisePads::Additive))
void SqrtOp::buildBody(BodyBuilder &body) { body.result(0, body.sqrt(body.operand(0))); }
void SqrtOp::buildGradient(GradientBuilder &gradient) {
  addChainRule(gradient, [&](Value dy) {
    Value half = scaled(gradient.builder(), gradient.loc(), dy, 0.5);
    return DivOp::create(gradient.builder(), gradient.loc(), plainType(dy), half, getY());
  });
}

POINTWISE_OP(SquareOp, 1, INFER_UNARY, pointwiseRule(*this, PointwisePads::Additive))
void SquareOp::buildBody(BodyBuilder &body) {
  Scalar x = body.operand(0);
  body.result(0, body.mul(x, x));
}
void SquareOp::buildGradient(GradientBuilder &gradient) {
  addChainRule(gradient, [&](Value dy) {
    Value part = product(gradient.builder(), gradient.loc(), dy, getX());
    return scaled(gradient.builder(), gradient.loc(), part, 2.0);
  });
}

//===-------------------------------------------------------------------------------------===//
// Activations
//===-------------------------------------------------------------------------------------===//

static Scalar sigmoid(BodyBuilder &body, Scalar x) {
  Scalar one = body.constant(1.0);
  return body.div(one, body.add(one, body.exp(body.neg(x))));
}

POINTWISE_OP(SiluOp, 4, INFER_UNARY, pointwiseRule(*this, PointwisePads::Additive))
void SiluOp::buildBody(BodyBuilder &body) {
  Scalar x = body.operand(0);
  body.result(0, body.mul(x, sigmoid(body, x)));
}
void SiluOp::buildGradient(GradientBuilder &gradient) {
  addChainRule(gradient, [&](Value dy) {
    return SiluGradOp::create(gradient.builder(), gradient.loc(), plainType(dy), getX(), dy);
  });
}

POINTWISE_OP(SiluGradOp, 8, inferSameShape(*this),
             pointwiseRule(*this, PointwisePads::Multiplicative, {{1}}))
void SiluGradOp::buildBody(BodyBuilder &body) {
  Scalar x = body.operand(0), one = body.constant(1.0);
  Scalar s = sigmoid(body, x);
  Scalar slope = body.mul(s, body.add(one, body.mul(x, body.sub(one, s))));
  body.result(0, body.mul(slope, body.operand(1)));
}

POINTWISE_OP(ReluOp, 1, INFER_UNARY, pointwiseRule(*this, PointwisePads::Additive))
void ReluOp::buildBody(BodyBuilder &body) {
  // The comparison is false for no number, which must pass.
  Scalar x = body.operand(0), zero = body.constant(0.0);
  body.result(0, body.select(body.less(x, zero), zero, x));
}
void ReluOp::buildGradient(GradientBuilder &gradient) {
  addChainRule(gradient, [&](Value dy) {
    return ReluGradOp::create(gradient.builder(), gradient.loc(), plainType(dy), getX(), dy);
  });
}

POINTWISE_OP(ReluGradOp, 1, inferSameShape(*this),
             zeroWhere(1, pointwiseRule(*this, PointwisePads::Any, {{1}})))
void ReluGradOp::buildBody(BodyBuilder &body) {
  Scalar zero = body.constant(0.0);
  body.result(0, body.select(body.less(zero, body.operand(0)), body.operand(1), zero));
}

/// sqrt(2/pi) and the cubic coefficient of the tanh approximation.
static constexpr double kGeluScale = 0.7978845608028654, kGeluCubic = 0.044715;

/// (1 + tanh u) / 2 = sigmoid(2 u), which keeps its digits where it is small.
static Scalar geluGate(BodyBuilder &body, Scalar x, Scalar square) {
  Scalar twice = body.add(body.constant(2 * kGeluScale),
                          body.mul(body.constant(2 * kGeluScale * kGeluCubic), square));
  return sigmoid(body, body.mul(x, twice));
}
/// Phi(x), the normal distribution.
static Scalar normalCdf(BodyBuilder &body, Scalar x) {
  Scalar erf = body.erf(body.mul(x, body.constant(1.0 / std::numbers::sqrt2)));
  return body.mul(body.constant(0.5), body.add(body.constant(1.0), erf));
}

POINTWISE_OP(GeluOp, 8, INFER_UNARY, pointwiseRule(*this, PointwisePads::Additive))
void GeluOp::buildBody(BodyBuilder &body) {
  Scalar x = body.operand(0);
  if (!getTanh())
    return body.result(0, body.mul(x, normalCdf(body, x)));
  body.result(0, body.mul(x, geluGate(body, x, body.mul(x, x))));
}
void GeluOp::buildGradient(GradientBuilder &gradient) {
  addChainRule(gradient, [&](Value dy) {
    return GeluGradOp::create(gradient.builder(), gradient.loc(), plainType(dy), getX(), dy,
                              getTanh());
  });
}

POINTWISE_OP(GeluGradOp, 14, inferSameShape(*this),
             pointwiseRule(*this, PointwisePads::Multiplicative, {{1}}))
void GeluGradOp::buildBody(BodyBuilder &body) {
  Scalar x = body.operand(0), one = body.constant(1.0);
  Scalar square = body.mul(x, x);
  Scalar slope;
  if (getTanh()) {
    Scalar s = geluGate(body, x, square);
    Scalar innerSlope = body.add(body.constant(2 * kGeluScale),
                                 body.mul(body.constant(6 * kGeluScale * kGeluCubic), square));
    Scalar rest = body.mul(body.sub(one, s), body.mul(x, innerSlope));
    slope = body.mul(s, body.add(one, rest));
  } else {
    double density = std::numbers::inv_sqrtpi / std::numbers::sqrt2;
    Scalar pdf = body.mul(body.constant(density), body.exp(body.mul(body.constant(-0.5), square)));
    slope = body.add(normalCdf(body, x), body.mul(x, pdf));
  }
  body.result(0, body.mul(slope, body.operand(1)));
}

//===-------------------------------------------------------------------------------------===//
// Casts
//===-------------------------------------------------------------------------------------===//

// The result type says the element type; only its shape can be inferred.
LogicalResult CastOp::verify() {
  if (getTf32() && !(elementOf(getX()).isF32() && elementOf(getY()).isF32()))
    return emitOpError() << "rounds float32 to tf32, which is stored as float32, not "
                         << elementOf(getX()) << " to " << elementOf(getY());
  return verifyInferred(*this);
}
InferredTypes CastOp::inferResultTypes() {
  return SmallVector<RankedTensorType>{tensorOf(shapeOf(getX()), elementOf(getY()))};
}
Rule CastOp::getShardingRule() {
  // Rounding each rank's part is not rounding their sum.
  std::vector<std::vector<int>> linearIn;
  if (!getTf32() && mantissaBits(elementOf(getY())) >= mantissaBits(elementOf(getX())))
    linearIn = {{0}};
  return pointwiseRule(*this, PointwisePads::Additive, std::move(linearIn));
}
int64_t CastOp::getFlops() { return elementCount(shapeOf(getY())); }
void CastOp::buildBody(BodyBuilder &body) {
  BodyBuilder::Scalar x = body.operand(0);
  body.result(0, getTf32() ? body.roundToTf32(x) : x);
}
void CastOp::buildGradient(GradientBuilder &gradient) {
  // A rounding has the slope of what it rounds.
  addChainRule(gradient, [&](Value dy) -> Value {
    if (elementOf(dy) == elementOf(getX()))
      return dy;
    return CastOp::create(gradient.builder(), gradient.loc(), plainType(getX()), dy);
  });
}

//===-------------------------------------------------------------------------------------===//
// Dropout
//===-------------------------------------------------------------------------------------===//

LogicalResult DropoutOp::verify() {
  double p = getP().convertToDouble();
  if (!(p >= 0.0 && p < 1.0))
    return emitOpError() << "needs 0 <= p < 1, but p is " << p;
  size_t rank = shapeOf(getX()).size();
  if (!shapeOf(getSeed()).empty() || !shapeOf(getStep()).empty())
    return emitOpError("needs a seed and a step of type tensor<i32>: they are 0-d");
  if (auto shape = getGlobalShape(); shape && shape->size() != rank)
    return emitOpError() << "has a global_shape of " << shape->size() << " dims, but x has "
                         << rank;
  if (failed(verifyOffsets(*this, getOffsets(), rank)))
    return failure();
  if (!getOffsets().empty() && !getGlobalShape())
    return emitOpError("needs its global_shape where it has offsets");
  return verifyInferred(*this);
}

InferredTypes DropoutOp::inferResultTypes() {
  return SmallVector<RankedTensorType>{plainType(getX())};
}

SmallVector<Value> DropoutOp::expand(OpBuilder &builder) {
  auto shape = builder.getDenseI64ArrayAttr(shapeOf(getX()));
  auto op = DropoutOp::create(builder, getLoc(), plainType(getX()), getX(), getSeed(), getStep(),
                              ValueRange{}, getPAttr(), getStreamAttr(), shape);
  return {op.getY()};
}

Rule DropoutOp::getShardingRule() {
  RuleBuilder rule;
  DimFactors dims = rule.parallelDims("d", shapeOf(getX()), padsZeroIf({0}));
  for (int dim : dims)
    rule.factor(dim).needsOffset = true;
  rule.operand(dims);
  rule.operand(DimFactors{});
  rule.operand(DimFactors{});
  rule.result(dims);
  return rule.take();
}

int64_t DropoutOp::getFlops() { return 2 * elementCount(shapeOf(getX())); }

void DropoutOp::buildBody(BodyBuilder &body) {
  ArrayRef<int64_t> shape = getGlobalShape().value_or(shapeOf(getX()));
  Scalar element = body.constantIndex(0);
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    Scalar index = body.add(body.position(dim), body.offset(dim));
    element = body.add(body.mul(element, body.constantIndex(shape[dim])), index);
  }
  Scalar bits =
      body.randomBits(body.operand(1), philoxNameHash(getStream()), element, body.operand(2));
  double p = getP().convertToDouble();
  auto threshold = static_cast<int64_t>(std::floor(p * 4294967296.0)) - 2147483648;
  Scalar dropped = body.less(bits, body.constantInt(threshold));
  Scalar kept = body.mul(body.operand(0), body.constant(1.0 / (1.0 - p)));
  body.result(0, body.select(dropped, body.constant(0.0), kept));
}

void DropoutOp::buildGradient(GradientBuilder &gradient) {
  addChainRule(gradient, [&](Value dy) {
    return DropoutOp::create(gradient.builder(), gradient.loc(), plainType(dy), dy, getSeed(),
                             getStep(), ValueRange{}, getPAttr(), getStreamAttr(),
                             getGlobalShapeAttr());
  });
}

} // namespace tpc::nn
