//===- VerifyGrad.cpp - The legal form of level `grad` --------------------------------------===//
#include "compiler/autodiff/Passes.h"
#include "dialects/nn/NN.h"
#include "dialects/nn/Types.h"

#include "mlir/IR/BuiltinOps.h"

namespace tpc {

#define GEN_PASS_DEF_VERIFYGRAD
#include "compiler/autodiff/Passes.h.inc"

using namespace mlir;

namespace {

LogicalResult verifyInterfaces(Operation &op) {
  if (auto composite = dyn_cast<nn::CompositeOp>(op); composite && !composite.isPrimitive())
    return op.emitOpError("is composite; level grad holds primitive ops, see "
                          "tpc-expand-composites");
  StringRef missing = !isa<nn::ShardingRuleOp>(op) ? "sharding rule"
                      : !isa<nn::CostOp>(op)       ? "cost"
                                                   : "";
  if (missing.empty())
    return success();
  return op.emitOpError() << "has no " << missing
                          << "; make it an NN_PrimitiveOp in dialects/nn/NNOps.td and write what "
                             "that declares beside its verifier in dialects/nn";
}

std::vector<std::vector<int64_t>> shapesOf(ValueRange values) {
  std::vector<std::vector<int64_t>> shapes;
  for (Value value : values)
    if (isa<RankedTensorType>(value.getType()))
      shapes.push_back(nn::shapeOf(value).vec());
  return shapes;
}

/// What the solver would otherwise meet as an index out of range, or not at all.
LogicalResult verifyRule(Operation &op) {
  std::optional<std::string> error = cast<nn::ShardingRuleOp>(op).getShardingRule().check(
      shapesOf(op.getOperands()), shapesOf(op.getResults()));
  if (error)
    return op.emitOpError() << "has a wrong sharding rule: " << *error;
  return success();
}

LogicalResult verifyEntry(nn::EntryOp entry) {
  DenseMap<StringAttr, Operation *> reads, writes;
  for (Operation &op : entry.getBody().front().without_terminator()) {
    if (!op.hasAttr(nn::kPhaseAttr))
      return op.emitOpError() << "has no " << nn::kPhaseAttr;
    if (auto read = dyn_cast<nn::ReadOp>(op)) {
      StringAttr symbol = read.getSourceAttr().getAttr();
      if (writes.contains(symbol))
        return op.emitOpError() << "reads " << read.getSourceAttr() << " after it is written";
      if (!reads.try_emplace(symbol, &op).second)
        return op.emitOpError() << "reads " << read.getSourceAttr()
                                << " a second time; see tpc-resolve-reads";
    } else if (auto write = dyn_cast<nn::WriteOp>(op)) {
      if (!writes.try_emplace(write.getTargetAttr().getAttr(), &op).second)
        return op.emitOpError() << "writes " << write.getTargetAttr() << " a second time";
    } else if (failed(verifyInterfaces(op)) || failed(verifyRule(op))) {
      return failure();
    }
  }
  return success();
}

struct VerifyGrad final : impl::VerifyGradBase<VerifyGrad> {
  void runOnOperation() override {
    for (Operation &op : *getOperation().getBody()) {
      auto entry = dyn_cast<nn::EntryOp>(op);
      if (entry && failed(verifyEntry(entry)))
        return signalPassFailure();
      if (isa<nn::TrainingOp>(op)) {
        op.emitOpError("is left at level grad; tpc-build-training makes an entry of it");
        return signalPassFailure();
      }
    }
  }
};

} // namespace

} // namespace tpc
