//===- UpdateBuilder.cpp - Clipping and optimizer steps -------------------------------------===//
//
// The norm of all gradients is one n-ary sum of one number per parameter, so that gradients which
// are split differently cost one small all_reduce together.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/autodiff/UpdateBuilder.h"

#include "compiler/support/NamePattern.h"
#include "dialects/nn/Types.h"

#include <numeric>

using namespace mlir;

namespace tpc {

static double orDefault(FloatAttr value, double otherwise) {
  return value ? value.getValueAsDouble() : otherwise;
}

UpdateBuilder::UpdateBuilder(nn::TrainingOp training, nn::EntryOp entry)
    : training_(training), entry_(entry), module_(training->getParentOfType<ModuleOp>()),
      symbols_(module_), builder_(entry.getContext(), &annotator_) {
  for (auto read : entry_.getBody().front().getOps<nn::ReadOp>())
    reads_.try_emplace(read.getSourceAttr().getAttr(), read.getResult());
  annotator_.phase = nn::Phase::Update;
  builder_.setInsertionPoint(entry.getBody().front().getTerminator());
}

FailureOr<Value> UpdateBuilder::build(MutableArrayRef<TrainedParameter> parameters) {
  auto sgd = dyn_cast<nn::SgdAttr>(training_.getOptimizer());
  auto adam = dyn_cast<nn::AdamAttr>(training_.getOptimizer());
  // PyTorch's defaults: AdamW alone decays unless told otherwise.
  double decay = sgd ? orDefault(sgd.getWeightDecay(), 0.0)
                     : orDefault(adam.getWeightDecay(), adam.getDecoupled() ? 0.01 : 0.0);
  if (failed(chooseWeightDecays(parameters, decay)))
    return failure();

  Value norm;
  if (auto maxNorm = training_.getClipNorm())
    norm = clip(parameters, *maxNorm);
  annotator_.scope = {};
  FailureOr<Value> lr = readLearningRate();
  if (failed(lr))
    return failure();
  lr_ = *lr;
  step_ = readStep();
  for (auto [trained, weightDecay] : llvm::zip_equal(parameters, weightDecays_)) {
    annotator_.scope = trained.parameter.getSymNameAttr();
    if (sgd)
      stepSgd(sgd, trained, weightDecay);
    else
      stepAdam(adam, trained, weightDecay);
  }
  return norm;
}

//===-------------------------------------------------------------------------------------===//
// Clipping and groups
//===-------------------------------------------------------------------------------------===//

Value UpdateBuilder::clip(MutableArrayRef<TrainedParameter> parameters, llvm::APFloat maxNorm) {
  Location loc = training_.getLoc();
  SmallVector<Value> squares;
  Value total;
  for (TrainedParameter &trained : parameters) {
    annotator_.scope = trained.parameter.getSymNameAttr();
    RankedTensorType type = nn::typeOf(trained.gradient);
    Value square = nn::SquareOp::create(builder_, loc, type, trained.gradient);
    SmallVector<int64_t> dims(type.getRank());
    std::iota(dims.begin(), dims.end(), 0);
    if (!dims.empty())
      square = nn::SumOp::create(builder_, loc, RankedTensorType::get({}, type.getElementType()),
                                 square, dims);
    squares.push_back(square);
    total = square;
  }
  annotator_.scope = {};
  Type scalar = total.getType();
  if (squares.size() > 1)
    total = nn::AddOp::create(builder_, loc, scalar, squares);
  auto clip = nn::ClipFactorOp::create(builder_, loc, scalar, scalar, total, maxNorm);
  for (TrainedParameter &trained : parameters) {
    annotator_.scope = trained.parameter.getSymNameAttr();
    trained.gradient = nn::MulOp::create(builder_, loc, trained.gradient.getType(),
                                         trained.gradient, clip.getFactor());
  }
  return clip.getNorm();
}

LogicalResult UpdateBuilder::chooseWeightDecays(ArrayRef<TrainedParameter> parameters,
                                                double otherwise) {
  weightDecays_.assign(parameters.size(), otherwise);
  if (!training_.getGroups())
    return success();
  SmallVector<bool> decided(parameters.size(), false);
  for (auto group : training_.getGroups()->getAsRange<nn::GroupAttr>()) {
    bool matchesAny = false;
    for (auto [index, trained] : llvm::enumerate(parameters)) {
      nn::ParameterOp parameter = trained.parameter;
      if (!matchesPattern(group.getPattern(), parameter.getSymName()))
        continue;
      matchesAny = true;
      if (!std::exchange(decided[index], true))
        weightDecays_[index] = group.getWeightDecay().getValueAsDouble();
    }
    if (!matchesAny)
      return training_.emitOpError()
             << "has a group \"" << group.getPattern()
             << "\" that matches no parameter; correct the pattern or remove the group";
  }
  return success();
}

//===-------------------------------------------------------------------------------------===//
// Symbols
//===-------------------------------------------------------------------------------------===//

Value UpdateBuilder::read(Location loc, StringAttr symbol, Type type) {
  Value &value = reads_[symbol];
  if (!value)
    value = nn::ReadOp::create(builder_, loc, type, FlatSymbolRefAttr::get(symbol));
  return value;
}

FailureOr<Value> UpdateBuilder::readLearningRate() {
  auto sgd = dyn_cast<nn::SgdAttr>(training_.getOptimizer());
  FlatSymbolRefAttr name = sgd ? sgd.getLr() : cast<nn::AdamAttr>(training_.getOptimizer()).getLr();
  auto scalar = SymbolTable::lookupNearestSymbolFrom<nn::ScalarOp>(training_, name.getAttr());
  if (!scalar)
    return training_.emitOpError() << "takes the learning rate " << name
                                   << ", which is no nn.scalar; declare it, e.g. nn.scalar " << name
                                   << " : tensor<f32> = 0.001";
  return read(training_.getLoc(), name.getAttr(), scalar.getType());
}

Value UpdateBuilder::readStep() {
  for (auto scalar : module_.getOps<nn::ScalarOp>())
    if (scalar.getRole() == nn::ScalarRole::step)
      return read(training_.getLoc(), scalar.getSymNameAttr(), scalar.getType());
  OpBuilder declarations(entry_);
  auto scalar = nn::ScalarOp::create(
      declarations, training_.getLoc(), declarations.getStringAttr("step"),
      TypeAttr::get(RankedTensorType::get({}, declarations.getI32Type())),
      declarations.getF64FloatAttr(0.0),
      nn::ScalarRoleAttr::get(declarations.getContext(), nn::ScalarRole::step));
  scalar->remove();
  symbols_.insert(scalar, Block::iterator(entry_)); // makes the name unique
  return read(training_.getLoc(), scalar.getSymNameAttr(), scalar.getType());
}

static StringAttr stateName(nn::ParameterOp parameter, StringRef slot) {
  return StringAttr::get(parameter.getContext(), parameter.getSymName() + "." + slot);
}

Value UpdateBuilder::readState(nn::ParameterOp parameter, StringRef slot) {
  StringAttr name = stateName(parameter, slot);
  // Trainings of two entries share the state.
  if (!symbols_.lookup(name)) {
    OpBuilder declarations(entry_);
    symbols_.insert(nn::StateOp::create(
        declarations, parameter.getLoc(), name, parameter.getTypeAttr(),
        FlatSymbolRefAttr::get(parameter.getSymNameAttr()), declarations.getStringAttr(slot)));
  }
  return read(parameter.getLoc(), name, parameter.getType());
}

void UpdateBuilder::writeState(nn::ParameterOp parameter, StringRef slot, Value value) {
  nn::WriteOp::create(builder_, parameter.getLoc(), value,
                      FlatSymbolRefAttr::get(stateName(parameter, slot)));
}

//===-------------------------------------------------------------------------------------===//
// Optimizers
//===-------------------------------------------------------------------------------------===//

void UpdateBuilder::stepSgd(nn::SgdAttr sgd, const TrainedParameter &trained, double weightDecay) {
  nn::ParameterOp parameter = trained.parameter;
  Type type = trained.value.getType();
  double momentum = orDefault(sgd.getMomentum(), 0.0);
  Value m = momentum != 0.0 ? readState(parameter, "m") : Value();
  auto step = nn::SgdOp::create(
      builder_, parameter.getLoc(), type, m ? type : Type(), trained.value, trained.gradient, m,
      lr_, step_, builder_.getF64FloatAttr(momentum), builder_.getF64FloatAttr(weightDecay));
  nn::WriteOp::create(builder_, parameter.getLoc(), step.getNewP(),
                      FlatSymbolRefAttr::get(parameter.getSymNameAttr()));
  if (m)
    writeState(parameter, "m", step.getNewM());
}

void UpdateBuilder::stepAdam(nn::AdamAttr adam, const TrainedParameter &trained,
                             double weightDecay) {
  nn::ParameterOp parameter = trained.parameter;
  Type type = trained.value.getType();
  Value m = readState(parameter, "m"), v = readState(parameter, "v");
  auto number = [&](double value) { return builder_.getF64FloatAttr(value); };
  auto step = nn::AdamOp::create(
      builder_, parameter.getLoc(), type, type, type, trained.value, trained.gradient, m, v, lr_,
      step_, number(orDefault(adam.getBeta1(), 0.9)), number(orDefault(adam.getBeta2(), 0.999)),
      number(orDefault(adam.getEps(), 1e-8)), number(weightDecay),
      builder_.getBoolAttr(adam.getDecoupled()));
  nn::WriteOp::create(builder_, parameter.getLoc(), step.getNewP(),
                      FlatSymbolRefAttr::get(parameter.getSymNameAttr()));
  writeState(parameter, "m", step.getNewM());
  writeState(parameter, "v", step.getNewV());
}

} // namespace tpc
