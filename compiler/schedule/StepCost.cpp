//===- StepCost.cpp - What a step is predicted to take -------------------------------------===//

#include "compiler/schedule/StepCost.h"

#include "compiler/schedule/Program.h"
#include "dialects/nn/Types.h"
#include "dialects/tp/TP.h"

using namespace mlir;
using namespace tpc;

CollectiveKind tpc::collectiveKind(Operation *collective) {
  if (isa<tp::AllReduceOp>(collective))
    return CollectiveKind::AllReduce;
  if (isa<tp::AllGatherOp>(collective))
    return CollectiveKind::AllGather;
  return isa<tp::ReduceScatterOp>(collective) ? CollectiveKind::ReduceScatter
                                              : CollectiveKind::AllToAll;
}

static StepCost costOfCollective(Operation *op, const Mesh &mesh, const Hardware &hardware) {
  std::optional<AxisId> axis = mesh.findAxis(op->getAttrOfType<StringAttr>("axis").str());
  int64_t ranks = axis ? mesh.axisSize(*axis) : 1;
  int64_t whole = 0;
  for (auto [input, output] : llvm::zip_equal(op->getOperands(), op->getResults()))
    whole += std::max(nn::bytesOf(input), nn::bytesOf(output));
  CollectiveKind kind = collectiveKind(op);
  // It takes and gives a part of each tensor.
  if (kind == CollectiveKind::AllToAll)
    whole *= ranks;
  return {0, wireBytes(kind, whole, ranks), collectiveTime(hardware, kind, whole, ranks)};
}

/// Of a product that adds to what is in its place: those of the product.
static int64_t flopsOf(Operation *step) {
  int64_t flops = 0;
  step->walk([&](nn::LibraryOp op) { flops += cast<nn::CostOp>(op.getOperation()).getFlops(); });
  if (flops == 0)
    step->walk([&](nn::CostOp op) { flops += op.getFlops(); });
  return flops;
}

StepCost tpc::costOf(Operation *step, const Mesh &mesh, const Hardware &hardware) {
  if (!isStep(step))
    return {};
  if (tp::isCollective(step))
    return costOfCollective(step, mesh, hardware);
  StepCost cost;
  if (auto slice = dyn_cast<tp::SliceOp>(step)) {
    cost.bytes = 2 * nn::bytesOf(slice.getY());
  } else {
    cost.flops = flopsOf(step);
    cost.bytes = nn::memoryBytes(step);
  }
  cost.time = computeTime(hardware, cost.flops, cost.bytes);
  return cost;
}
