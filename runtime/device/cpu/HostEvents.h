//===- HostEvents.h - Events of a device whose calls return when the work is done ----------===//
#pragma once

#include "runtime/device/Device.h"

#include <chrono>
#include <deque>

namespace tpc {

/// An event is the time at which it was recorded.
class HostEvents {
public:
  /// Ranks prepare and run on one thread at a time.
  Event create() { return {&times_.emplace_back()}; }
  static void record(Event event) { timeOf(event) = std::chrono::steady_clock::now(); }
  static double seconds(Event from, Event to) {
    return std::chrono::duration<double>(timeOf(to) - timeOf(from)).count();
  }

private:
  using Time = std::chrono::steady_clock::time_point;
  static Time &timeOf(Event event) { return *static_cast<Time *>(event.handle); }

  std::deque<Time> times_; ///< stay where they are
};

} // namespace tpc
