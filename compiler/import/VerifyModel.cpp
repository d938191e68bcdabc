//===- VerifyModel.cpp - What must hold between the ops of a model -------------------------===//
#include "compiler/import/Import.h"
#include "compiler/support/NamePattern.h"
#include "dialects/nn/NN.h"

#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace tpc {

namespace {

class ModelVerifier {
public:
  explicit ModelVerifier(ModuleOp module) : module(module), symbols(module) {}

  LogicalResult run() {
    bool valid = checkStructure() && checkTies() && checkScalars();
    if (!valid)
      return failure();
    // From here on every error is reported, not the first alone.
    for (auto entry : module.getOps<nn::EntryOp>())
      valid &= checkEntry(entry) && checkStreams(entry);
    valid &= checkUses();
    for (auto training : module.getOps<nn::TrainingOp>())
      valid &= checkTraining(training);
    return success(valid);
  }

private:
  bool checkStructure() {
    WalkResult left = module.walk([](Operation *op) {
      if (!isa<nn::LayersOp, nn::ApplyOp, nn::ScopeOp>(op))
        return WalkResult::advance();
      op->emitOpError("is left at level model; unroll layers and flatten scopes first");
      return WalkResult::interrupt();
    });
    if (left.wasInterrupted())
      return false;
    if (!module.getOps<nn::EntryOp>().empty())
      return true;
    module.emitError("the model has no nn.entry, so there is nothing to run");
    return false;
  }

  bool checkTies() {
    bool valid = true;
    for (auto tie : module.getOps<nn::TieOp>())
      if (!symbols.lookup<nn::ParameterOp>(tie.getTarget())) {
        tie.emitOpError() << "ties to " << tie.getTargetAttr() << ", which is no nn.parameter";
        valid = false;
      }
    return valid;
  }

  /// Runs set floats; integers are the step number and the seed.
  bool checkScalars() {
    bool valid = true;
    for (auto scalar : module.getOps<nn::ScalarOp>())
      if (scalar.getRole() == nn::ScalarRole::user && !isFloat(scalar)) {
        scalar.emitOpError() << "has no role, so it must be a float, not " << scalar.getType()
                             << "; hint: role step is the step number, role seed the run's seed";
        valid = false;
      }
    return valid;
  }

  static bool isFloat(nn::ScalarOp scalar) {
    return isa<FloatType>(cast<RankedTensorType>(scalar.getType()).getElementType());
  }

  /// What a symbol names, ties followed.
  Operation *declarationOf(StringRef name) {
    Operation *declaration = symbols.lookup(name);
    if (auto tie = dyn_cast_or_null<nn::TieOp>(declaration))
      return symbols.lookup(tie.getTarget());
    return declaration;
  }

  static bool hasType(Operation *declaration, Type type) {
    return declaration->getAttrOfType<TypeAttr>("type").getValue() == type;
  }

  bool checkEntry(nn::EntryOp entry) {
    bool valid = true;
    llvm::DenseMap<Operation *, Operation *> writes;
    entry.walk([&](Operation *op) {
      if (auto read = dyn_cast<nn::ReadOp>(op))
        valid &= checkRead(read, writes);
      else if (auto write = dyn_cast<nn::WriteOp>(op))
        valid &= checkWrite(write, writes);
    });
    return valid;
  }

  /// What a dropout drops follows from its stream, and its place in the tensor.
  bool checkStreams(nn::EntryOp entry) {
    bool valid = true;
    llvm::StringMap<nn::DropoutOp> first;
    entry.walk([&](nn::DropoutOp dropout) {
      auto [known, isNew] = first.try_emplace(dropout.getStream(), dropout);
      if (isNew)
        return;
      InFlightDiagnostic error = dropout.emitOpError()
                                 << "has the stream \"" << dropout.getStream()
                                 << "\" of another dropout, so that both would drop the same "
                                    "elements; hint: give it a stream of its own";
      error.attachNote(known->second.getLoc()) << "the other one is here";
      valid = false;
    });
    return valid;
  }

  bool checkRead(nn::ReadOp read, const llvm::DenseMap<Operation *, Operation *> &writes) {
    Operation *declaration = declarationOf(read.getSource());
    if (!isa_and_nonnull<nn::InputOp, nn::ScalarOp, nn::ParameterOp, nn::StateOp>(declaration)) {
      read.emitOpError() << "reads " << read.getSourceAttr()
                         << ", which is no input, scalar, parameter, tie or state";
      return false;
    }
    if (!hasType(declaration, read.getResult().getType())) {
      InFlightDiagnostic error = read.emitOpError()
                                 << "gives " << read.getResult().getType() << ", but "
                                 << read.getSourceAttr() << " is "
                                 << declaration->getAttrOfType<TypeAttr>("type").getValue();
      error.attachNote(declaration->getLoc()) << "it is declared here";
      return false;
    }
    if (auto write = writes.find(declaration); write != writes.end()) {
      InFlightDiagnostic error = read.emitOpError()
                                 << "reads " << read.getSourceAttr() << " after its write";
      error.attachNote(write->second->getLoc()) << "it is written here";
      return false;
    }
    return true;
  }

  bool checkWrite(nn::WriteOp write, llvm::DenseMap<Operation *, Operation *> &writes) {
    Operation *declaration = declarationOf(write.getTarget());
    if (!isa_and_nonnull<nn::ParameterOp, nn::StateOp>(declaration)) {
      write.emitOpError() << "writes " << write.getTargetAttr()
                          << ", which is no parameter or state";
      return false;
    }
    if (!hasType(declaration, write.getValue().getType())) {
      write.emitOpError() << "writes " << write.getValue().getType() << " to "
                          << write.getTargetAttr() << ", which is "
                          << declaration->getAttrOfType<TypeAttr>("type").getValue();
      return false;
    }
    if (!writes.try_emplace(declaration, write).second) {
      write.emitOpError() << "writes " << write.getTargetAttr() << " a second time";
      return false;
    }
    return true;
  }

  /// What a model declares has an effect: an entry reads it, or an optimizer.
  bool checkUses() {
    llvm::StringSet<> used;
    for (auto entry : module.getOps<nn::EntryOp>())
      entry.walk([&](nn::ReadOp read) { used.insert(read.getSource()); });
    for (auto tie : module.getOps<nn::TieOp>())
      if (used.contains(tie.getSymName()))
        used.insert(tie.getTarget());
    for (auto training : module.getOps<nn::TrainingOp>())
      used.insert(learningRateOf(training).getValue());

    bool valid = true;
    for (Operation &op : *module.getBody()) {
      if (!isa<nn::InputOp, nn::ScalarOp, nn::ParameterOp>(op))
        continue;
      StringRef name = cast<SymbolOpInterface>(op).getName();
      if (used.contains(name))
        continue;
      op.emitOpError() << "\"" << name << "\" is read by no entry; use it or remove it";
      valid = false;
    }
    return valid;
  }

  static FlatSymbolRefAttr learningRateOf(nn::TrainingOp training) {
    Attribute optimizer = training.getOptimizer();
    if (auto sgd = dyn_cast<nn::SgdAttr>(optimizer))
      return sgd.getLr();
    return cast<nn::AdamAttr>(optimizer).getLr();
  }

  bool checkTraining(nn::TrainingOp training) {
    bool valid = true;
    auto entry = symbols.lookup<nn::EntryOp>(training.getEntry());
    if (!entry) {
      training.emitOpError() << "trains " << training.getEntryAttr() << ", which is no nn.entry";
      valid = false;
    } else {
      auto outputs = entry.getBody().front().getTerminator()->getOperandTypes();
      auto loss = outputs.empty() ? nullptr : dyn_cast<RankedTensorType>(outputs.front());
      if (!loss || loss.getRank() != 0 || !isa<FloatType>(loss.getElementType())) {
        training.emitOpError() << "trains " << training.getEntryAttr()
                               << ", whose first output is no loss: it must be a 0-d float tensor";
        valid = false;
      }
    }

    Attribute optimizer = training.getOptimizer();
    FlatSymbolRefAttr rate = learningRateOf(training);
    auto scalar = symbols.lookup<nn::ScalarOp>(rate.getValue());
    if (!scalar || scalar.getRole() != nn::ScalarRole::user || !isFloat(scalar)) {
      training.emitOpError() << "has the learning rate " << rate
                             << ", which is no float nn.scalar that a user sets";
      valid = false;
    }

    if (auto sgd = dyn_cast<nn::SgdAttr>(optimizer)) {
      valid &= checkSetting(training, "momentum", sgd.getMomentum());
      valid &= checkSetting(training, "weight_decay", sgd.getWeightDecay());
    } else if (auto adam = dyn_cast<nn::AdamAttr>(optimizer)) {
      valid &= checkSetting(training, "beta1", adam.getBeta1(), 1);
      valid &= checkSetting(training, "beta2", adam.getBeta2(), 1);
      valid &= checkSetting(training, "eps", adam.getEps());
      valid &= checkSetting(training, "weight_decay", adam.getWeightDecay());
    }

    if (auto groups = training.getGroups())
      for (auto group : groups->getAsRange<nn::GroupAttr>())
        valid &= checkSetting(training, "weight_decay", group.getWeightDecay());
    return checkGroups(training) && valid;
  }

  /// The first group that matches a parameter has it; a group that has none says nothing.
  bool checkGroups(nn::TrainingOp training) {
    if (!training.getGroups())
      return true;
    bool valid = true;
    llvm::DenseMap<Operation *, nn::GroupAttr> groupOf;
    for (auto group : training.getGroups()->getAsRange<nn::GroupAttr>()) {
      bool isNew = false;
      nn::GroupAttr earlier;
      for (auto parameter : module.getOps<nn::ParameterOp>()) {
        if (!matchesPattern(group.getPattern(), parameter.getSymName()))
          continue;
        auto [known, isFirst] = groupOf.try_emplace(parameter, group);
        isNew |= isFirst;
        earlier = known->second;
      }
      if (isNew)
        continue;
      InFlightDiagnostic error = training.emitOpError()
                                 << "has a group \"" << group.getPattern() << "\" that matches no "
                                 << "parameter";
      if (earlier)
        error << " that earlier groups leave; hint: put it before \"" << earlier.getPattern()
              << "\"";
      valid = false;
    }
    return valid;
  }

  /// Whether a setting of the optimizer, if there is one, lies in [0, most), as PyTorch demands.
  static bool checkSetting(nn::TrainingOp training, StringRef name, FloatAttr setting,
                           double most = std::numeric_limits<double>::infinity()) {
    if (!setting)
      return true;
    double value = setting.getValueAsDouble();
    if (value >= 0 && value < most)
      return true;
    InFlightDiagnostic error = training.emitOpError();
    error << "has the " << name << " " << value << ", which is ";
    if (value >= most)
      error << "not below " << most;
    else
      error << "no number of at least 0";
    return false;
  }

  ModuleOp module;
  SymbolTable symbols;
};

} // namespace

LogicalResult verifyModel(ModuleOp module) { return ModelVerifier(module).run(); }

} // namespace tpc
