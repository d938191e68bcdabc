//===- OpSupport.cpp - What the op files of the nn dialect share ---------------------------===//
#include "dialects/nn/OpSupport.h"

#include <numeric>

using namespace mlir;

namespace tpc::nn {

int64_t memoryBytes(Operation *op) {
  int64_t bytes = 0;
  for (Type type : op->getOperandTypes())
    bytes += bytesOf(type);
  for (Type type : op->getResultTypes())
    bytes += bytesOf(type);
  return bytes;
}

bool isView(Operation *op) { return isa<SplitDimOp, MergeDimsOp>(op); }

bool isProduct(Operation *op) {
  auto library = dyn_cast_if_present<LibraryOp>(op);
  return library && std::holds_alternative<GemmStep>(library.getLibraryStep());
}

//===-------------------------------------------------------------------------------------===//
// Verification
//===-------------------------------------------------------------------------------------===//

LogicalResult verifyInferred(Operation *op) {
  InferredTypes inferred = cast<ShapeOp>(op).inferResultTypes();
  if (failed(inferred))
    return failure();
  if (inferred->size() != op->getNumResults())
    return op->emitOpError() << "has " << op->getNumResults()
                             << " results, but its operands and attributes give "
                             << inferred->size();
  for (auto [index, type] : llvm::enumerate(*inferred))
    if (!sameShapeAndElement(op->getResult(index).getType(), type))
      return op->emitOpError() << "has " << plainType(op->getResult(index)) << " as result #"
                               << index << ", but its operands and attributes give " << type;
  return success();
}

LogicalResult verifySameElement(Operation *op, ValueRange values) {
  for (Value value : values)
    if (elementOf(value) != elementOf(values.front()))
      return op->emitOpError() << "needs operands of one element type, but has "
                               << elementOf(values.front()) << " and " << elementOf(value)
                               << "; insert an nn.cast";
  return success();
}

LogicalResult verifyOffsets(Operation *op, ValueRange offsets, unsigned count) {
  if (offsets.empty() || offsets.size() == count)
    return success();
  return op->emitOpError() << "has " << offsets.size() << " offsets, but takes " << count
                           << ", or none before partitioning";
}

FailureOr<RankedTensorType> inferPointwise(Operation *op, ValueRange operands) {
  if (operands.empty())
    return op->emitOpError("needs at least one operand");
  if (failed(verifySameElement(op, operands)))
    return failure();
  Value largest = operands.front();
  for (Value operand : operands)
    if (shapeOf(operand).size() > shapeOf(largest).size())
      largest = operand;
  for (Value operand : operands)
    if (!isSuffix(shapeOf(operand), shapeOf(largest)))
      return op->emitOpError()
             << "needs operands whose shapes are suffixes of the largest one, but "
             << plainType(operand) << " is none of " << plainType(largest);
  return plainType(largest);
}

//===-------------------------------------------------------------------------------------===//
// Sharding rules
//===-------------------------------------------------------------------------------------===//

int RuleBuilder::parallel(std::string name, int64_t size, PadResult pads) {
  RuleFactor factor;
  factor.name = std::move(name);
  factor.size = size;
  factor.padResult = std::move(pads);
  return rule.addFactor(std::move(factor));
}

int RuleBuilder::contracted(std::string name, int64_t size) {
  RuleFactor factor;
  factor.name = std::move(name);
  factor.size = size;
  factor.kind = FactorKind::Contracted;
  factor.padNeed = PadNeed::Zero;
  return rule.addFactor(std::move(factor));
}

int RuleBuilder::whole(std::string name, int64_t size) {
  int index = parallel(std::move(name), size);
  rule.factors[index].kind = FactorKind::Whole;
  return index;
}

DimFactors RuleBuilder::parallelDims(const std::string &prefix, ArrayRef<int64_t> shape,
                                     PadResult pads) {
  DimFactors dims;
  for (auto [index, size] : llvm::enumerate(shape))
    dims.push_back(parallel(prefix + std::to_string(index), size, pads));
  return dims;
}

DimFactors RuleBuilder::contractedDims(const std::string &prefix, ArrayRef<int64_t> shape) {
  DimFactors dims;
  for (auto [index, size] : llvm::enumerate(shape))
    dims.push_back(contracted(prefix + std::to_string(index), size));
  return dims;
}

TensorFactors RuleBuilder::onePerDim(const DimFactors &dims) {
  TensorFactors tensor;
  for (int factor : dims)
    tensor.push_back({factor});
  return tensor;
}

DimFactors joined(DimFactors a, const DimFactors &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Rule pointwiseRule(Operation *op, PointwisePads pads, std::vector<std::vector<int>> linearIn) {
  RuleBuilder builder;
  size_t rank = shapeOf(op->getResult(0)).size();
  DimFactors dims = builder.parallelDims("d", shapeOf(op->getResult(0)));
  std::vector<std::vector<int>> having(rank);
  int tensors = 0;
  for (Value operand : op->getOperands()) {
    if (!isa<RankedTensorType>(operand.getType()))
      continue;
    size_t first = rank - shapeOf(operand).size();
    builder.operand(DimFactors(dims.begin() + first, dims.end()));
    for (size_t dim = first; dim < rank; ++dim)
      having[dim].push_back(tensors);
    ++tensors;
  }
  for (size_t dim = 0; dim < rank; ++dim) {
    bool all = static_cast<int>(having[dim].size()) == tensors;
    if (pads == PointwisePads::Multiplicative || (pads == PointwisePads::Additive && all))
      builder.factor(dims[dim]).padResult = padsZeroIf(having[dim]);
  }
  for (size_t i = 0; i < op->getNumResults(); ++i)
    builder.result(dims);
  for (std::vector<int> &set : linearIn)
    builder.linearIn(std::move(set));
  return builder.take();
}

//===-------------------------------------------------------------------------------------===//
// Gradients
//===-------------------------------------------------------------------------------------===//

Value sumToShapeOf(OpBuilder &builder, Location loc, Value value, Value like) {
  ArrayRef<int64_t> from = shapeOf(value), to = shapeOf(like);
  if (from == to)
    return value;
  SmallVector<int64_t> dims(from.size() - to.size());
  std::iota(dims.begin(), dims.end(), 0);
  return SumOp::create(builder, loc, tensorOf(to, elementOf(value)), value, dims);
}

} // namespace tpc::nn
