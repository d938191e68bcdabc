//===- Accumulate.h - Sums that grow where they are ----------------------------------------===//
//
// A sum of products (the input gradients of q, k and v; of gate and up) needs no pass of its own:
// the first product is the sum, and each further one adds to it (`C +=`). So does the gradient of
// an embedding whose table is an output head as well: it adds a few rows to the head's gradient
// instead of making a table of zeros. In IR each such step is an nn.kernel of two ops, the product
// or scatter and the nn.add, whose result takes the place of the input that it adds to.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "dialects/nn/NN.h"

namespace tpc {

/// Rewrites the sums of an entry; before kernels are formed of the other ops.
void accumulateSums(nn::EntryOp entry);

/// The product in a kernel that adds one to an input, or null if it is any other kernel.
nn::LibraryOp accumulatedProduct(nn::KernelOp kernel);
/// The number of the input that such a kernel adds to.
unsigned accumulatedInput(nn::KernelOp kernel);

} // namespace tpc
