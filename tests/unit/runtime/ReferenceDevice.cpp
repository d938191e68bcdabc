//===- ReferenceDevice.cpp - A device of plain loops
//---------------------------------------------===//

#include "ReferenceDevice.h"

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
  Result<KernelFunction> function(const std::string &name) const override {
    static const std::map<std::string, KernelFunction> functions = {
        {"store_scalars", storeScalars}, {"overrun", overrun}, {"underrun", underrun}};
    auto found = functions.find(name);
    if (found == functions.end())
      return Status(Code::InvalidInput, "no function '" + name + "'");
    return KernelFunction(found->second);
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

  Status gemm(const GemmShape &s, const void *a, const void *b, void *c, void *) override {
    const float *x = static_cast<const float *>(a), *y = static_cast<const float *>(b);
    float *z = static_cast<float *>(c);
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

  Status attention(const AttentionShape &, const AttentionOperands &) override {
    return Status(Code::Internal, "no test runs attention here");
  }
  Status attentionBackward(const AttentionShape &, const AttentionOperands &) override {
    return Status(Code::Internal, "no test runs attention here");
  }

  Status launch(KernelFunction function, void *const *pointers, const int64_t *scalars,
                int64_t tiles) override {
    function(pointers, scalars, 0, tiles);
    return Status();
  }

  Status copy(const void *source, void *destination, size_t bytes) override {
    std::memcpy(destination, source, bytes);
    return Status();
  }

  Status fill(void *destination, double value, DType, size_t elements) override {
    for (size_t i = 0; i < elements; ++i)
      static_cast<float *>(destination)[i] = static_cast<float>(value);
    return Status();
  }

private:
  std::vector<void *> memory_;
};

} // namespace

DeviceFactory tpc::test::referenceDevices() {
  return [](int) -> Result<std::unique_ptr<Device>> {
    return std::unique_ptr<Device>(std::make_unique<ReferenceDevice>());
  };
}
