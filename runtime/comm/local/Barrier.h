//===- Barrier.h - Where the ranks of one process meet ----------------------------------------===//
//
// A phase-counting barrier. Waiters spin briefly, because ranks usually arrive within microseconds
// of each other, then sleep in the kernel, because there can be more ranks than cores. It can be
// aborted for good from any thread, and waits can time out.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace tpc {

class Barrier {
public:
  explicit Barrier(int parties);

  enum class Outcome { Passed, Aborted, TimedOut };
  /// Passed: all parties have arrived, and what they wrote before is visible. After TimedOut the
  /// caller must abort the barrier: its arrival still counts.
  Outcome arriveAndWait(std::chrono::nanoseconds timeout);

  /// All waits, now and later, end with Aborted.
  void abort();
  bool aborted() const;

private:
  /// Low 31 bits: completed phases; the top bit: aborted. Waiters sleep on this word.
  std::atomic<uint32_t> state_{0};
  alignas(64) std::atomic<int> arrived_{0};
  alignas(64) std::atomic<int> sleepers_{0};
  const int parties_;
  const std::chrono::nanoseconds spinTime_;
};

} // namespace tpc
