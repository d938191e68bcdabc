//===- EmbeddingOps.cpp - Embedding, positions and rotary embedding -------------------------===//
//
// Ops whose result depends on where a rank's part of a dim begins: rules mark those factors, and
// local forms take the offset.
//
//===---------------------------------------------------------------------------------------===//
#include "dialects/nn/OpSupport.h"

#include <cmath>

using namespace mlir;

namespace tpc::nn {

using Scalar = BodyBuilder::Scalar;

//===-------------------------------------------------------------------------------------===//
// positions
//===-------------------------------------------------------------------------------------===//

LogicalResult PositionsOp::verify() {
  if (failed(verifyOffsets(*this, getOffsets(), 1)))
    return failure();
  return verifyInferred(*this);
}

InferredTypes PositionsOp::inferResultTypes() {
  if (shapeOf(getIds()).empty())
    return emitOpError("counts along the last dim, but ids has no dims");
  return SmallVector<RankedTensorType>{plainType(getIds())};
}

Rule PositionsOp::getShardingRule() {
  RuleBuilder rule;
  DimFactors dims = rule.parallelDims("row", shapeOf(getIds()).drop_back());
  int last = rule.parallel("sequence", shapeOf(getIds()).back());
  rule.factor(last).needsOffset = true;
  dims.push_back(last);
  rule.operand(dims);
  rule.result(dims);
  return rule.take();
}

int64_t PositionsOp::getFlops() { return 0; }

void PositionsOp::buildBody(BodyBuilder &body) {
  unsigned last = shapeOf(getIds()).size() - 1;
  body.result(0, body.toInt(body.add(body.position(last), body.offset(0))));
}

//===-------------------------------------------------------------------------------------===//
// embedding
//===-------------------------------------------------------------------------------------===//

static LogicalResult verifyTable(Operation *op, Value table) {
  if (shapeOf(table).size() == 2)
    return success();
  return op->emitOpError() << "needs a table of two dims [v, d], but has " << plainType(table);
}

LogicalResult EmbeddingOp::verify() {
  if (failed(verifyOffsets(*this, getOffsets(), 1)))
    return failure();
  return verifyInferred(*this);
}

InferredTypes EmbeddingOp::inferResultTypes() {
  if (failed(verifyTable(*this, getTable())))
    return failure();
  SmallVector<int64_t> shape(shapeOf(getIds()));
  shape.push_back(shapeOf(getTable())[1]);
  return SmallVector<RankedTensorType>{tensorOf(shape, elementOf(getTable()))};
}

Rule EmbeddingOp::getShardingRule() {
  RuleBuilder rule;
  DimFactors rows = rule.parallelDims("row", shapeOf(getIds()));
  int vocab = rule.contracted("vocab", shapeOf(getTable())[0]);
  rule.factor(vocab).needsOffset = true; // an id beyond the table reads a pad: a zero, as it must
  int features = rule.parallel("features", shapeOf(getTable())[1], padsZeroIf({1}));
  rule.operand(rows);
  rule.operand(DimFactors{vocab, features});
  rule.result(joined(rows, {features}));
  rule.linearIn({1});
  return rule.take();
}

int64_t EmbeddingOp::getFlops() { return 0; }

void EmbeddingOp::buildBody(BodyBuilder &body) {
  Scalar zero = body.constantIndex(0);
  Scalar row = body.sub(body.toIndex(body.rowOperand(0)), body.offset(0));
  Scalar inTable = body.logicalAnd(body.less(body.constantIndex(-1), row),
                                   body.less(row, body.constantIndex(shapeOf(getTable())[0])));
  // Every rank reads some row of its own, whichever it then takes.
  Scalar safeRow = body.select(inTable, row, zero);
  Scalar column = body.position(shapeOf(getIds()).size());
  body.result(0, body.select(inTable, body.operandAt(1, {safeRow, column}), body.constant(0.0)));
}

void EmbeddingOp::buildGradient(GradientBuilder &gradient) {
  if (gradient.isNeeded(1))
    gradient.add(
        1, EmbeddingGradOp::create(gradient.builder(), gradient.loc(), plainType(getTable()),
                                   getIds(), gradient.ofResult(0), getTable(), ValueRange{},
                                   gradient.builder().getI64IntegerAttr(shapeOf(getTable())[0])));
}

LogicalResult EmbeddingGradOp::verify() {
  if (getRows() && static_cast<int64_t>(*getRows()) < 1)
    return emitOpError() << "needs rows > 0, but rows is " << static_cast<int64_t>(*getRows());
  if (failed(verifyOffsets(*this, getOffsets(), 1)))
    return failure();
  return verifyInferred(*this);
}

InferredTypes EmbeddingGradOp::inferResultTypes() {
  if (failed(verifyTable(*this, getLike())) ||
      failed(verifySameElement(*this, {getDy(), getLike()})))
    return failure();
  SmallVector<int64_t> shape(shapeOf(getIds()));
  shape.push_back(shapeOf(getLike())[1]);
  if (shapeOf(getDy()) != ArrayRef<int64_t>(shape))
    return emitOpError() << "needs a dy of type " << tensorOf(shape, elementOf(getDy()))
                         << ", but has " << plainType(getDy());
  return SmallVector<RankedTensorType>{plainType(getLike())};
}

Rule EmbeddingGradOp::getShardingRule() {
  RuleBuilder rule;
  DimFactors rows = rule.contractedDims("row", shapeOf(getIds()));
  int vocab = rule.parallel("vocab", shapeOf(getLike())[0], padsZeroIf({}));
  rule.factor(vocab).needsOffset = true;
  int features = rule.parallel("features", shapeOf(getLike())[1], padsZeroIf({1}));
  rule.operand(rows);
  rule.operand(joined(rows, {features}));
  rule.operand(DimFactors{vocab, features});
  rule.result(DimFactors{vocab, features});
  rule.linearIn({1});
  rule.shapeOnly(2);
  return rule.take();
}

int64_t EmbeddingGradOp::getFlops() { return elementCount(shapeOf(getDy())); }

void EmbeddingGradOp::buildBody(BodyBuilder &body) {
  Scalar id = body.toIndex(body.rowOperand(0));
  Scalar row = body.sub(id, body.offset(0));
  if (getRows())
    row = body.select(body.less(id, body.constantIndex(*getRows())), row, body.constantIndex(-1));
  body.scatterRows(row, [&] { return body.operand(1); });
}

//===-------------------------------------------------------------------------------------===//
// rope
//===-------------------------------------------------------------------------------------===//

LogicalResult RopeOp::verify() {
  if (!(getTheta().convertToDouble() > 0.0))
    return emitOpError() << "needs theta > 0, but theta is " << getTheta().convertToDouble();
  if (failed(verifyOffsets(*this, getOffsets(), 1)))
    return failure();
  return verifyInferred(*this);
}

InferredTypes RopeOp::inferResultTypes() {
  if (shapeOf(getX()).size() != 4 || shapeOf(getX())[3] % 2 != 0)
    return emitOpError() << "needs an x [b, t, h, d] with an even d, but has " << plainType(getX());
  return SmallVector<RankedTensorType>{plainType(getX())};
}

Rule RopeOp::getShardingRule() {
  ArrayRef<int64_t> shape = shapeOf(getX());
  RuleBuilder rule;
  PadResult pads = padsZeroIf({0});
  int batch = rule.parallel("batch", shape[0], pads);
  int sequence = rule.parallel("sequence", shape[1], pads);
  rule.factor(sequence).needsOffset = true;
  int heads = rule.parallel("heads", shape[2], pads);
  int size = rule.whole("size", shape[3]);
  DimFactors dims{batch, sequence, heads, size};
  rule.operand(dims);
  rule.result(dims);
  rule.linearIn({0});
  return rule.take();
}

int64_t RopeOp::getFlops() { return 3 * elementCount(shapeOf(getX())); }

void RopeOp::buildBody(BodyBuilder &body) {
  int64_t size = shapeOf(getX())[3];
  Scalar half = body.constantIndex(size / 2);
  Scalar column = body.position(3);
  Scalar isFirst = body.less(column, half);
  Scalar pair = body.select(isFirst, column, body.sub(column, half));
  Scalar partner = body.select(isFirst, body.add(column, half), pair);

  Scalar exponent = body.mul(body.toFloat(pair), body.constant(-2.0 / static_cast<double>(size)));
  Scalar frequency = body.pow(body.constant(getTheta().convertToDouble()), exponent);
  Scalar position = body.toFloat(body.add(body.position(1), body.offset(0)));
  Scalar angle = body.mul(position, frequency);

  Scalar x = body.operand(0);
  Scalar other = body.operandAt(0, {body.position(0), body.position(1), body.position(2), partner});
  Scalar straight = body.mul(x, body.cos(angle)), crossed = body.mul(other, body.sin(angle));
  Scalar minus = body.sub(straight, crossed), plus = body.add(straight, crossed);
  // The first half turns against the second one's sine; the inverse turns the other way.
  body.result(0,
              getInverse() ? body.select(isFirst, plus, minus) : body.select(isFirst, minus, plus));
}

void RopeOp::buildGradient(GradientBuilder &gradient) {
  if (gradient.isNeeded(0))
    gradient.add(0, RopeOp::create(gradient.builder(), gradient.loc(), plainType(getX()),
                                   gradient.ofResult(0), ValueRange{}, getThetaAttr(),
                                   getInverse() ? UnitAttr() : UnitAttr::get(getContext())));
}

} // namespace tpc::nn
