//===- DriverDouble.cpp - Stands in for libcuda.so.1 while cuDNN makes execution plans ------===//
//
// Making a plan compiles kernels and hands them to the driver; it launches nothing and asks for no
// memory. This library takes the kernels and remembers what they are called, so that everything up
// to a launch is tested on a machine without a GPU.
//
//===---------------------------------------------------------------------------------------===//

#include <cstdint>
#include <cstring>
#include <mutex>
#include <string>

namespace {

constexpr int kSuccess = 0, kInvalidImage = 200, kStub = 34;

std::mutex mutex;
std::string kernels; ///< names, one a line, of what was loaded since the last reset
int images = 0;      ///< that are ELF files for a GPU

/// A handle that is not null; nobody looks behind it.
int object;

/// A 64-bit ELF file for machine 190, which is EM_CUDA.
bool isGpuImage(const void *image) {
  const auto *bytes = static_cast<const uint8_t *>(image);
  return !std::memcmp(bytes, "\177ELF\2", 5) && bytes[18] == 190 && bytes[19] == 0;
}

int take(const void *image, void **handle) {
  if (!isGpuImage(image))
    return kInvalidImage;
  std::lock_guard lock(mutex);
  ++images;
  *handle = &object;
  return kSuccess;
}

int name(const char *kernel, void **handle) {
  std::lock_guard lock(mutex);
  kernels += std::string(kernel) + "\n";
  *handle = &object;
  return kSuccess;
}

} // namespace

extern "C" {

// NVRTC asks the driver for nothing if it does not start.
int cuInit(unsigned) { return kStub; }
int cuDriverGetVersion(int *version) {
  *version = 13000;
  return kSuccess;
}
int cuDeviceGetCount(int *count) {
  *count = 1;
  return kSuccess;
}
int cuDeviceGet(int *device, int) {
  *device = 0;
  return kSuccess;
}
int cuCtxGetCurrent(void **context) {
  *context = &object;
  return kSuccess;
}
int cuCtxPushCurrent(void *) { return kSuccess; }
int cuCtxPopCurrent(void **context) { return cuCtxGetCurrent(context); }
int cuCtxGetLimit(size_t *value, int) {
  *value = 1024;
  return kSuccess;
}
int cuGetErrorString(int, const char **text) {
  *text = "the driver double has said so";
  return kSuccess;
}
int cuGetErrorName(int, const char **text) { return cuGetErrorString(0, text); }

int cuLibraryLoadData(void **library, const void *image, int *, void **, unsigned, int *, void **,
                      unsigned) {
  return take(image, library);
}
int cuLibraryUnload(void *) { return kSuccess; }
int cuLibraryGetKernel(void **kernel, void *, const char *called) { return name(called, kernel); }
int cuKernelSetAttribute(int, int, void *, int) { return kSuccess; }
int cuKernelGetAttribute(int *value, int, void *, int) {
  *value = 0;
  return kSuccess;
}

// cuDNN looks for these, too, before it takes a driver for one, and does not call them.
#define TPC_REFUSE(FUNCTION)                                                                       \
  int FUNCTION() { return kStub; }
TPC_REFUSE(cuKernelGetFunction)
TPC_REFUSE(cuLaunchKernel)
TPC_REFUSE(cuLaunchKernelEx)
TPC_REFUSE(cuLaunchCooperativeKernel)
TPC_REFUSE(cuLibraryLoadFromFile)
TPC_REFUSE(cuLinkCreate)
TPC_REFUSE(cuLinkAddData)
TPC_REFUSE(cuLinkComplete)
TPC_REFUSE(cuLinkDestroy)
TPC_REFUSE(cuOccupancyMaxPotentialClusterSize)
TPC_REFUSE(cuStreamGetCtx)
#undef TPC_REFUSE

/// What was loaded since the last call: names of kernels, one a line; returns the number of images.
int tpcDriverDoubleTake(char *names, size_t size) {
  std::lock_guard lock(mutex);
  std::strncpy(names, kernels.c_str(), size - 1);
  names[size - 1] = 0;
  kernels.clear();
  int count = images;
  images = 0;
  return count;
}
}
