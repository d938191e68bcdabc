//===- CudnnGraph.h - A graph in cuDNN's words, and an execution plan for it ---------------===//
#pragma once

#include "runtime/device/cuda/CudnnDescriptor.h"
#include "runtime/device/cuda/OpGraph.h"

namespace tpc::cuda {

/// What execution plans are made for: the device of a handle or, where there is none, a device that
/// is described (CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR).
struct CudnnTarget {
  cudnnHandle_t handle = nullptr;
  const CudnnDescriptor *properties = nullptr;
};

/// The graph as an operation graph. `what` names it in errors: "attention's backward pass".
Result<CudnnDescriptor> translateGraph(const CudnnApi &api, const CudnnTarget &target,
                                       const OpGraph &graph, const std::string &what);

/// The engines that one mode of cuDNN's heuristics recommends, the best first; may be none.
Result<std::vector<CudnnDescriptor>>
recommendEngines(const CudnnApi &api, const CudnnTarget &target, const CudnnDescriptor &graph,
                 cudnnBackendHeurMode_t mode, const std::string &what);

struct CudnnPlan {
  CudnnDescriptor plan;
  size_t workspaceBytes;
};

struct CudnnPlanLimits {
  size_t workspaceBytes; ///< an engine that needs more is not taken
  bool deterministic;    ///< nor one that cuDNN says is not deterministic
};

/// Of the engines that cuDNN's heuristics recommend (mode A, then the fallback), the first that
/// fits and for which a plan can be made; this compiles the kernel, which takes a fraction of a
/// second. Unavailable if there is none.
Result<CudnnPlan> makePlan(const CudnnApi &api, const CudnnTarget &target,
                           const CudnnDescriptor &graph, const CudnnPlanLimits &limits,
                           const std::string &what);

/// An operand of a call: for Operand a device pointer, for Number one to host memory.
struct CudnnBinding {
  int64_t uid;
  void *pointer;
};

/// Enqueues the plan on the handle's stream. Numbers are read before it returns.
Status executePlan(const CudnnApi &api, cudnnHandle_t handle, const CudnnPlan &plan,
                   std::span<const CudnnBinding> bindings, void *workspace,
                   const std::string &what);

} // namespace tpc::cuda
