//===- kernel_abi.h - How the runtime calls a generated kernel ---------------------------===//
//
// The one ABI between generated code and every runtime: pointers, scalars, tiles. Tiles write
// disjoint bytes. Kernels call nothing and allocate nothing.
//
// On CPU a kernel computes tiles [begin, end) of its range, and the result does not depend on how
// the range is cut. On cuda a tile is a block: the function is a PTX `.entry` whose parameters are
// one 64-bit address per operand slice, in order, then one signed 64-bit integer per scalar; it is
// launched with a grid of (tiles, 1, 1) blocks of (threads, 1, 1) threads.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include <cstdint>

namespace tpc {

/// pointers: one per operand slice of the instruction, in order, each 64-byte aligned at the start
/// of its buffer. scalars: one per KernelLaunch::scalars.
using KernelFunction = void (*)(void *const *pointers, const int64_t *scalars, int64_t begin,
                                int64_t end);

} // namespace tpc
