//===- BuildTraining.cpp - An entry of each training ------------------------------------------===//
//
// The whole training step becomes one graph here, before any sharding, so that the collectives of
// the backward pass follow from the same rules as all others.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/autodiff/DeadOps.h"
#include "compiler/autodiff/Differentiate.h"
#include "compiler/autodiff/Passes.h"
#include "compiler/autodiff/UpdateBuilder.h"

namespace tpc {

#define GEN_PASS_DEF_BUILDTRAINING
#include "compiler/autodiff/Passes.h.inc"

using namespace mlir;

namespace {

/// The declared parameters with their reads in `entry`; an error if one is not read.
FailureOr<SmallVector<TrainedParameter>> findParameters(nn::TrainingOp training,
                                                        nn::EntryOp entry) {
  DenseMap<StringAttr, Value> reads;
  for (auto read : entry.getBody().front().getOps<nn::ReadOp>())
    reads[read.getSourceAttr().getAttr()] = read.getResult();
  SmallVector<TrainedParameter> parameters;
  for (auto parameter : training->getParentOfType<ModuleOp>().getOps<nn::ParameterOp>())
    parameters.push_back({parameter, reads.lookup(parameter.getSymNameAttr()), Value()});
  if (parameters.empty())
    return training.emitOpError("has no parameter to train; declare one by nn.parameter");
  return parameters;
}

/// An error that names all parameters on which the loss does not depend.
LogicalResult checkReached(nn::TrainingOp training, ArrayRef<TrainedParameter> parameters) {
  std::string names;
  Location first = training.getLoc();
  for (const TrainedParameter &trained : parameters) {
    if (trained.gradient)
      continue;
    if (names.empty())
      first = nn::ParameterOp(trained.parameter).getLoc();
    names += (names.empty() ? "@" : ", @") + nn::ParameterOp(trained.parameter).getSymName().str();
  }
  if (names.empty())
    return success();
  InFlightDiagnostic error = training.emitOpError() << "trains " << training.getEntryAttr()
                                                    << ", whose loss does not depend on " << names;
  error.attachNote(first) << "hint: use every parameter in the loss, or remove its declaration";
  return error;
}

/// Keeps the loss, the first output of the trained entry.
FailureOr<Value> keepLoss(nn::TrainingOp training, nn::EntryOp entry) {
  auto end = cast<nn::ReturnOp>(entry.getBody().front().getTerminator());
  auto type = end.getValues().empty() ? RankedTensorType()
                                      : cast<RankedTensorType>(end.getValues().front().getType());
  if (!type || type.getRank() != 0 || !isa<FloatType>(type.getElementType()))
    return training.emitOpError()
           << "trains " << training.getEntryAttr()
           << ", whose first output is no loss: it must be a 0-d float tensor";
  return end.getValues().front();
}

void setOutputs(nn::EntryOp entry, Value loss, Value norm) {
  OpBuilder builder(entry.getContext());
  SmallVector<StringRef> names{"loss"};
  SmallVector<Value> values{loss};
  if (norm) {
    names.push_back("grad_norm");
    values.push_back(norm);
  }
  entry.setOutputsAttr(builder.getStrArrayAttr(names));
  cast<nn::ReturnOp>(entry.getBody().front().getTerminator()).getValuesMutable().assign(values);
}

/// Replaces a training by its entry.
LogicalResult buildTraining(nn::TrainingOp training) {
  auto trained = SymbolTable::lookupNearestSymbolFrom<nn::EntryOp>(
      training, training.getEntryAttr().getAttr());
  if (!trained)
    return training.emitOpError() << "trains " << training.getEntryAttr()
                                  << ", which is no nn.entry of the module";
  OpBuilder builder(training);
  auto entry = cast<nn::EntryOp>(builder.clone(*trained));
  entry->setLoc(training.getLoc());
  entry.setSymNameAttr(training.getSymNameAttr());
  Block &block = entry.getBody().front();

  FailureOr<Value> loss = keepLoss(training, entry);
  FailureOr<SmallVector<TrainedParameter>> parameters = findParameters(training, entry);
  if (failed(loss) || failed(parameters))
    return failure();

  SmallVector<Value> leaves;
  for (TrainedParameter &parameter : *parameters)
    if (parameter.value)
      leaves.push_back(parameter.value);
  builder.setInsertionPoint(block.getTerminator());
  FailureOr<SmallVector<Value>> gradients = differentiate(*loss, leaves, builder);
  if (failed(gradients))
    return failure();
  auto gradient = gradients->begin();
  for (TrainedParameter &parameter : *parameters)
    if (parameter.value)
      parameter.gradient = *gradient++;
  if (failed(checkReached(training, *parameters)))
    return failure();

  FailureOr<Value> norm = UpdateBuilder(training, entry).build(*parameters);
  if (failed(norm))
    return failure();
  setOutputs(entry, *loss, *norm);
  training.erase();
  return success();
}

struct BuildTraining final : impl::BuildTrainingBase<BuildTraining> {
  void runOnOperation() override {
    for (auto training : llvm::make_early_inc_range(getOperation().getOps<nn::TrainingOp>()))
      if (failed(buildTraining(training)))
        return signalPassFailure();
    for (auto entry : getOperation().getOps<nn::EntryOp>())
      removeDeadOps(entry.getBody().front());
  }
};

} // namespace

} // namespace tpc
