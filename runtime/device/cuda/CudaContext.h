//===- CudaContext.h - One GPU, shared by the ranks of a process ----------------------------===//
#pragma once

#include "runtime/device/cuda/CudaDriver.h"

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>

namespace tpc::cuda {

class Context;

/// A loaded image. It is unloaded when nobody holds it; the context outlives it.
class Module {
public:
  Module(const Context &context, CUmodule module) : context_(context), module_(module) {}
  ~Module();
  Module(const Module &) = delete;
  CUmodule get() const { return module_; }

private:
  const Context &context_;
  CUmodule module_;
};

/// The primary context of a GPU, and what the ranks on it have in common.
class Context {
public:
  /// `ordinal`: the driver's number of the GPU. `timeout`: how long the host waits for it.
  static Result<std::shared_ptr<Context>> create(int ordinal, std::chrono::milliseconds timeout);
  ~Context();
  Context(const Context &) = delete;

  const Driver &driver() const { return driver_; }
  /// Threads of any rank call the driver; each needs the context.
  Status makeCurrent() const;
  /// Returns when all that was enqueued on the stream is done, or what it failed with.
  Status await(CUstream stream) const;

  /// Work that never ends holds the GPU. What gives something back would wait for it, without an
  /// end of its own; so nothing is given back any more.
  void leave() { isLeft_ = true; }
  /// Whether the caller may give something back. The context is its thread's, then.
  bool mayGiveBack() const { return !isLeft_ && makeCurrent().ok(); }

  /// "NVIDIA H200"
  const std::string &name() const { return name_; }
  /// 90 of "sm_90"
  int architecture() const { return architecture_; }
  int driverVersion() const { return driverVersion_; }
  /// Shared memory that a block may have if it asks for it.
  int sharedBytes() const { return sharedBytes_; }
  int leastPriority() const { return leastPriority_; }
  int greatestPriority() const { return greatestPriority_; }

  /// Loads PTX, once for all ranks. `level` is the architecture that it is for ("sm_90").
  Result<std::shared_ptr<Module>> load(std::span<const uint8_t> image, const std::string &level);

private:
  Context(const Driver &driver, CUdevice device, std::chrono::milliseconds timeout)
      : driver_(driver), device_(device), timeout_(timeout) {}
  Status open(int ordinal);
  Result<std::shared_ptr<Module>> compile(std::span<const uint8_t> image) const;

  const Driver &driver_;
  CUdevice device_;
  std::chrono::milliseconds timeout_;
  CUcontext context_ = nullptr;
  std::atomic<bool> isLeft_ = false;
  std::string name_;
  int architecture_ = 0, driverVersion_ = 0, sharedBytes_ = 0;
  int leastPriority_ = 0, greatestPriority_ = 0;
  std::mutex mutex_;
  std::map<uint64_t, std::weak_ptr<Module>> modules_; ///< by hash of the image
};

} // namespace tpc::cuda
