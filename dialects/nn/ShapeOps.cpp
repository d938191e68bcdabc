//===- ShapeOps.cpp - Views, moves, sums and broadcasts ------------------------------------===//
//
// All of them are linear: they pass partial sums through, and keep zero pads zero.
//
//===---------------------------------------------------------------------------------------===//
#include "dialects/nn/LocalExtents.h"
#include "dialects/nn/OpSupport.h"

#include <numeric>

using namespace mlir;

namespace tpc::nn {

static LogicalResult verifyDim(Operation *op, int64_t dim, Value x) {
  if (dim < 0 || dim >= static_cast<int64_t>(shapeOf(x).size()))
    return op->emitOpError() << "names dim " << dim << " of a tensor of " << shapeOf(x).size()
                             << " dims";
  return success();
}

/// dims are ascending dims of a tensor of `rank` dims, at least one.
static LogicalResult verifyDims(Operation *op, ArrayRef<int64_t> dims, int64_t rank) {
  if (dims.empty())
    return op->emitOpError("names no dims; it needs at least one");
  for (auto [index, dim] : llvm::enumerate(dims))
    if (dim < 0 || dim >= rank || (index && dims[index - 1] >= dim))
      return op->emitOpError() << "needs dims in ascending order, below " << rank;
  return success();
}

/// The extents of `shape` that are not among `dims`.
static SmallVector<int64_t> without(ArrayRef<int64_t> shape, ArrayRef<int64_t> dims) {
  SmallVector<int64_t> rest;
  for (auto [dim, size] : llvm::enumerate(shape))
    if (!llvm::is_contained(dims, static_cast<int64_t>(dim)))
      rest.push_back(size);
  return rest;
}

static SmallVector<Value> positions(BodyBuilder &body, size_t rank) {
  SmallVector<Value> indices;
  for (size_t dim = 0; dim < rank; ++dim)
    indices.push_back(body.position(dim));
  return indices;
}

/// The factors of a tensor whose dim `dim` is replaced.
static DimFactors withDim(DimFactors dims, int64_t dim, int factor) {
  dims[dim] = factor;
  return dims;
}

/// A rule whose operands and result agree in all dims but `dim`, which every rank needs whole.
static Rule wholeDimRule(ValueRange operands, Value result, int64_t dim) {
  RuleBuilder rule;
  std::vector<int> all(operands.size());
  std::iota(all.begin(), all.end(), 0);
  DimFactors dims;
  for (auto [index, size] : llvm::enumerate(shapeOf(result)))
    dims.push_back(static_cast<int64_t>(index) == dim
                       ? rule.whole("result" + std::to_string(index), size)
                       : rule.parallel("d" + std::to_string(index), size, padsZeroIf(all)));
  for (auto [index, operand] : llvm::enumerate(operands))
    rule.operand(
        withDim(dims, dim, rule.whole("operand" + std::to_string(index), shapeOf(operand)[dim])));
  rule.result(dims);
  rule.linearIn(all);
  return rule.take();
}

/// A rule whose operands and result agree in all dims but `dim`, where each operand is one of
/// `parts` equal parts of the result, or the result one of the operand: the part may be split, so
/// that a rank holds its piece of every part (of a fused q, k, v, of gate and up).
static Rule equalPartsRule(ValueRange operands, Value result, int64_t dim, bool resultIsWhole) {
  RuleBuilder rule;
  std::vector<int> all(operands.size());
  std::iota(all.begin(), all.end(), 0);
  Value part = resultIsWhole ? operands[0] : result, whole = resultIsWhole ? result : operands[0];
  TensorFactors partDims, wholeDims;
  for (auto [index, size] : llvm::enumerate(shapeOf(part))) {
    int factor = rule.parallel("d" + std::to_string(index), size, padsZeroIf(all));
    partDims.push_back({factor});
    wholeDims.push_back({factor});
  }
  int parts = rule.whole("parts", shapeOf(whole)[dim] / shapeOf(part)[dim]);
  wholeDims[dim].insert(wholeDims[dim].begin(), parts);
  for (size_t i = 0; i < operands.size(); ++i)
    rule.operand(resultIsWhole ? partDims : wholeDims);
  rule.result(resultIsWhole ? wholeDims : partDims);
  rule.linearIn(all);
  return rule.take();
}

/// Whether [start, start + size) is one of several parts of `extent`, of which each can be split.
static bool isEqualPart(int64_t extent, int64_t start, int64_t size) {
  return size > 1 && size < extent && extent % size == 0 && start % size == 0;
}

//===-------------------------------------------------------------------------------------===//
// split_dim and merge_dims: views
//===-------------------------------------------------------------------------------------===//

/// `dim` of `merged` is the dims `dim`, `dim + 1` of the other tensor, of extents major and minor.
static Rule viewRule(Value merged, int64_t dim, int64_t major, int64_t minor, bool split) {
  RuleBuilder rule;
  TensorFactors mergedDims, splitDims;
  for (auto [index, size] : llvm::enumerate(shapeOf(merged))) {
    if (static_cast<int64_t>(index) == dim) {
      int majorFactor = rule.parallel("major", major, padsZeroIf({0}));
      int minorFactor = rule.parallel("minor", minor, padsZeroIf({0}));
      mergedDims.push_back({majorFactor, minorFactor});
      splitDims.push_back({majorFactor});
      splitDims.push_back({minorFactor});
      continue;
    }
    int factor = rule.parallel("d" + std::to_string(index), size, padsZeroIf({0}));
    mergedDims.push_back({factor});
    splitDims.push_back({factor});
  }
  rule.operand(split ? mergedDims : splitDims);
  rule.result(split ? splitDims : mergedDims);
  rule.linearIn({0});
  return rule.take();
}

InferredTypes SplitDimOp::inferResultTypes() {
  if (failed(verifyDim(*this, getDim(), getX())))
    return failure();
  int64_t dim = getDim(), minor = getMinor(), size = shapeOf(getX())[dim];
  if (minor < 1 || size % minor != 0)
    return emitOpError() << "splits a dim of " << size << " by " << minor
                         << ", which is no divisor of it";
  SmallVector<int64_t> shape(shapeOf(getX()));
  shape[dim] = minor;
  shape.insert(shape.begin() + dim, size / minor);
  return SmallVector{tensorOf(shape, elementOf(getX()))};
}

LogicalResult SplitDimOp::verify() { return verifyInferred(*this); }

Rule SplitDimOp::getShardingRule() {
  return viewRule(getX(), getDim(), shapeOf(getX())[getDim()] / getMinor(), getMinor(),
                  /*split=*/true);
}

int64_t SplitDimOp::getFlops() { return 0; }

void SplitDimOp::buildGradient(GradientBuilder &gradient) {
  if (Value dy = gradient.ofResult(0); dy && gradient.isNeeded(0))
    gradient.add(0, MergeDimsOp::create(gradient.builder(), gradient.loc(), plainType(getX()), dy,
                                        getDim()));
}

InferredTypes MergeDimsOp::inferResultTypes() {
  int64_t dim = getDim(), rank = shapeOf(getX()).size();
  if (dim < 0 || dim + 1 >= rank)
    return emitOpError() << "merges dims " << dim << " and " << dim + 1 << " of a tensor of "
                         << rank << " dims";
  SmallVector<int64_t> shape(shapeOf(getX()));
  shape[dim] *= shape[dim + 1];
  shape.erase(shape.begin() + dim + 1);
  return SmallVector{tensorOf(shape, elementOf(getX()))};
}

LogicalResult MergeDimsOp::verify() { return verifyInferred(*this); }

Rule MergeDimsOp::getShardingRule() {
  ArrayRef<int64_t> shape = shapeOf(getX());
  return viewRule(getY(), getDim(), shape[getDim()], shape[getDim() + 1], /*split=*/false);
}

int64_t MergeDimsOp::getFlops() { return 0; }

void MergeDimsOp::buildGradient(GradientBuilder &gradient) {
  if (Value dy = gradient.ofResult(0); dy && gradient.isNeeded(0))
    gradient.add(0, SplitDimOp::create(gradient.builder(), gradient.loc(), plainType(getX()), dy,
                                       getDim(), shapeOf(getX())[getDim() + 1]));
}

//===-------------------------------------------------------------------------------------===//
// transpose
//===-------------------------------------------------------------------------------------===//

InferredTypes TransposeOp::inferResultTypes() {
  ArrayRef<int64_t> permutation = getPermutation(), shape = shapeOf(getX());
  SmallVector<int64_t> sorted(permutation), result;
  llvm::sort(sorted);
  for (auto [index, dim] : llvm::enumerate(sorted))
    if (sorted.size() != shape.size() || dim != static_cast<int64_t>(index))
      return emitOpError() << "needs a permutation of the " << shape.size()
                           << " dims of its operand";
  for (int64_t dim : permutation)
    result.push_back(shape[dim]);
  if (result.size() != shape.size())
    return emitOpError() << "needs a permutation of the " << shape.size() << " dims of its operand";
  return SmallVector{tensorOf(result, elementOf(getX()))};
}

LogicalResult TransposeOp::verify() { return verifyInferred(*this); }

Rule TransposeOp::getShardingRule() {
  RuleBuilder rule;
  DimFactors dims = rule.parallelDims("d", shapeOf(getX()), padsZeroIf({0})), result;
  for (int64_t dim : getPermutation())
    result.push_back(dims[dim]);
  rule.operand(dims);
  rule.result(result);
  rule.linearIn({0});
  return rule.take();
}

int64_t TransposeOp::getFlops() { return 0; }

void TransposeOp::buildGradient(GradientBuilder &gradient) {
  Value dy = gradient.ofResult(0);
  if (!dy || !gradient.isNeeded(0))
    return;
  SmallVector<int64_t> inverse(getPermutation().size());
  for (auto [index, dim] : llvm::enumerate(getPermutation()))
    inverse[dim] = index;
  gradient.add(
      0, TransposeOp::create(gradient.builder(), gradient.loc(), plainType(getX()), dy, inverse));
}

void TransposeOp::buildBody(BodyBuilder &body) {
  SmallVector<Value> indices(getPermutation().size());
  for (auto [index, dim] : llvm::enumerate(getPermutation()))
    indices[dim] = body.position(index);
  body.result(0, body.operandAt(0, indices));
}

//===-------------------------------------------------------------------------------------===//
// slice and pad
//===-------------------------------------------------------------------------------------===//

InferredTypes SliceOp::inferResultTypes() {
  if (failed(verifyDim(*this, getDim(), getX())))
    return failure();
  int64_t dim = getDim(), start = getStart(), size = getSize(), extent = shapeOf(getX())[dim];
  if (start < 0 || size < 1 || size > extent - start)
    return emitOpError() << "takes [" << start << ", " << start + size << ") of a dim of "
                         << extent;
  SmallVector<int64_t> shape(shapeOf(getX()));
  shape[dim] = size;
  return SmallVector{tensorOf(shape, elementOf(getX()))};
}

LogicalResult SliceOp::verify() { return verifyInferred(*this); }

Rule SliceOp::getShardingRule() {
  if (isEqualPart(shapeOf(getX())[getDim()], getStart(), getSize()))
    return equalPartsRule(getX(), getY(), getDim(), /*resultIsWhole=*/false);
  return wholeDimRule(getX(), getY(), getDim());
}

int64_t SliceOp::getFlops() { return 0; }

void SliceOp::buildGradient(GradientBuilder &gradient) {
  if (Value dy = gradient.ofResult(0); dy && gradient.isNeeded(0))
    gradient.add(0, PadOp::create(gradient.builder(), gradient.loc(), plainType(getX()), dy,
                                  getDim(), getStart()));
}

void SliceOp::buildBody(BodyBuilder &body) {
  SmallVector<Value> indices = positions(body, shapeOf(getY()).size());
  indices[getDim()] = body.add(indices[getDim()], body.constantIndex(getStart()));
  body.result(0, body.operandAt(0, indices));
}

LogicalResult PadOp::verify() {
  ArrayRef<int64_t> x = shapeOf(getX()), y = shapeOf(getY());
  if (failed(verifyDim(*this, getDim(), getX())))
    return failure();
  int64_t dim = getDim(), start = getStart();
  bool fits = x.size() == y.size() && elementOf(getX()) == elementOf(getY());
  for (size_t i = 0; fits && i < x.size(); ++i)
    fits = static_cast<int64_t>(i) == dim || x[i] == y[i];
  if (!fits)
    return emitOpError() << "needs operand and result that differ in dim " << dim << " alone, not "
                         << plainType(getX()) << " and " << plainType(getY());
  if (start < 0 || start + x[dim] > y[dim])
    return emitOpError() << "places [" << start << ", " << start + x[dim] << ") in a dim of "
                         << y[dim];
  return success();
}

Rule PadOp::getShardingRule() {
  if (isEqualPart(shapeOf(getY())[getDim()], getStart(), shapeOf(getX())[getDim()]))
    return equalPartsRule(getX(), getY(), getDim(), /*resultIsWhole=*/true);
  return wholeDimRule(getX(), getY(), getDim());
}

int64_t PadOp::getFlops() { return 0; }

void PadOp::buildGradient(GradientBuilder &gradient) {
  if (Value dy = gradient.ofResult(0); dy && gradient.isNeeded(0))
    gradient.add(0, SliceOp::create(gradient.builder(), gradient.loc(), plainType(getX()), dy,
                                    getDim(), getStart(), shapeOf(getX())[getDim()]));
}

/// The element of `operand`, which occupies [start, start + extent) of the domain's dim `dim`;
/// `outside` elsewhere. Indices are clamped, so that no element is read that isn't there.
static Value elementInside(BodyBuilder &body, unsigned index, Value operand, int64_t dim,
                           int64_t start, Value outside) {
  SmallVector<Value> indices = positions(body, shapeOf(operand).size());
  Value position = indices[dim];
  Value first = body.constantIndex(start);
  Value last = body.constantIndex(start + shapeOf(operand)[dim] - 1);
  indices[dim] = body.sub(body.min(body.max(position, first), last), first);
  Value element = body.operandAt(index, indices);
  // first <= position <= last, by clamping.
  Value inside = body.equal(body.min(body.max(position, first), last), position);
  return body.select(inside, element, outside);
}

void PadOp::buildBody(BodyBuilder &body) {
  body.result(0, elementInside(body, 0, getX(), getDim(), getStart(), body.constant(0.0)));
}

//===-------------------------------------------------------------------------------------===//
// concat
//===-------------------------------------------------------------------------------------===//

InferredTypes ConcatOp::inferResultTypes() {
  if (getParts().empty())
    return emitOpError("needs at least one operand");
  Value first = getParts().front();
  if (failed(verifySameElement(*this, getParts())) || failed(verifyDim(*this, getDim(), first)))
    return failure();
  int64_t dim = getDim(), size = 0;
  for (Value part : getParts()) {
    SmallVector<int64_t> expected(shapeOf(first));
    if (shapeOf(part).size() == expected.size())
      expected[dim] = shapeOf(part)[dim];
    if (shapeOf(part) != ArrayRef(expected))
      return emitOpError() << "needs operands that differ in dim " << dim << " alone, not "
                           << plainType(first) << " and " << plainType(part);
    size += shapeOf(part)[dim];
  }
  SmallVector<int64_t> shape(shapeOf(first));
  shape[dim] = size;
  return SmallVector{tensorOf(shape, elementOf(first))};
}

LogicalResult ConcatOp::verify() { return verifyInferred(*this); }

Rule ConcatOp::getShardingRule() {
  int64_t size = shapeOf(getParts().front())[getDim()];
  bool areEqual =
      llvm::all_of(getParts(), [&](Value part) { return shapeOf(part)[getDim()] == size; });
  if (areEqual && isEqualPart(shapeOf(getY())[getDim()], 0, size))
    return equalPartsRule(getParts(), getY(), getDim(), /*resultIsWhole=*/true);
  return wholeDimRule(getParts(), getY(), getDim());
}

int64_t ConcatOp::getFlops() { return 0; }

void ConcatOp::buildGradient(GradientBuilder &gradient) {
  Value dy = gradient.ofResult(0);
  if (!dy)
    return;
  int64_t start = 0;
  for (auto [index, part] : llvm::enumerate(getParts())) {
    int64_t size = shapeOf(part)[getDim()];
    if (gradient.isNeeded(index))
      gradient.add(index, SliceOp::create(gradient.builder(), gradient.loc(), plainType(part), dy,
                                          getDim(), start, size));
    start += size;
  }
}

void ConcatOp::buildBody(BodyBuilder &body) {
  // Each part overrides what precedes it, so the first needs no condition.
  Value element;
  int64_t start = 0;
  for (auto [index, part] : llvm::enumerate(getParts())) {
    Value outside = element;
    if (!outside) {
      SmallVector<Value> indices = positions(body, shapeOf(part).size());
      Value last = body.constantIndex(shapeOf(part)[getDim()] - 1);
      indices[getDim()] = body.min(indices[getDim()], last);
      element = body.operandAt(index, indices);
    } else {
      element = elementInside(body, index, part, getDim(), start, outside);
    }
    start += shapeOf(part)[getDim()];
  }
  body.result(0, element);
}

//===-------------------------------------------------------------------------------------===//
// sum, broadcast and mean
//===-------------------------------------------------------------------------------------===//

InferredTypes SumOp::inferResultTypes() {
  ArrayRef<int64_t> dims = getDims(), shape = shapeOf(getX());
  int64_t rank = shape.size(), count = dims.size();
  if (failed(verifyDims(*this, dims, rank)))
    return failure();
  bool consecutive = dims.back() - dims.front() + 1 == count;
  if (!consecutive || (dims.front() != 0 && dims.back() != rank - 1))
    return emitOpError("sums over leading dims, trailing dims or all of them; transpose first");
  return SmallVector{tensorOf(without(shape, dims), elementOf(getX()))};
}

LogicalResult SumOp::verify() { return verifyInferred(*this); }

Rule SumOp::getShardingRule() {
  RuleBuilder rule;
  DimFactors operand, result;
  for (auto [index, size] : llvm::enumerate(shapeOf(getX()))) {
    std::string name = "d" + std::to_string(index);
    bool summed = llvm::is_contained(getDims(), static_cast<int64_t>(index));
    operand.push_back(summed ? rule.contracted(name, size)
                             : rule.parallel(name, size, padsZeroIf({0})));
    if (!summed)
      result.push_back(operand.back());
  }
  rule.operand(operand);
  rule.result(result);
  rule.linearIn({0});
  return rule.take();
}

int64_t SumOp::getFlops() { return elementCount(shapeOf(getX())); }

void SumOp::buildGradient(GradientBuilder &gradient) {
  if (Value dy = gradient.ofResult(0); dy && gradient.isNeeded(0))
    gradient.add(0, BroadcastOp::create(gradient.builder(), gradient.loc(), plainType(getX()), dy,
                                        getX(), getDims()));
}

void SumOp::buildBody(BodyBuilder &body) {
  body.sumInto(0, [&] { return body.operand(0); });
}

LogicalResult BroadcastOp::verify() {
  if (failed(verifySameElement(*this, getX())) ||
      failed(verifyDims(*this, getDims(), shapeOf(getLike()).size())))
    return failure();
  if (shapeOf(getY()) != shapeOf(getLike()) || elementOf(getY()) != elementOf(getX()))
    return emitOpError() << "needs a result of the shape of " << plainType(getLike())
                         << " and the element type of " << plainType(getX()) << ", not "
                         << plainType(getY());
  if (shapeOf(getX()) != ArrayRef(without(shapeOf(getY()), getDims())))
    return emitOpError()
           << "needs an operand with the dims of the result that `dims` does not name, "
              "not "
           << plainType(getX());
  return success();
}

Rule BroadcastOp::getShardingRule() {
  RuleBuilder rule;
  DimFactors dims = rule.parallelDims("d", shapeOf(getY())), kept;
  for (auto [index, factor] : llvm::enumerate(dims))
    if (!llvm::is_contained(getDims(), static_cast<int64_t>(index))) {
      rule.factor(factor).padResult = padsZeroIf({0});
      kept.push_back(factor);
    }
  rule.operand(kept);
  rule.operand(dims);
  rule.result(dims);
  rule.linearIn({0});
  rule.shapeOnly(1);
  return rule.take();
}

int64_t BroadcastOp::getFlops() { return 0; }

void BroadcastOp::buildGradient(GradientBuilder &gradient) {
  if (Value dy = gradient.ofResult(0); dy && gradient.isNeeded(0))
    gradient.add(
        0, SumOp::create(gradient.builder(), gradient.loc(), plainType(getX()), dy, getDims()));
}

void BroadcastOp::buildBody(BodyBuilder &body) {
  // The two common cases are plain reads, which vectorize: x repeated along leading dims, and one
  // number a row.
  ArrayRef<int64_t> dims = getDims();
  int64_t rank = shapeOf(getY()).size();
  if (dims.back() == static_cast<int64_t>(dims.size()) - 1)
    return body.result(0, body.operand(0));
  if (dims == ArrayRef(rank - 1))
    return body.result(0, body.rowOperand(0));
  SmallVector<Value> indices;
  for (int64_t dim = 0; dim < rank; ++dim)
    if (!llvm::is_contained(dims, dim))
      indices.push_back(body.position(dim));
  body.result(0, body.operandAt(0, indices));
}

InferredTypes MeanOp::inferResultTypes() {
  if (failed(verifyDims(*this, getDims(), shapeOf(getX()).size())))
    return failure();
  ArrayRef<int64_t> dims = getDims();
  int64_t rank = shapeOf(getX()).size(), count = dims.size();
  if (dims.back() - dims.front() + 1 != count || (dims.front() != 0 && dims.back() != rank - 1))
    return emitOpError("averages over leading dims, trailing dims or all of them; transpose first");
  return SmallVector{tensorOf(without(shapeOf(getX()), dims), elementOf(getX()))};
}

LogicalResult MeanOp::verify() { return verifyInferred(*this); }

SmallVector<Value> MeanOp::expand(OpBuilder &builder) {
  int64_t count = 1;
  for (int64_t dim : getDims())
    count *= shapeOf(getX())[dim];
  Value sum = SumOp::create(builder, getLoc(), plainType(getY()), getX(), getDims());
  return {ScaleOp::create(builder, getLoc(), plainType(getY()), sum,
                          llvm::APFloat(1.0 / static_cast<double>(count)))};
}

//===-------------------------------------------------------------------------------------===//
// Local extents
//===-------------------------------------------------------------------------------------===//

namespace {

/// The part of a dim that a slice takes or a pad places, and the dim.
struct Part {
  int64_t start, size, whole;
};

} // namespace

static std::optional<Part> partOf(Operation *op) {
  if (auto slice = dyn_cast<SliceOp>(op))
    return Part{static_cast<int64_t>(slice.getStart()), static_cast<int64_t>(slice.getSize()),
                shapeOf(slice.getX())[slice.getDim()]};
  if (auto pad = dyn_cast<PadOp>(op))
    return Part{static_cast<int64_t>(pad.getStart()), shapeOf(pad.getX())[pad.getDim()],
                shapeOf(pad.getY())[pad.getDim()]};
  return std::nullopt;
}

void setLocalExtents(Operation *local, ArrayRef<int64_t> operand) {
  if (auto view = dyn_cast<SplitDimOp>(local)) {
    view.setMinor(shapeOf(view.getY())[view.getDim() + 1]);
  } else if (auto slice = dyn_cast<SliceOp>(local)) {
    int64_t size = shapeOf(slice.getY())[slice.getDim()], part = slice.getSize();
    slice.setStart(size == part ? slice.getStart() : slice.getStart() / part * size);
    slice.setSize(size);
  } else if (auto pad = dyn_cast<PadOp>(local)) {
    int64_t size = shapeOf(pad.getX())[pad.getDim()], part = operand[pad.getDim()];
    pad.setStart(size == part ? pad.getStart() : pad.getStart() / part * size);
  }
}

bool namesSameExtents(Operation *global, Operation *local) {
  std::optional<Part> expected = partOf(global), found = partOf(local);
  // The minor extent of nn.split_dim is that of the result's type.
  if (!expected || !found)
    return !expected && !found;
  return found->start * expected->size == expected->start * found->size &&
         found->whole * expected->size == expected->whole * found->size;
}

bool isExtent(Operation *op, StringRef name) {
  return (isa<SplitDimOp>(op) && name == "minor") ||
         (isa<SliceOp, PadOp>(op) && (name == "start" || name == "size"));
}

} // namespace tpc::nn
