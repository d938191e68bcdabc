//===- CudaKernelModule.cpp - The functions of a loaded image ---------------------------------===//
#include "runtime/device/cuda/CudaKernelModule.h"

using namespace tpc;
using namespace tpc::cuda;

Result<KernelHandle> CudaKernelModule::function(const std::string &name) const {
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  CUfunction function = nullptr;
  const Driver &driver = context_->driver();
  if (Status status = driver.check(driver.moduleFunction(&function, module_->get(), name.c_str()),
                                   "cuModuleGetFunction");
      !status.ok())
    return Status(Code::InvalidInput,
                  "a kernel image has no function '" + name + "': " + status.message(),
                  "the plan is damaged; compile it again");
  TPC_RETURN_IF_ERROR(allowSharedMemory(function));
  return KernelHandle(function);
}

Status CudaKernelModule::allowSharedMemory(CUfunction function) const {
  const Driver &driver = context_->driver();
  int fixed = 0;
  TPC_RETURN_IF_ERROR(
      driver.check(driver.functionAttribute(&fixed, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, function),
                   "cuFuncGetAttribute"));
  return driver.check(driver.setFunctionAttribute(function,
                                                  CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES,
                                                  context_->sharedBytes() - fixed),
                      "cuFuncSetAttribute");
}
