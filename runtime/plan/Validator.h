//===- Validator.h - Every instruction reads what it means to read ----------------------------===//
//
// Walks the instructions of an entry over byte intervals and shows two things. Values: every read
// finds, over its whole slice, exactly the value that it names. Order: any two instructions that
// touch common bytes, one of them writing, are ordered by stream or wait edges, so that no device
// that keeps these edges can run them the wrong way round.
//
// Inputs, scalars, parameters and states are bound at the start: such a buffer holds one value,
// named by its first read. At the end parameters, states and outputs hold one value each.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/plan/plan_generated.h"
#include "runtime/support/Status.h"

#include <cstdint>
#include <vector>

namespace tpc {

/// Which instructions come before which, by streams and waits.
class HappensBefore {
public:
  explicit HappensBefore(const plan::Entry &entry);

  bool operator()(uint32_t earlier, uint32_t later) const {
    return clocks_[later * streams_ + streamOf_[earlier]] > earlier;
  }
  /// Streams are numbered anew, without holes.
  uint32_t stream(uint32_t instruction) const { return streamOf_[instruction]; }

private:
  size_t streams_ = 0;
  std::vector<uint32_t> streamOf_;
  /// Per instruction and stream: 1 + the last instruction of the stream that comes before or is it.
  std::vector<uint32_t> clocks_;
};

/// `plan` has passed checkPlan.
Status validateEntry(const plan::Plan &plan, const plan::Entry &entry);
Status validatePlan(const plan::Plan &plan);

} // namespace tpc
