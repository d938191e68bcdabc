//===- CpuKernelModule.h - Generated kernels of a plan, loaded from memory -----------------===//
#pragma once

#include "runtime/device/Device.h"

namespace tpc {

/// Loads an ELF shared object from memory: no file is written. `level` is the CPU level that the
/// image was compiled for: x86-64-v2, -v3, -v4, or native, which is the machine that compiled it.
Result<std::unique_ptr<KernelModule>> loadCpuKernels(std::span<const uint8_t> image,
                                                     const std::string &level);

} // namespace tpc
