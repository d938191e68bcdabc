//===- Schedule.cpp - The passes of level scheduled ---------------------------------------===//

#include "compiler/schedule/Schedule.h"

#include "compiler/schedule/Program.h"
#include "dialects/tp/TP.h"

#include "mlir/Pass/Pass.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace tpc;

namespace {

class SchedulePass : public PassWrapper<SchedulePass, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SchedulePass)
  explicit SchedulePass(ScheduleOptions options) : hardware(options.hardware) {
    overlap = options.overlapsCollectives;
  }
  SchedulePass(const SchedulePass &other) : PassWrapper(other), hardware(other.hardware) {
    copyOptionValuesFrom(&other);
  }
  StringRef getArgument() const override { return "tpc-schedule"; }
  StringRef getDescription() const override {
    return "put the ops of every entry into their final order and pack small collectives";
  }
  void runOnOperation() override {
    for (auto entry : getOperation().getOps<nn::EntryOp>()) {
      // First while updates stand last: a gradient that is used up at once can't wait for another.
      // Then what the new order has brought together.
      packCollectives(entry);
      if (failed(orderEntry(entry)))
        return signalPassFailure();
      packCollectives(entry);
      if (overlap && failed(giveCollectivesAStream(entry)))
        return signalPassFailure();
    }
  }

private:
  LogicalResult giveCollectivesAStream(nn::EntryOp entry) {
    if (failed(overlapCollectives(entry, hardware)))
      return failure();
    Builder builder(&getContext());
    for (Operation &op : entry.getBody().front())
      if (tp::isCollective(&op))
        op.setAttr(kStreamAttr, builder.getI64IntegerAttr(1));
    return success();
  }

  Hardware hardware;
  Option<bool> overlap{*this, "overlap",
                       llvm::cl::desc("run collectives beside what does not depend on them"),
                       llvm::cl::init(false)};
};

class VerifyScheduledPass : public PassWrapper<VerifyScheduledPass, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(VerifyScheduledPass)
  StringRef getArgument() const override { return "tpc-verify-scheduled"; }
  StringRef getDescription() const override { return "check the legal form of level scheduled"; }

  void runOnOperation() override {
    for (auto entry : getOperation().getOps<nn::EntryOp>())
      if (failed(verifyEntry(entry)))
        return signalPassFailure();
  }

private:
  static LogicalResult verifyEntry(nn::EntryOp entry) {
    for (Operation &op : entry.getBody().front())
      if (failed(verifyOp(&op)))
        return failure();
    for (auto &[symbol, access] : symbolAccesses(entry))
      for (Operation *user : access.oldUsers())
        if (user != access.write && access.write->isBeforeInBlock(user))
          return user->emitOpError() << "uses the value of '" << symbol.getValue()
                                     << "' from before its write, and stands behind the write";
    return success();
  }

  static LogicalResult verifyOp(Operation *op) {
    for (Type type : llvm::concat<const Type>(SmallVector<Type>(op->getOperandTypes()),
                                              SmallVector<Type>(op->getResultTypes())))
      if (auto tensor = dyn_cast<RankedTensorType>(type); tensor && tensor.getEncoding())
        return op->emitOpError("has a type with a sharding: types are local from level `local` on");
    if (op->hasAttr(kStreamAttr) && (!tp::isCollective(op) || streamOf(op) != 1))
      return op->emitOpError("has a stream: collectives alone have one, and it is number 1");
    if (isa<nn::KernelOp, nn::LibraryOp, tp::SliceOp>(op) || tp::isCollective(op) || !isStep(op))
      return success();
    return op->emitOpError(
        "is neither a kernel, a library call, a collective nor a slice: fusion has to put "
        "it into an nn.kernel");
  }
};

} // namespace

std::unique_ptr<Pass> tpc::createSchedulePass(ScheduleOptions options) {
  return std::make_unique<SchedulePass>(std::move(options));
}
std::unique_ptr<Pass> tpc::createVerifyScheduledPass() {
  return std::make_unique<VerifyScheduledPass>();
}
