//===- Patience.h - Asking again and again, not for ever ------------------------------------===//
#pragma once

#include <algorithm>
#include <chrono>
#include <thread>

namespace tpc {

/// The pauses of a loop that asks whether something has ended. What ends soon is caught at once;
/// what takes long does not need a core to wait for it, and is seen to end late by a thousandth of
/// its time.
class Patience {
public:
  explicit Patience(std::chrono::milliseconds timeout) : timeout_(timeout) {}

  /// Returns when to ask again, or false if the timeout has passed.
  bool pause() {
    using namespace std::chrono_literals;
    constexpr Clock::duration kSpin = 200us, kShortest = 20us, kLongest = 1ms;
    // What a pause counts for at most: while the process is stopped, what it waits for may be, too.
    constexpr Clock::duration kCounted = 100ms;
    if (waited_ > timeout_)
      return false;
    Clock::time_point now = Clock::now();
    if (now - start_ <= kSpin)
      return true;
    std::this_thread::sleep_for(std::clamp<Clock::duration>(waited_ / 1000, kShortest, kLongest));
    waited_ += std::min<Clock::duration>(Clock::now() - now, kCounted);
    return true;
  }

private:
  using Clock = std::chrono::steady_clock;

  std::chrono::milliseconds timeout_;
  Clock::time_point start_ = Clock::now();
  Clock::duration waited_{};
};

} // namespace tpc
