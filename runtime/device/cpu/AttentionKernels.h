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
  /// Packs keys and values of one (batch, kv head) into the shared part of the workspace.
  void (*packKeys)(const AttentionJob &job, int64_t keyHead);
  /// One query block of one head, after packKeys of its kv head.
  void (*forward)(const AttentionJob &job, int64_t batch, int64_t head, int64_t queryBlock,
                  int slot);
  /// All gradients of one (batch, kv head).
  void (*backward)(const AttentionJob &job, int64_t keyHead, int slot);
};

/// Each needs a CPU that has the instructions of its name (AVX2 with FMA; AVX-512 F).
AttentionKernels attentionKernelsAvx2(DType dtype);
AttentionKernels attentionKernelsAvx512(DType dtype);

} // namespace tpc
