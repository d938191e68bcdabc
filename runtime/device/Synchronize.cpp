//===- Synchronize.cpp - Waiting for a device -----------------------------------------------===//
#include "runtime/device/Device.h"

#include <thread>

using namespace tpc;

Status tpc::synchronize(Device &device) {
  while (true) {
    TPC_ASSIGN_OR_RETURN(bool idle, device.isIdle());
    if (idle)
      return Status();
    std::this_thread::yield();
  }
}
