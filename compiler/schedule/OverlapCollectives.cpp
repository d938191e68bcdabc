//===- OverlapCollectives.cpp - Work beside collectives ------------------------------------===//
//
// List scheduling with two clocks, one per stream, and predicted times. The order of the
// collectives stays as it is. In the stretch up to the next collective
//
//   1. what that collective needs comes first, so that it starts as early as it can;
//   2. what is left of the stretch waits until it has started, and then runs beside it;
//   3. what needs a collective's result comes when the result is predicted to be there, or when
//      nothing else of the stretch is left.
//
// So a weight gradient runs beside the reduction of the input gradient that it stands next to.
// Nothing is put off by more than one collective, nor is work of a later stretch (the rounding of
// weights of later layers) taken before its time, so that values do not live much longer.
//
//===---------------------------------------------------------------------------------------===//

#include "compiler/schedule/EntryGraph.h"
#include "compiler/schedule/Program.h"
#include "compiler/schedule/Schedule.h"
#include "compiler/schedule/StepCost.h"

#include "dialects/tp/TP.h"

#include <functional>
#include <set>
#include <tuple>

using namespace mlir;
using namespace tpc;

namespace {

/// Collectives that may be under way at once: the second one hides the start of the next, and with
/// more of them values that are gathered early would pile up.
constexpr unsigned kMostUnderWay = 2;

class Overlap {
public:
  Overlap(nn::EntryOp entry, const Mesh &mesh, const Hardware &hardware)
      : graph(entry), missing(graph.size()), readyAt(graph.size()), needed(graph.size()),
        isPlaced(graph.size()) {
    for (size_t i = 0; i < graph.size(); ++i) {
      times.push_back(costOf(graph.op(i), mesh, hardware).time);
      missing[i] = graph.predecessors(i).size();
      if (tp::isCollective(graph.op(i)))
        collectives.push_back(i);
      if (missing[i] == 0)
        ready.insert(i);
    }
    findNeeded();
  }

  LogicalResult run() {
    while (!ready.empty())
      place(pick());
    return graph.place(inFinalOrder());
  }

private:
  /// The next collective, or the end.
  size_t horizon() const {
    return nextCollective < collectives.size() ? collectives[nextCollective] : graph.size();
  }

  /// Marks what the next collective needs and is not placed.
  void findNeeded() {
    if (nextCollective == collectives.size())
      return;
    SmallVector<size_t> open = {collectives[nextCollective]};
    while (!open.empty())
      for (size_t before : graph.predecessors(open.pop_back_val()))
        if (!isPlaced[before] && !needed[before]) {
          needed[before] = true;
          open.push_back(before);
        }
  }

  unsigned underWay() const {
    unsigned count = 0;
    while (count < ends.size() && ends[ends.size() - 1 - count] > computeClock)
      ++count;
    return count;
  }

  /// The first of the ready ops by urgency; of equally urgent ones by position.
  size_t pick() const {
    using Key = std::tuple<int, Picoseconds, size_t>;
    std::optional<Key> best;
    for (size_t index : ready) {
      Key key = urgency(index);
      if (!best || key < *best)
        best = key;
    }
    return std::get<2>(*best);
  }

  std::tuple<int, Picoseconds, size_t> urgency(size_t index) const {
    Operation *op = graph.op(index);
    bool isLast = index + 1 == graph.size();
    if (!isStep(op) && !isLast)
      return {0, 0, index};
    if (tp::isCollective(op)) {
      if (index != horizon())
        return {9, 0, index};
      return {underWay() < kMostUnderWay ? 1 : 7, 0, index};
    }
    bool waits = readyAt[index] > computeClock;
    bool isOverdue = index < lastStarted;
    if (!waits && isOverdue)
      return {2, 0, index};
    if (!waits && needed[index])
      return {3, 0, index};
    if (!waits && isEager(op))
      return {4, 0, index};
    if (!waits && index < horizon())
      return {5, 0, index};
    if (waits && index < horizon())
      return {6, readyAt[index], index};
    return {8, readyAt[index], index};
  }

  void place(size_t index) {
    Operation *op = graph.op(index);
    Picoseconds end = readyAt[index];
    if (tp::isCollective(op)) {
      end = collectiveClock = std::max(collectiveClock, end) + times[index];
      ends.push_back(end);
      lastStarted = std::max(lastStarted, index);
      ++nextCollective;
    } else if (isStep(op)) {
      end = computeClock = std::max(computeClock, end) + times[index];
    }
    isPlaced[index] = true;
    if (tp::isCollective(op))
      findNeeded();
    ready.erase(index);
    order.push_back(index);
    for (size_t next : graph.successors(index)) {
      readyAt[next] = std::max(readyAt[next], end);
      if (--missing[next] == 0)
        ready.insert(next);
    }
  }

  /// Reads, views and offsets stand before their first use, as a reader expects them.
  SmallVector<size_t> inFinalOrder() const {
    SmallVector<size_t> result;
    std::vector<bool> done(graph.size());
    auto isPassive = [&](size_t index) {
      Operation *op = graph.op(index);
      return !isStep(op) && !isa<nn::WriteOp, nn::ReturnOp>(op);
    };
    std::function<void(size_t)> add = [&](size_t index) {
      if (done[index])
        return;
      done[index] = true;
      for (Value operand : graph.op(index)->getOperands())
        if (size_t before = graph.indexOf(operand.getDefiningOp()); isPassive(before))
          add(before);
      result.push_back(index);
    };
    for (size_t index : order)
      if (!isPassive(index) || graph.op(index)->use_empty())
        add(index);
    return result;
  }

  EntryGraph graph;
  std::vector<Picoseconds> times;
  std::vector<size_t> collectives; ///< in order
  std::vector<size_t> missing;     ///< predecessors that are not placed yet
  std::vector<Picoseconds> readyAt;
  std::vector<bool> needed, isPlaced;
  std::set<size_t> ready;
  SmallVector<size_t> order;

  size_t nextCollective = 0; ///< index into collectives
  size_t lastStarted = 0;
  Picoseconds computeClock = 0, collectiveClock = 0;
  std::vector<Picoseconds> ends; ///< of the collectives that have started, in order
};

} // namespace

LogicalResult tpc::overlapCollectives(nn::EntryOp entry, const Hardware &hardware) {
  tp::MeshOp mesh = tp::findMesh(entry->getParentOfType<ModuleOp>());
  return Overlap(entry, mesh ? tp::toMesh(mesh) : Mesh(), hardware).run();
}
