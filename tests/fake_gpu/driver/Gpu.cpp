#include "tests/fake_gpu/driver/Gpu.h"

#include "tests/fake_gpu/driver/FakeGpu.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace tpc::fake_gpu {
namespace {

uint64_t fromEnvironment(const char *name, uint64_t otherwise) {
  const char *text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 0) : otherwise;
}

constexpr uint64_t h200Memory = 143771ull << 20; ///< bytes that its driver reports
constexpr uint64_t largestFilled = uint64_t{256} << 20;

} // namespace

Gpu &Gpu::get() {
  // Never destroyed, as a driver isn't: what a process leaves in use is the driver's to its end.
  static Gpu *gpu = [] {
    std::atexit([] { get().end(); });
    return new Gpu;
  }();
  return *gpu;
}

Gpu::Gpu()
    : queue(fromEnvironment("TPC_FAKE_GPU_ORDER", 1)),
      failingLaunch(fromEnvironment("TPC_FAKE_GPU_FAIL_LAUNCH", 0)),
      hangingLaunch(fromEnvironment("TPC_FAKE_GPU_HANG_LAUNCH", 0)),
      strict(fromEnvironment("TPC_FAKE_GPU_STRICT", 0) != 0),
      driverVersion(static_cast<int>(fromEnvironment("TPC_FAKE_GPU_DRIVER", CUDA_VERSION))),
      capacity(fromEnvironment("TPC_FAKE_GPU_MEMORY", h200Memory)) {}

void Gpu::end() {
  if (contexts > 0)
    reportLeaks();
}

void Gpu::report(std::string sentence) {
  std::fprintf(stderr, "fake GPU: %s\n", sentence.c_str());
  if (const char *path = std::getenv("TPC_FAKE_GPU_REPORT"))
    if (std::FILE *file = std::fopen(path, "a")) {
      std::fprintf(file, "%s\n", sentence.c_str());
      std::fclose(file);
    }
  reports.push_back(std::move(sentence));
}

void Gpu::reportLeaks() {
  auto leak = [&](size_t count, const char *what) {
    if (count)
      report("leak: " + std::to_string(count) + " " + what);
  };
  leak(allocations_.size(), "allocations");
  leak(hostMemory.size(), "pinned allocations");
  leak(streams.size(), "streams");
  leak(events.size(), "events");
  leak(modules.size(), "modules");
  leak(graphs.size(), "graphs");
  leak(execs.size(), "instantiated graphs");
}

CUresult Gpu::allocate(CUdeviceptr *address, size_t bytes) {
  if (!address || bytes == 0)
    return CUDA_ERROR_INVALID_VALUE;
  // Like a GPU's, allocations begin on 512 bytes; they take whole pages of 4 KiB here. Their
  // addresses are the GPU's alone: who touches them on the host crashes, as with a GPU.
  size_t mapped = (bytes + 4095) / 4096 * 4096;
  if (mapped > capacity - used)
    return CUDA_ERROR_OUT_OF_MEMORY;
  constexpr int kind = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void *reserved = mmap(nullptr, mapped, PROT_NONE, kind, -1, 0);
  void *data = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, kind, -1, 0);
  if (reserved == MAP_FAILED || data == MAP_FAILED)
    return CUDA_ERROR_OUT_OF_MEMORY;
  // NaNs, so that nobody relies on zeros.
  if (mapped <= largestFilled)
    std::memset(data, 0xff, mapped);
  if (instantiated)
    report("memory is allocated after a graph was instantiated: " + std::to_string(bytes) +
           " bytes");
  used += mapped;
  *address = reinterpret_cast<CUdeviceptr>(reserved);
  allocations_[*address] = mapped;
  memory.add({*address, *address + bytes, true, "allocation " + std::to_string(nextAllocation_++),
              reinterpret_cast<CUdeviceptr>(data) - *address});
  return CUDA_SUCCESS;
}

CUresult Gpu::release(CUdeviceptr address) {
  auto found = allocations_.find(address);
  if (found == allocations_.end()) {
    report("memory is freed that is not allocated");
    return CUDA_ERROR_INVALID_VALUE;
  }
  munmap(host(address), found->second);
  munmap(reinterpret_cast<void *>(address), found->second);
  memory.remove(address);
  used -= found->second;
  allocations_.erase(found);
  return CUDA_SUCCESS;
}

bool Gpu::isAllocated(CUdeviceptr address, size_t bytes) const {
  const MemoryRange *range = memory.find(address);
  return range && bytes <= range->end - address;
}

char *Gpu::host(CUdeviceptr address) const {
  const MemoryRange *range = memory.find(address);
  return range ? reinterpret_cast<char *>(address + range->shift) : nullptr;
}

CUstream Gpu::find(CUstream handle) {
  if (!handle || handle == CU_STREAM_LEGACY)
    return &legacyStream;
  if (streams.count(handle))
    return handle;
  report("a stream is used that does not exist");
  return nullptr;
}

CommandPtr Gpu::tail(CUstream stream) {
  if (stream->waits.empty())
    return stream->last;
  auto point = std::make_shared<Command>();
  point->stream = stream->id;
  point->after = std::move(stream->waits);
  stream->waits.clear();
  if (stream->last)
    point->after.push_back(stream->last);
  queue.add(point);
  stream->last = point;
  return point;
}

CUresult Gpu::enqueue(CUstream handle, std::string name, Work work) {
  CUstream stream = find(handle);
  if (!stream)
    return CUDA_ERROR_INVALID_HANDLE;
  if (stream->capture) {
    Capture &capture = *stream->capture;
    if (capture.invalidated)
      return CUDA_ERROR_STREAM_CAPTURE_INVALIDATED;
    capture.nodes.push_back(
        {std::move(name), std::move(work), stream->id, stream->priority, stream->captured});
    stream->captured = {capture.nodes.size() - 1};
    return CUDA_SUCCESS;
  }
  auto command = std::make_shared<Command>();
  command->name = std::move(name);
  command->work = std::move(work);
  command->stream = stream->id;
  auto comeAfter = [&](CUstream other) {
    if (CommandPtr point = tail(other))
      command->after.push_back(point);
  };
  comeAfter(stream);
  bool isLegacy = stream == &legacyStream;
  if (isLegacy || !(stream->flags & CU_STREAM_NON_BLOCKING)) {
    // The legacy stream and the blocking ones wait for each other.
    if (!isLegacy)
      comeAfter(&legacyStream);
    for (CUstream other : streams)
      if (isLegacy && !(other->flags & CU_STREAM_NON_BLOCKING)) {
        if (other->capture) {
          other->capture->invalidated = true;
          return CUDA_ERROR_STREAM_CAPTURE_IMPLICIT;
        }
        comeAfter(other);
      }
  }
  queue.add(command);
  stream->last = command;
  return CUDA_SUCCESS;
}

CUresult Gpu::launchGraph(const Nodes &nodes, CUstream stream) {
  CommandPtr before = tail(stream);
  std::vector<CommandPtr> commands;
  auto end = std::make_shared<Command>();
  end->stream = stream->id;
  for (const Node &node : nodes) {
    auto command = std::make_shared<Command>();
    command->name = node.name;
    command->work = node.work;
    command->stream = node.stream;
    for (size_t i : node.after)
      command->after.push_back(commands[i]);
    if (before)
      command->after.push_back(before);
    queue.add(command);
    end->after.push_back(command);
    commands.push_back(std::move(command));
  }
  if (before)
    end->after.push_back(before);
  queue.add(end);
  stream->last = end;
  return CUDA_SUCCESS;
}

CUresult Gpu::settle(const Outcome &outcome) {
  if (outcome.result != CUDA_SUCCESS) {
    report(outcome.message);
    sticky = outcome.result;
  }
  return outcome.result;
}

CUresult Gpu::wait(const CommandPtr &command) {
  while (true) {
    Outcome outcome = queue.wait(command);
    if (!outcome.hangs)
      return settle(outcome);
    mutex.unlock();
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    mutex.lock();
  }
}

CUresult Gpu::forbidInCapture() {
  bool broken = false;
  for (const std::shared_ptr<Capture> &capture : captures) {
    bool mine = capture->thread == std::this_thread::get_id();
    if (capture->mode == CU_STREAM_CAPTURE_MODE_RELAXED ||
        (capture->mode == CU_STREAM_CAPTURE_MODE_THREAD_LOCAL && !mine))
      continue;
    capture->invalidated = broken = true;
  }
  return broken ? CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED : CUDA_SUCCESS;
}

CUresult Gpu::forbidOn(CUstream stream) {
  if (!stream->capture)
    return CUDA_SUCCESS;
  stream->capture->invalidated = true;
  return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
}

bool &hasContext() {
  thread_local bool current = false;
  return current;
}

CUresult readyToRelease() {
  Gpu &gpu = Gpu::get();
  if (!gpu.initialised)
    return CUDA_ERROR_NOT_INITIALIZED;
  return hasContext() && gpu.contexts > 0 ? CUDA_SUCCESS : CUDA_ERROR_INVALID_CONTEXT;
}

CUresult ready() {
  CUresult result = readyToRelease();
  return result != CUDA_SUCCESS ? result : Gpu::get().sticky;
}

CUresult enqueue(CUstream stream, std::string name, std::function<std::string()> work) {
  TPC_ENTER(gpu);
  return gpu.enqueue(stream, std::move(name), [work = std::move(work)]() -> Outcome {
    std::string message = work();
    return {message.empty() ? CUDA_SUCCESS : CUDA_ERROR_ILLEGAL_ADDRESS, message};
  });
}

std::string checkMemory(CUdeviceptr address, size_t bytes) {
  Gpu &gpu = Gpu::get();
  std::lock_guard lock(gpu.mutex);
  if (bytes == 0 || gpu.isAllocated(address, bytes))
    return {};
  return std::to_string(bytes) +
         " bytes are used that are not allocated: " + gpu.memory.describe(address);
}

void *hostView(CUdeviceptr address) {
  Gpu &gpu = Gpu::get();
  std::lock_guard lock(gpu.mutex);
  return gpu.host(address);
}

std::vector<std::string> takeReports() {
  Gpu &gpu = Gpu::get();
  std::lock_guard lock(gpu.mutex);
  return std::exchange(gpu.reports, {});
}

InUse inUse() {
  Gpu &gpu = Gpu::get();
  std::lock_guard lock(gpu.mutex);
  return {.graphs = gpu.execs.size(),
          .pinned = gpu.hostMemory.size(),
          .ordinaryUploads = gpu.ordinaryUploads,
          .isIdle = gpu.queue.idle()};
}

void setOrder(uint64_t order) {
  Gpu &gpu = Gpu::get();
  std::lock_guard lock(gpu.mutex);
  gpu.queue.setOrder(order);
}

void failLaunch(uint64_t number) {
  Gpu &gpu = Gpu::get();
  std::lock_guard lock(gpu.mutex);
  gpu.failingLaunch = number;
  gpu.launches = 0;
}

void hangLaunch(uint64_t number) {
  Gpu &gpu = Gpu::get();
  std::lock_guard lock(gpu.mutex);
  gpu.hangingLaunch = number;
  gpu.launches = 0;
}

void endHang() {
  Gpu &gpu = Gpu::get();
  std::lock_guard lock(gpu.mutex);
  gpu.queue.endHang();
}

void reset() {
  Gpu &gpu = Gpu::get();
  std::lock_guard lock(gpu.mutex);
  gpu.sticky = CUDA_SUCCESS;
  gpu.instantiated = false;
}

} // namespace tpc::fake_gpu
