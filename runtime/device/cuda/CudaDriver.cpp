//===- CudaDriver.cpp - The functions of the driver that are used ----------------------------===//
#include "runtime/device/cuda/CudaDriver.h"

#include "runtime/support/SharedLibrary.h"

using namespace tpc;
using namespace tpc::cuda;

namespace {

constexpr const char *kHint = "the machine needs an NVIDIA GPU and its driver; a plan compiled "
                              "with --target cpu runs without";

Status bind(const SharedLibrary &library, Driver &driver) {
  const LibrarySymbol symbols[] = {
      {"cuInit", &driver.init},
      {"cuDriverGetVersion", &driver.driverVersion},
      {"cuGetErrorName", &driver.errorName},
      {"cuGetErrorString", &driver.errorString},
      {"cuDeviceGetCount", &driver.deviceCount},
      {"cuDeviceGet", &driver.deviceGet},
      {"cuDeviceGetName", &driver.deviceName},
      {"cuDeviceGetAttribute", &driver.deviceAttribute},
      {"cuDevicePrimaryCtxRetain", &driver.retainContext},
      {"cuDevicePrimaryCtxRelease_v2", &driver.releaseContext},
      {"cuCtxSetCurrent", &driver.setContext},
      {"cuCtxGetStreamPriorityRange", &driver.streamPriorities},
      {"cuMemAlloc_v2", &driver.allocate},
      {"cuMemFree_v2", &driver.free},
      {"cuMemHostAlloc", &driver.allocateHost},
      {"cuMemFreeHost", &driver.freeHost},
      {"cuMemGetInfo_v2", &driver.memoryInfo},
      {"cuMemsetD8Async", &driver.setBytes},
      {"cuMemsetD2D16Async", &driver.setRows16},
      {"cuMemsetD2D32Async", &driver.setRows32},
      {"cuMemsetD16Async", &driver.set16},
      {"cuMemsetD32Async", &driver.set32},
      {"cuMemcpyHtoDAsync_v2", &driver.upload},
      {"cuMemcpyDtoHAsync_v2", &driver.download},
      {"cuMemcpyDtoDAsync_v2", &driver.copy},
      {"cuMemcpy2DAsync_v2", &driver.copyRows},
      {"cuModuleLoadDataEx", &driver.loadModule},
      {"cuModuleUnload", &driver.unloadModule},
      {"cuModuleGetFunction", &driver.moduleFunction},
      {"cuFuncGetAttribute", &driver.functionAttribute},
      {"cuFuncSetAttribute", &driver.setFunctionAttribute},
      {"cuLaunchKernel", &driver.launch},
      {"cuStreamCreateWithPriority", &driver.createStream},
      {"cuStreamDestroy_v2", &driver.destroyStream},
      {"cuStreamQuery", &driver.queryStream},
      {"cuStreamWaitEvent", &driver.waitForEvent},
      {"cuEventCreate", &driver.createEvent},
      {"cuEventDestroy_v2", &driver.destroyEvent},
      {"cuEventRecord", &driver.recordEvent},
      {"cuEventQuery", &driver.queryEvent},
      {"cuEventElapsedTime", &driver.milliseconds},
      {"cuStreamBeginCapture_v2", &driver.beginCapture},
      {"cuStreamEndCapture", &driver.endCapture},
      {"cuGraphInstantiateWithFlags", &driver.instantiate},
      {"cuGraphDestroy", &driver.destroyGraph},
      {"cuGraphExecDestroy", &driver.destroyExec},
      {"cuGraphLaunch", &driver.launchGraph},
  };
  return bindSymbols(library, symbols);
}

/// Errors of work that was enqueued. They stick to the context, and any call returns them from then
/// on (cuda.h: "this leaves the process in an inconsistent state").
bool isOfWork(CUresult result) {
  switch (result) {
  case CUDA_ERROR_ILLEGAL_ADDRESS:
  case CUDA_ERROR_MISALIGNED_ADDRESS:
  case CUDA_ERROR_INVALID_ADDRESS_SPACE:
  case CUDA_ERROR_INVALID_PC:
  case CUDA_ERROR_ILLEGAL_INSTRUCTION:
  case CUDA_ERROR_HARDWARE_STACK_ERROR:
  case CUDA_ERROR_LAUNCH_FAILED:
  case CUDA_ERROR_LAUNCH_TIMEOUT:
  case CUDA_ERROR_ASSERT:
  case CUDA_ERROR_ECC_UNCORRECTABLE:
  case CUDA_ERROR_NVLINK_UNCORRECTABLE:
  case CUDA_ERROR_CONTAINED:
  case CUDA_ERROR_UNKNOWN:
    return true;
  default:
    return false;
  }
}

Result<const Driver *> open() {
  static Driver driver;
  Result<SharedLibrary> library = SharedLibrary::open("libcuda.so.1", "a plan for cuda");
  if (!library.ok())
    return Status(Code::Unavailable, library.status().message(), kHint);
  TPC_RETURN_IF_ERROR(bind(*library, driver));
  if (Status status = driver.check(driver.init(0), "cuInit"); !status.ok())
    return Status(Code::Unavailable, "the NVIDIA driver does not start: " + status.message(),
                  kHint);
  int devices = 0;
  if (driver.deviceCount(&devices) != CUDA_SUCCESS || devices == 0)
    return Status(Code::Unavailable, "this machine has no NVIDIA GPU that the driver can use",
                  kHint);
  return &driver;
}

} // namespace

Result<const Driver *> Driver::get() {
  static const Result<const Driver *> driver = open();
  return driver;
}

Status Driver::check(CUresult result, const char *what) const {
  if (result == CUDA_SUCCESS)
    return Status();
  const char *name = nullptr, *text = nullptr;
  errorName(result, &name);
  errorString(result, &text);
  std::string error = std::string(text ? text : "unknown error") + " (" +
                      (name ? name : std::to_string(result)) + ")";
  if (!isOfWork(result))
    return Status(Code::RankFailed, std::string(what) + ": " + error);
  return Status(Code::RankFailed,
                "work on the GPU failed: " + error + ", as " + what + " says after it",
                "--check-memory runs one instruction at a time, as tpc verify does: with them, the "
                "instruction that is named is the one that failed; compute-sanitizer of the CUDA "
                "toolkit shows the access");
}

Status Driver::failureOfWork(CUstream stream, const char *what) const {
  CUresult result = queryStream(stream);
  return isOfWork(result) ? check(result, what) : Status();
}
