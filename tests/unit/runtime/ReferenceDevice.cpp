//===- ReferenceDevice.cpp - A device of plain loops ------------------------------------------===//

#include "ReferenceDevice.h"

#include "runtime/device/cpu/HostEvents.h"
#include "runtime/support/BFloat16.h"

#include <cstdlib>
#include <cstring>
#include <map>

using namespace tpc;

namespace {

void storeScalars(void *const *pointers, const int64_t *scalars, int64_t begin, int64_t end) {
  for (int64_t i = begin; i < end; ++i)
    static_cast<int32_t *>(pointers[0])[i] = static_cast<int32_t>(scalars[i]);
}

void overrun(void *const *pointers, const int64_t *scalars, int64_t, int64_t) {
  std::memset(pointers[0], 0, scalars[0]);
  static_cast<volatile char *>(pointers[0])[scalars[0]] = 1;
}

void underrun(void *const *pointers, const int64_t *scalars, int64_t, int64_t) {
  std::memset(pointers[0], 0, scalars[0]);
  static_cast<volatile char *>(pointers[0])[-1] = 1;
}

class Functions final : public KernelModule {
public:
  Result<KernelHandle> function(const std::string &name) const override {
    static const std::map<std::string, KernelFunction> functions = {
        {"store_scalars", storeScalars}, {"overrun", overrun}, {"underrun", underrun}};
    auto found = functions.find(name);
    if (found == functions.end())
      return Status(Code::InvalidInput, "no function '" + name + "'");
    return reinterpret_cast<KernelHandle>(found->second);
  }
};

class ReferenceDevice final : public Device {
public:
  ~ReferenceDevice() override {
    for (void *memory : memory_)
      std::free(memory);
  }

  Result<void *> allocate(size_t bytes) override {
    void *memory = std::aligned_alloc(64, (bytes + 63) / 64 * 64);
    std::memset(memory, 0, bytes);
    memory_.push_back(memory);
    return memory;
  }

  Result<std::unique_ptr<KernelModule>> load(std::span<const uint8_t>,
                                             const std::string &) override {
    return std::unique_ptr<KernelModule>(std::make_unique<Functions>());
  }

  Status gemm(Stream, const GemmShape &s, const GemmOperands &operands, Workspace) override {
    const float *x = static_cast<const float *>(operands.a),
                *y = static_cast<const float *>(operands.b);
    float *z = static_cast<float *>(operands.c);
    for (int64_t i = 0; i < s.m; ++i)
      for (int64_t j = 0; j < s.n; ++j) {
        float sum = s.accumulate ? z[i * s.ldc + j] : 0;
        for (int64_t k = 0; k < s.k; ++k)
          sum += x[s.transposeA ? k * s.lda + i : i * s.lda + k] *
                 y[s.transposeB ? j * s.ldb + k : k * s.ldb + j];
        z[i * s.ldc + j] = sum;
      }
    return Status();
  }

  Status attention(Stream, const AttentionCall &) override {
    return Status(Code::Internal, "no test runs attention here");
  }

  Status launch(Stream, const Kernel &kernel, std::span<void *const> pointers) override {
    reinterpret_cast<KernelFunction>(kernel.function)(pointers.data(), kernel.scalars.data(), 0,
                                                      kernel.tiles);
    return Status();
  }

  Status copy(Stream, const void *source, void *destination, const CopyShape &shape) override {
    for (size_t row = 0; row < shape.rows; ++row)
      std::memcpy(static_cast<std::byte *>(destination) + row * shape.destinationPitch,
                  static_cast<const std::byte *>(source) + row * shape.sourcePitch, shape.bytes);
    return Status();
  }

  Status fill(Stream, void *destination, double value, DType dtype,
              const FillShape &shape) override {
    for (size_t row = 0; row < shape.rows; ++row) {
      std::byte *to = static_cast<std::byte *>(destination) + row * shape.pitch;
      for (size_t i = 0; i < shape.elements; ++i)
        if (dtype == DType::BF16)
          reinterpret_cast<uint16_t *>(to)[i] = floatToBfloat16(static_cast<float>(value));
        else
          reinterpret_cast<float *>(to)[i] = static_cast<float>(value);
    }
    return Status();
  }

  bool isHostMemory() const override { return true; }
  Status upload(const void *host, void *memory, size_t bytes) override {
    std::memcpy(memory, host, bytes);
    return Status();
  }
  Status download(const void *memory, void *host, size_t bytes) override {
    std::memcpy(host, memory, bytes);
    return Status();
  }
  Result<uint64_t> bytesInUse() const override { return uint64_t(0); }
  Stream stream(int) override { return {}; }
  Result<Event> createEvent(EventUse) override { return events_.create(); }
  Status record(Event event, Stream) override {
    HostEvents::record(event);
    return Status();
  }
  Status wait(Stream, Event) override { return Status(); }
  Result<bool> hasPassed(Event) override { return true; }
  Result<double> seconds(Event from, Event to) override { return HostEvents::seconds(from, to); }
  Result<bool> isIdle() override { return true; }

private:
  std::vector<void *> memory_;
  HostEvents events_;
};

} // namespace

DeviceFactory tpc::test::referenceDevices() {
  return [](int) -> Result<std::unique_ptr<Device>> {
    return std::unique_ptr<Device>(std::make_unique<ReferenceDevice>());
  };
}
