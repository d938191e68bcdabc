//===- TorchGenerator.cpp - The numbers that PyTorch's CPU generator gives -----------------===//
#include "runtime/io/TorchGenerator.h"

#include <cmath>
#include <numbers>

namespace tpc {

constexpr size_t blockSize = TorchGenerator::fewestNormals;

void TorchGenerator::uniform(std::span<float> values, float a, float b) {
  for (float &value : values)
    value = static_cast<float>(engine_() & 0xFFFFFF) * 0x1p-24f * (b - a) + a;
}

/// 16 uniform numbers become normal ones: element j of the first half and element j of the second
/// are a pair of the Box-Muller transform.
static void toNormals(float *x, float mean, float std) {
  for (size_t j = 0; j < blockSize / 2; ++j) {
    double radius = std::sqrt(-2 * std::log(static_cast<double>(1 - x[j])));
    double angle = 2 * std::numbers::pi * x[j + blockSize / 2];
    x[j] = static_cast<float>(radius * std::cos(angle)) * std + mean;
    x[j + blockSize / 2] = static_cast<float>(radius * std::sin(angle)) * std + mean;
  }
}

void TorchGenerator::normal(std::span<float> values, float mean, float std) {
  uniform(values, 0, 1);
  size_t count = values.size(), whole = count / blockSize * blockSize;
  for (size_t begin = 0; begin < whole; begin += blockSize)
    toNormals(values.data() + begin, mean, std);
  if (whole == count)
    return;
  // The last 16 are drawn anew: some of them had been transformed with the block before.
  std::span<float> last = values.last(blockSize);
  uniform(last, 0, 1);
  toNormals(last.data(), mean, std);
}

void TorchGenerator::integers(std::span<int64_t> values, int64_t high) {
  for (int64_t &value : values)
    value = static_cast<int64_t>(engine_()) % high;
}

void TorchGenerator::skipNormal(size_t count) {
  engine_.discard(count + (count % blockSize == 0 ? 0 : blockSize));
}

} // namespace tpc
