//===- CpuAttention.cpp - Attention that never materialises its scores ---------------------===//
#include "runtime/device/cpu/CpuAttention.h"

#include "runtime/device/cpu/AttentionKernels.h"

namespace tpc {

static Result<AttentionKernels> kernelsOfThisCpu(DType dtype) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f"))
    return attentionKernelsAvx512(dtype);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return attentionKernelsAvx2(dtype);
  return Status(Code::Unavailable, "attention needs a CPU with AVX2 and FMA");
}

static Status check(const AttentionShape &shape, const AttentionOperands &operands) {
  if (shape.dtype == DType::I32)
    return Status(Code::Internal, "attention of integers");
  if (shape.batch < 0 || shape.queryLength < 0 || shape.keyLength < 0 || shape.size < 1 ||
      shape.kvHeads < 1 || shape.heads % shape.kvHeads != 0)
    return Status(Code::Internal, "attention with an impossible shape");
  if (reinterpret_cast<uintptr_t>(operands.workspace) % 64 != 0)
    return Status(Code::Internal, "attention's workspace is not aligned to 64 bytes");
  return {};
}

Status cpuAttention(ThreadPool &pool, const AttentionShape &shape,
                    const AttentionOperands &operands) {
  TPC_RETURN_IF_ERROR(check(shape, operands));
  TPC_ASSIGN_OR_RETURN(AttentionKernels kernels, kernelsOfThisCpu(shape.dtype));
  AttentionLayout layout(shape, /*backward=*/false);
  AttentionJob job{shape, operands, layout};
  pool.forRanges(layout.keyHeads, [&](int64_t begin, int64_t end) {
    for (int64_t keyHead = begin; keyHead < end; ++keyHead)
      kernels.packKeys(job, keyHead);
  });
  int64_t blocks = (shape.queryLength + attentionQueryBlock - 1) / attentionQueryBlock;
  pool.forEach(shape.batch * shape.heads * blocks, static_cast<int>(layout.slots),
               [&](int64_t task, int slot) {
                 // Blocks of one head follow each other, the longest (causal) first.
                 int64_t head = task / blocks, block = blocks - 1 - task % blocks;
                 kernels.forward(job, head / shape.heads, head % shape.heads, block, slot);
               });
  return {};
}

Status cpuAttentionBackward(ThreadPool &pool, const AttentionShape &shape,
                            const AttentionOperands &operands) {
  TPC_RETURN_IF_ERROR(check(shape, operands));
  TPC_ASSIGN_OR_RETURN(AttentionKernels kernels, kernelsOfThisCpu(shape.dtype));
  AttentionLayout layout(shape, /*backward=*/true);
  AttentionJob job{shape, operands, layout};
  pool.forEach(layout.keyHeads, static_cast<int>(layout.slots),
               [&](int64_t keyHead, int slot) { kernels.backward(job, keyHead, slot); });
  return {};
}

} // namespace tpc
