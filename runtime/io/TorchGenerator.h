//===- TorchGenerator.h - The numbers that PyTorch's CPU generator gives -------------------===//
//
// So that published runs can be repeated without PyTorch: MT19937, one 32-bit draw per uniform
// float32 or integer (bit for bit), normals in blocks of 16 (equal within 5e-7: logarithm and
// cosine differ between math libraries; here they are taken in float64 and rounded).
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <random>
#include <span>

namespace tpc {

class TorchGenerator {
public:
  /// PyTorch draws fewer normals than this by another method.
  static constexpr size_t fewestNormals = 16;

  explicit TorchGenerator(uint32_t seed) : engine_(seed) {}

  /// Fills with uniform(a, b).
  void uniform(std::span<float> values, float a, float b);
  /// Fills with normal(mean, std); at least fewestNormals values.
  void normal(std::span<float> values, float mean, float std);
  /// Fills with integers in [0, high), high < 2^28.
  void integers(std::span<int64_t> values, int64_t high);

  /// The state after drawing that many values, without computing them.
  void skipUniform(size_t count) { engine_.discard(count); }
  void skipNormal(size_t count);

private:
  std::mt19937 engine_;
};

} // namespace tpc
