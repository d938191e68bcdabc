//===- CudaDevice.h - One rank on a GPU -------------------------------------------------------===//
//
// Streams, memory and kernels of the driver; products of cuBLASLt. A rank has two streams, of which
// the second, for collectives, goes first when both have work.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/cuda/CudaAttention.h"
#include "runtime/device/cuda/CudaContext.h"
#include "runtime/device/cuda/CudaGemm.h"

namespace tpc::cuda {

class CudaDevice final : public Device, public GraphRecorder {
public:
  /// What ranks on one GPU share.
  struct Shared {
    std::shared_ptr<Context> context;
    std::shared_ptr<Gemms> gemms;
    std::shared_ptr<Attention> attention;
  };
  static Result<std::unique_ptr<Device>> create(Shared shared);
  ~CudaDevice() override;

  Result<void *> allocate(size_t bytes) override;
  bool isHostMemory() const override { return false; }
  Status upload(const void *host, void *memory, size_t bytes) override;
  Status download(const void *memory, void *host, size_t bytes) override;
  Result<void *> allocateStaging(size_t bytes) override;
  Status uploadStaged(Stream stream, const void *staging, void *memory, size_t bytes) override;
  Result<uint64_t> bytesInUse() const override;
  Result<std::optional<uint64_t>> bytesFree() const override;
  Result<std::unique_ptr<KernelModule>> load(std::span<const uint8_t> image,
                                             const std::string &level) override;

  Stream stream(int number) override { return {streams_[number == 0 ? 0 : 1]}; }
  Result<Event> createEvent(EventUse use) override;
  Status record(Event event, Stream stream) override;
  Status wait(Stream stream, Event event) override;
  Result<bool> hasPassed(Event event) override;
  Result<double> seconds(Event from, Event to) override;
  Result<bool> isIdle() override;

  GraphRecorder *graphs() override { return this; }
  Status begin(Stream origin) override;
  Result<std::unique_ptr<Graph>> end(Stream origin) override;
  void abandon(Stream origin) override;

  Status prepareGemm(const GemmShape &shape, const GemmOperands &operands,
                     Workspace workspace) override;
  Status gemm(Stream stream, const GemmShape &shape, const GemmOperands &operands,
              Workspace workspace) override;
  Status prepareAttention(const AttentionCall &call) override;
  Status attention(Stream stream, const AttentionCall &call) override;
  Status launch(Stream stream, const Kernel &kernel, std::span<void *const> pointers) override;
  Status copy(Stream stream, const void *source, void *destination,
              const CopyShape &shape) override;
  Status fill(Stream stream, void *destination, double value, DType dtype,
              const FillShape &shape) override;

private:
  explicit CudaDevice(Shared shared)
      : context_(shared.context), driver_(context_->driver()), gemms_(shared.gemms),
        attention_(shared.attention) {}
  Status open();
  Status check(CUresult result, const char *what) const { return driver_.check(result, what); }
  /// What is said where that many bytes are not to be had.
  Status outOfMemory(size_t bytes) const;

  std::shared_ptr<Context> context_;
  const Driver &driver_;
  std::shared_ptr<Gemms> gemms_;
  std::shared_ptr<Attention> attention_;
  CUstream streams_[2] = {};
  std::vector<CUdeviceptr> memory_;
  std::vector<void *> staging_; ///< pinned memory of the host
  std::vector<CUevent> events_;
};

} // namespace tpc::cuda
