//===- ShareMemory.cpp - Which results are written over which operands ---------------------===//

#include "compiler/memory/ShareMemory.h"

#include "compiler/codegen/Codegen.h"
#include "compiler/fusion/Accumulate.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace tpc;

/// Operands of `step` that show the bytes of `root`.
static unsigned countUses(Operation *step, Value root) {
  return llvm::count_if(step->getOperands(), [&](Value v) { return rootOf(v) == root; });
}

llvm::DenseMap<Value, StringAttr> tpc::findDonations(nn::EntryOp entry,
                                                     InPlaceOperand inPlaceOperand) {
  llvm::DenseMap<Value, StringAttr> donated;
  for (auto &[symbol, access] : symbolAccesses(entry)) {
    Value value = rootOf(access.write.getValue());
    Operation *producer = value.getDefiningOp();
    auto overwritesItsOperand = [&, symbol = symbol] {
      auto operand = inPlaceOperand(producer, cast<OpResult>(value).getResultNumber());
      return operand && readSymbol(producer->getOperand(*operand)) == symbol &&
             llvm::count_if(producer->getOperands(),
                            [&](Value v) { return readSymbol(v) == symbol; }) == 1;
    };
    bool inPlace = isStep(producer) && !donated.contains(value);
    for (Operation *user : access.oldUsers())
      inPlace &= user == producer ? overwritesItsOperand() : user->isBeforeInBlock(producer);
    if (inPlace)
      donated[value] = symbol;
  }
  return donated;
}

bool tpc::isLastUse(Operation *step, unsigned operand) {
  Value root = rootOf(step->getOperand(operand));
  return countUses(step, root) == 1 &&
         llvm::none_of(usersOf(root), [&](Operation *user) { return step->isBeforeInBlock(user); });
}

namespace {

class ShareMemoryPass : public PassWrapper<ShareMemoryPass, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ShareMemoryPass)
  StringRef getArgument() const override { return "tpc-share-memory"; }
  StringRef getDescription() const override {
    return "let kernels leave results in the place of inputs that nobody needs afterwards";
  }

  void runOnOperation() override {
    for (auto entry : getOperation().getOps<nn::EntryOp>())
      if (failed(shareIn(entry)))
        return signalPassFailure();
  }

private:
  LogicalResult shareIn(nn::EntryOp entry) {
    possible.clear();
    for (auto kernel : entry.getBody().front().getOps<nn::KernelOp>()) {
      if (accumulatedProduct(kernel)) {
        possible[kernel] = {{0, accumulatedInput(kernel)}};
        continue;
      }
      FailureOr<std::vector<codegen::SharedMemory>> pairs = codegen::mayShare(kernel);
      if (failed(pairs))
        return failure();
      possible[kernel] = std::move(*pairs);
    }
    // A donation needs the pair of its own symbol, not just any.
    auto donated = findDonations(
        entry, [&](Operation *step, unsigned result) { return symbolOperand(step, result); });
    for (auto kernel : entry.getBody().front().getOps<nn::KernelOp>())
      choose(kernel, donated);
    return success();
  }

  /// The input that `result` may overwrite and that is the old value of what it is written to.
  std::optional<unsigned> symbolOperand(Operation *step, unsigned result) {
    StringAttr symbol;
    for (Operation *user : usersOf(step->getResult(result)))
      if (auto write = dyn_cast<nn::WriteOp>(user))
        symbol = storageSymbol(write, write.getTargetAttr());
    for (codegen::SharedMemory pair : possible.lookup(step))
      if (symbol && pair.result == result && readSymbol(step->getOperand(pair.input)) == symbol)
        return pair.input;
    return std::nullopt;
  }

  void choose(nn::KernelOp kernel, const llvm::DenseMap<Value, StringAttr> &donated) {
    llvm::DenseSet<unsigned> results, inputs;
    SmallVector<int64_t> chosen;
    for (codegen::SharedMemory pair : possible.lookup(kernel)) {
      StringAttr target = donated.lookup(kernel->getResult(pair.result));
      Value old = rootOf(kernel->getOperand(pair.input));
      StringAttr source = readSymbol(old);
      // What lives in a symbol's buffer can only take the place of that symbol's old value.
      bool fits = target || source ? target == source
                                   : !donated.contains(old) && isLastUse(kernel, pair.input);
      if (!fits || results.contains(pair.result) || inputs.contains(pair.input))
        continue;
      results.insert(pair.result);
      inputs.insert(pair.input);
      chosen.append({pair.result, pair.input});
    }
    if (!chosen.empty())
      kernel.setInPlace(chosen);
  }

  llvm::DenseMap<Operation *, std::vector<codegen::SharedMemory>> possible;
};

} // namespace

std::unique_ptr<Pass> tpc::createShareMemoryPass() { return std::make_unique<ShareMemoryPass>(); }
