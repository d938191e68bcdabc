//===- AttentionOps.cpp - attention, flash_attention and its gradient ----------------------===//
//
// Heads are two factors: kv, which all operands share, and group, the query heads of one kv head,
// which k and v lack. So a mesh that is larger than the number of kv heads splits the group, and
// the gradients of k and v become partial sums.
//
//===---------------------------------------------------------------------------------------===//
#include "dialects/nn/OpSupport.h"

#include "llvm/Support/MathExtras.h"

#include <cmath>

using namespace mlir;

namespace tpc::nn {

/// Constraints that the three ops share.
static LogicalResult verifyQueryKeyValue(Operation *op, Value q, Value k, Value v) {
  if (failed(verifySameElement(op, {q, k, v})))
    return failure();
  if (shapeOf(q).size() != 4 || shapeOf(k).size() != 4)
    return op->emitOpError() << "needs q and k of [b, t, h, d], not " << plainType(q) << " and "
                             << plainType(k);
  if (shapeOf(k) != shapeOf(v))
    return op->emitOpError() << "needs k and v of one shape, not " << plainType(k) << " and "
                             << plainType(v);
  if (shapeOf(q)[0] != shapeOf(k)[0] || shapeOf(q)[3] != shapeOf(k)[3])
    return op->emitOpError() << "needs q and k with the same batch and head size, not "
                             << plainType(q) << " and " << plainType(k);
  if (shapeOf(q)[2] % shapeOf(k)[2] != 0)
    return op->emitOpError() << "has " << shapeOf(q)[2] << " query heads, which is no multiple of "
                             << shapeOf(k)[2] << " kv heads";
  return success();
}

/// lse of q: [b, h, t].
static RankedTensorType logSumType(Value q) {
  ArrayRef<int64_t> shape = shapeOf(q);
  return tensorOf({shape[0], shape[2], shape[1]}, statisticsType(elementOf(q)));
}

/// `perElement` flops for each pair of a query and a key that it sees and each element of a head,
/// over all batches and heads; at most 2^56, which is some years of any machine.
static int64_t flopsOfPairs(Value q, Value k, bool causal, uint64_t perElement) {
  uint64_t queries = shapeOf(q)[1], keys = shapeOf(k)[1];
  // The queries see the last keys, one more each.
  uint64_t seeing = std::min(queries, keys);
  uint64_t twice = causal ? llvm::SaturatingMultiply(seeing, 2 * keys - seeing + 1)
                          : llvm::SaturatingMultiply(queries, 2 * keys);
  uint64_t flops = perElement / 2;
  for (uint64_t factor :
       {twice, uint64_t(shapeOf(q)[0]), uint64_t(shapeOf(q)[2]), uint64_t(shapeOf(q)[3])})
    flops = llvm::SaturatingMultiply(flops, factor);
  return std::min(flops, uint64_t{1} << 56);
}

static AttentionStep attentionStep(Value q, Value k, bool causal, double scale, bool backward) {
  AttentionStep step{};
  step.batch = shapeOf(q)[0];
  step.queryLength = shapeOf(q)[1];
  step.keyLength = shapeOf(k)[1];
  step.heads = shapeOf(q)[2];
  step.kvHeads = shapeOf(k)[2];
  step.size = shapeOf(q)[3];
  step.causal = causal;
  step.backward = backward;
  step.scale = scale;
  return step;
}

namespace {
/// The factors of an attention's operands; the factors' kinds and pads are the op's own.
struct AttentionFactors {
  int batch, queries, keys, kv, group, size;

  TensorFactors query() const { return {{batch}, {queries}, {kv, group}, {size}}; }
  TensorFactors key() const { return {{batch}, {keys}, {kv}, {size}}; }
  TensorFactors logSum() const { return {{batch}, {kv, group}, {queries}}; }
};
} // namespace

static AttentionFactors addFactors(RuleBuilder &rule, Value q, Value k) {
  AttentionFactors factors;
  factors.batch = rule.parallel("batch", shapeOf(q)[0]);
  factors.queries = rule.whole("queries", shapeOf(q)[1]);
  factors.keys = rule.whole("keys", shapeOf(k)[1]);
  factors.kv = rule.parallel("kv", shapeOf(k)[2]);
  factors.group = rule.parallel("group", shapeOf(q)[2] / shapeOf(k)[2]);
  factors.size = rule.whole("size", shapeOf(q)[3]);
  return factors;
}

//===-------------------------------------------------------------------------------------===//
// attention
//===-------------------------------------------------------------------------------------===//

InferredTypes AttentionOp::inferResultTypes() {
  if (failed(verifyQueryKeyValue(*this, getQ(), getK(), getV())))
    return failure();
  return SmallVector{plainType(getQ())};
}

LogicalResult AttentionOp::verify() { return verifyInferred(*this); }

SmallVector<Value> AttentionOp::expand(OpBuilder &builder) {
  double scale = getScale() ? getScale()->convertToDouble()
                            : 1.0 / std::sqrt(static_cast<double>(shapeOf(getQ())[3]));
  auto flash = FlashAttentionOp::create(builder, getLoc(), plainType(getQ()), logSumType(getQ()),
                                        getQ(), getK(), getV(), getCausal(), llvm::APFloat(scale));
  return {flash.getO()};
}

//===-------------------------------------------------------------------------------------===//
// flash_attention
//===-------------------------------------------------------------------------------------===//

InferredTypes FlashAttentionOp::inferResultTypes() {
  if (failed(verifyQueryKeyValue(*this, getQ(), getK(), getV())))
    return failure();
  return SmallVector{plainType(getQ()), logSumType(getQ())};
}

LogicalResult FlashAttentionOp::verify() { return verifyInferred(*this); }

Rule FlashAttentionOp::getShardingRule() {
  RuleBuilder rule;
  AttentionFactors factors = addFactors(rule, getQ(), getK());
  // A padded head's rows are averages of zero rows of v; its log-sums are those of zero scores. A
  // padded query of a group averages rows of a real v.
  PadResult zeroRows = padsZeroIf({0, 1, 2});
  zeroRows.anyIn = {1};
  rule.factor(factors.batch).padResult = zeroRows;
  rule.factor(factors.kv).padResult = zeroRows;
  if (shapeOf(getQ())[2] > shapeOf(getK())[2])
    for (int operand : {1, 2})
      rule.mayReplicate(operand, factors.kv);
  rule.operand(factors.query());
  rule.operand(factors.key());
  rule.operand(factors.key());
  rule.result(factors.query());
  rule.result(factors.logSum());
  return rule.take();
}

int64_t FlashAttentionOp::getFlops() { return flopsOfPairs(getQ(), getK(), getCausal(), 4); }

void FlashAttentionOp::buildGradient(GradientBuilder &gradient) {
  Value dO = gradient.ofResult(0);
  if (!dO)
    return;
  auto grad = FlashAttentionGradOp::create(
      gradient.builder(), gradient.loc(), plainType(getQ()), plainType(getK()), plainType(getV()),
      getQ(), getK(), getV(), getO(), getLse(), dO, getCausalAttr(), getScaleAttr());
  for (unsigned i = 0; i < 3; ++i)
    if (gradient.isNeeded(i))
      gradient.add(i, grad.getResult(i));
}

LibraryStep FlashAttentionOp::getLibraryStep() {
  return attentionStep(getQ(), getK(), getCausal(), getScale().convertToDouble(),
                       /*backward=*/false);
}

//===-------------------------------------------------------------------------------------===//
// flash_attention_grad
//===-------------------------------------------------------------------------------------===//

InferredTypes FlashAttentionGradOp::inferResultTypes() {
  if (failed(verifyQueryKeyValue(*this, getQ(), getK(), getV())))
    return failure();
  if (!sameShapeAndElement(getO().getType(), getQ().getType()) ||
      !sameShapeAndElement(getDO().getType(), getQ().getType()))
    return emitOpError() << "needs o and its gradient of q's type " << plainType(getQ()) << ", not "
                         << plainType(getO()) << " and " << plainType(getDO());
  if (!sameShapeAndElement(getLse().getType(), logSumType(getQ())))
    return emitOpError() << "needs " << logSumType(getQ()) << " as log-sums, not "
                         << plainType(getLse());
  return SmallVector{plainType(getQ()), plainType(getK()), plainType(getV())};
}

LogicalResult FlashAttentionGradOp::verify() { return verifyInferred(*this); }

Rule FlashAttentionGradOp::getShardingRule() {
  RuleBuilder rule;
  AttentionFactors factors = addFactors(rule, getQ(), getK());
  // dk and dv sum over the queries of a group; dq keeps them. Zero operands give zero gradients,
  // log-sums included: exp(0 - 0) is finite, and is multiplied by zero.
  rule.factor(factors.group).kind = FactorKind::Contracted;
  for (int factor : {factors.batch, factors.kv, factors.group}) {
    rule.factor(factor).padNeed = PadNeed::Zero;
    rule.factor(factor).padResult = padsZeroIf({});
  }
  for (const TensorFactors &operand : {factors.query(), factors.key(), factors.key(),
                                       factors.query(), factors.logSum(), factors.query()})
    rule.operand(operand);
  rule.result(factors.query());
  rule.result(factors.key());
  rule.result(factors.key());
  return rule.take();
}

int64_t FlashAttentionGradOp::getFlops() { return flopsOfPairs(getQ(), getK(), getCausal(), 10); }

LibraryStep FlashAttentionGradOp::getLibraryStep() {
  return attentionStep(getQ(), getK(), getCausal(), getScale().convertToDouble(),
                       /*backward=*/true);
}

} // namespace tpc::nn
