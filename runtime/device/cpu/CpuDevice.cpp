//===- CpuDevice.cpp - The CPU as a device -------------------------------------------------===//
//
// Puts the parts of this folder together: memory, products, attention, generated kernels, on one
// pool of threads.
//
//===---------------------------------------------------------------------------------------===//
#include "runtime/device/cpu/CpuAttention.h"
#include "runtime/device/cpu/CpuGemm.h"
#include "runtime/device/cpu/CpuKernelModule.h"
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

  Result<std::unique_ptr<KernelModule>> load(std::span<const uint8_t> image,
                                             const std::string &level) override {
    return loadCpuKernels(image, level);
  }

  Status gemm(const GemmShape &shape, const void *a, const void *b, void *c,
              void *workspace) override {
    return cpuGemm(pool_, shape, a, b, c, workspace);
  }

  Status attention(const AttentionShape &shape, const AttentionOperands &operands) override {
    return cpuAttention(pool_, shape, operands);
  }

  Status attentionBackward(const AttentionShape &shape,
                           const AttentionOperands &operands) override {
    return cpuAttentionBackward(pool_, shape, operands);
  }

  Status launch(KernelFunction function, void *const *pointers, const int64_t *scalars,
                int64_t tiles) override {
    pool_.forRanges(tiles,
                    [&](int64_t begin, int64_t end) { function(pointers, scalars, begin, end); });
    return {};
  }

  Status copy(const void *source, void *destination, size_t bytes) override {
    auto *from = static_cast<const char *>(source);
    auto *to = static_cast<char *>(destination);
    forBlocks(bytes, [&](size_t begin, size_t end) {
      std::memcpy(to + begin, from + begin, end - begin);
    });
    return {};
  }

  Status fill(void *destination, double value, DType dtype, size_t elements) override {
    switch (dtype) {
    case DType::F32:
      fillWith(static_cast<float *>(destination), static_cast<float>(value), elements);
      break;
    case DType::F64:
      fillWith(static_cast<double *>(destination), value, elements);
      break;
    case DType::BF16:
      fillWith(static_cast<uint16_t *>(destination), floatToBfloat16(static_cast<float>(value)),
               elements);
      break;
    case DType::I32:
      fillWith(static_cast<int32_t *>(destination), static_cast<int32_t>(value), elements);
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
  template <typename T> void fillWith(T *destination, T value, size_t elements) {
    forBlocks(elements, [&](size_t begin, size_t end) {
      std::fill(destination + begin, destination + end, value);
    });
  }

  ThreadPool pool_;
  std::vector<Allocation> allocations_;
};

} // namespace

Result<std::unique_ptr<Device>> createCpuDevice(int threads) {
  if (threads < 1)
    return Status(Code::Usage, "a rank needs at least one thread, not " + std::to_string(threads));
  return std::unique_ptr<Device>(std::make_unique<CpuDevice>(threads));
}

} // namespace tpc
