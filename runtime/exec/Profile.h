//===- Profile.h - When every instruction ran -------------------------------------------------===//
//
// Written as a Chrome trace (chrome://tracing, Perfetto): one process per rank, one row per stream,
// with the plan's prediction beside the measured time. Times are those of the device: events before
// and after each instruction on its stream.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/exec/Observer.h"

#include <chrono>
#include <vector>

namespace tpc {

class Profile final : public ExecutionObserver {
public:
  using Clock = std::chrono::steady_clock;

  /// Times count from `origin`, the same for all ranks.
  Profile(Device &device, Clock::time_point origin) : device_(device), origin_(origin) {}

  Needs needs() const override { return Needs::Instructions; }
  Status beginStep(const plan::Entry &entry, int64_t step) override;
  Status before(const InstructionEvent &event) override;
  Status after(const InstructionEvent &event) override;
  Status endStep(const plan::Entry &entry, int64_t step) override;

  /// The events as members of the trace's array, a line each, every one followed by a comma.
  std::string traceEvents() const;

private:
  struct Record {
    const plan::Instruction *instruction;
    int rank;
    int64_t step;
    double begin, seconds; ///< begin: since the origin
  };
  /// Between two events of the device.
  struct Span {
    Event begin, end;
  };
  Device &device_;
  Clock::time_point origin_, stepBegin_;
  Event stepEvent_;
  std::vector<Span> spans_; ///< by instruction of the step
  size_t firstOfStep_ = 0;  ///< record
  std::vector<Record> records_;
};

/// The whole trace; `events`: each rank's traceEvents().
Status writeTrace(const std::string &path, const std::vector<std::string> &events);

} // namespace tpc
