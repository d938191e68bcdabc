//===- CrossEntropyOps.cpp - Cross entropy, whole and by rows -------------------------------===//
//
// The loss is taken apart so that a vocabulary split needs no gathered logits: the row maximum and
// the row sums are reductions over the classes, each of which a rank does for its columns; what
// follows is one number a row.
//
//===---------------------------------------------------------------------------------------===//
#include "dialects/nn/OpSupport.h"

#include <limits>
#include <numeric>

using namespace mlir;

namespace tpc::nn {

using Scalar = BodyBuilder::Scalar;

namespace {

LogicalResult verifyLogits(Operation *op, Value logits) {
  if (shapeOf(logits).size() >= 2)
    return success();
  return op->emitOpError() << "needs logits [..., classes] of two dims or more, but has "
                           << plainType(logits);
}

/// Row statistics beside logits [..., classes].
RankedTensorType rowType(Value logits) {
  return tensorOf(shapeOf(logits).drop_back(), statisticsType(elementOf(logits)));
}

LogicalResult verifyLabels(Operation *op, Value labels, ArrayRef<int64_t> rows) {
  if (shapeOf(labels) == rows)
    return success();
  return op->emitOpError() << "needs labels of type " << tensorOf(rows, elementOf(labels))
                           << ", but has " << plainType(labels);
}

/// All of `values` (null ones aside) have `type`.
LogicalResult verifyRowValues(Operation *op, ArrayRef<Value> values, RankedTensorType type) {
  for (Value value : values)
    if (value && !sameShapeAndElement(value.getType(), type))
      return op->emitOpError() << "needs values by row of type " << type << ", but has "
                               << plainType(value);
  return success();
}

/// Labels are i32, and so are the classes that they are compared with.
LogicalResult verifyClasses(Operation *op, int64_t classes) {
  if (classes > 0 && classes <= std::numeric_limits<int32_t>::max())
    return success();
  return op->emitOpError() << "needs between 1 and 2^31 - 1 classes, but classes is " << classes;
}

LogicalResult verifySmoothing(Operation *op, double smoothing) {
  if (smoothing >= 0.0 && smoothing < 1.0)
    return success();
  return op->emitOpError() << "needs 0 <= label_smoothing < 1, but label_smoothing is "
                           << smoothing;
}

/// Smoothing needs the sum of all logits, and nothing else does.
LogicalResult verifySumLogits(Operation *op, double smoothing, bool hasSum) {
  if ((smoothing != 0.0) == hasSum)
    return success();
  return op->emitOpError() << "needs the sum of logits just where label_smoothing is not 0; it "
                           << (hasSum ? "has it" : "lacks it") << ", and label_smoothing is "
                           << smoothing;
}

//===--- rules ---===//

/// Rows and classes of logits; classes are split with an offset, and their pads are ignored.
struct ClassFactors {
  ClassFactors(RuleBuilder &rule, Value logits, FactorKind kind, ReduceKind reduce,
               PadResult rowPads, PadResult classPads) {
    rows = rule.parallelDims("row", shapeOf(logits).drop_back(), std::move(rowPads));
    int classes = rule.parallel("vocab", shapeOf(logits).back(), std::move(classPads));
    rule.factor(classes).kind = kind;
    rule.factor(classes).reduce = reduce;
    rule.factor(classes).needsOffset = true;
    all = joined(rows, {classes});
  }
  DimFactors rows, all;
};

/// Everything has the dims of result 0.
Rule rowWiseRule(Operation *op, std::vector<std::vector<int>> linearIn) {
  return pointwiseRule(op, PointwisePads::Any, std::move(linearIn));
}

//===--- bodies ---===//

/// The global class that the current column stands for, as labels name it.
Scalar classOf(BodyBuilder &body, Value logits) {
  return body.toInt(body.add(body.position(shapeOf(logits).size() - 1), body.offset(0)));
}

/// `value` in the columns of classes, `otherwise` in pads.
Scalar ofClass(BodyBuilder &body, Value logits, int64_t classes, Scalar value, double otherwise) {
  Scalar isClass = body.less(classOf(body, logits), body.constantInt(classes));
  return body.select(isClass, value, body.constant(otherwise));
}

Scalar isIgnored(BodyBuilder &body, Scalar label, int64_t ignoreIndex) {
  return body.equal(label, body.constantInt(ignoreIndex));
}

} // namespace

//===-------------------------------------------------------------------------------------===//
// cross_entropy
//===-------------------------------------------------------------------------------------===//

LogicalResult CrossEntropyOp::verify() {
  if (int64_t ignored = getIgnoreIndex(); ignored != static_cast<int32_t>(ignored))
    return emitOpError() << "ignores the label " << ignored << ", which no i32 is";
  if (failed(verifySmoothing(*this, getLabelSmoothing().convertToDouble())))
    return failure();
  return verifyInferred(*this);
}

InferredTypes CrossEntropyOp::inferResultTypes() {
  if (failed(verifyLogits(*this, getLogits())) ||
      failed(verifyLabels(*this, getLabels(), shapeOf(getLogits()).drop_back())))
    return failure();
  return SmallVector<RankedTensorType>{tensorOf({}, statisticsType(elementOf(getLogits())))};
}

SmallVector<Value> CrossEntropyOp::expand(OpBuilder &builder) {
  Location loc = getLoc();
  RankedTensorType row = rowType(getLogits());
  RankedTensorType scalar = tensorOf({}, row.getElementType());
  IntegerAttr classes = builder.getI64IntegerAttr(shapeOf(getLogits()).back());
  bool smoothing = !getLabelSmoothing().isZero();

  Value rowMax =
      CeRowMaxOp::create(builder, loc, row, getLogits(), ValueRange{}, classes).getRowMax();
  auto sums = CeRowSumsOp::create(builder, loc, row, row, smoothing ? row : Type(), getLogits(),
                                  rowMax, getLabels(), ValueRange{}, classes,
                                  smoothing ? builder.getUnitAttr() : UnitAttr());
  Value losses = CeRowLossOp::create(builder, loc, row, rowMax, sums.getSumExp(), sums.getTarget(),
                                     sums.getSumLogits(), getLabels(), classes,
                                     getIgnoreIndexAttr(), getLabelSmoothingAttr());
  SmallVector<int64_t> dims(row.getRank());
  std::iota(dims.begin(), dims.end(), 0);
  Value loss = SumOp::create(builder, loc, scalar, losses, dims);
  if (getReduction() == Reduction::sum)
    return {loss};
  Value count =
      CountLabelsOp::create(builder, loc, scalar, getLabels(), ValueRange{}, getIgnoreIndexAttr(),
                            builder.getDenseI64ArrayAttr(shapeOf(getLabels())),
                            scalar.getElementType().isF64() ? builder.getUnitAttr() : UnitAttr());
  return {DivCountOp::create(builder, loc, scalar, loss, count)};
}

//===-------------------------------------------------------------------------------------===//
// Reductions over the classes
//===-------------------------------------------------------------------------------------===//

LogicalResult CeRowMaxOp::verify() {
  if (failed(verifyClasses(*this, getClasses())) || failed(verifyOffsets(*this, getOffsets(), 1)))
    return failure();
  return verifyInferred(*this);
}

InferredTypes CeRowMaxOp::inferResultTypes() {
  if (failed(verifyLogits(*this, getLogits())))
    return failure();
  return SmallVector<RankedTensorType>{rowType(getLogits())};
}

Rule CeRowMaxOp::getShardingRule() {
  RuleBuilder rule;
  ClassFactors factors(rule, getLogits(), FactorKind::Contracted, ReduceKind::Max, {}, {});
  rule.operand(factors.all);
  rule.result(factors.rows);
  return rule.take();
}

int64_t CeRowMaxOp::getFlops() { return elementCount(shapeOf(getLogits())); }

void CeRowMaxOp::buildBody(BodyBuilder &body) {
  body.result(0, body.reduceColumns(ReduceKind::Max, [&] {
    return ofClass(body, getLogits(), getClasses(), body.operand(0),
                   -std::numeric_limits<double>::infinity());
  }));
}

// The loss does not depend on the shift: row_max cancels.
void CeRowMaxOp::buildGradient(GradientBuilder &) {}

LogicalResult CeRowSumsOp::verify() {
  if (failed(verifyClasses(*this, getClasses())) || failed(verifyOffsets(*this, getOffsets(), 1)))
    return failure();
  return verifyInferred(*this);
}

InferredTypes CeRowSumsOp::inferResultTypes() {
  if (failed(verifyLogits(*this, getLogits())))
    return failure();
  RankedTensorType row = rowType(getLogits());
  if (failed(verifyRowValues(*this, {getRowMax()}, row)) ||
      failed(verifyLabels(*this, getLabels(), row.getShape())))
    return failure();
  return SmallVector<RankedTensorType>(getSmoothing() ? 3 : 2, row);
}

Rule CeRowSumsOp::getShardingRule() {
  RuleBuilder rule;
  ClassFactors factors(rule, getLogits(), FactorKind::Contracted, ReduceKind::Sum, {}, {});
  rule.operand(factors.all);
  rule.operand(factors.rows);
  rule.operand(factors.rows);
  for (size_t i = 0; i < getNumResults(); ++i)
    rule.result(factors.rows);
  return rule.take();
}

int64_t CeRowSumsOp::getFlops() {
  return (getSmoothing() ? 4 : 3) * elementCount(shapeOf(getLogits()));
}

void CeRowSumsOp::buildBody(BodyBuilder &body) {
  auto sumOfClasses = [&](llvm::function_ref<Scalar()> element) {
    return body.reduceColumns(
        ReduceKind::Sum, [&] { return ofClass(body, getLogits(), getClasses(), element(), 0.0); });
  };
  Scalar rowMax = body.rowOperand(1);
  Scalar label = body.rowOperand(2);
  body.result(0, sumOfClasses([&] { return body.exp(body.sub(body.operand(0), rowMax)); }));
  body.result(1, sumOfClasses([&] {
                Scalar isTarget = body.equal(classOf(body, getLogits()), label);
                return body.select(isTarget, body.operand(0), body.constant(0.0));
              }));
  if (getSmoothing())
    body.result(2, sumOfClasses([&] { return body.operand(0); }));
}

void CeRowSumsOp::buildGradient(GradientBuilder &gradient) {
  if (!gradient.isNeeded(0))
    return;
  OpBuilder &builder = gradient.builder();
  Location loc = gradient.loc();
  Value present;
  for (unsigned i = 0; i < getNumResults(); ++i)
    if (Value d = gradient.ofResult(i))
      present = d;
  // Where only some of the sums are used, the others have a gradient of zero.
  auto orZero = [&](unsigned result) -> Value {
    if (Value d = gradient.ofResult(result))
      return d;
    return ScaleOp::create(builder, loc, plainType(present), present, llvm::APFloat(0.0));
  };
  Value dSumExp = orZero(0), dTarget = orZero(1);
  Value dSumLogits = getSmoothing() ? orZero(2) : Value();
  gradient.add(0, CeRowSumsGradOp::create(builder, loc, plainType(getLogits()), getLogits(),
                                          getRowMax(), getLabels(), dSumExp, dTarget, dSumLogits,
                                          ValueRange{}, getClassesAttr()));
}

LogicalResult CeRowSumsGradOp::verify() {
  if (failed(verifyClasses(*this, getClasses())) || failed(verifyOffsets(*this, getOffsets(), 1)))
    return failure();
  return verifyInferred(*this);
}

InferredTypes CeRowSumsGradOp::inferResultTypes() {
  if (failed(verifyLogits(*this, getLogits())))
    return failure();
  RankedTensorType row = rowType(getLogits());
  if (failed(verifyRowValues(*this, {getRowMax(), getDSumExp(), getDTarget(), getDSumLogits()},
                             row)) ||
      failed(verifyLabels(*this, getLabels(), row.getShape())))
    return failure();
  return SmallVector<RankedTensorType>{plainType(getLogits())};
}

Rule CeRowSumsGradOp::getShardingRule() {
  // A row of zeros everywhere has exp(0) * 0. Labels do not matter then.
  PadResult rowPads = padsZeroIf({0, 1, 3, 4});
  if (getDSumLogits())
    rowPads.zeroIf.push_back(5);
  RuleBuilder rule;
  ClassFactors factors(rule, getLogits(), FactorKind::Parallel, ReduceKind::Sum, rowPads,
                       padsZeroIf({}));
  rule.operand(factors.all);
  for (int i = 0; i < (getDSumLogits() ? 5 : 4); ++i)
    rule.operand(factors.rows);
  rule.result(factors.all);
  return rule.take();
}

int64_t CeRowSumsGradOp::getFlops() { return 4 * elementCount(shapeOf(getLogits())); }

void CeRowSumsGradOp::buildBody(BodyBuilder &body) {
  Scalar exponential = body.exp(body.sub(body.operand(0), body.rowOperand(1)));
  Scalar d = body.mul(exponential, body.rowOperand(3));
  Scalar isTarget = body.equal(classOf(body, getLogits()), body.rowOperand(2));
  d = body.add(d, body.select(isTarget, body.rowOperand(4), body.constant(0.0)));
  if (getDSumLogits())
    d = body.add(d, body.rowOperand(5));
  body.result(0, ofClass(body, getLogits(), getClasses(), d, 0.0));
}

//===-------------------------------------------------------------------------------------===//
// The loss of a row
//===-------------------------------------------------------------------------------------===//

LogicalResult CeRowLossOp::verify() {
  double smoothing = getLabelSmoothing().convertToDouble();
  if (failed(verifyClasses(*this, getClasses())) || failed(verifySmoothing(*this, smoothing)) ||
      failed(verifySumLogits(*this, smoothing, getSumLogits() != nullptr)))
    return failure();
  return verifyInferred(*this);
}

InferredTypes CeRowLossOp::inferResultTypes() {
  RankedTensorType row = plainType(getSumExp());
  if (failed(verifyRowValues(*this, {getRowMax(), getTarget(), getSumLogits()}, row)) ||
      failed(verifyLabels(*this, getLabels(), row.getShape())))
    return failure();
  return SmallVector<RankedTensorType>{row};
}

Rule CeRowLossOp::getShardingRule() { return rowWiseRule(*this, {}); }
int64_t CeRowLossOp::getFlops() { return 6 * elementCount(shapeOf(getLoss())); }

void CeRowLossOp::buildBody(BodyBuilder &body) {
  double smoothing = getLabelSmoothing().convertToDouble();
  Scalar target = body.operand(2);
  if (getSumLogits()) {
    target = body.mul(body.constant(1.0 - smoothing), target);
    Scalar share = body.constant(smoothing / static_cast<double>(getClasses()));
    target = body.add(target, body.mul(share, body.operand(3)));
  }
  Scalar label = body.operand(getSumLogits() ? 4 : 3);
  // The difference of the two large numbers first: it is small, often exactly zero, where the model
  // is right, and so is the logarithm; their sum keeps its digits.
  Scalar loss = body.add(body.log(body.operand(1)), body.sub(body.operand(0), target));
  body.result(0, body.select(isIgnored(body, label, getIgnoreIndex()), body.constant(0.0), loss));
}

void CeRowLossOp::buildGradient(GradientBuilder &gradient) {
  RankedTensorType row = plainType(getSumExp());
  auto grad = CeRowLossGradOp::create(gradient.builder(), gradient.loc(), row, row,
                                      getSumLogits() ? row : Type(), gradient.ofResult(0),
                                      getSumExp(), getLabels(), getClassesAttr(),
                                      getIgnoreIndexAttr(), getLabelSmoothingAttr());
  for (auto [index, d] : llvm::enumerate(grad->getResults()))
    if (gradient.isNeeded(index + 1))
      gradient.add(index + 1, d);
}

LogicalResult CeRowLossGradOp::verify() {
  double smoothing = getLabelSmoothing().convertToDouble();
  if (failed(verifyClasses(*this, getClasses())) || failed(verifySmoothing(*this, smoothing)) ||
      failed(verifySumLogits(*this, smoothing, getDSumLogits() != nullptr)))
    return failure();
  return verifyInferred(*this);
}

InferredTypes CeRowLossGradOp::inferResultTypes() {
  RankedTensorType row = plainType(getSumExp());
  if (failed(verifyRowValues(*this, {getDLoss()}, row)) ||
      failed(verifyLabels(*this, getLabels(), row.getShape())))
    return failure();
  return SmallVector<RankedTensorType>(getLabelSmoothing().isZero() ? 2 : 3, row);
}

Rule CeRowLossGradOp::getShardingRule() { return rowWiseRule(*this, {{0}}); }
int64_t CeRowLossGradOp::getFlops() {
  return static_cast<int64_t>(getNumResults()) * elementCount(shapeOf(getDLoss()));
}

void CeRowLossGradOp::buildBody(BodyBuilder &body) {
  double smoothing = getLabelSmoothing().convertToDouble();
  Scalar ignored = isIgnored(body, body.operand(2), getIgnoreIndex());
  Scalar dLoss = body.operand(0);
  auto set = [&](unsigned result, Scalar value) {
    body.result(result, body.select(ignored, body.constant(0.0), value));
  };
  set(0, body.div(dLoss, body.operand(1)));
  set(1, body.mul(dLoss, body.constant(smoothing - 1.0)));
  if (getDSumLogits())
    set(2, body.mul(dLoss, body.constant(-smoothing / static_cast<double>(getClasses()))));
}

//===-------------------------------------------------------------------------------------===//
// The mean
//===-------------------------------------------------------------------------------------===//

LogicalResult CountLabelsOp::verify() {
  size_t rank = shapeOf(getLabels()).size();
  if (getGlobalShape().size() != rank)
    return emitOpError() << "has a global_shape of " << getGlobalShape().size()
                         << " dims, but labels has " << rank;
  if (failed(verifyOffsets(*this, getOffsets(), rank)))
    return failure();
  return verifyInferred(*this);
}

InferredTypes CountLabelsOp::inferResultTypes() {
  Type element = getWide() ? Type(Float64Type::get(getContext())) : Float32Type::get(getContext());
  return SmallVector<RankedTensorType>{tensorOf({}, element)};
}

Rule CountLabelsOp::getShardingRule() {
  RuleBuilder rule;
  DimFactors dims = rule.contractedDims("row", shapeOf(getLabels()));
  for (int dim : dims) {
    rule.factor(dim).needsOffset = true;
    rule.factor(dim).padNeed = PadNeed::None; // beyond global_shape nothing counts
  }
  rule.operand(dims);
  rule.result(DimFactors{});
  return rule.take();
}

int64_t CountLabelsOp::getFlops() { return elementCount(shapeOf(getLabels())); }

void CountLabelsOp::buildBody(BodyBuilder &body) {
  body.sumInto(0, [&] {
    Scalar zero = body.constant(0.0);
    Scalar count =
        body.select(isIgnored(body, body.operand(0), getIgnoreIndex()), zero, body.constant(1.0));
    for (auto [dim, size] : llvm::enumerate(getGlobalShape())) {
      Scalar index = body.add(body.position(dim), body.offset(dim));
      count = body.select(body.less(index, body.constantIndex(size)), count, zero);
    }
    return count;
  });
}

LogicalResult DivCountOp::verify() { return verifyInferred(*this); }

InferredTypes DivCountOp::inferResultTypes() {
  RankedTensorType scalar = tensorOf({}, elementOf(getX()));
  if (!sameShapeAndElement(getCount().getType(), scalar))
    return emitOpError() << "needs a count of type " << scalar << ", but has "
                         << plainType(getCount());
  return SmallVector<RankedTensorType>{plainType(getX())};
}

Rule DivCountOp::getShardingRule() {
  return pointwiseRule(*this, PointwisePads::Multiplicative, {{0}});
}
int64_t DivCountOp::getFlops() { return elementCount(shapeOf(getX())); }

void DivCountOp::buildBody(BodyBuilder &body) {
  body.result(0, body.div(body.operand(0), body.max(body.operand(1), body.constant(1.0))));
}

void DivCountOp::buildGradient(GradientBuilder &gradient) {
  if (gradient.isNeeded(0))
    gradient.add(0, DivCountOp::create(gradient.builder(), gradient.loc(), plainType(getX()),
                                       gradient.ofResult(0), getCount()));
}

} // namespace tpc::nn
