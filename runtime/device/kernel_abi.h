//===- kernel_abi.h - How the runtime calls a generated kernel ---------------------------===//
//
// The one ABI between generated code and every runtime: pointers, scalars, tile begin and end.
// A kernel computes tiles [begin, end) of its range; tiles write disjoint bytes, and the result
// does not depend on how the range is cut. Kernels call nothing and allocate nothing.
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
