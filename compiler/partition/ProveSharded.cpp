//===- ProveSharded.cpp - The sharded module computes what the one at grad does ------------===//
//
// The lockstep walk of level `sharded` and level `grad`. What a sharded value stands for is one
// value of `grad`, or, while an n-ary sum is computed in parts, the addends so far.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/partition/Correspondence.h"
#include "compiler/partition/Proof.h"
#include "dialects/tp/TP.h"

#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace tpc {

namespace {

class EntryMatcher {
public:
  LogicalResult run(nn::EntryOp grad, nn::EntryOp sharded) {
    for (Operation &op : grad.getBody().front())
      rest.push_back(&op);
    std::reverse(rest.begin(), rest.end());
    for (Operation &op : sharded.getBody().front())
      if (!isa<tp::ReshardOp>(op) && failed(match(&op)))
        return failure();
    if (!rest.empty())
      return sharded.emitError() << "not proved: " << placeOf(rest.back())
                                 << " of level `grad` is not executed";
    if (!parts.empty())
      return parts.begin()->first.getDefiningOp()->emitError()
             << "not proved: this part of a sum goes nowhere";
    return success();
  }

private:
  InFlightDiagnostic fail(Operation *op) {
    return std::move(op->emitError() << "not proved: " << placeOf(op) << " ");
  }

  LogicalResult match(Operation *op) {
    if (rest.empty())
      return fail(op) << "is one op more than level `grad` has";
    Operation *expected = rest.back();
    if (op->getName() != expected->getName())
      return fail(op) << "stands where level `grad` has " << placeOf(expected);
    if (isa<nn::AddOp>(op))
      return matchAdd(op, expected);
    if (op->getNumOperands() != expected->getNumOperands())
      return fail(op) << "has " << op->getNumOperands() << " operands, expected "
                      << expected->getNumOperands();
    for (auto [index, mine, theirs] : llvm::enumerate(op->getOperands(), expected->getOperands()))
      if (meaning.lookup(withoutReshards(mine)) != theirs)
        return fail(op) << "takes another value as operand " << index << " than at level `grad`";
    return finish(op, expected);
  }

  /// The addends of a sum, in any order, or some of them.
  LogicalResult matchAdd(Operation *op, Operation *expected) {
    SmallVector<Value> addends;
    for (Value operand : op->getOperands()) {
      Value value = withoutReshards(operand);
      if (auto part = parts.find(value); part != parts.end()) {
        addends.append(part->second.begin(), part->second.end());
        parts.erase(part);
      } else if (Value stands = meaning.lookup(value)) {
        addends.push_back(stands);
      } else {
        return fail(op) << "adds a part of a sum that another op has taken";
      }
    }
    SmallVector<Value> left(expected->getOperands());
    for (Value addend : addends) {
      auto found = llvm::find(left, addend);
      if (found == left.end())
        return fail(op) << "adds a value that is no addend of " << placeOf(expected)
                        << " at level `grad`, or adds it twice";
      left.erase(found);
    }
    if (left.empty())
      return finish(op, expected);
    // Attributes and the element type are the sum's; its shape may be that of smaller addends.
    if (failed(sameAttributes(expected, op)))
      return failure();
    auto type = cast<RankedTensorType>(op->getResult(0).getType());
    if (type.getElementType() !=
        cast<RankedTensorType>(expected->getResult(0).getType()).getElementType())
      return fail(op) << "has another element type than the sum of which it is a part";
    parts[op->getResult(0)] = std::move(addends);
    return success();
  }

  LogicalResult finish(Operation *op, Operation *expected) {
    if (failed(sameAttributes(expected, op)))
      return failure();
    if (op->getNumResults() != expected->getNumResults())
      return fail(op) << "has " << op->getNumResults() << " results, expected "
                      << expected->getNumResults();
    for (auto [mine, theirs] : llvm::zip_equal(op->getResults(), expected->getResults())) {
      if (tp::withoutSharding(cast<RankedTensorType>(mine.getType())) !=
          tp::withoutSharding(cast<RankedTensorType>(theirs.getType())))
        return fail(op) << "has a result of type " << mine.getType() << ", expected "
                        << theirs.getType();
      meaning[mine] = theirs;
    }
    rest.pop_back();
    return success();
  }

  SmallVector<Operation *> rest; ///< of level `grad`, the next one last
  llvm::DenseMap<Value, Value> meaning;
  /// Of values that are parts of the sum that comes next: their addends.
  llvm::DenseMap<Value, SmallVector<Value>> parts;
};

} // namespace

LogicalResult proveSharded(ModuleOp grad, ModuleOp sharded) {
  if (failed(verify(sharded)))
    return failure();
  return compareModules(
      grad, sharded, [](nn::EntryOp from, nn::EntryOp to) { return EntryMatcher().run(from, to); });
}

} // namespace tpc
