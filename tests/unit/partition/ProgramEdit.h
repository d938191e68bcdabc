//===- ProgramEdit.h - Changes of a program that can be taken back -------------------------===//
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/Operation.h"

#include "llvm/ADT/SetVector.h"

#include <functional>

namespace tpc {

/// What is done through it is undone, last change first, when it goes.
class ProgramEdit {
public:
  ProgramEdit() = default;
  ProgramEdit(const ProgramEdit &) = delete;
  ~ProgramEdit();

  /// A null attribute removes it.
  void setAttr(mlir::Operation *op, llvm::StringRef name, mlir::Attribute attr);
  void setOperand(mlir::Operation *op, unsigned index, mlir::Value value);
  void setOperands(mlir::Operation *op, llvm::ArrayRef<mlir::Value> values);
  void setType(mlir::Value value, mlir::Type type);
  void replaceUses(mlir::Value value, mlir::Value by, mlir::Operation *except = nullptr);
  mlir::Operation *cloneBefore(mlir::Operation *op);
  mlir::Operation *cloneAfter(mlir::Operation *op);
  /// Takes an op whose results have no uses out of its block.
  void remove(mlir::Operation *op);

  /// The ops that are not what they were, in the order of the changes, without removed ones.
  llvm::ArrayRef<mlir::Operation *> changed() const { return ops.getArrayRef(); }

private:
  llvm::SmallVector<std::function<void()>> undo;
  llvm::SetVector<mlir::Operation *> ops;
};

} // namespace tpc
