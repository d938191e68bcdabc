//===- AttentionWorkspace.h - The memory that cuDNN's attention needs on a GPU -------------===//
//
// Functions of the shape alone, free of CUDA: the compiler plans the workspace with them, and the
// runtime takes from cuDNN only what fits into it.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/Device.h"

namespace tpc::cuda {

enum class AttentionPass : uint8_t {
  Forward,
  /// dq is summed with atomic additions: its last bits differ from run to run.
  Backward,
  /// The gradients of the scores go through memory, and dq is a product of its own.
  DeterministicBackward,
};

/// Some samples, and some heads of keys with all their query heads. The deterministic backward pass
/// goes part by part, since its workspace grows with the square of the length.
struct AttentionPart {
  int64_t batch, kvHeads;
};

/// Whether cuDNN may be asked at all: bf16, a head size that is a multiple of 8 up to 256, more
/// than one key, with a causal mask no query without a key, and fewer than 65536 samples and heads.
/// (Limits of cuDNN 9 on sm_90, as in cudnn-frontend's and PyTorch's checks.)
bool cudnnMayRun(const AttentionShape &shape);

/// Where a pass keeps what in the workspace: bytes from its beginning, multiples of 256.
struct AttentionLayout {
  AttentionPart part; ///< what one call computes; divides the shape evenly
  /// Backward: f32 [part's batch, its query heads, queryLength]: the sums of dOut * o.
  size_t outputSums = 0;
  /// Backward: f32 [batch, heads, queryLength, size]: where dq is summed.
  size_t dqSums = 0;
  size_t library = 0; ///< cuDNN's own part, to the end
  size_t bytes = 0;
};

/// Of a shape that cudnnMayRun. cuDNN's part is what cuDNN 9.19's first choice on sm_90 was
/// measured to need, with some room: in the backward pass a bf16 [batch, heads, keyLength, size]
/// for each of dk and dv if heads share keys, and if deterministic a bf16 of all scores, whose
/// lengths are rounded up to 64 queries and 128 keys.
AttentionLayout attentionLayout(const AttentionShape &shape, AttentionPass pass);

/// The smallest part may need more than this; then there is no deterministic pass by cuDNN.
constexpr size_t kMostDeterministicBytes = size_t(1) << 30;

/// The ceiling that the compiler plans with, for either backward pass; 0 for what cuDNN can't run.
size_t cudaAttentionWorkspace(const AttentionShape &shape, bool backward);

} // namespace tpc::cuda
