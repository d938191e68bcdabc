//===- RankMemory.h - Where the buffers of one rank lie ---------------------------------------===//
//
// One allocation per arena, all made before the first step: what a run allocates is the sum of the
// plan's arenas, a number that tests compare with the prediction.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/Device.h"
#include "runtime/plan/PlanFile.h"

#include <memory>
#include <vector>

namespace tpc {

class RankMemory {
public:
  virtual ~RankMemory() = default;

  static Result<std::unique_ptr<RankMemory>> create(const PlanFile &plan, Device &device);

  void *buffer(uint32_t index) const { return buffers_[index]; }
  /// Bytes allocated for this rank.
  uint64_t allocatedBytes() const { return allocatedBytes_; }

protected:
  RankMemory() = default;

  std::vector<void *> buffers_;
  uint64_t allocatedBytes_ = 0;
};

} // namespace tpc
