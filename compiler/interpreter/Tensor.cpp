//===- Tensor.cpp - Values of the interpreter ----------------------------------------------===//
//
// Row-major indexing, and nothing else.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/interpreter/Tensor.h"

#include "llvm/Support/ErrorHandling.h"

namespace tpc::interpreter {

int64_t elementCount(llvm::ArrayRef<int64_t> shape) {
  int64_t count = 1;
  for (int64_t extent : shape)
    count *= extent;
  return count;
}

int64_t flatIndex(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> index) {
  if (shape.size() != index.size())
    llvm::report_fatal_error("interpreter: an index has as many entries as its tensor has dims");
  int64_t flat = 0;
  for (size_t dim = 0; dim < shape.size(); ++dim) {
    if (index[dim] < 0 || index[dim] >= shape[dim])
      llvm::report_fatal_error("interpreter: an index is outside of its tensor");
    flat = flat * shape[dim] + index[dim];
  }
  return flat;
}

void forEachIndex(llvm::ArrayRef<int64_t> shape,
                  llvm::function_ref<void(llvm::ArrayRef<int64_t> index)> visit) {
  int64_t count = elementCount(shape);
  Shape index(shape.size(), 0);
  for (int64_t i = 0; i < count; ++i) {
    visit(index);
    for (size_t dim = shape.size(); dim-- > 0;) {
      if (++index[dim] < shape[dim])
        break;
      index[dim] = 0;
    }
  }
}

Shape shapeOf(mlir::Value value) {
  if (auto type = mlir::dyn_cast<mlir::RankedTensorType>(value.getType()))
    return Shape(type.getShape());
  return {};
}

Tensor::Tensor(Shape shape, double fill)
    : shape(std::move(shape)), data(elementCount(this->shape), fill) {}

Tensor::Tensor(Shape shape, std::vector<double> data)
    : shape(std::move(shape)), data(std::move(data)) {
  if (elementCount(this->shape) != size())
    llvm::report_fatal_error("interpreter: a tensor has as many elements as its shape says");
}

Tensor Tensor::scalar(double value) { return Tensor({}, std::vector<double>{value}); }

} // namespace tpc::interpreter
