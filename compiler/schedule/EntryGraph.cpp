//===- EntryGraph.cpp - Which ops of an entry come before which ----------------------------===//

#include "compiler/schedule/EntryGraph.h"

#include "compiler/schedule/Program.h"

using namespace mlir;
using namespace tpc;

EntryGraph::EntryGraph(nn::EntryOp entry) : entry_(entry) {
  for (Operation &op : entry.getBody().front()) {
    index_[&op] = ops_.size();
    ops_.push_back(&op);
  }
  successors_.resize(ops_.size());
  predecessors_.resize(ops_.size());
  for (Operation *op : ops_) {
    for (Value operand : op->getOperands())
      addEdge(operand.getDefiningOp(), op);
    addEdge(op, ops_.back()); // the return stays last
  }
  for (auto &[symbol, access] : symbolAccesses(entry))
    orderAccess(access);
}

void EntryGraph::addEdge(Operation *before, Operation *after) {
  if (before == after)
    return;
  size_t from = index_.at(before), to = index_.at(after);
  if (successors_[from].insert(to))
    predecessors_[to].push_back(from);
}

void EntryGraph::orderAccess(SymbolAccess &access) {
  Operation *producer = rootOf(access.write.getValue()).getDefiningOp();
  bool feedsOthers = llvm::any_of(producer->getResults(), [](Value result) {
    return llvm::any_of(usersOf(result), [](Operation *user) { return isStep(user); });
  });
  for (nn::ReadOp read : access.reads)
    addEdge(read, access.write);
  for (Operation *user : access.oldUsers()) {
    if (user == access.write.getOperation() || user == ops_.back())
      continue;
    addEdge(user, access.write);
    if (!feedsOthers && isStep(producer) && isStep(user))
      addEdge(user, producer);
  }
}

LogicalResult EntryGraph::place(ArrayRef<size_t> order) {
  if (order.size() != ops_.size())
    return entry_.emitOpError("cannot be ordered: a write stands before a use of what it replaces, "
                              "and that use needs the written value");
  Block &block = entry_.getBody().front();
  for (size_t index : order)
    ops_[index]->moveBefore(&block, block.end());
  return success();
}

bool tpc::isEager(Operation *op) {
  return isa<nn::WriteOp>(op) || nn::phaseOf(op) == nn::Phase::Update;
}
