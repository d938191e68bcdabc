//===- CudaBackend.h - What libtpc_cuda.so offers ---------------------------------------------===//
//
// The library is loaded when a plan for cuda runs, so that the program needs nothing of CUDA for
// other plans; this header needs nothing of it either.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/Device.h"

#include <chrono>
#include <string>
#include <vector>

namespace tpc {

struct CudaOptions {
  int gpu = 0; ///< the driver's number of it
  /// How long the host waits for work of the GPU that is no step's: uploads, choices.
  std::chrono::milliseconds timeout = std::chrono::seconds(60);
  bool tf32 = false; ///< products of f32 may use TF32
  /// Attention of bf16 may run in cuDNN, which is opened for it.
  bool cudnn = true;
  /// Attention's gradients are summed in a fixed order.
  bool deterministic = true;
  /// Products choose their algorithms by timing, if the choice can be kept in `choicesPath`.
  bool timedChoices = false;
  std::string choicesPath, choicesOwner; ///< GemmChoices.h
};

class CudaBackend {
public:
  virtual ~CudaBackend() = default;
  /// GPUs of this machine; at least one.
  virtual int numGpus() const = 0;
  /// "NVIDIA H200, cuBLASLt 13.0.3, cuDNN 9.19.0, driver 13.0": what numbers may depend on.
  virtual std::string describe() const = 0;
  /// Why the plan's own kernels ran where a library was asked first, for people.
  virtual std::vector<std::string> refusals() const = 0;
  /// The device of one rank. All ranks of the backend share its GPU.
  virtual Result<std::unique_ptr<Device>> createDevice() = 0;
};

/// Loads the library and opens the GPU. Unavailable (exit status 5) where tpc was built without
/// CUDA, or the machine lacks a GPU, its driver or cuBLASLt.
Result<std::unique_ptr<CudaBackend>> openCudaBackend(const CudaOptions &options);

/// What the library exports under the name kCudaBackendSymbol.
using CreateCudaBackend = void (*)(const CudaOptions *options,
                                   Result<std::unique_ptr<CudaBackend>> *result);
inline constexpr const char *kCudaBackendSymbol = "tpcCreateCudaBackend1";

} // namespace tpc
