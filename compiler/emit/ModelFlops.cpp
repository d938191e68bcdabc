//===- ModelFlops.cpp - What a model has to compute ----------------------------------------===//

#include "compiler/emit/ModelFlops.h"

using namespace mlir;
using namespace tpc;

static int64_t flopsOf(Operation *op) {
  auto attention = dyn_cast<nn::FlashAttentionOp>(op);
  if (!attention)
    return isa<nn::LinearOp, nn::MatmulOp>(op) ? cast<nn::CostOp>(op).getFlops() : 0;
  // Two products of all queries with all keys. The convention halves what is causal, the diagonal
  // included.
  auto q = cast<RankedTensorType>(attention.getQ().getType());
  auto k = cast<RankedTensorType>(attention.getK().getType());
  return (attention.getCausal() ? 2 : 4) * q.getNumElements() * k.getDimSize(1);
}

int64_t tpc::modelFlops(nn::EntryOp entry) {
  int64_t flops = 0;
  bool hasBackward = false;
  for (Operation &op : entry.getBody().front()) {
    hasBackward |= nn::phaseOf(&op) == nn::Phase::Backward;
    if (nn::phaseOf(&op) == nn::Phase::Forward)
      flops += flopsOf(&op);
  }
  return hasBackward ? 3 * flops : flops;
}
