//===- LocalElements.h - Typed access to one rank's elements -------------------------------===//
#pragma once

#include "algebra/CoordinateMap.h"
#include "runtime/device/Device.h"
#include "runtime/support/BFloat16.h"

#include <cstring>

namespace tpc {

/// Calls body(T *) with the elements of a buffer of `dtype`; bf16 is seen as uint16_t.
template <typename Body> void withElements(DType dtype, void *data, Body &&body) {
  switch (dtype) {
  case DType::F32:
    return body(static_cast<float *>(data));
  case DType::F64:
    return body(static_cast<double *>(data));
  case DType::BF16:
    return body(static_cast<uint16_t *>(data));
  case DType::I32:
    return body(static_cast<int32_t *>(data));
  }
}

/// Rounds to the element type of the destination; floats go to bf16 through float32.
template <typename From> void store(From value, float &to) { to = static_cast<float>(value); }
template <typename From> void store(From value, double &to) { to = static_cast<double>(value); }
template <typename From> void store(From value, uint16_t &to) {
  to = floatToBfloat16(static_cast<float>(value));
}
template <typename From> void store(From value, int32_t &to) { to = static_cast<int32_t>(value); }

/// Zeroes the pads, and everything else with them.
inline void clearLocal(const CoordinateMap &map, DType dtype, void *local) {
  std::memset(local, 0, static_cast<size_t>(map.localElements()) * byteSize(dtype));
}

} // namespace tpc
