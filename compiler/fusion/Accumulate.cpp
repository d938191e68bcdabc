//===- Accumulate.cpp - Sums that grow where they are --------------------------------------===//
#include "compiler/fusion/Accumulate.h"

#include "mlir/IR/IRMapping.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;

namespace tpc {

/// Whether an op can add its only result to something: a product or a scatter.
static bool canAccumulate(Operation *op) {
  if (isa_and_nonnull<nn::EmbeddingGradOp>(op))
    return true;
  auto library = dyn_cast_or_null<nn::LibraryOp>(op);
  return library && std::holds_alternative<nn::GemmStep>(library.getLibraryStep());
}

/// `sum` + the result of `op`, as one kernel.
static Value addInPlace(Value sum, Operation *op, OpBuilder &builder) {
  llvm::SetVector<Value> inputs;
  inputs.insert(sum);
  inputs.insert(op->operand_begin(), op->operand_end());
  std::string name = op->getName().stripDialect().str() + "+add";
  auto kernel =
      nn::KernelOp::create(builder, op->getLoc(), sum.getType(), builder.getStringAttr(name),
                           inputs.getArrayRef(), /*in_place=*/DenseI64ArrayAttr());
  nn::copyPlace(op, kernel);
  OpBuilder::InsertionGuard guard(builder);
  Block *body = builder.createBlock(&kernel.getBody());
  IRMapping mapping;
  for (Value input : inputs)
    mapping.map(input, body->addArgument(input.getType(), input.getLoc()));
  Operation *copy = builder.clone(*op, mapping);
  copy->removeAttr(nn::kPhaseAttr);
  Value added = nn::AddOp::create(builder, op->getLoc(), sum.getType(),
                                  ValueRange{body->getArgument(0), copy->getResult(0)});
  nn::YieldOp::create(builder, op->getLoc(), added);
  return kernel->getResult(0);
}

static void accumulate(nn::AddOp add) {
  // In program order, so that each stays where its operands are and the sum is there already.
  SmallVector<Operation *> parts;
  SmallVector<Value> others;
  for (Value operand : add.getOperands()) {
    Operation *producer = operand.getDefiningOp();
    // What somebody else reads as well is needed by itself.
    bool isPart = canAccumulate(producer) && operand.hasOneUse() &&
                  operand.getType() == add.getType() && producer->getBlock() == add->getBlock();
    if (isPart)
      parts.push_back(producer);
    else
      others.push_back(operand);
  }
  if (parts.size() < 2)
    return;
  llvm::sort(parts, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  Value sum = parts.front()->getResult(0);
  for (Operation *part : ArrayRef(parts).drop_front()) {
    OpBuilder builder(part);
    sum = addInPlace(sum, part, builder);
  }
  if (others.empty()) {
    add.replaceAllUsesWith(sum);
    add.erase();
  } else {
    others.push_back(sum);
    add->setOperands(others);
  }
  for (Operation *part : ArrayRef(parts).drop_front())
    part->erase();
}

void accumulateSums(nn::EntryOp entry) {
  for (auto add : llvm::make_early_inc_range(entry.getBody().front().getOps<nn::AddOp>()))
    accumulate(add);
}

/// The nn.add of a kernel of a product and a sum.
static nn::AddOp sumOf(nn::KernelOp kernel) {
  Block &body = kernel.getBody().front();
  if (!llvm::hasNItems(body, 3) || !isa<nn::LibraryOp>(body.front()))
    return nullptr;
  return dyn_cast<nn::AddOp>(*std::next(body.begin()));
}

nn::LibraryOp accumulatedProduct(nn::KernelOp kernel) {
  return sumOf(kernel) ? cast<nn::LibraryOp>(kernel.getBody().front().front()) : nullptr;
}

unsigned accumulatedInput(nn::KernelOp kernel) {
  return cast<BlockArgument>(sumOf(kernel).getOperand(0)).getArgNumber();
}

} // namespace tpc
