//===- ReductionKernels.h - How ranks on one device reduce ---------------------------------===//
//
// Ranks that share a GPU reduce with a kernel of the plan (`CollectiveTensor.kernel`). It is an
// nn.kernel like all others, a sum or a maximum of one input per rank, built here and generated
// with the rest of the image.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/Mesh.h"
#include "dialects/nn/NN.h"

#include "mlir/IR/Block.h"

#include <map>
#include <optional>
#include <vector>

namespace tpc {

class ReductionKernels {
public:
  explicit ReductionKernels(const Mesh &mesh) : mesh_(mesh) {}

  /// Makes the kernels of a collective that reduces on an axis of several ranks, no more than may
  /// share a GPU (kMostRanksOfAGpu), one per tensor, where there is none yet of its form: axis
  /// size, kind and extents. Others have none.
  void add(mlir::Operation *collective);
  /// All kernels, in the order in which they were needed. They live as long as this.
  const std::vector<nn::KernelOp> &kernels() const { return kernels_; }
  /// The index of the kernel of a tensor of a collective that was added, if it has one.
  std::optional<size_t> find(mlir::Operation *collective, unsigned tensor) const;

private:
  const Mesh &mesh_;
  mlir::Block block_; ///< holds the kernels, and stands for their inputs
  std::vector<nn::KernelOp> kernels_;
  std::map<std::string, size_t> ofForm_;
};

} // namespace tpc
