//===- HostAccess.cpp - Device memory seen from the host ------------------------------------===//
#include "runtime/device/HostAccess.h"

#include <memory>

using namespace tpc;

Status tpc::readOnHost(Device &device, const void *memory, size_t bytes,
                       const std::function<Status(const void *)> &visit) {
  if (device.isHostMemory())
    return visit(memory);
  auto copy = std::make_unique_for_overwrite<std::byte[]>(bytes);
  TPC_RETURN_IF_ERROR(device.download(memory, copy.get(), bytes));
  return visit(copy.get());
}

Status tpc::writeOnHost(Device &device, void *memory, size_t bytes,
                        const std::function<Status(void *)> &fill) {
  if (device.isHostMemory())
    return fill(memory);
  auto copy = std::make_unique_for_overwrite<std::byte[]>(bytes);
  TPC_RETURN_IF_ERROR(fill(copy.get()));
  return device.upload(copy.get(), memory, bytes);
}
