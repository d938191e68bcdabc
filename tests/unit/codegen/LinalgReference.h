//===- LinalgReference.h - A kernel's linalg, lowered by upstream's passes -----------------===//
//
// Bufferized, lowered to plain loops and to calls of the math library, and executed in this
// process: nothing of it is shared with the kernels of a plan but the linalg ops themselves.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "dialects/nn/NN.h"

#include <string>
#include <vector>

namespace tpc::codegen {

/// One argument: a tensor's memory and shape, or an index.
struct LinalgArgument {
  void *data = nullptr; ///< null: an index
  std::vector<int64_t> shape;
  int64_t index = 0;
};

/// Executes a kernel: inputs, then results. An error, or an empty string.
std::string executeLinalg(nn::KernelOp kernel, const std::vector<LinalgArgument> &arguments);

} // namespace tpc::codegen
