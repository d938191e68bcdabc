//===- Device.h - What a rank computes with ----------------------------------------------===//
//
// A device executes the bodies of a plan's instructions on memory that it allocated once, at the
// start. One Device object belongs to one rank. Implementations: cpu, cuda.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/kernel_abi.h"
#include "runtime/support/Status.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace tpc {

enum class DType : uint8_t { F32, F64, BF16, I32 };
size_t byteSize(DType dtype);

/// C[m, n] (+)= op(A) . op(B), row-major with leading dimensions in elements, `batch` times with
/// the given strides. transposeA: A is stored [k, m]; transposeB: B is stored [n, k]. A and B are
/// of `dtype`, C of `resultDtype`: the same of f32 and f64, f32 or bf16 of bf16. Products of bf16
/// are summed in f32, what is accumulated onto included, and rounded once if C is bf16.
struct GemmShape {
  int64_t m, n, k, batch = 1;
  bool transposeA = false, transposeB = false, accumulate = false;
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

/// A loaded kernel image.
class KernelModule {
public:
  virtual ~KernelModule() = default;
  virtual Result<KernelFunction> function(const std::string &name) const = 0;
};

class Device {
public:
  virtual ~Device() = default;

  /// Zeroed memory, 64-byte aligned at least, freed with the device. Only called before the start.
  virtual Result<void *> allocate(size_t bytes) = 0;
  /// Loads an image after checking that this machine has the CPU level that it needs.
  virtual Result<std::unique_ptr<KernelModule>> load(std::span<const uint8_t> image,
                                                     const std::string &level) = 0;

  /// `workspace` is there where the shape needs one.
  virtual Status gemm(const GemmShape &shape, const void *a, const void *b, void *c,
                      void *workspace) = 0;
  virtual Status attention(const AttentionShape &shape, const AttentionOperands &operands) = 0;
  virtual Status attentionBackward(const AttentionShape &shape,
                                   const AttentionOperands &operands) = 0;
  virtual Status launch(KernelFunction function, void *const *pointers, const int64_t *scalars,
                        int64_t tiles) = 0;
  virtual Status copy(const void *source, void *destination, size_t bytes) = 0;
  virtual Status fill(void *destination, double value, DType dtype, size_t elements) = 0;
};

/// A CPU device whose pool has `threads` threads, the caller's included. Results do not depend on
/// `threads`.
Result<std::unique_ptr<Device>> createCpuDevice(int threads);

} // namespace tpc
