//===- HostAccess.h - Device memory seen from the host --------------------------------------===//
//
// All that the host reads or writes of a device's memory goes through here: on a device whose
// memory is the host's it is touched where it lies, else there is a copy on the way. Nothing may be
// running that uses the memory.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/Device.h"

#include <functional>

namespace tpc {

/// `visit` sees `bytes` bytes; they are gone after it returns.
Status readOnHost(Device &device, const void *memory, size_t bytes,
                  const std::function<Status(const void *)> &visit);

/// `fill` writes all of `bytes` bytes.
Status writeOnHost(Device &device, void *memory, size_t bytes,
                   const std::function<Status(void *)> &fill);

} // namespace tpc
