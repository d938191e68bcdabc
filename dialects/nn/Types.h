//===- Types.h - Tensor types, shapes and their bytes --------------------------------------===//
#pragma once

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"

namespace tpc::nn {

inline mlir::RankedTensorType typeOf(mlir::Value value) {
  return mlir::cast<mlir::RankedTensorType>(value.getType());
}
inline llvm::ArrayRef<int64_t> shapeOf(mlir::Value value) { return typeOf(value).getShape(); }
inline mlir::Type elementOf(mlir::Value value) { return typeOf(value).getElementType(); }
inline mlir::RankedTensorType tensorOf(llvm::ArrayRef<int64_t> shape, mlir::Type element) {
  return mlir::RankedTensorType::get(shape, element);
}
/// The value's type without an encoding.
inline mlir::RankedTensorType plainType(mlir::Value value) {
  return tensorOf(shapeOf(value), elementOf(value));
}
bool sameShapeAndElement(mlir::Type a, mlir::Type b);
bool isSuffix(llvm::ArrayRef<int64_t> suffix, llvm::ArrayRef<int64_t> shape);
int64_t elementCount(llvm::ArrayRef<int64_t> shape);
/// Whether a static shape has at most 2^40 elements, as every tensor of the nn dialect has to.
bool hasCountableElements(mlir::RankedTensorType type);
/// The product of all extents but the last.
int64_t rowCount(llvm::ArrayRef<int64_t> shape);
/// float32, or float64 of float64: the type of row statistics beside values of `element`.
mlir::Type statisticsType(mlir::Type element);

/// Bytes of a tensor at the shape of its type; 0 of what is no tensor, an offset.
int64_t bytesOf(mlir::Type type);
inline int64_t bytesOf(mlir::Value value) { return bytesOf(value.getType()); }

} // namespace tpc::nn
