// Memory, copies and fills. Copies between device memory and ordinary host memory behave as the
// driver documents ("API synchronization behavior"): what is read from the host is read before the
// call returns, what is written to the host is there when it returns. With pinned memory neither
// holds.
#include "tests/fake_gpu/driver/Gpu.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

using namespace tpc::fake_gpu;

namespace {

bool isPinned(Gpu &gpu, const void *data, size_t bytes) {
  auto behind = gpu.hostMemory.upper_bound(const_cast<void *>(data));
  if (behind == gpu.hostMemory.begin())
    return false;
  auto &[begin, size] = *std::prev(behind);
  return static_cast<const char *>(data) + bytes <= static_cast<char *>(begin) + size;
}

Outcome notAllocated(Gpu &gpu, CUdeviceptr address, size_t bytes) {
  return {CUDA_ERROR_ILLEGAL_ADDRESS,
          std::to_string(bytes) + " bytes are not allocated: " + gpu.memory.describe(address)};
}

/// A rectangle on one side of a copy.
struct Rows {
  char *data; ///< of a device: its address there
  size_t pitch;
  bool isDevice;
};

Outcome copyRows(Rows to, Rows from, size_t width, size_t height) {
  Gpu &gpu = Gpu::get();
  if (width == 0 || height == 0)
    return {};
  for (Rows *side : {&to, &from}) {
    if (!side->isDevice)
      continue;
    auto address = reinterpret_cast<CUdeviceptr>(side->data);
    size_t bytes = side->pitch * (height - 1) + width;
    if (!gpu.isAllocated(address, bytes))
      return notAllocated(gpu, address, bytes);
    side->data = gpu.host(address);
  }
  for (size_t row = 0; row < height; ++row)
    std::memmove(to.data + row * to.pitch, from.data + row * from.pitch, width);
  return {};
}

CUresult copy(const char *name, Rows to, Rows from, size_t width, size_t height, CUstream stream,
              bool waits) {
  TPC_ENTER(gpu);
  if (width > 0 && height > 1 && (to.pitch < width || from.pitch < width))
    return CUDA_ERROR_INVALID_VALUE;
  CUstream found = gpu.find(stream);
  if (!found)
    return CUDA_ERROR_INVALID_HANDLE;
  if (waits)
    if (CUresult result = gpu.forbidInCapture(); result != CUDA_SUCCESS)
      return result;
  size_t bytes = height ? from.pitch * (height - 1) + width : 0;
  bool captured = found->capture != nullptr;
  std::shared_ptr<std::vector<char>> staged;
  if (!from.isDevice && !captured && !isPinned(gpu, from.data, bytes)) {
    ++gpu.ordinaryUploads;
    staged = std::make_shared<std::vector<char>>(from.data, from.data + bytes);
    from.data = staged->data();
  }
  CUresult result =
      gpu.enqueue(stream, name, [=] { return (void)staged, copyRows(to, from, width, height); });
  if (result != CUDA_SUCCESS)
    return result;
  bool toOrdinary = !to.isDevice && !captured &&
                    !isPinned(gpu, to.data, height ? to.pitch * (height - 1) + width : 0);
  return waits || toOrdinary ? gpu.wait(gpu.tail(found)) : CUDA_SUCCESS;
}

Rows onDevice(CUdeviceptr address, size_t bytes) {
  return {reinterpret_cast<char *>(address), bytes, true};
}
Rows onHost(const void *data, size_t bytes) {
  return {static_cast<char *>(const_cast<void *>(data)), bytes, false};
}

template <class T>
CUresult fill(const char *name, CUdeviceptr to, size_t pitch, T value, size_t width, size_t height,
              CUstream stream, bool waits) {
  TPC_ENTER(gpu);
  if (to % sizeof(T) || (height > 1 && (pitch % sizeof(T) || pitch < width * sizeof(T))))
    return CUDA_ERROR_INVALID_VALUE;
  CUresult result = gpu.enqueue(stream, name, [=]() -> Outcome {
    size_t bytes = height ? pitch * (height - 1) + width * sizeof(T) : 0;
    Gpu &state = Gpu::get();
    if (bytes == 0 || width == 0)
      return {};
    if (!state.isAllocated(to, bytes))
      return notAllocated(state, to, bytes);
    for (size_t row = 0; row < height; ++row)
      std::fill_n(reinterpret_cast<T *>(state.host(to) + row * pitch), width, value);
    return {};
  });
  return result == CUDA_SUCCESS && waits ? gpu.wait(gpu.tail(gpu.find(stream))) : result;
}

CUresult copyDescribed(const CUDA_MEMCPY2D *description, CUstream stream, bool waits) {
  auto side = [](CUmemorytype type, CUdeviceptr device, const void *hostData, size_t pitch,
                 size_t x, size_t y) {
    bool isDevice = type == CU_MEMORYTYPE_DEVICE;
    auto *data = isDevice ? reinterpret_cast<char *>(device)
                          : static_cast<char *>(const_cast<void *>(hostData));
    return Rows{data + y * pitch + x, pitch, isDevice};
  };
  const CUDA_MEMCPY2D &d = *description;
  for (CUmemorytype type : {d.srcMemoryType, d.dstMemoryType})
    if (type != CU_MEMORYTYPE_DEVICE && type != CU_MEMORYTYPE_HOST)
      return CUDA_ERROR_NOT_SUPPORTED;
  constexpr size_t largestPitch = 0x7fffffff; // CU_DEVICE_ATTRIBUTE_MAX_PITCH
  for (size_t pitch : {d.srcPitch, d.dstPitch})
    if (pitch > largestPitch || (pitch && pitch < d.WidthInBytes))
      return CUDA_ERROR_INVALID_VALUE;
  return copy("copy of rows",
              side(d.dstMemoryType, d.dstDevice, d.dstHost,
                   d.dstPitch ? d.dstPitch : d.WidthInBytes, d.dstXInBytes, d.dstY),
              side(d.srcMemoryType, d.srcDevice, d.srcHost,
                   d.srcPitch ? d.srcPitch : d.WidthInBytes, d.srcXInBytes, d.srcY),
              d.WidthInBytes, d.Height, stream, waits);
}

} // namespace

CUresult cuMemGetInfo(size_t *free, size_t *total) {
  TPC_ENTER(gpu);
  *total = gpu.capacity;
  *free = gpu.capacity - gpu.used;
  return CUDA_SUCCESS;
}

CUresult cuMemAlloc(CUdeviceptr *address, size_t bytes) {
  TPC_ENTER(gpu);
  if (CUresult result = gpu.forbidInCapture(); result != CUDA_SUCCESS)
    return result;
  return gpu.allocate(address, bytes);
}

CUresult cuMemFree(CUdeviceptr address) {
  TPC_ENTER_TO_RELEASE(gpu);
  if (!address)
    return CUDA_SUCCESS;
  if (CUresult result = gpu.forbidInCapture(); result != CUDA_SUCCESS)
    return result;
  if (gpu.sticky == CUDA_SUCCESS)
    gpu.wait(nullptr); // as the driver does
  CUresult result = gpu.release(address);
  return gpu.sticky != CUDA_SUCCESS ? gpu.sticky : result;
}

CUresult cuMemAllocHost(void **data, size_t bytes) { return cuMemHostAlloc(data, bytes, 0); }

CUresult cuMemHostAlloc(void **data, size_t bytes, unsigned) {
  TPC_ENTER(gpu);
  if (!data || bytes == 0)
    return CUDA_ERROR_INVALID_VALUE;
  if (CUresult result = gpu.forbidInCapture(); result != CUDA_SUCCESS)
    return result;
  *data = std::aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
  if (!*data)
    return CUDA_ERROR_OUT_OF_MEMORY;
  if (gpu.instantiated)
    gpu.report("memory is pinned after a graph was instantiated: " + std::to_string(bytes) +
               " bytes");
  gpu.hostMemory[*data] = bytes;
  return CUDA_SUCCESS;
}

CUresult cuMemFreeHost(void *data) {
  TPC_ENTER_TO_RELEASE(gpu);
  if (CUresult result = gpu.forbidInCapture(); result != CUDA_SUCCESS)
    return result;
  // Whether the driver waits here is not documented.
  if (!gpu.queue.idle())
    gpu.report("pinned memory is freed before the work is done that may use it");
  if (gpu.sticky == CUDA_SUCCESS)
    gpu.wait(nullptr);
  if (!gpu.hostMemory.erase(data))
    return CUDA_ERROR_INVALID_VALUE;
  std::free(data);
  return gpu.sticky;
}

CUresult cuMemcpyHtoD(CUdeviceptr to, const void *from, size_t bytes) {
  return copy("upload", onDevice(to, bytes), onHost(from, bytes), bytes, 1, nullptr, true);
}
CUresult cuMemcpyDtoH(void *to, CUdeviceptr from, size_t bytes) {
  return copy("download", onHost(to, bytes), onDevice(from, bytes), bytes, 1, nullptr, true);
}
CUresult cuMemcpyDtoD(CUdeviceptr to, CUdeviceptr from, size_t bytes) {
  return copy("copy", onDevice(to, bytes), onDevice(from, bytes), bytes, 1, nullptr, false);
}
CUresult cuMemcpyHtoDAsync(CUdeviceptr to, const void *from, size_t bytes, CUstream stream) {
  return copy("upload", onDevice(to, bytes), onHost(from, bytes), bytes, 1, stream, false);
}
CUresult cuMemcpyDtoHAsync(void *to, CUdeviceptr from, size_t bytes, CUstream stream) {
  return copy("download", onHost(to, bytes), onDevice(from, bytes), bytes, 1, stream, false);
}
CUresult cuMemcpyDtoDAsync(CUdeviceptr to, CUdeviceptr from, size_t bytes, CUstream stream) {
  return copy("copy", onDevice(to, bytes), onDevice(from, bytes), bytes, 1, stream, false);
}
CUresult cuMemcpy2D(const CUDA_MEMCPY2D *description) {
  return copyDescribed(description, nullptr, true);
}
CUresult cuMemcpy2DAsync(const CUDA_MEMCPY2D *description, CUstream stream) {
  return copyDescribed(description, stream, false);
}

CUresult cuMemsetD8(CUdeviceptr to, unsigned char value, size_t count) {
  return fill<uint8_t>("fill", to, 0, value, count, 1, nullptr, false);
}
CUresult cuMemsetD16(CUdeviceptr to, unsigned short value, size_t count) {
  return fill<uint16_t>("fill", to, 0, value, count, 1, nullptr, false);
}
CUresult cuMemsetD32(CUdeviceptr to, unsigned value, size_t count) {
  return fill<uint32_t>("fill", to, 0, value, count, 1, nullptr, false);
}
CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t count, CUstream stream) {
  return fill<uint8_t>("fill", to, 0, value, count, 1, stream, false);
}
CUresult cuMemsetD16Async(CUdeviceptr to, unsigned short value, size_t count, CUstream stream) {
  return fill<uint16_t>("fill", to, 0, value, count, 1, stream, false);
}
CUresult cuMemsetD32Async(CUdeviceptr to, unsigned value, size_t count, CUstream stream) {
  return fill<uint32_t>("fill", to, 0, value, count, 1, stream, false);
}
CUresult cuMemsetD2D16Async(CUdeviceptr to, size_t pitch, unsigned short value, size_t width,
                            size_t height, CUstream stream) {
  return fill<uint16_t>("fill of rows", to, pitch, value, width, height, stream, false);
}
CUresult cuMemsetD2D32Async(CUdeviceptr to, size_t pitch, unsigned value, size_t width,
                            size_t height, CUstream stream) {
  return fill<uint32_t>("fill of rows", to, pitch, value, width, height, stream, false);
}
