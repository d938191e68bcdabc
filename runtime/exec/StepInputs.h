//===- StepInputs.h - What a rank gets anew for every step ------------------------------------===//
//
// Inputs, scalars, step number and seed. Where the device's memory is not the host's, the host
// writes them into one piece of its own memory, which is reserved before the first step and which
// the device reads by itself. The copies are work in front of the step: the host does not wait for
// them. Before it writes there again, it waits until they are done.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/exec/RankMemory.h"

#include <chrono>
#include <functional>
#include <map>

namespace tpc {

class StepInputs {
public:
  /// Of all entries of the plan. `timeout`: how long the host waits for the copies of a step.
  static Result<std::unique_ptr<StepInputs>> create(const PlanFile &plan, Device &device,
                                                    const RankMemory &memory,
                                                    std::chrono::milliseconds timeout);

  /// `fill` writes all of one of these buffers. On a device whose memory is the host's it is there
  /// at once, else once it is copied.
  Status write(uint32_t buffer, const std::function<Status(void *)> &fill);
  /// Enqueues the copies of what was written: work of the same GPU that comes after them on
  /// `stream` finds it.
  Status enqueue(Stream stream);
  /// Copies what was written, and returns when that is done.
  Status flush();

  /// Host memory that is reserved for it.
  uint64_t stagedBytes() const { return stagedBytes_; }

private:
  struct Input {
    void *memory = nullptr; ///< of the device
    size_t bytes = 0;
    std::byte *staged = nullptr; ///< null where the host touches the memory itself
    bool isNew = false;
  };

  StepInputs(Device &device, std::chrono::milliseconds timeout)
      : device_(device), timeout_(timeout) {}
  Status reserve();
  /// Until nothing reads the host memory any more.
  Status awaitCopies();

  Device &device_;
  const std::chrono::milliseconds timeout_;
  std::map<uint32_t, Input> inputs_; ///< by buffer
  uint64_t stagedBytes_ = 0;
  Event copied_;
  bool areCopying_ = false; ///< unless the event says otherwise
};

} // namespace tpc
