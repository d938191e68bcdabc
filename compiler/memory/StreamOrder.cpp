//===- StreamOrder.cpp - When bytes that a step touches may be used anew --------------------===//

#include "compiler/memory/StreamOrder.h"

using namespace mlir;
using namespace tpc;

StreamOrder::StreamOrder(nn::EntryOp entry) {
  Block &block = entry.getBody().front();
  SmallVector<Operation *> beside; // steps of the other stream, in order
  for (Operation &op : block) {
    position_[&op] = position_.size();
    if (isStep(&op) && streamOf(&op) != 0)
      beside.push_back(&op);
  }
  // A step of the stream begins behind what it, and those before it, read from stream 0.
  uint32_t done = 0;
  for (Operation *op : beside) {
    for (Value operand : op->getOperands())
      if (Operation *producer = rootOf(operand).getDefiningOp();
          producer && isStep(producer) && streamOf(producer) == 0)
        done = std::max(done, position(producer) + 1);
    begin_[op] = done;
  }
  uint32_t waiter = position(block.getTerminator());
  for (Operation *op : llvm::reverse(beside)) {
    for (Value result : op->getResults())
      for (Operation *user : usersOf(result))
        if (isStep(user) && streamOf(user) == 0)
          waiter = std::min(waiter, position(user));
    end_[op] = waiter;
  }
}
