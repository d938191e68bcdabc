//===- Device.h - What a rank computes with ----------------------------------------------===//
//
// A device executes the bodies of a plan's instructions on memory that it allocated once, at the
// start. One Device object belongs to one rank; those of several ranks may share one GPU. Work is
// enqueued on streams. Implementations: cpu, cuda.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/kernel_abi.h"
#include "runtime/support/Status.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace tpc {

enum class DType : uint8_t { F32, F64, BF16, I32 };
size_t byteSize(DType dtype);

/// C[m, n] (+)= op(A) . op(B), row-major with leading dimensions in elements, `batch` times with
/// the given strides. transposeA: A is stored [k, m]; transposeB: B is stored [n, k]. A and B are
/// of `dtype`, C of `resultDtype`: the same of f32 and f64, f32 or bf16 of bf16. Products of bf16
/// are summed in f32, what is accumulated onto included, and rounded once if C is bf16.
/// bias: n numbers of `resultDtype` are added to every row of the sums, before they are rounded, in
/// the type that they are summed in; of one product that neither accumulates nor is f64, and on
/// cuda only.
struct GemmShape {
  int64_t m, n, k, batch = 1;
  bool transposeA = false, transposeB = false, accumulate = false, bias = false;
  int64_t lda, ldb, ldc;
  int64_t strideA = 0, strideB = 0, strideC = 0;
  DType dtype = DType::F32, resultDtype = DType::F32;
};

/// q, o: [batch, queryLength, heads, size]; k, v: [batch, keyLength, kvHeads, size];
/// lse: [batch, heads, queryLength], the natural log of the row sums of exp(scale q.k), in f32
/// (f64 for f64). heads is a multiple of kvHeads: query head h reads kv head h / (heads / kvHeads).
/// causal: query i sees keys j <= i + (keyLength - queryLength).
struct AttentionShape {
  int64_t batch, queryLength, keyLength, heads, kvHeads, size;
  bool causal;
  double scale;
  DType dtype = DType::F32;
};

struct GemmOperands {
  const void *a, *b;
  void *c;
  const void *bias = nullptr; ///< if the shape has one
};

struct AttentionOperands {
  const void *q, *k, *v;
  void *o, *lse; ///< written by the forward, read by the backward
  const void *dOut = nullptr;
  void *dq = nullptr, *dk = nullptr, *dv = nullptr;
  void *workspace = nullptr;
};

/// Bytes of workspace that attention and products need on the CPU device: functions of the shape
/// alone, used by the compiler's memory plan and by the checks of a loader too.
size_t cpuAttentionWorkspace(const AttentionShape &shape, bool backward);
size_t cpuGemmWorkspace(const GemmShape &shape);

/// What the plan gives a library to work in. No device allocates any of its own.
struct Workspace {
  void *data = nullptr;
  size_t bytes = 0;
};

/// A queue of work of one device. What is enqueued on a stream runs in order; streams wait for each
/// other by events. On cpu a call returns when its work is done, and there is one queue.
struct Stream {
  void *handle = nullptr; ///< a CUstream on cuda
};

/// A place in the order of a stream's work: where it was recorded last. Lives as long as its
/// device.
struct Event {
  void *handle = nullptr;
};

/// A function of a loaded image: a KernelFunction on cpu, a CUfunction on cuda.
using KernelHandle = void *;

/// A launch but for its pointers: tiles of `threads` threads each (0 on cpu: the device cuts the
/// tiles as it likes) and bytes of dynamic shared memory (cuda).
struct Kernel {
  KernelHandle function = nullptr;
  std::vector<int64_t> scalars;
  int64_t tiles = 0;
  uint32_t threads = 0, sharedBytes = 0;
};

struct AttentionCall {
  AttentionShape shape;
  bool backward = false;
  AttentionOperands operands = {};
  size_t workspaceBytes = 0;
  /// Generated ones that do the same, one after the other; each takes `pointers`. None on cpu.
  std::span<const Kernel> kernels = {};
  std::span<void *const> pointers = {}; ///< all operands of the instruction, in order
};

/// `rows` rows of `bytes` bytes; pitches in bytes.
struct CopyShape {
  size_t bytes, rows = 1, sourcePitch = 0, destinationPitch = 0;
};
/// `rows` rows of `elements` elements; the pitch in bytes.
struct FillShape {
  size_t elements, rows = 1, pitch = 0;
};

/// A loaded kernel image.
class KernelModule {
public:
  virtual ~KernelModule() = default;
  virtual Result<KernelHandle> function(const std::string &name) const = 0;
};

/// Work that was kept, to be done any number of times.
class Graph {
public:
  virtual ~Graph() = default;
  virtual Status launch(Stream stream) = 0;
};

/// Keeps work instead of doing it. Between `begin` and `end` this holds for what is enqueued on
/// `origin` and on streams that have waited for it since, of any device of the same GPU; at the end
/// `origin` must have waited for all of them.
class GraphRecorder {
public:
  virtual ~GraphRecorder() = default;
  virtual Status begin(Stream origin) = 0;
  virtual Result<std::unique_ptr<Graph>> end(Stream origin) = 0;
  /// After a failure between them: nothing is kept.
  virtual void abandon(Stream origin) = 0;
};

/// What an event is for. Those that only order work cost a GPU less.
enum class EventUse : uint8_t { Order, Time };

class Device {
public:
  virtual ~Device() = default;

  /// Zeroed memory, 64-byte aligned at least, freed with the device. Only called before the start.
  virtual Result<void *> allocate(size_t bytes) = 0;
  /// Whether the host can touch the memory of `allocate`; HostAccess.h serves both kinds.
  virtual bool isHostMemory() const = 0;
  /// Return when it is done. What was enqueued before need not be: callers synchronize.
  virtual Status upload(const void *host, void *memory, size_t bytes) = 0;
  virtual Status download(const void *memory, void *host, size_t bytes) = 0;
  /// Memory of the host that the device reads by itself, 64-byte aligned at least, freed with the
  /// device. Only called before the start. Where the device's memory is the host's, any does.
  virtual Result<void *> allocateStaging(size_t bytes) { return allocate(bytes); }
  /// Enqueues a copy from there, where nobody writes until the stream has come so far.
  virtual Status uploadStaged(Stream, const void *staging, void *memory, size_t bytes) {
    return upload(staging, memory, bytes);
  }
  /// Bytes of the device's memory that anybody uses, or 0 where that is the host's.
  virtual Result<uint64_t> bytesInUse() const = 0;
  /// Bytes of it that nobody uses; nothing where that is the host's.
  virtual Result<std::optional<uint64_t>> bytesFree() const { return std::optional<uint64_t>(); }

  /// Loads an image after checking that this machine can run it.
  virtual Result<std::unique_ptr<KernelModule>> load(std::span<const uint8_t> image,
                                                     const std::string &level) = 0;

  /// The stream that plans number so: 0 computes, 1 communicates.
  virtual Stream stream(int number) = 0;
  virtual Result<Event> createEvent(EventUse use) = 0;
  virtual Status record(Event event, Stream stream) = 0;
  /// What is enqueued on `stream` from now on runs after the event, which may be another device's.
  virtual Status wait(Stream stream, Event event) = 0;
  /// Whether what was enqueued before the event was recorded last is done.
  virtual Result<bool> hasPassed(Event event) = 0;
  /// Between two events of use Time that have passed.
  virtual Result<double> seconds(Event from, Event to) = 0;
  /// Whether all that was enqueued is done. A failure of it shows here.
  virtual Result<bool> isIdle() = 0;
  /// Null: the device keeps no work.
  virtual GraphRecorder *graphs() { return nullptr; }

  /// Before the first step: chooses how products of this shape are made. May make one, while what
  /// the operands hold means nothing.
  virtual Status prepareGemm(const GemmShape &, const GemmOperands &, Workspace) {
    return Status();
  }
  /// The same for attention. Only the shape, the workspace's bytes and the kernels count.
  virtual Status prepareAttention(const AttentionCall &) { return Status(); }
  /// `workspace` is there where the shape needs one.
  virtual Status gemm(Stream stream, const GemmShape &shape, const GemmOperands &operands,
                      Workspace workspace) = 0;
  virtual Status attention(Stream stream, const AttentionCall &call) = 0;
  virtual Status launch(Stream stream, const Kernel &kernel, std::span<void *const> pointers) = 0;
  virtual Status copy(Stream stream, const void *source, void *destination,
                      const CopyShape &shape) = 0;
  virtual Status fill(Stream stream, void *destination, double value, DType dtype,
                      const FillShape &shape) = 0;
};

/// Waits until all work of the device is done.
Status synchronize(Device &device);

/// A CPU device whose pool has `threads` threads, the caller's included. Results do not depend on
/// `threads`.
Result<std::unique_ptr<Device>> createCpuDevice(int threads);

} // namespace tpc
