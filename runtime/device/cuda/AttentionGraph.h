//===- AttentionGraph.h - Attention, spelled out for cuDNN ---------------------------------===//
//
// cuDNN has no operation "attention with a mask": its flash kernels are found by the pattern of a
// graph that spells the formula out. The order of the operations and their types are part of that
// pattern, which NVIDIA's cudnn-frontend documents in its composite nodes for scaled dot product
// attention.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/cuda/AttentionWorkspace.h"
#include "runtime/device/cuda/OpGraph.h"

namespace tpc::cuda {

/// What a call gives for each operand and number of the graphs.
enum AttentionUid : int64_t {
  UidQ = 1,
  UidK,
  UidV,
  UidO,
  UidLse,
  UidDOut,
  UidDq,
  UidDk,
  UidDv,
  UidOutputSums,  ///< see AttentionLayout
  UidDqSums,      ///< see AttentionLayout
  UidScale,       ///< f32
  UidMasked,      ///< f32: the score of a pair that is masked out, minus infinity
  UidOne,         ///< f32
  UidKeyLength,   ///< i32
  UidQueryLength, ///< i32
};

/// Forward: q, k, v -> o, lse. Backward: q, k, v, o, lse, dOut -> dq, dk, dv. Of `part` of `shape`:
/// the tensors of the part lie in those of the whole shape, and the call points to their beginning.
OpGraph attentionGraph(const AttentionShape &shape, const AttentionPart &part, AttentionPass pass);

/// Where the part that begins with sample `batch` and key head `kvHead` begins in an operand that
/// the instruction has (UidQ to UidDv), in elements.
int64_t partOffset(const AttentionShape &shape, AttentionUid uid, int64_t batch, int64_t kvHead);

} // namespace tpc::cuda
