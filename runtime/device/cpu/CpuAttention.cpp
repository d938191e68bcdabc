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
  int slots = static_cast<int>(layout.slots);
  int64_t blocks = (shape.queryLength + attentionQueryBlock - 1) / attentionQueryBlock;
  // The longest block (causal) first.
  auto forward = [&](int64_t head, int64_t fromEnd, int64_t place, int slot) {
    kernels.forward(job, head / shape.heads, head % shape.heads, blocks - 1 - fromEnd, place, slot);
  };
  int64_t group = shape.heads / shape.kvHeads;
  constexpr int64_t enoughHeads = 4; // for each thread: then none waits long for another one
  if (layout.keyHeads >= enoughHeads * pool.threads()) {
    // What a thread packs no other one reads.
    pool.forEach(layout.keyHeads, slots, [&](int64_t keyHead, int slot) {
      kernels.packKeys(job, keyHead, slot);
      for (int64_t task = 0; task < group * blocks; ++task)
        forward(keyHead * group + task / blocks, task % blocks, slot, slot);
    });
    return {};
  }
  pool.forRanges(layout.keyHeads, [&](int64_t begin, int64_t end) {
    for (int64_t keyHead = begin; keyHead < end; ++keyHead)
      kernels.packKeys(job, keyHead, keyHead);
  });
  pool.forEach(shape.batch * shape.heads * blocks, slots, [&](int64_t task, int slot) {
    forward(task / blocks, task % blocks, task / blocks / group, slot);
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
