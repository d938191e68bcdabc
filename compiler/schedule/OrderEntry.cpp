//===- OrderEntry.cpp - List scheduling of an entry ---------------------------------------===//
//
// The order of the ops is already a good one: forward, backward in reverse, updates last. What is
// gained here is memory: an update that runs as soon as its gradient is there frees the gradient.
// It may not run before the other uses of the parameter, or the parameter could not be updated in
// place.
//
//===---------------------------------------------------------------------------------------===//

#include "compiler/schedule/EntryGraph.h"
#include "compiler/schedule/Schedule.h"

#include <queue>

using namespace mlir;
using namespace tpc;

LogicalResult tpc::orderEntry(nn::EntryOp entry) {
  EntryGraph graph(entry);
  std::vector<size_t> missing(graph.size()); // predecessors that are not placed yet
  // Two queues by present position: eager ops go first as soon as they can.
  std::priority_queue<size_t, std::vector<size_t>, std::greater<>> eager, others;
  auto release = [&](size_t index) { (isEager(graph.op(index)) ? eager : others).push(index); };
  for (size_t i = 0; i < graph.size(); ++i)
    if ((missing[i] = graph.predecessors(i).size()) == 0)
      release(i);
  SmallVector<size_t> order;
  while (!eager.empty() || !others.empty()) {
    auto &queue = eager.empty() ? others : eager;
    size_t index = queue.top();
    queue.pop();
    order.push_back(index);
    for (size_t next : graph.successors(index))
      if (--missing[next] == 0)
        release(next);
  }
  return graph.place(order);
}
