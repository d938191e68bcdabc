//===- DeviceTest.h - Tensors of every type for the tests of devices -----------------------===//
#pragma once

#include "runtime/device/Device.h"
#include "runtime/device/cuda/CudaBackend.h"
#include "runtime/support/BFloat16.h"

#include <cstring>
#include <gtest/gtest.h>
#include <random>
#include <vector>

namespace tpc {

inline std::unique_ptr<Device> makeDevice(int threads) {
  Result<std::unique_ptr<Device>> device = createCpuDevice(threads);
  EXPECT_TRUE(device.ok()) << device.status().message();
  return std::move(*device);
}

enum class DeviceKind { Cpu, Cuda };
inline const char *nameOf(DeviceKind kind) { return kind == DeviceKind::Cpu ? "Cpu" : "Cuda"; }

/// The GPU of this machine, or the double of one that LD_LIBRARY_PATH names; null without either.
inline CudaBackend *gpu() {
  static Result<std::unique_ptr<CudaBackend>> backend = openCudaBackend({});
  return backend.ok() ? backend->get() : nullptr;
}

inline std::unique_ptr<Device> makeDevice(DeviceKind kind, int threads) {
  if (kind == DeviceKind::Cpu)
    return makeDevice(threads);
  Result<std::unique_ptr<Device>> device = gpu()->createDevice();
  EXPECT_TRUE(device.ok()) << device.status().message();
  return std::move(*device);
}

/// In a test or its SetUp.
#define TPC_SKIP_WITHOUT(kind)                                                                     \
  if ((kind) == DeviceKind::Cuda && !gpu())                                                        \
  GTEST_SKIP() << "no GPU, and no double of one in LD_LIBRARY_PATH"

inline std::string dtypeName(const testing::TestParamInfo<DType> &info) {
  return info.param == DType::F32 ? "F32" : info.param == DType::F64 ? "F64" : "BF16";
}

/// A tensor in memory, seen as float64.
class Tensor {
public:
  Tensor() = default;
  Tensor(DType dtype, int64_t elements)
      : dtype_(dtype), bytes_(static_cast<size_t>(elements) * byteSize(dtype)) {}

  static Tensor random(DType dtype, int64_t elements, int seed) {
    Tensor tensor(dtype, elements);
    std::mt19937_64 generator(seed);
    std::normal_distribution<double> normal;
    for (int64_t i = 0; i < elements; ++i)
      tensor.set(i, normal(generator));
    return tensor;
  }

  void *data() { return bytes_.data(); }
  const std::vector<uint8_t> &bytes() const { return bytes_; }
  int64_t size() const { return static_cast<int64_t>(bytes_.size() / byteSize(dtype_)); }

  void set(int64_t i, double value) {
    uint8_t *at = bytes_.data() + i * byteSize(dtype_);
    float single = static_cast<float>(value);
    uint16_t half = floatToBfloat16(single);
    const void *from = dtype_ == DType::F64   ? static_cast<const void *>(&value)
                       : dtype_ == DType::F32 ? static_cast<const void *>(&single)
                                              : static_cast<const void *>(&half);
    std::memcpy(at, from, byteSize(dtype_));
  }
  double get(int64_t i) const {
    const uint8_t *at = bytes_.data() + i * byteSize(dtype_);
    double value;
    float single;
    uint16_t half;
    switch (dtype_) {
    case DType::F64:
      std::memcpy(&value, at, sizeof(value));
      return value;
    case DType::F32:
      std::memcpy(&single, at, sizeof(single));
      return single;
    default:
      std::memcpy(&half, at, sizeof(half));
      return bfloat16ToFloat(half);
    }
  }
  std::vector<double> values() const {
    std::vector<double> all(size());
    for (int64_t i = 0; i < size(); ++i)
      all[i] = get(i);
    return all;
  }

private:
  DType dtype_ = DType::F32;
  std::vector<uint8_t> bytes_;
};

/// Host memory where a device can use it.
class OnDevice {
public:
  explicit OnDevice(Device &device) : device_(device) {}

  /// The bytes themselves, or a copy of them.
  void *give(void *host, size_t bytes) {
    if (device_.isHostMemory())
      return host;
    Result<void *> memory = device_.allocate(bytes);
    EXPECT_TRUE(memory.ok() && device_.upload(host, *memory, bytes).ok());
    given_.push_back({host, *memory, bytes});
    return *memory;
  }
  void *give(Tensor &tensor) { return give(tensor.data(), tensor.bytes().size()); }

  /// Waits, and brings back all that was given.
  Status take() {
    TPC_RETURN_IF_ERROR(synchronize(device_));
    for (const Given &given : given_)
      TPC_RETURN_IF_ERROR(device_.download(given.memory, given.host, given.bytes));
    return Status();
  }

private:
  struct Given {
    void *host, *memory;
    size_t bytes;
  };
  Device &device_;
  std::vector<Given> given_;
};

} // namespace tpc
