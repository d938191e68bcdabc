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

#include "dialects/nn/Types.h"

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

/// What the entry of a training returns.
struct Outputs {
  SmallVector<StringRef> names;
  SmallVector<Value> values;
};

/// The loss, the first output of the trained entry, and its other scalars. What has dims would stay
/// in memory for the whole step, and is left out.
FailureOr<Outputs> keepScalars(nn::TrainingOp training, nn::EntryOp entry) {
  auto end = cast<nn::ReturnOp>(entry.getBody().front().getTerminator());
  auto type = end.getValues().empty() ? RankedTensorType()
                                      : cast<RankedTensorType>(end.getValues().front().getType());
  if (!type || type.getRank() != 0 || !isa<FloatType>(type.getElementType()))
    return training.emitOpError()
           << "trains " << training.getEntryAttr()
           << ", whose first output is no loss: it must be a 0-d float tensor";
  Outputs kept;
  for (auto [name, value] :
       llvm::zip_equal(entry.getOutputs().getAsValueRange<StringAttr>(), end.getValues()))
    if (nn::typeOf(value).getRank() == 0) {
      kept.names.push_back(kept.names.empty() ? "loss" : name);
      kept.values.push_back(value);
    }
  return kept;
}

/// An error if the outputs that a training names itself are not the only ones of their names.
LogicalResult checkNames(nn::TrainingOp training, nn::EntryOp trained, const Outputs &outputs) {
  for (StringRef own : {"loss", "grad_norm"}) {
    if (llvm::count(outputs.names, own) < 2)
      continue;
    InFlightDiagnostic error = training.emitOpError()
                               << "returns " << (own == "loss" ? "the loss" : "the gradient's norm")
                               << " as \"" << own << "\", but " << training.getEntryAttr()
                               << " has another output of that name";
    error.attachNote(trained.getLoc()) << "hint: give that output another name";
    return error;
  }
  return success();
}

/// An output is read after the step, but by then the step has written what it updates: returns a
/// copy of such a value from before.
Value copyIfWritten(nn::EntryOp entry, Value value) {
  auto read = value.getDefiningOp<nn::ReadOp>();
  bool isWritten = read && llvm::any_of(entry.getBody().getOps<nn::WriteOp>(), [&](auto write) {
                     return write.getTargetAttr() == read.getSourceAttr();
                   });
  if (!isWritten)
    return value;
  OpBuilder builder(entry.getContext());
  builder.setInsertionPointAfter(read);
  auto copy =
      nn::ScaleOp::create(builder, read.getLoc(), nn::plainType(value), value, llvm::APFloat(1.0));
  nn::setPhase(copy, nn::Phase::Forward);
  return copy;
}

void setOutputs(nn::EntryOp entry, const Outputs &outputs) {
  SmallVector<Value> values;
  for (Value value : outputs.values)
    values.push_back(copyIfWritten(entry, value));
  entry.setOutputsAttr(OpBuilder(entry.getContext()).getStrArrayAttr(outputs.names));
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

  FailureOr<Outputs> outputs = keepScalars(training, entry);
  FailureOr<SmallVector<TrainedParameter>> parameters = findParameters(training, entry);
  if (failed(outputs) || failed(parameters))
    return failure();

  SmallVector<Value> leaves;
  for (TrainedParameter &parameter : *parameters)
    if (parameter.value)
      leaves.push_back(parameter.value);
  builder.setInsertionPoint(block.getTerminator());
  FailureOr<SmallVector<Value>> gradients = differentiate(outputs->values.front(), leaves, builder);
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
  if (*norm) {
    outputs->names.push_back("grad_norm");
    outputs->values.push_back(*norm);
  }
  if (failed(checkNames(training, trained, *outputs)))
    return failure();
  setOutputs(entry, *outputs);
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
