//===- CudaDevice.cpp - One rank on a GPU -----------------------------------------------------===//
#include "runtime/device/cuda/CudaDevice.h"

#include "runtime/device/cuda/CudaKernelModule.h"
#include "runtime/support/BFloat16.h"

#include <algorithm>
#include <bit>
#include <cstdio>
#include <limits>

using namespace tpc;
using namespace tpc::cuda;

namespace {

CUdeviceptr address(const void *memory) { return reinterpret_cast<CUdeviceptr>(memory); }
CUstream handleOf(Stream stream) { return static_cast<CUstream>(stream.handle); }
CUevent handleOf(Event event) { return static_cast<CUevent>(event.handle); }

/// Rows of a copy lie at most so far apart (CU_DEVICE_ATTRIBUTE_MAX_PITCH of all GPUs).
constexpr size_t kMostPitch = std::numeric_limits<int32_t>::max();

class CudaGraph final : public Graph {
public:
  CudaGraph(std::shared_ptr<Context> context, CUgraphExec exec)
      : context_(std::move(context)), exec_(exec) {}
  ~CudaGraph() override {
    if (context_->makeCurrent().ok())
      context_->driver().destroyExec(exec_);
  }
  Status launch(Stream stream) override {
    TPC_RETURN_IF_ERROR(context_->makeCurrent());
    const Driver &driver = context_->driver();
    return driver.check(driver.launchGraph(exec_, handleOf(stream)), "cuGraphLaunch");
  }

private:
  std::shared_ptr<Context> context_;
  CUgraphExec exec_;
};

} // namespace

Result<std::unique_ptr<Device>> CudaDevice::create(Shared shared) {
  std::unique_ptr<CudaDevice> device(new CudaDevice(std::move(shared)));
  TPC_RETURN_IF_ERROR(device->open());
  return std::unique_ptr<Device>(std::move(device));
}

Status CudaDevice::open() {
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  // The default stream of the driver orders itself with all others; these don't.
  TPC_RETURN_IF_ERROR(
      check(driver_.createStream(&streams_[0], CU_STREAM_NON_BLOCKING, context_->leastPriority()),
            "cuStreamCreateWithPriority"));
  return check(
      driver_.createStream(&streams_[1], CU_STREAM_NON_BLOCKING, context_->greatestPriority()),
      "cuStreamCreateWithPriority");
}

CudaDevice::~CudaDevice() {
  if (!context_->mayGiveBack())
    return;
  for (CUstream stream : streams_)
    if (stream && !context_->await(stream).ok() &&
        driver_.queryStream(stream) == CUDA_ERROR_NOT_READY) {
      context_->leave(); // what is in use for ever cannot be freed
      return;
    }
  for (CUevent event : events_)
    driver_.destroyEvent(event);
  for (CUstream stream : streams_)
    if (stream)
      driver_.destroyStream(stream);
  for (CUdeviceptr memory : memory_)
    driver_.free(memory);
  for (void *memory : staging_)
    driver_.freeHost(memory);
}

Result<void *> CudaDevice::allocate(size_t bytes) {
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  CUdeviceptr memory = 0;
  size_t size = std::max<size_t>(bytes, 1);
  CUresult allocated = driver_.allocate(&memory, size);
  if (allocated == CUDA_ERROR_OUT_OF_MEMORY)
    return outOfMemory(bytes);
  TPC_RETURN_IF_ERROR(check(allocated, "cuMemAlloc"));
  memory_.push_back(memory);
  TPC_RETURN_IF_ERROR(check(driver_.setBytes(memory, 0, size, streams_[0]), "cuMemsetD8Async"));
  TPC_RETURN_IF_ERROR(context_->await(streams_[0]));
  return reinterpret_cast<void *>(memory);
}

Status CudaDevice::outOfMemory(size_t bytes) const {
  constexpr double mebibyte = 1 << 20;
  size_t free = 0, total = 0;
  TPC_RETURN_IF_ERROR(check(driver_.memoryInfo(&free, &total), "cuMemGetInfo"));
  char text[128];
  std::snprintf(text, sizeof(text),
                "cannot allocate %.1f MiB on the GPU, where %.1f MiB of %.1f are free",
                double(bytes) / mebibyte, double(free) / mebibyte, double(total) / mebibyte);
  return Status(
      Code::Unavailable, text,
      "`tpc inspect --view memory` says what a rank needs; `tpc compile --memory-limit` "
      "bounds it, --dim binds a smaller batch, and with --comm nccl no ranks share a GPU");
}

Status CudaDevice::upload(const void *host, void *memory, size_t bytes) {
  if (bytes == 0)
    return Status();
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  // The driver copies pageable memory while it is called, after what the stream holds: a wait that
  // has no end of its own.
  TPC_RETURN_IF_ERROR(context_->await(streams_[0]));
  TPC_RETURN_IF_ERROR(
      check(driver_.upload(address(memory), host, bytes, streams_[0]), "cuMemcpyHtoDAsync"));
  return context_->await(streams_[0]);
}

Status CudaDevice::download(const void *memory, void *host, size_t bytes) {
  if (bytes == 0)
    return Status();
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  TPC_RETURN_IF_ERROR(context_->await(streams_[0])); // as in upload
  TPC_RETURN_IF_ERROR(
      check(driver_.download(host, address(memory), bytes, streams_[0]), "cuMemcpyDtoHAsync"));
  return context_->await(streams_[0]);
}

Result<void *> CudaDevice::allocateStaging(size_t bytes) {
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  void *memory = nullptr;
  if (Status status =
          check(driver_.allocateHost(&memory, std::max<size_t>(bytes, 1), 0), "cuMemHostAlloc");
      !status.ok())
    return Status(Code::Unavailable,
                  "cannot pin " + std::to_string(bytes) +
                      " bytes of this machine's memory: " + status.message(),
                  "use more ranks or smaller inputs");
  staging_.push_back(memory);
  return memory;
}

Status CudaDevice::uploadStaged(Stream stream, const void *staging, void *memory, size_t bytes) {
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  return check(driver_.upload(address(memory), staging, bytes, handleOf(stream)),
               "cuMemcpyHtoDAsync");
}

Result<uint64_t> CudaDevice::bytesInUse() const {
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  size_t free = 0, total = 0;
  TPC_RETURN_IF_ERROR(check(driver_.memoryInfo(&free, &total), "cuMemGetInfo"));
  return uint64_t(total - free);
}

Result<std::optional<uint64_t>> CudaDevice::bytesFree() const {
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  size_t free = 0, total = 0;
  TPC_RETURN_IF_ERROR(check(driver_.memoryInfo(&free, &total), "cuMemGetInfo"));
  return std::optional<uint64_t>(free);
}

Result<std::unique_ptr<KernelModule>> CudaDevice::load(std::span<const uint8_t> image,
                                                       const std::string &level) {
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  TPC_ASSIGN_OR_RETURN(std::shared_ptr<Module> module, context_->load(image, level));
  return std::unique_ptr<KernelModule>(
      std::make_unique<CudaKernelModule>(context_, std::move(module)));
}

Result<Event> CudaDevice::createEvent(EventUse use) {
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  CUevent event = nullptr;
  unsigned flags = use == EventUse::Time ? CU_EVENT_DEFAULT : CU_EVENT_DISABLE_TIMING;
  TPC_RETURN_IF_ERROR(check(driver_.createEvent(&event, flags), "cuEventCreate"));
  events_.push_back(event);
  return Event{event};
}

Status CudaDevice::record(Event event, Stream stream) {
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  return check(driver_.recordEvent(handleOf(event), handleOf(stream)), "cuEventRecord");
}

Status CudaDevice::wait(Stream stream, Event event) {
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  return check(driver_.waitForEvent(handleOf(stream), handleOf(event), 0), "cuStreamWaitEvent");
}

Result<bool> CudaDevice::hasPassed(Event event) {
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  CUresult result = driver_.queryEvent(handleOf(event));
  if (result == CUDA_ERROR_NOT_READY)
    return false;
  TPC_RETURN_IF_ERROR(check(result, "cuEventQuery"));
  return true;
}

Result<double> CudaDevice::seconds(Event from, Event to) {
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  float milliseconds = 0;
  TPC_RETURN_IF_ERROR(check(driver_.milliseconds(&milliseconds, handleOf(from), handleOf(to)),
                            "cuEventElapsedTime"));
  return milliseconds * 1e-3;
}

Result<bool> CudaDevice::isIdle() {
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  bool idle = true;
  for (CUstream stream : streams_) {
    CUresult result = driver_.queryStream(stream);
    if (result == CUDA_ERROR_NOT_READY)
      idle = false;
    else
      TPC_RETURN_IF_ERROR(check(result, "cuStreamQuery"));
  }
  return idle;
}

Status CudaDevice::begin(Stream origin) {
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  return check(driver_.beginCapture(handleOf(origin), CU_STREAM_CAPTURE_MODE_THREAD_LOCAL),
               "cuStreamBeginCapture");
}

Result<std::unique_ptr<Graph>> CudaDevice::end(Stream origin) {
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  CUgraph graph = nullptr;
  TPC_RETURN_IF_ERROR(check(driver_.endCapture(handleOf(origin), &graph), "cuStreamEndCapture"));
  CUgraphExec exec = nullptr;
  // Without the flag all kernels have the priority of the stream that the graph is launched on.
  Status status =
      check(driver_.instantiate(&exec, graph, CUDA_GRAPH_INSTANTIATE_FLAG_USE_NODE_PRIORITY),
            "cuGraphInstantiate");
  driver_.destroyGraph(graph);
  TPC_RETURN_IF_ERROR(std::move(status));
  return std::unique_ptr<Graph>(std::make_unique<CudaGraph>(context_, exec));
}

void CudaDevice::abandon(Stream origin) {
  CUgraph graph = nullptr;
  if (context_->makeCurrent().ok() &&
      driver_.endCapture(handleOf(origin), &graph) == CUDA_SUCCESS && graph)
    driver_.destroyGraph(graph);
}

Status CudaDevice::prepareGemm(const GemmShape &shape, const GemmOperands &operands,
                               Workspace workspace) {
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  return gemms_->prepare(shape, operands, workspace, streams_[0]).status();
}

Status CudaDevice::gemm(Stream stream, const GemmShape &shape, const GemmOperands &operands,
                        Workspace workspace) {
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  return gemms_->run(shape, operands, workspace, handleOf(stream));
}

Status CudaDevice::prepareAttention(const AttentionCall &call) {
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  if (attention_)
    attention_->prepare(call);
  return Status();
}

Status CudaDevice::attention(Stream stream, const AttentionCall &call) {
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  if (attention_) {
    TPC_ASSIGN_OR_RETURN(bool isDone, attention_->run(call, handleOf(stream)));
    if (isDone)
      return Status();
  }
  if (call.kernels.empty())
    return Status(Code::Unavailable, "the plan has no kernels for this attention",
                  "compile the model again with this version of tpc");
  for (const Kernel &kernel : call.kernels)
    TPC_RETURN_IF_ERROR(launch(stream, kernel, call.pointers));
  return Status();
}

Status CudaDevice::launch(Stream stream, const Kernel &kernel, std::span<void *const> pointers) {
  if (kernel.tiles == 0)
    return Status();
  if (kernel.tiles > std::numeric_limits<int32_t>::max())
    return Status(Code::InvalidInput, "a kernel of " + std::to_string(kernel.tiles) +
                                          " blocks, and a GPU takes at most 2^31 - 1");
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  auto function = static_cast<CUfunction>(kernel.function);
  std::vector<void *> parameters;
  parameters.reserve(pointers.size() + kernel.scalars.size());
  for (void *const &pointer : pointers)
    parameters.push_back(const_cast<void **>(&pointer));
  for (const int64_t &scalar : kernel.scalars)
    parameters.push_back(const_cast<int64_t *>(&scalar));
  return check(driver_.launch(function, static_cast<unsigned>(kernel.tiles), 1, 1, kernel.threads,
                              1, 1, kernel.sharedBytes, handleOf(stream), parameters.data(),
                              nullptr),
               "cuLaunchKernel");
}

Status CudaDevice::copy(Stream stream, const void *source, void *destination,
                        const CopyShape &shape) {
  if (shape.bytes == 0 || shape.rows == 0)
    return Status();
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  bool isWhole = shape.rows == 1 ||
                 (shape.sourcePitch == shape.bytes && shape.destinationPitch == shape.bytes);
  if (isWhole)
    return check(driver_.copy(address(destination), address(source), shape.bytes * shape.rows,
                              handleOf(stream)),
                 "cuMemcpyDtoDAsync");
  if (std::max(shape.sourcePitch, shape.destinationPitch) > kMostPitch) {
    for (size_t row = 0; row < shape.rows; ++row)
      TPC_RETURN_IF_ERROR(check(driver_.copy(address(destination) + row * shape.destinationPitch,
                                             address(source) + row * shape.sourcePitch, shape.bytes,
                                             handleOf(stream)),
                                "cuMemcpyDtoDAsync"));
    return Status();
  }
  CUDA_MEMCPY2D rows = {};
  rows.srcMemoryType = rows.dstMemoryType = CU_MEMORYTYPE_DEVICE;
  rows.srcDevice = address(source);
  rows.dstDevice = address(destination);
  rows.srcPitch = shape.sourcePitch;
  rows.dstPitch = shape.destinationPitch;
  rows.WidthInBytes = shape.bytes;
  rows.Height = shape.rows;
  return check(driver_.copyRows(&rows, handleOf(stream)), "cuMemcpy2DAsync");
}

Status CudaDevice::fill(Stream stream, void *destination, double value, DType dtype,
                        const FillShape &shape) {
  if (shape.elements == 0 || shape.rows == 0)
    return Status();
  TPC_RETURN_IF_ERROR(context_->makeCurrent());
  CUdeviceptr at = address(destination);
  CUstream to = handleOf(stream);
  bool isWhole = shape.rows == 1 || shape.pitch == shape.elements * byteSize(dtype);
  size_t all = shape.elements * shape.rows;
  if (dtype == DType::BF16) {
    uint16_t bits = floatToBfloat16(static_cast<float>(value));
    return check(isWhole ? driver_.set16(at, bits, all, to)
                         : driver_.setRows16(at, shape.pitch, bits, shape.elements, shape.rows, to),
                 "cuMemsetD16Async");
  }
  if (dtype != DType::F64) {
    uint32_t bits = dtype == DType::F32 ? std::bit_cast<uint32_t>(static_cast<float>(value))
                                        : static_cast<uint32_t>(static_cast<int32_t>(value));
    return check(isWhole ? driver_.set32(at, bits, all, to)
                         : driver_.setRows32(at, shape.pitch, bits, shape.elements, shape.rows, to),
                 "cuMemsetD32Async");
  }
  // The driver sets at most 32 bits: the halves of the elements are columns of their own.
  auto bits = std::bit_cast<uint64_t>(value);
  for (size_t row = 0; row < (isWhole ? 1 : shape.rows); ++row)
    for (int half = 0; half < 2; ++half)
      TPC_RETURN_IF_ERROR(check(driver_.setRows32(at + row * shape.pitch + 4 * half, 8,
                                                  static_cast<uint32_t>(bits >> (32 * half)), 1,
                                                  isWhole ? all : shape.elements, to),
                                "cuMemsetD2D32Async"));
  return Status();
}
