//===- CpuGemm.h - Matrix products on the threads of a rank --------------------------------===//
//
// An element of C is one chain of multiply-adds over blocks of k, whoever computes it and wherever
// C is cut. So the bits of a result depend neither on the number of threads nor on the instruction
// set.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/cpu/GemmLayout.h"
#include "runtime/device/cpu/ThreadPool.h"

namespace tpc {

/// bf16 operands are widened to float32 where they are packed; all of k is summed in float32, and
/// rounded once if C is bf16 (after adding the old value of C if accumulate). `workspace` has
/// cpuGemmWorkspace(shape) bytes and begins on a cache line.
Status cpuGemm(ThreadPool &pool, const GemmShape &shape, const void *a, const void *b, void *c,
               void *workspace);

} // namespace tpc
