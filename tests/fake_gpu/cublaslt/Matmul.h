//===- Matmul.h - The products themselves --------------------------------------------------===//
#pragma once

#include "tests/fake_gpu/cublaslt/Descriptors.h"

#include <string>

namespace tpc::fake_gpu {

/// A product with all that it needs, copied: it runs later, and in a graph again and again.
struct Product {
  Operation operation;
  Layout a, b, c, d;
  double alpha, beta;
  const void *dataA, *dataB, *dataC;
  void *dataD, *workspace;
  Algorithm algorithm;
};

/// Sums of f32 (also of bf16) and f64, each as the CPU device forms them. "" or what went wrong.
std::string multiply(const Product &product);

} // namespace tpc::fake_gpu
