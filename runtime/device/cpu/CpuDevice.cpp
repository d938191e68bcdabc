//===- CpuDevice.cpp - The CPU as a device -------------------------------------------------===//
//
// Puts the parts of this folder together: memory, products, attention, generated kernels, on one
// pool of threads.
//
//===---------------------------------------------------------------------------------------===//
#include "runtime/device/cpu/CpuAttention.h"
#include "runtime/device/cpu/CpuGemm.h"
#include "runtime/device/cpu/CpuKernelModule.h"
#include "runtime/device/cpu/HostEvents.h"
#include "runtime/support/BFloat16.h"

#include <cerrno>
#include <cstring>
#include <sys/mman.h>

namespace tpc {
namespace {

class CpuDevice : public Device {
public:
  explicit CpuDevice(int threads) : pool_(threads) {}
  ~CpuDevice() override {
    for (const Allocation &allocation : allocations_)
      munmap(allocation.base, allocation.bytes);
  }

  Result<void *> allocate(size_t bytes) override {
    // Pages come zeroed. With 2 MiB of room to move, large allocations start on a huge page.
    constexpr size_t hugePage = size_t{2} << 20;
    bool huge = bytes >= hugePage;
    size_t reserved = std::max<size_t>(bytes, 1) + (huge ? hugePage : 0);
    void *base = bytes > SIZE_MAX - hugePage ? MAP_FAILED
                                             : mmap(nullptr, reserved, PROT_READ | PROT_WRITE,
                                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED)
      return Status(Code::Unavailable,
                    "cannot allocate " + std::to_string(bytes) + " bytes: " + std::strerror(errno),
                    "use more ranks, smaller dims, or --recompute");
    allocations_.push_back({base, reserved});
    void *memory = base;
    if (huge) {
      auto address = (reinterpret_cast<uintptr_t>(base) + hugePage - 1) / hugePage * hugePage;
      memory = reinterpret_cast<void *>(address);
      // Only a matter of speed: a system without huge pages refuses it.
      (void)madvise(memory, bytes, MADV_HUGEPAGE);
    }
    // What a run needs it has before its first step; a kernel older than 5.14 gives it then.
    if (bytes > 0 && madvise(memory, bytes, MADV_POPULATE_WRITE) != 0 && errno != EINVAL)
      return Status(Code::Unavailable,
                    "cannot allocate " + std::to_string(bytes) + " bytes: " + std::strerror(errno),
                    "use more ranks, smaller dims, or --recompute");
    return memory;
  }

  bool isHostMemory() const override { return true; }
  Status upload(const void *host, void *memory, size_t bytes) override {
    std::memcpy(memory, host, bytes);
    return {};
  }
  Status download(const void *memory, void *host, size_t bytes) override {
    std::memcpy(host, memory, bytes);
    return {};
  }
  Result<uint64_t> bytesInUse() const override { return uint64_t(0); }

  Result<std::unique_ptr<KernelModule>> load(std::span<const uint8_t> image,
                                             const std::string &level) override {
    return loadCpuKernels(image, level);
  }

  Stream stream(int) override { return {}; }
  Result<Event> createEvent(EventUse) override { return events_.create(); }
  Status record(Event event, Stream) override {
    HostEvents::record(event);
    return {};
  }
  Status wait(Stream, Event) override { return {}; }
  Result<bool> hasPassed(Event) override { return true; }
  Result<double> seconds(Event from, Event to) override { return HostEvents::seconds(from, to); }
  Result<bool> isIdle() override { return true; }

  Status gemm(Stream, const GemmShape &shape, const GemmOperands &operands,
              Workspace workspace) override {
    return cpuGemm(pool_, shape, operands.a, operands.b, operands.c, workspace.data);
  }

  Status attention(Stream, const AttentionCall &call) override {
    return call.backward ? cpuAttentionBackward(pool_, call.shape, call.operands)
                         : cpuAttention(pool_, call.shape, call.operands);
  }

  Status launch(Stream, const Kernel &kernel, std::span<void *const> pointers) override {
    auto function = reinterpret_cast<KernelFunction>(kernel.function);
    pool_.forRanges(kernel.tiles, [&](int64_t begin, int64_t end) {
      function(pointers.data(), kernel.scalars.data(), begin, end);
    });
    return {};
  }

  Status copy(Stream, const void *source, void *destination, const CopyShape &shape) override {
    auto *from = static_cast<const char *>(source);
    auto *to = static_cast<char *>(destination);
    for (size_t row = 0; row < shape.rows; ++row)
      forBlocks(shape.bytes, [&](size_t begin, size_t end) {
        std::memcpy(to + row * shape.destinationPitch + begin,
                    from + row * shape.sourcePitch + begin, end - begin);
      });
    return {};
  }

  Status fill(Stream, void *destination, double value, DType dtype,
              const FillShape &shape) override {
    switch (dtype) {
    case DType::F32:
      fillWith(destination, static_cast<float>(value), shape);
      break;
    case DType::F64:
      fillWith(destination, value, shape);
      break;
    case DType::BF16:
      fillWith(destination, floatToBfloat16(static_cast<float>(value)), shape);
      break;
    case DType::I32:
      fillWith(destination, static_cast<int32_t>(value), shape);
      break;
    }
    return {};
  }

private:
  struct Allocation {
    void *base;
    size_t bytes;
  };

  /// body(begin, end) over [0, count), in blocks that are worth waking a thread for.
  template <typename Body> void forBlocks(size_t count, Body &&body) {
    constexpr size_t block = 64 << 10;
    pool_.forRanges(static_cast<int64_t>((count + block - 1) / block), [&](int64_t begin,
                                                                           int64_t end) {
      body(static_cast<size_t>(begin) * block, std::min(static_cast<size_t>(end) * block, count));
    });
  }
  template <typename T> void fillWith(void *destination, T value, const FillShape &shape) {
    for (size_t row = 0; row < shape.rows; ++row) {
      T *to = reinterpret_cast<T *>(static_cast<char *>(destination) + row * shape.pitch);
      forBlocks(shape.elements,
                [&](size_t begin, size_t end) { std::fill(to + begin, to + end, value); });
    }
  }

  ThreadPool pool_;
  std::vector<Allocation> allocations_;
  HostEvents events_;
};

} // namespace

Result<std::unique_ptr<Device>> createCpuDevice(int threads) {
  if (threads < 1)
    return Status(Code::Usage, "a rank needs at least one thread, not " + std::to_string(threads));
  return std::unique_ptr<Device>(std::make_unique<CpuDevice>(threads));
}

} // namespace tpc
