//===- PartLaunches.h - How ranks that share a GPU get their parts of a sum ----------------===//
//
// Generated kernels count on operands that begin at multiples of 16 bytes. If the parts of a
// reduce_scatter do, its kernel is launched for each part: all ranks' inputs begin at the part, and
// its rank's output is the only one. Otherwise it is launched once: it takes whole inputs, and has
// all ranks' outputs. A part is reduced by the same sums either way.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include <cstdint>

namespace tpc {

inline constexpr int64_t kKernelAlignment = 16;

/// By the bytes that a part has of a row, of which there are `outer` (Communicator.h).
constexpr bool isLaunchedForEachPart(int64_t bytesOfPart) {
  return bytesOfPart % kKernelAlignment == 0;
}

} // namespace tpc
