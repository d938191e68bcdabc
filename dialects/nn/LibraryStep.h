//===- LibraryStep.h - Ops that are one GEMM or one attention --------------------------===//
#pragma once

#include <cstdint>
#include <variant>

namespace tpc::nn {

/// result 0 [m, n] = op(operand a) . op(operand b), row-major and dense, `batch` times. transposeA:
/// stored [k, m]; transposeB: stored [n, k].
struct GemmStep {
  unsigned a, b; ///< operand indices
  int64_t m, n, k, batch = 1;
  bool transposeA = false, transposeB = false;
};

/// The attention of runtime/device/Device.h; operands and results of the op in its order.
struct AttentionStep {
  int64_t batch, queryLength, keyLength, heads, kvHeads, size;
  bool causal, backward;
  double scale;
};

using LibraryStep = std::variant<GemmStep, AttentionStep>;

} // namespace tpc::nn
