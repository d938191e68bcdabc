//===- Epilogues.h - Biases that products add themselves -----------------------------------===//
//
// A product may add a bias to its sums before it rounds and stores them. In IR that is the bias
// operand of nn.linear, which stands for the nn.add behind the product, and, where the operands are
// bfloat16, for the nn.cast behind that: bit for bit the same, with one pass over memory less. A
// partial value is reduced between its product and its bias, so no bias is ever added to one.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/fusion/Clusters.h"

#include <string>

namespace tpc {

/// What became of the biases of products.
struct EpilogueReport {
  unsigned inProducts = 0; ///< added by the product
  unsigned inKernels = 0;  ///< that kernels add, which read and write as much without them
  unsigned inexact = 0;    ///< float32 behind bfloat16 operands: the product would add them rounded
  unsigned gelus = 0;      ///< of the tanh form, behind a product that adds its bias

  /// A sentence on entry `name`, or "" if no product has a bias.
  std::string str(llvm::StringRef name) const;
};

/// Moves biases out of kernels into products where this saves memory traffic. Kernels of nothing
/// else are gone.
EpilogueReport addBiasesInProducts(std::vector<Cluster> &clusters);

} // namespace tpc
