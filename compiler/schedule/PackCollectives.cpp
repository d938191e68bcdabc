//===- PackCollectives.cpp - Several small tensors in one collective -----------------------===//

#include "compiler/schedule/Program.h"
#include "compiler/schedule/Schedule.h"

#include "dialects/tp/TP.h"

#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace tpc;

namespace {

int64_t bytesOf(Operation *collective) { return nn::memoryBytes(collective) / 2; }

/// The same but for its tensors and the reason.
bool canJoin(Operation *a, Operation *b) {
  bool onePlace =
      llvm::all_of(ArrayRef<StringRef>{nn::kScopeAttr, nn::kPhaseAttr},
                   [&](StringRef name) { return a->getAttr(name) == b->getAttr(name); });
  int64_t limit = onePlace && a->hasAttr(nn::kScopeAttr) ? kPackedBytesOfOnePlace : kPackedBytes;
  if (a->getName() != b->getName() || bytesOf(a) + bytesOf(b) > limit)
    return false;
  auto attributes = [](Operation *op) {
    NamedAttrList list(op->getAttrDictionary());
    for (StringRef name : {StringRef("why"), StringRef(nn::kScopeAttr), StringRef(nn::kPhaseAttr)})
      list.erase(name);
    return list.getDictionary(op->getContext());
  };
  return attributes(a) == attributes(b);
}

/// Moves `op`, and the views that it needs, right behind `earlier`; false if its inputs are not
/// there yet, or are results of `earlier`.
bool hoist(Operation *op, Operation *earlier) {
  SetVector<Operation *> views;
  for (Value operand : op->getOperands()) {
    if (rootOf(operand).getDefiningOp() == earlier)
      return false;
    for (Operation *def = operand.getDefiningOp(); earlier->isBeforeInBlock(def);
         def = def->getOperand(0).getDefiningOp()) {
      if (!nn::isView(def))
        return false;
      views.insert(def);
    }
  }
  SmallVector<Operation *> moved = views.takeVector();
  llvm::sort(moved, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  moved.push_back(op);
  for (Operation *next : moved) {
    next->moveAfter(earlier);
    earlier = next;
  }
  return true;
}

/// Whether `op` may stand at `place`, further down: nothing between uses its results.
bool canSink(Operation *op, Operation *place) {
  return llvm::all_of(op->getResults(), [&](Value result) {
    return llvm::all_of(result.getUsers(),
                        [&](Operation *user) { return place->isBeforeInBlock(user); });
  });
}

/// One collective in the place of `later`; `earlier` stands before it.
Operation *join(Operation *earlier, Operation *later) {
  OpBuilder builder(later);
  OperationState state(builder.getFusedLoc({earlier->getLoc(), later->getLoc()}),
                       earlier->getName());
  state.addOperands(earlier->getOperands());
  state.addOperands(later->getOperands());
  state.addTypes(earlier->getResultTypes());
  state.addTypes(later->getResultTypes());
  state.addAttributes(earlier->getAttrs());
  StringRef first = earlier->getAttrOfType<StringAttr>("why").getValue();
  StringRef second = later->getAttrOfType<StringAttr>("why").getValue();
  state.attributes.set(
      "why", builder.getStringAttr(first == second ? first.str() : (first + "; " + second).str()));
  Operation *joined = builder.create(state);
  unsigned n = earlier->getNumResults();
  earlier->replaceAllUsesWith(joined->getResults().take_front(n));
  later->replaceAllUsesWith(joined->getResults().drop_front(n));
  earlier->erase();
  later->erase();
  return joined;
}

} // namespace

void tpc::packCollectives(nn::EntryOp entry) {
  SmallVector<Operation *> open; // collectives so far, in order
  for (Operation &op : llvm::make_early_inc_range(entry.getBody().front())) {
    if (!tp::isCollective(&op))
      continue;
    Operation *current = &op;
    // The nearest one that fits: the least is delayed.
    for (Operation *&earlier : llvm::reverse(open)) {
      if (!canJoin(earlier, current))
        continue;
      // Behind the earlier one, so that whatever joins them finds them side by side.
      if (!canSink(earlier, current) && !hoist(current, earlier))
        continue;
      Operation *joined = join(earlier, current);
      open.erase(&earlier);
      current = joined;
      break;
    }
    open.push_back(current);
    llvm::sort(open, [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
  }
}
