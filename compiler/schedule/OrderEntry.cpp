//===- OrderEntry.cpp - List scheduling of an entry ---------------------------------------===//
//
// The order of the ops is already a good one: forward, backward in reverse, updates last. What is
// gained here is memory: an update that runs as soon as its gradient is there frees the gradient.
// It may not run before the other uses of the parameter, or the parameter could not be updated in
// place.
//
//===---------------------------------------------------------------------------------------===//

#include "compiler/schedule/Program.h"
#include "compiler/schedule/Schedule.h"

#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

#include <queue>

using namespace mlir;
using namespace tpc;

namespace {

class Order {
public:
  explicit Order(nn::EntryOp entry) : entry(entry), block(entry.getBody().front()) {}

  LogicalResult run() {
    for (Operation &op : block)
      position[&op] = ops.size(), ops.push_back(&op);
    successors.resize(ops.size());
    missing.resize(ops.size());
    for (Operation *op : ops) {
      for (Value operand : op->getOperands())
        addEdge(operand.getDefiningOp(), op);
      if (op != ops.back())
        addEdge(op, ops.back()); // the return stays last
    }
    for (auto &[symbol, access] : symbolAccesses(entry))
      orderAccess(access);
    return emit();
  }

private:
  void addEdge(Operation *before, Operation *after) {
    if (before == after)
      return;
    if (successors[position[before]].insert(after))
      ++missing[position[after]];
  }

  /// The write comes behind every use of the old value; so does, where that closes no cycle, the
  /// step that computes the new value, which can then be put into the old one's place.
  void orderAccess(SymbolAccess &access) {
    SmallVector<Operation *> old = access.oldUsers();
    Operation *producer = rootOf(access.write.getValue()).getDefiningOp();
    bool feedsOthers = llvm::any_of(producer->getResults(), [](Value result) {
      return llvm::any_of(usersOf(result), [](Operation *user) { return isStep(user); });
    });
    for (nn::ReadOp read : access.reads)
      addEdge(read, access.write);
    for (Operation *user : old) {
      if (user == access.write.getOperation() || user == ops.back())
        continue;
      addEdge(user, access.write);
      if (!feedsOthers && isStep(producer) && isStep(user))
        addEdge(user, producer);
    }
  }

  static bool isEager(Operation *op) {
    auto phase = op->getAttrOfType<StringAttr>(nn::kPhaseAttr);
    return isa<nn::WriteOp>(op) || (phase && phase.getValue() == "update");
  }

  LogicalResult emit() {
    // Two queues by present position: eager ops go first as soon as they can.
    std::priority_queue<size_t, std::vector<size_t>, std::greater<>> eager, others;
    auto release = [&](size_t index) { (isEager(ops[index]) ? eager : others).push(index); };
    for (size_t i = 0; i < ops.size(); ++i)
      if (!missing[i])
        release(i);
    SmallVector<Operation *> order;
    while (!eager.empty() || !others.empty()) {
      auto &queue = eager.empty() ? others : eager;
      size_t index = queue.top();
      queue.pop();
      order.push_back(ops[index]);
      for (Operation *next : successors[index])
        if (--missing[position[next]] == 0)
          release(position[next]);
    }
    if (order.size() != ops.size())
      return entry.emitOpError(
          "cannot be ordered: a write stands before a use of what it replaces, "
          "and that use needs the written value");
    for (Operation *op : order)
      op->moveBefore(&block, block.end());
    return success();
  }

  nn::EntryOp entry;
  Block &block;
  SmallVector<Operation *> ops;
  llvm::DenseMap<Operation *, size_t> position;
  std::vector<SetVector<Operation *>> successors;
  std::vector<unsigned> missing; ///< predecessors that are not placed yet
};

} // namespace

LogicalResult tpc::orderEntry(nn::EntryOp entry) { return Order(entry).run(); }
