//===- CpuAttention.h - Attention that never materialises its scores -----------------------===//
//
// Scores exist one tile of (query block, key block) at a time; the softmax is computed online, as
// in FlashAttention (arXiv 2205.14135). All operands are packed into panels of the workspace first,
// in the type that is computed in: f32 for f32 and bf16, f64 for f64. So a bf16 result is rounded
// once, when it is stored, and probabilities are never rounded to bf16.
//
// A query that sees no key (causal, and more queries than keys) gives o = 0, lse = -inf and no
// gradients.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/Device.h"
#include "runtime/device/cpu/ThreadPool.h"

namespace tpc {

/// Parallel over (batch, head, query block).
Status cpuAttention(ThreadPool &pool, const AttentionShape &shape,
                    const AttentionOperands &operands);

/// Parallel over (batch, kv head); inside, query heads, query blocks and key blocks in ascending
/// order, so that every sum has one order.
Status cpuAttentionBackward(ThreadPool &pool, const AttentionShape &shape,
                            const AttentionOperands &operands);

} // namespace tpc
