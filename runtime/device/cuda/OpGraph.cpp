//===- OpGraph.cpp - Tensors and operations that a library makes kernels of ----------------===//

#include "runtime/device/cuda/OpGraph.h"

namespace tpc::cuda {

/// Above all uids of operands and numbers.
static constexpr int64_t kFirstTemporary = 1000;

GraphDims contiguousStrides(const GraphDims &dims) {
  return {dims[1] * dims[2] * dims[3], dims[2] * dims[3], dims[3], 1};
}

size_t OpGraph::operand(int64_t uid, const GraphDims &dims, const GraphDims &strides,
                        GraphType type) {
  tensors.push_back({GraphTensor::Operand, uid, dims, strides, type});
  return tensors.size() - 1;
}

size_t OpGraph::number(int64_t uid, GraphType type) {
  tensors.push_back({GraphTensor::Number, uid, {1, 1, 1, 1}, {1, 1, 1, 1}, type});
  return tensors.size() - 1;
}

size_t OpGraph::temporary(const GraphDims &dims, const GraphDims &strides, GraphType type) {
  int64_t uid = kFirstTemporary + static_cast<int64_t>(tensors.size());
  tensors.push_back({GraphTensor::Temporary, uid, dims, strides, type});
  return tensors.size() - 1;
}

} // namespace tpc::cuda
