//===- Profile.h - When every instruction ran
//----------------------------------------------------===//
//
// Written as a Chrome trace (chrome://tracing, Perfetto): one process per rank, one row per stream,
// with the plan's prediction beside the measured time.
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
  explicit Profile(Clock::time_point origin) : origin_(origin) {}

  Status before(const InstructionEvent &event) override;
  Status after(const InstructionEvent &event) override;

  /// The events as members of the trace's array, a line each, every one followed by a comma.
  std::string traceEvents() const;

private:
  struct Record {
    const plan::Instruction *instruction;
    int rank;
    int64_t step;
    Clock::time_point begin, end;
  };
  Clock::time_point origin_, begin_;
  std::vector<Record> records_;
};

/// The whole trace; `events`: each rank's traceEvents().
Status writeTrace(const std::string &path, const std::vector<std::string> &events);

} // namespace tpc
