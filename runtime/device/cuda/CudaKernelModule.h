//===- CudaKernelModule.h - The functions of a loaded image -----------------------------------===//
#pragma once

#include "runtime/device/Device.h"
#include "runtime/device/cuda/CudaContext.h"

namespace tpc::cuda {

class CudaKernelModule final : public KernelModule {
public:
  CudaKernelModule(std::shared_ptr<Context> context, std::shared_ptr<Module> module)
      : context_(std::move(context)), module_(std::move(module)) {}

  Result<KernelHandle> function(const std::string &name) const override;

private:
  /// Blocks may have all shared memory that there is: without asking, it is 48 KiB. It is asked for
  /// once and not for each launch, since graphs hold launches of other sizes.
  Status allowSharedMemory(CUfunction function) const;

  std::shared_ptr<Context> context_;
  std::shared_ptr<Module> module_;
};

} // namespace tpc::cuda
