//===- Partition.cpp - From level sharded to level local -----------------------------------===//
//
// Two walks over each entry. The first reads, at global shapes, what every op's rule makes of the
// shardings in the types, and refuses what does not agree. The second rewrites the ops in place:
// result types become local, reshards become collectives, and on the way it keeps what each local
// value's pads hold. Inputs, parameters and states have zero pads, which the loader makes and
// writes must keep.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/partition/Partition.h"

#include "compiler/partition/LevelChecks.h"
#include "compiler/partition/ReshardLowering.h"
#include "dialects/nn/LocalExtents.h"
#include "dialects/nn/NN.h"

using namespace mlir;

namespace tpc {

SmallVector<OpOperand *> tensorOperands(Operation *op) {
  SmallVector<OpOperand *> tensors;
  for (OpOperand &operand : op->getOpOperands())
    if (isa<RankedTensorType>(operand.get().getType()))
      tensors.push_back(&operand);
  return tensors;
}

namespace {

class EntryPartitioner {
public:
  explicit EntryPartitioner(const Mesh &mesh) : mesh(mesh) {}

  LogicalResult run(nn::EntryOp entry) {
    for (Operation &op : entry.getBody().front()) {
      FailureOr<ShardedOp> sharded = readShardedOp(&op, mesh);
      if (failed(sharded))
        return failure();
      plans[&op] = *std::move(sharded);
    }
    for (Operation &op : llvm::make_early_inc_range(entry.getBody().front()))
      if (failed(rewrite(&op)))
        return failure();
    return success();
  }

private:
  LogicalResult rewrite(Operation *op) {
    const ShardedOp &plan = plans.find(op)->second;
    if (auto reshard = dyn_cast<tp::ReshardOp>(op)) {
      auto lowered = lowerReshard(reshard, {reshard.getX(), pads[reshard.getX()]}, plan.operands[0],
                                  plan.results[0], mesh);
      if (failed(lowered))
        return failure();
      reshard.getY().replaceAllUsesWith(lowered->value);
      pads[lowered->value] = lowered->pads;
      reshard.erase();
      return success();
    }
    if (isa<nn::ReturnOp>(op))
      return success();
    if (isa<nn::WriteOp>(op))
      return maskWritten(op, plan);
    std::vector<PadState> results;
    if (isa<nn::ReadOp>(op)) {
      results.push_back(PadState::of(plan.results[0], /*zero=*/true));
    } else {
      FailureOr<PadFlow> flow = meetDemands(op, plan);
      if (failed(flow) || failed(addOffsets(op, plan)))
        return failure();
      results = std::move(flow->results);
    }
    for (auto [result, sharding, state] :
         llvm::zip_equal(op->getResults(), plan.results, results)) {
      auto type = cast<RankedTensorType>(result.getType());
      result.setType(RankedTensorType::get(sharding.localShape(mesh), type.getElementType()));
      pads[result] = std::move(state);
    }
    if (!plan.operands.empty())
      nn::setLocalExtents(op, plan.operands[0].globalShape());
    return success();
  }

  /// What is written is read by the next step, which takes its pads for zeros.
  LogicalResult maskWritten(Operation *op, const ShardedOp &plan) {
    PadState state = pads[op->getOperand(0)];
    for (size_t dim = 0; dim < state.zero.size(); ++dim)
      for (size_t pad = 0; pad < state.zero[dim].size(); ++pad)
        if (!state.zero[dim][pad] &&
            failed(maskOperand(op, op->getOpOperand(0), plan.operands[0], dim, pad)))
          return failure();
    return success();
  }

  FailureOr<PadFlow> meetDemands(Operation *op, const ShardedOp &plan) {
    SmallVector<OpOperand *> tensors = tensorOperands(op);
    std::vector<PadState> states;
    for (OpOperand *operand : tensors)
      states.push_back(pads[operand->get()]);
    PadFlow flow = flowPads(plan.rule, plan.layouts, states);
    for (const PadDemand &demand : flow.unmet)
      if (failed(maskOperand(op, *tensors[demand.operand], plan.operands[demand.operand],
                             demand.dim, demand.pad)))
        return failure();
    return flow;
  }

  /// Replaces the operand by a value whose pads number `pad` of `dim` are zero.
  LogicalResult maskOperand(Operation *op, OpOperand &operand, const Sharding &sharding, int dim,
                            int pad) {
    Value value = operand.get();
    if (!isa<FloatType>(cast<RankedTensorType>(value.getType()).getElementType()))
      return op->emitOpError() << "would mask dim " << dim << " of integers in operand "
                               << operand.getOperandNumber() << "; only floats are masked";
    Value &masked = masks[{value, {dim, pad}}];
    if (!masked) {
      const DimLayout &layout = sharding.dims[dim];
      size_t k = 0;
      while (!layout[k].isPadded() || padIndex(layout, k) != pad)
        ++k;
      int64_t minor = k + 1 < layout.size()
                          ? localSize(DimLayout(layout.begin() + k + 1, layout.end()), mesh)
                          : 1;
      OpBuilder builder(op);
      int64_t extent = localSize({layout[k]}, mesh);
      FailureOr<Value> offset = createOffset(op, {layout[k]});
      if (failed(offset))
        return failure();
      auto mask = tp::MaskOp::create(builder, op->getLoc(), value.getType(), value, *offset, dim,
                                     minor, extent, layout[k].logical, APFloat(0.0));
      nn::copyPlace(op, mask);
      masked = mask.getY();
      PadState state = pads[value];
      state.zero[dim][pad] = true;
      pads[masked] = std::move(state);
    }
    operand.set(masked);
    return success();
  }

  /// Where the rank's part of a factor begins.
  FailureOr<Value> createOffset(Operation *op, const DimLayout &factor) {
    OpBuilder builder(op);
    SmallVector<AxisId> axes;
    for (const Factor &part : factor)
      axes.append(part.axes.begin(), part.axes.end());
    if (axes.size() > 1)
      return op->emitOpError() << "has no local form: it needs the rank's place on a factor that "
                               << axes.size() << " axes split; split it by one";
    StringAttr axis;
    if (!axes.empty()) {
      if (factor.size() > 1 && !factor.front().isSplit())
        return op->emitOpError("has no local form: the rank's part of a factor is not contiguous");
      axis = builder.getStringAttr(mesh.axes[axes.front()].name);
    }
    auto offset = tp::OffsetOp::create(builder, op->getLoc(), builder.getIndexType(),
                                       builder.getI64IntegerAttr(localSize(factor, mesh)), axis);
    nn::copyPlace(op, offset);
    return offset.getOffset();
  }

  /// One offset per factor that needs it, if one of them is split.
  LogicalResult addOffsets(Operation *op, const ShardedOp &plan) {
    SmallVector<const DimLayout *> factors;
    bool split = false;
    for (size_t i = 0; i < plan.rule.factors.size(); ++i)
      if (plan.rule.factors[i].needsOffset) {
        factors.push_back(&plan.layouts.factors[i]);
        split |= isSplit(plan.layouts.factors[i]);
      }
    if (!split)
      return success();
    SmallVector<Value> offsets;
    for (const DimLayout *factor : factors) {
      FailureOr<Value> offset = createOffset(op, *factor);
      if (failed(offset))
        return failure();
      offsets.push_back(*offset);
    }
    op->insertOperands(op->getNumOperands(), offsets);
    StringRef segments = "operandSegmentSizes";
    if (auto sizes = op->getAttrOfType<DenseI32ArrayAttr>(segments)) {
      SmallVector<int32_t> changed(sizes.asArrayRef());
      changed.back() = offsets.size();
      op->setAttr(segments, DenseI32ArrayAttr::get(op->getContext(), changed));
    }
    return success();
  }

  const Mesh &mesh;
  llvm::DenseMap<Operation *, ShardedOp> plans;
  llvm::DenseMap<Value, PadState> pads;
  /// By masked value, dim and pad.
  llvm::DenseMap<std::pair<Value, std::pair<int, int>>, Value> masks;
};

} // namespace

LogicalResult partition(ModuleOp module) {
  tp::MeshOp meshOp = tp::findMesh(module);
  if (!meshOp)
    return module.emitError("has no tp.mesh; partitioning takes a module at level `sharded`");
  Mesh mesh = tp::toMesh(meshOp);
  for (nn::EntryOp entry : module.getOps<nn::EntryOp>())
    if (failed(EntryPartitioner(mesh).run(entry)))
      return failure();
  return success();
}

} // namespace tpc
