//===- AttentionKernels.h - The inner part of attention, per instruction set ---------------===//
//
// One template (AttentionKernelsImpl.h) is compiled once for AVX2 and once for AVX-512. Every sum
// has one order, whatever the width of a register: both give the same bits.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/cpu/AttentionLayout.h"

namespace tpc {

struct AttentionJob {
  const AttentionShape &shape;
  const AttentionOperands &operands;
  const AttentionLayout &layout;
};

struct AttentionKernels {
  /// Packs keys and values of one (batch, kv head) into a place of the workspace, of which there
  /// are as many as kv heads.
  void (*packKeys)(const AttentionJob &job, int64_t keyHead, int64_t place);
  /// One query block of one head, whose keys lie packed in a place.
  void (*forward)(const AttentionJob &job, int64_t batch, int64_t head, int64_t queryBlock,
                  int64_t place, int slot);
  /// All gradients of one (batch, kv head).
  void (*backward)(const AttentionJob &job, int64_t keyHead, int slot);
};

/// Each needs a CPU that has the instructions of its name (AVX2 with FMA; AVX-512 F).
AttentionKernels attentionKernelsAvx2(DType dtype);
AttentionKernels attentionKernelsAvx512(DType dtype);

} // namespace tpc
