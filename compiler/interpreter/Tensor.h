//===- Tensor.h - Values of the interpreter ------------------------------------------------===//
//
// Everything is computed in float64. Integers (ids, labels, offsets) are doubles too: every i32 is
// one exactly, and shape ops need no second copy.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <cmath>
#include <cstdint>
#include <vector>

namespace tpc::interpreter {

using Shape = std::vector<int64_t>;

int64_t elementCount(llvm::ArrayRef<int64_t> shape);
/// Row-major position of an element.
int64_t flatIndex(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> index);
/// Visits all indices of a shape in row-major order.
void forEachIndex(llvm::ArrayRef<int64_t> shape,
                  llvm::function_ref<void(llvm::ArrayRef<int64_t> index)> visit);
/// Shape of a tensor-typed value (encodings ignored); of an index, that of a 0-d tensor.
Shape shapeOf(mlir::Value value);

/// The larger number; none if either is none.
inline double largerOf(double x, double y) { return x > y || std::isnan(x) ? x : y; }

/// Row-major, dense.
struct Tensor {
  Shape shape;
  std::vector<double> data;

  Tensor() = default;
  explicit Tensor(Shape shape, double fill = 0);
  Tensor(Shape shape, std::vector<double> data);
  static Tensor scalar(double value);

  int64_t size() const { return static_cast<int64_t>(data.size()); }
  int64_t rank() const { return static_cast<int64_t>(shape.size()); }
  /// Extent of a dim; negative dims count from the last one.
  int64_t extent(int64_t dim) const { return shape[dim < 0 ? dim + rank() : dim]; }

  double &operator[](int64_t flat) { return data[flat]; }
  double operator[](int64_t flat) const { return data[flat]; }
  double &at(llvm::ArrayRef<int64_t> index) { return data[flatIndex(shape, index)]; }
  double at(llvm::ArrayRef<int64_t> index) const { return data[flatIndex(shape, index)]; }
  int64_t integer(int64_t flat) const { return static_cast<int64_t>(data[flat]); }
};

} // namespace tpc::interpreter
