//===- KernelDomain.cpp - Chooses rows and columns -----------------------------------------===//
#include "compiler/codegen/KernelDomain.h"

#include "dialects/nn/Types.h"

using namespace mlir;

namespace tpc::codegen {

namespace {

/// Elements of a flat domain are cut into rows of this many bytes of all tensors together.
constexpr int64_t kFlatRowBytes = 64 * 1024;

/// Bytes of an element of all tensors of a kernel that are as large as its domain.
int64_t bytesOfAPoint(nn::KernelOp kernel, int64_t elements) {
  int64_t bytes = 0;
  for (Type type : llvm::concat<const Type>(llvm::to_vector(kernel.getInputs().getTypes()),
                                            llvm::to_vector(kernel.getResultTypes())))
    if (auto tensor = dyn_cast<RankedTensorType>(type);
        tensor && tensor.getNumElements() == elements)
      bytes += tensor.getElementTypeBitWidth() / 8;
  return bytes;
}

} // namespace

ArrayRef<int64_t> bodyShape(Operation &op) {
  if (auto body = dyn_cast<nn::BodyOp>(op))
    if (int operand = body.getDomainOperand(); operand >= 0)
      return nn::shapeOf(op.getOperand(operand));
  return nn::shapeOf(op.getResult(0));
}

bool isSumOfScatter(Operation &op) {
  auto add = dyn_cast<nn::AddOp>(op);
  return add && add.getNumOperands() == 2 && isa<BlockArgument>(add.getOperand(0)) &&
         add.getOperand(1).getDefiningOp<nn::EmbeddingGradOp>();
}

Domain chooseDomain(nn::KernelOp kernel, bool flat) {
  Domain domain;
  Block &body = kernel.getBody().front();
  for (Operation &op : body.without_terminator()) {
    if (isSumOfScatter(op))
      continue;
    ArrayRef<int64_t> shape = bodyShape(op);
    if (shape.size() > domain.shape.size() ||
        (shape.size() == domain.shape.size() &&
         nn::elementCount(shape) > nn::elementCount(domain.shape)))
      domain.shape.assign(shape.begin(), shape.end());
  }
  unsigned rank = domain.shape.size();
  domain.split = rank == 0 ? 0 : rank - 1;
  for (auto sum : body.getOps<nn::SumOp>()) {
    unsigned count = sum.getDims().size();
    if (count < rank && nn::shapeOf(sum.getX()) == ArrayRef<int64_t>(domain.shape))
      domain.split = sum.getDims().front() == 0 ? count : rank - count;
  }
  ArrayRef<int64_t> shape = domain.shape;
  domain.elements = nn::elementCount(shape);
  domain.isFlat = flat;
  if (!flat) {
    domain.rows = nn::elementCount(shape.take_front(domain.split));
    domain.columns = nn::elementCount(shape.drop_front(domain.split));
    return domain;
  }
  int64_t bytes = std::max<int64_t>(bytesOfAPoint(kernel, domain.elements), 1);
  int64_t columns = std::max<int64_t>(kFlatRowBytes / bytes / 256, 1) * 256;
  domain.columns = std::min(columns, domain.elements);
  domain.rows = llvm::divideCeil(domain.elements, domain.columns);
  return domain;
}

} // namespace tpc::codegen
