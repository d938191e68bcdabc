//===- HostAccess.cpp - Device memory seen from the host ------------------------------------===//
#include "runtime/device/HostAccess.h"

using namespace tpc;

Status tpc::readOnHost(Device &device, const void *memory, size_t bytes,
                       const std::function<Status(const void *)> &visit) {
  if (device.isHostMemory())
    return visit(memory);
  std::vector<std::byte> copy(bytes);
  TPC_RETURN_IF_ERROR(device.download(memory, copy.data(), bytes));
  return visit(copy.data());
}

Status tpc::writeOnHost(Device &device, void *memory, size_t bytes,
                        const std::function<Status(void *)> &fill) {
  if (device.isHostMemory())
    return fill(memory);
  std::vector<std::byte> copy(bytes);
  TPC_RETURN_IF_ERROR(fill(copy.data()));
  return device.upload(copy.data(), memory, bytes);
}
