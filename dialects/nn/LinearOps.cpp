//===- LinearOps.cpp - linear, its gradients, and matmul -----------------------------------===//
//
// All four are one GEMM. Products of bfloat16 are summed in float32, and that is the type that is
// inferred; a bfloat16 result is the sum and the nn.cast behind it in one, which level `fused`
// makes.
//
//===---------------------------------------------------------------------------------------===//
#include "dialects/nn/OpSupport.h"

using namespace mlir;

namespace tpc::nn {

/// The dims of x but the last: the rows that a weight is applied to.
static ArrayRef<int64_t> rowsOf(Value x) { return shapeOf(x).drop_back(); }

static SmallVector<int64_t> withLast(ArrayRef<int64_t> rows, int64_t last) {
  SmallVector<int64_t> shape(rows);
  shape.push_back(last);
  return shape;
}

/// Compares the result with what is inferred; of bfloat16 operands it may be rounded.
static LogicalResult verifyProduct(Operation *op) {
  RankedTensorType result = plainType(op->getResult(0));
  if (!result.getElementType().isBF16() || !elementOf(op->getOperand(0)).isBF16())
    return verifyInferred(op);
  InferredTypes inferred = cast<ShapeOp>(op).inferResultTypes();
  if (failed(inferred))
    return failure();
  if (result.getShape() != inferred->front().getShape())
    return op->emitOpError() << "has " << result
                             << " as result #0, but its operands and attributes give "
                             << inferred->front().clone(result.getElementType());
  return success();
}

/// Errors that linear and its input gradient share: a weight [out, in] and a row operand.
static LogicalResult verifyRowsAndWeight(Operation *op, Value rows, Value weight, unsigned dim) {
  if (shapeOf(weight).size() != 2)
    return op->emitOpError() << "needs a weight [out, in], not " << plainType(weight);
  if (shapeOf(rows).empty())
    return op->emitOpError("needs rows of at least one dim, not a 0-d tensor");
  if (shapeOf(rows).back() != shapeOf(weight)[dim])
    return op->emitOpError() << "has rows of " << shapeOf(rows).back() << " numbers, but dim "
                             << dim << " of its weight is " << shapeOf(weight)[dim];
  return success();
}

//===-------------------------------------------------------------------------------------===//
// linear
//===-------------------------------------------------------------------------------------===//

InferredTypes LinearOp::inferResultTypes() {
  if (failed(verifySameElement(*this, getOperands())) ||
      failed(verifyRowsAndWeight(*this, getX(), getWeight(), 1)))
    return failure();
  int64_t out = shapeOf(getWeight())[0];
  if (getBias() && shapeOf(getBias()) != ArrayRef(out))
    return emitOpError() << "needs a bias of " << out << " numbers, not " << plainType(getBias());
  return SmallVector{tensorOf(withLast(rowsOf(getX()), out), statisticsType(elementOf(getX())))};
}

LogicalResult LinearOp::verify() { return verifyProduct(*this); }

SmallVector<Value> LinearOp::expand(OpBuilder &builder) {
  if (!getBias())
    return {};
  Value product = LinearOp::create(builder, getLoc(), getY().getType(), getX(), getWeight(),
                                   /*bias=*/Value());
  Value bias = getBias();
  if (elementOf(bias) != elementOf(product))
    bias = CastOp::create(builder, getLoc(), tensorOf(shapeOf(bias), elementOf(product)), bias);
  return {AddOp::create(builder, getLoc(), getY().getType(), ValueRange{product, bias})};
}

Rule LinearOp::getShardingRule() {
  RuleBuilder rule;
  DimFactors rows = rule.parallelDims("row", rowsOf(getX()), padsZeroIf({0}));
  int out = rule.parallel("out", shapeOf(getWeight())[0], padsZeroIf({1}));
  int in = rule.contracted("in", shapeOf(getWeight())[1]);
  rule.operand(joined(rows, {in}));
  rule.operand(DimFactors{out, in});
  rule.result(joined(rows, {out}));
  if (getBias()) {
    // Split `in`, or a partial operand, would add the bias once a rank; and its rows are not zero.
    rule.operand(DimFactors{out});
    rule.factor(in).kind = FactorKind::Whole;
    rule.factor(out).padResult = padsZeroIf({1, 2});
    for (int row : rows)
      rule.factor(row).padResult = {};
    return rule.take();
  }
  rule.linearIn({0});
  rule.linearIn({1});
  return rule.take();
}

int64_t LinearOp::getFlops() {
  return 2 * elementCount(shapeOf(getY())) * shapeOf(getWeight())[1] +
         (getBias() ? elementCount(shapeOf(getY())) : 0);
}

void LinearOp::buildGradient(GradientBuilder &gradient) {
  Value dy = gradient.ofResult(0);
  if (!dy)
    return;
  OpBuilder &builder = gradient.builder();
  if (gradient.isNeeded(0))
    gradient.add(
        0, LinearInputGradOp::create(builder, gradient.loc(), plainType(getX()), dy, getWeight()));
  if (gradient.isNeeded(1))
    gradient.add(
        1, LinearWeightGradOp::create(builder, gradient.loc(), plainType(getWeight()), dy, getX()));
  if (getBias() && gradient.isNeeded(2))
    gradient.add(2, sumToShapeOf(builder, gradient.loc(), dy, getBias()));
}

LibraryStep LinearOp::getLibraryStep() {
  GemmStep step{};
  step.a = 0;
  step.b = 1;
  step.m = rowCount(shapeOf(getX()));
  step.n = shapeOf(getWeight())[0];
  step.k = shapeOf(getWeight())[1];
  step.transposeB = true;
  return step;
}

//===-------------------------------------------------------------------------------------===//
// linear_input_grad
//===-------------------------------------------------------------------------------------===//

InferredTypes LinearInputGradOp::inferResultTypes() {
  if (failed(verifySameElement(*this, getOperands())) ||
      failed(verifyRowsAndWeight(*this, getDy(), getWeight(), 0)))
    return failure();
  return SmallVector{tensorOf(withLast(rowsOf(getDy()), shapeOf(getWeight())[1]),
                              statisticsType(elementOf(getDy())))};
}

LogicalResult LinearInputGradOp::verify() { return verifyProduct(*this); }

Rule LinearInputGradOp::getShardingRule() {
  RuleBuilder rule;
  DimFactors rows = rule.parallelDims("row", rowsOf(getDy()), padsZeroIf({0}));
  int out = rule.contracted("out", shapeOf(getWeight())[0]);
  int in = rule.parallel("in", shapeOf(getWeight())[1], padsZeroIf({1}));
  rule.operand(joined(rows, {out}));
  rule.operand(DimFactors{out, in});
  rule.result(joined(rows, {in}));
  rule.linearIn({0});
  rule.linearIn({1});
  return rule.take();
}

int64_t LinearInputGradOp::getFlops() {
  return 2 * elementCount(shapeOf(getDx())) * shapeOf(getWeight())[0];
}

LibraryStep LinearInputGradOp::getLibraryStep() {
  GemmStep step{};
  step.a = 0;
  step.b = 1;
  step.m = rowCount(shapeOf(getDy()));
  step.n = shapeOf(getWeight())[1];
  step.k = shapeOf(getWeight())[0];
  return step;
}

//===-------------------------------------------------------------------------------------===//
// linear_weight_grad
//===-------------------------------------------------------------------------------------===//

InferredTypes LinearWeightGradOp::inferResultTypes() {
  if (failed(verifySameElement(*this, getOperands())))
    return failure();
  if (shapeOf(getDy()).empty() || shapeOf(getX()).empty() || rowsOf(getDy()) != rowsOf(getX()))
    return emitOpError() << "needs operands with the same rows, not " << plainType(getDy())
                         << " and " << plainType(getX());
  return SmallVector{tensorOf({shapeOf(getDy()).back(), shapeOf(getX()).back()},
                              statisticsType(elementOf(getDy())))};
}

LogicalResult LinearWeightGradOp::verify() { return verifyProduct(*this); }

Rule LinearWeightGradOp::getShardingRule() {
  RuleBuilder rule;
  DimFactors rows = rule.contractedDims("row", rowsOf(getX()));
  int out = rule.parallel("out", shapeOf(getDw())[0], padsZeroIf({0}));
  int in = rule.parallel("in", shapeOf(getDw())[1], padsZeroIf({1}));
  rule.operand(joined(rows, {out}));
  rule.operand(joined(rows, {in}));
  rule.result(DimFactors{out, in});
  rule.linearIn({0});
  rule.linearIn({1});
  return rule.take();
}

int64_t LinearWeightGradOp::getFlops() {
  return 2 * elementCount(shapeOf(getDw())) * rowCount(shapeOf(getX()));
}

LibraryStep LinearWeightGradOp::getLibraryStep() {
  GemmStep step{};
  step.a = 0;
  step.b = 1;
  step.m = shapeOf(getDw())[0];
  step.n = shapeOf(getDw())[1];
  step.k = rowCount(shapeOf(getX()));
  step.transposeA = true;
  return step;
}

//===-------------------------------------------------------------------------------------===//
// matmul
//===-------------------------------------------------------------------------------------===//

/// m, k of operand a and k, n of operand b, whatever is transposed.
static int64_t rowsOfA(MatmulOp op) { return shapeOf(op.getA()).take_back(2)[op.getTransposeA()]; }
static int64_t depthOfA(MatmulOp op) {
  return shapeOf(op.getA()).take_back(2)[!op.getTransposeA()];
}
static int64_t depthOfB(MatmulOp op) { return shapeOf(op.getB()).take_back(2)[op.getTransposeB()]; }
static int64_t columnsOfB(MatmulOp op) {
  return shapeOf(op.getB()).take_back(2)[!op.getTransposeB()];
}

InferredTypes MatmulOp::inferResultTypes() {
  if (failed(verifySameElement(*this, getOperands())))
    return failure();
  ArrayRef<int64_t> a = shapeOf(getA()), b = shapeOf(getB());
  if (a.size() < 2 || a.size() != b.size())
    return emitOpError() << "needs two operands of the same rank, at least 2, not "
                         << plainType(getA()) << " and " << plainType(getB());
  if (a.drop_back(2) != b.drop_back(2))
    return emitOpError() << "needs operands with the same leading dims, not " << plainType(getA())
                         << " and " << plainType(getB());
  if (depthOfA(*this) != depthOfB(*this))
    return emitOpError() << "contracts " << depthOfA(*this) << " numbers of a with "
                         << depthOfB(*this) << " of b";
  SmallVector<int64_t> shape(a.drop_back(2));
  shape.append({rowsOfA(*this), columnsOfB(*this)});
  return SmallVector{tensorOf(shape, statisticsType(elementOf(getA())))};
}

LogicalResult MatmulOp::verify() { return verifyProduct(*this); }

Rule MatmulOp::getShardingRule() {
  RuleBuilder rule;
  DimFactors batch = rule.parallelDims("batch", shapeOf(getA()).drop_back(2), padsZeroIf({0, 1}));
  int m = rule.parallel("m", rowsOfA(*this), padsZeroIf({0}));
  int n = rule.parallel("n", columnsOfB(*this), padsZeroIf({1}));
  int k = rule.contracted("k", depthOfA(*this));
  rule.operand(joined(batch, getTransposeA() ? DimFactors{k, m} : DimFactors{m, k}));
  rule.operand(joined(batch, getTransposeB() ? DimFactors{n, k} : DimFactors{k, n}));
  rule.result(joined(batch, {m, n}));
  rule.linearIn({0});
  rule.linearIn({1});
  return rule.take();
}

int64_t MatmulOp::getFlops() { return 2 * elementCount(shapeOf(getC())) * depthOfA(*this); }

void MatmulOp::buildGradient(GradientBuilder &gradient) {
  Value dc = gradient.ofResult(0);
  if (!dc)
    return;
  // c = A.B with A = a or a^T and B = b or b^T: dA = dc.B^T, dB = A^T.dc, transposed back.
  auto product = [&](RankedTensorType type, Value left, bool transposeLeft, Value right,
                     bool transposeRight) -> Value {
    return MatmulOp::create(gradient.builder(), gradient.loc(), type, left, right, transposeLeft,
                            transposeRight);
  };
  if (gradient.isNeeded(0))
    gradient.add(0, getTransposeA()
                        ? product(plainType(getA()), getB(), getTransposeB(), dc, true)
                        : product(plainType(getA()), dc, false, getB(), !getTransposeB()));
  if (gradient.isNeeded(1))
    gradient.add(1, getTransposeB()
                        ? product(plainType(getB()), dc, true, getA(), getTransposeA())
                        : product(plainType(getB()), getA(), !getTransposeA(), dc, false));
}

LibraryStep MatmulOp::getLibraryStep() {
  GemmStep step{};
  step.a = 0;
  step.b = 1;
  step.m = rowsOfA(*this);
  step.n = columnsOfB(*this);
  step.k = depthOfA(*this);
  step.batch = elementCount(shapeOf(getA()).drop_back(2));
  step.transposeA = getTransposeA();
  step.transposeB = getTransposeB();
  return step;
}

} // namespace tpc::nn
