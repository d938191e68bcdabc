//===- CudnnAttention.h - Attention by cuDNN's flash kernels -------------------------------===//
//
// An execution plan is made once per shape, before anything is captured, and runs on any stream.
// What cuDNN does not do, or not in the workspace that the plan has, ends as Unavailable: then the
// kernels that the instruction carries do it.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/cuda/AttentionWorkspace.h"
#include "runtime/device/cuda/CudnnGraph.h"

#include <map>
#include <memory>
#include <tuple>

namespace tpc::cuda {

/// Whether the backward pass of cuDNN's `version` (as in cudnnVersion) is right for a shape that
/// cudnnMayRun: its kernels for sm_90 have errors that making a plan does not show.
bool backwardIsRight(const AttentionShape &shape, size_t version);

/// One pass of one shape.
class CudnnAttentionPlan {
public:
  /// Unavailable if cuDNN can't do it in `workspaceBytes`.
  static Result<CudnnAttentionPlan> make(const CudnnApi &api, const CudnnTarget &target,
                                         const AttentionShape &shape, AttentionPass pass,
                                         size_t workspaceBytes);

  /// Enqueues on the handle's stream. Device pointers; the workspace, too.
  Status run(cudnnHandle_t handle, const AttentionOperands &operands) const;

  /// What a call needs: at most the layout's bytes.
  size_t workspaceBytes() const { return layout_.library + plan_.workspaceBytes; }

private:
  CudnnAttentionPlan(const CudnnApi &api, const AttentionShape &shape, AttentionPass pass,
                     const AttentionLayout &layout, std::vector<int64_t> uids, CudnnPlan plan)
      : api_(&api), shape_(shape), pass_(pass), layout_(layout), uids_(std::move(uids)),
        plan_(std::move(plan)) {}

  const CudnnApi *api_;
  AttentionShape shape_;
  AttentionPass pass_;
  AttentionLayout layout_;
  std::vector<int64_t> uids_; ///< of operands and numbers
  CudnnPlan plan_;
};

/// Of one device, used by one thread at a time, under the device's context.
class CudnnAttention {
public:
  /// Unavailable where there is no cuDNN, or none that works with this device.
  static Result<std::unique_ptr<CudnnAttention>> create();
  ~CudnnAttention();
  CudnnAttention(const CudnnAttention &) = delete;

  /// "9.19.0"
  std::string versionText() const;
  /// Makes the plan, unless it was made; the answer, too, is kept. Must not be called first while a
  /// stream is captured. `workspaceBytes`: what the instruction has.
  Result<const CudnnAttentionPlan *> prepare(const AttentionShape &shape, AttentionPass pass,
                                             size_t workspaceBytes);

  /// Enqueues a prepared plan on `stream`.
  Status run(const CudnnAttentionPlan &plan, const AttentionOperands &operands,
             cudaStream_t stream);

private:
  CudnnAttention(const CudnnApi &api, cudnnHandle_t handle) : api_(api), handle_(handle) {}

  using Key = std::tuple<int64_t, int64_t, int64_t, int64_t, int64_t, int64_t, bool, double,
                         AttentionPass, size_t>;
  const CudnnApi &api_;
  const cudnnHandle_t handle_;
  cudaStream_t stream_ = nullptr; ///< the handle's
  std::map<Key, Result<CudnnAttentionPlan>> plans_;
};

} // namespace tpc::cuda
