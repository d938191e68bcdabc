//===- LevelChecks.cpp - The legal forms of levels sharded and local -----------------------===//
#include "compiler/partition/LevelChecks.h"

#include "compiler/partition/Partition.h"
#include "dialects/nn/NN.h"
#include "dialects/tp/TP.h"

using namespace mlir;

namespace tpc {

namespace {

LogicalResult derive(Operation *op, ShardedOp &sharded, const Mesh &mesh) {
  auto layouts = factorLayouts(sharded.rule, sharded.operands, mesh);
  if (auto *error = std::get_if<RuleError>(&layouts))
    return op->emitOpError() << "has no local form: " << error->message;
  sharded.layouts = std::move(std::get<FactorLayouts>(layouts));
  auto results = applyRule(sharded.rule, sharded.operands, mesh);
  if (auto *error = std::get_if<RuleError>(&results))
    return op->emitOpError() << "has no local form: " << error->message;
  auto &derived = std::get<std::vector<Sharding>>(results);
  for (size_t i = 0; i < derived.size(); ++i)
    if (derived[i] != sharded.results[i])
      return op->emitOpError() << "has no local form: its type says that result " << i << " is "
                               << sharded.results[i].str(mesh) << ", its rule makes it "
                               << derived[i].str(mesh);
  return success();
}

LogicalResult checkCarriesSharding(Operation *op, Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (tensor && isa_and_present<tp::ShardingAttr>(tensor.getEncoding()))
    return success();
  return op->emitOpError() << "has the type " << type
                           << " without a sharding; level `sharded` has one on every tensor";
}

} // namespace

FailureOr<ShardedOp> readShardedOp(Operation *op, const Mesh &mesh) {
  ShardedOp sharded;
  for (OpOperand *operand : tensorOperands(op))
    sharded.operands.push_back(
        tp::toSharding(cast<RankedTensorType>(operand->get().getType()), mesh));
  for (Type type : op->getResultTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor)
      return op->emitOpError("has a result that is no tensor, so it has no local form");
    sharded.results.push_back(tp::toSharding(tensor, mesh));
    if (auto error = sharded.results.back().check(mesh))
      return op->emitOpError() << "has no local form: the sharding of its result is wrong: "
                               << *error;
  }
  if (isa<nn::ReadOp, nn::WriteOp, nn::ReturnOp, tp::ReshardOp>(op))
    return sharded;
  auto ruled = dyn_cast<nn::ShardingRuleOp>(op);
  if (!ruled)
    return op->emitOpError("has no sharding rule, so it has no local form; give it "
                           "getShardingRule in its file under dialects/nn");
  sharded.rule = ruled.getShardingRule();
  if (failed(derive(op, sharded, mesh)))
    return failure();
  return sharded;
}

LogicalResult verifySharded(ModuleOp module) {
  tp::MeshOp meshOp = tp::findMesh(module);
  if (!meshOp)
    return module.emitError("has no tp.mesh; level `sharded` names one");
  Mesh mesh = tp::toMesh(meshOp);
  for (Operation &op : *module.getBody())
    if (isa<nn::InputOp, nn::ParameterOp, nn::StateOp>(op)) {
      Type type = op.getAttrOfType<TypeAttr>("type").getValue();
      if (failed(checkCarriesSharding(&op, type)))
        return failure();
      if (auto error = tp::toSharding(cast<RankedTensorType>(type), mesh).check(mesh))
        return op.emitOpError() << "is declared with a wrong sharding: " << *error;
    }
  for (nn::EntryOp entry : module.getOps<nn::EntryOp>())
    for (Operation &op : entry.getBody().front()) {
      for (Type type : op.getResultTypes())
        if (failed(checkCarriesSharding(&op, type)))
          return failure();
      if (failed(readShardedOp(&op, mesh)))
        return failure();
    }
  return success();
}

LogicalResult verifyLocal(ModuleOp module) {
  if (!tp::findMesh(module))
    return module.emitError("has no tp.mesh; level `local` names one");
  for (nn::EntryOp entry : module.getOps<nn::EntryOp>())
    for (Operation &op : entry.getBody().front()) {
      if (isa<tp::ReshardOp>(op))
        return op.emitOpError("is left at level `local`; tpc-partition makes collectives of it");
      for (Type type : op.getResultTypes()) {
        auto tensor = dyn_cast<RankedTensorType>(type);
        if (tensor && tensor.getEncoding())
          return op.emitOpError() << "has the type " << type
                                  << "; types in entries of level `local` carry no sharding";
        if (!tensor && !isa<tp::OffsetOp>(op))
          return op.emitOpError() << "has a result of type " << type
                                  << "; level `local` has tensors, and offsets of tp.offset";
      }
    }
  return success();
}

} // namespace tpc
