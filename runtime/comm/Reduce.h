//===- Reduce.h - Element-wise reduction in a fixed order -------------------------------------===//
//
// The one place where values of several ranks are combined on a CPU. Every element is reduced in
// ascending order of the inputs, so how a range is cut never changes a bit. bf16 accumulates in
// f32 and is rounded once; i32 sums wrap around; max keeps a NaN of any input.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/Sharding.h"
#include "runtime/device/Device.h"

#include <cstddef>
#include <span>

namespace tpc {

/// Reduces `elements` elements of every input into every output. An output may be an input: all
/// inputs are read before any output is written, block by block.
void reduceInto(DType dtype, ReduceKind kind, std::span<const void *const> inputs,
                std::span<void *const> outputs, size_t elements);

} // namespace tpc
