//===- UpdateBuilder.h - Clipping and optimizer steps ---------------------------------------===//
#pragma once

#include "compiler/autodiff/Annotator.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/DenseMap.h"

namespace tpc {

/// A parameter, its value in the entry, and the gradient of the loss.
struct TrainedParameter {
  nn::ParameterOp parameter;
  mlir::Value value;
  mlir::Value gradient;
};

/// Builds the update phase of a training before the terminator of its entry.
class UpdateBuilder {
public:
  UpdateBuilder(nn::TrainingOp training, nn::EntryOp entry);

  /// Clips if the training asks for it, steps and writes each parameter. The result is the gradient
  /// norm, or null without clipping.
  mlir::FailureOr<mlir::Value> build(llvm::MutableArrayRef<TrainedParameter> parameters);

private:
  mlir::Value clip(llvm::MutableArrayRef<TrainedParameter> parameters, llvm::APFloat maxNorm);
  mlir::LogicalResult chooseWeightDecays(llvm::ArrayRef<TrainedParameter> parameters,
                                         double otherwise);
  void stepSgd(nn::SgdAttr sgd, const TrainedParameter &trained, double weightDecay);
  void stepAdam(nn::AdamAttr adam, const TrainedParameter &trained, double weightDecay);
  /// Reads state `slot` of a parameter, after declaring it.
  mlir::Value readState(nn::ParameterOp parameter, llvm::StringRef slot);
  void writeState(nn::ParameterOp parameter, llvm::StringRef slot, mlir::Value value);
  /// The entry's read of a symbol; a new one if there is none.
  mlir::Value read(mlir::Location loc, mlir::StringAttr symbol, mlir::Type type);
  mlir::Value readStep();
  mlir::FailureOr<mlir::Value> readLearningRate();

  nn::TrainingOp training_;
  nn::EntryOp entry_;
  mlir::ModuleOp module_;
  mlir::SymbolTable symbols_;
  llvm::DenseMap<mlir::StringAttr, mlir::Value> reads_; ///< of the entry, by symbol
  Annotator annotator_;
  mlir::OpBuilder builder_;
  mlir::Value lr_, step_;
  llvm::SmallVector<double> weightDecays_; ///< per parameter
};

} // namespace tpc
