//===- Types.cpp - Tensor types, shapes and their bytes ------------------------------------===//
#include "dialects/nn/Types.h"

#include <algorithm>
#include <functional>
#include <numeric>

using namespace mlir;

namespace tpc::nn {

bool sameShapeAndElement(Type a, Type b) {
  auto tensorA = cast<RankedTensorType>(a), tensorB = cast<RankedTensorType>(b);
  return tensorA.getShape() == tensorB.getShape() &&
         tensorA.getElementType() == tensorB.getElementType();
}

bool isSuffix(ArrayRef<int64_t> suffix, ArrayRef<int64_t> shape) {
  return suffix.size() <= shape.size() && shape.take_back(suffix.size()) == suffix;
}

int64_t elementCount(ArrayRef<int64_t> shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

bool hasCountableElements(RankedTensorType type) {
  constexpr int64_t most = int64_t{1} << 40;
  int64_t count = 1;
  for (int64_t extent : type.getShape()) {
    if (extent > most / count)
      return false;
    count *= std::max<int64_t>(extent, 1);
  }
  return true;
}

int64_t rowCount(ArrayRef<int64_t> shape) {
  return shape.empty() ? 1 : elementCount(shape.drop_back());
}

Type statisticsType(Type element) {
  return element.isF64() ? element : Float32Type::get(element.getContext());
}

int64_t bytesOf(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor ? tensor.getNumElements() * (tensor.getElementTypeBitWidth() / 8) : 0;
}

} // namespace tpc::nn
