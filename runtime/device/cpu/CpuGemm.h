//===- CpuGemm.h - Matrix products on a grid of tiles --------------------------------------===//
//
// A product is cut into tiles of its result by a function of its shape alone; k is never cut. So
// the bits of a result do not depend on the number of threads.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/Device.h"
#include "runtime/device/cpu/OpenBlas.h"
#include "runtime/device/cpu/ThreadPool.h"

namespace tpc {

/// Extents of a tile of C.
struct GemmTile {
  int64_t m, n;
};
/// The tile of every product of this shape: as large as leaves enough tiles for many threads.
GemmTile gemmTile(const GemmShape &shape);

/// Bytes of scratch that bf16 products need for each thread.
constexpr size_t gemmScratchBytes = 4 << 20;

/// f32 and f64 call OpenBLAS. bf16 widens blocks of the operands to float32 in scratch, accumulates
/// in float32 over all of k, and rounds once, when a tile is stored (after adding the old value of
/// C if accumulate). `scratch` is gemmScratchBytes for each thread of the pool.
Status cpuGemm(const OpenBlas &blas, ThreadPool &pool, const GemmShape &shape, const void *a,
               const void *b, void *c, void *scratch);

} // namespace tpc
