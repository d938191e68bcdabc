//===- CpuGemm.h - Matrix products on a grid of tiles --------------------------------------===//
//
// A product is cut into tiles of its result by a function of its shape alone, and all of k is
// summed in one order. So the bits of a result do not depend on the number of threads.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/cpu/GemmLayout.h"
#include "runtime/device/cpu/OpenBlas.h"
#include "runtime/device/cpu/ThreadPool.h"

namespace tpc {

/// f32 and f64 call OpenBLAS. bf16 widens panels of the operands to float32 in the workspace, sums
/// in float32 over all of k, and rounds once, when a tile is stored, if C is bf16 (after adding the
/// old value of C if accumulate). `workspace` has cpuGemmWorkspace(shape) bytes.
Status cpuGemm(const OpenBlas &blas, ThreadPool &pool, const GemmShape &shape, const void *a,
               const void *b, void *c, void *workspace);

} // namespace tpc
