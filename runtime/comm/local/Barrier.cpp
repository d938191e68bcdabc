//===- Barrier.cpp - Where the ranks of one process meet --------------------------------------===//

#include "runtime/comm/local/Barrier.h"

#include <algorithm>
#include <climits>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

using namespace tpc;
using Clock = std::chrono::steady_clock;

namespace {

constexpr uint32_t kAborted = 1u << 31;
/// What a sleep lasts at most, and counts for: while the process is stopped, so is what it waits
/// for.
constexpr std::chrono::nanoseconds kSlice = std::chrono::milliseconds(100);

static_assert(sizeof(std::atomic<uint32_t>) == sizeof(uint32_t) &&
              std::atomic<uint32_t>::is_always_lock_free);

void sleepWhile(std::atomic<uint32_t> &word, uint32_t value, std::chrono::nanoseconds timeout) {
  timespec relative;
  relative.tv_sec = timeout.count() / 1'000'000'000;
  relative.tv_nsec = timeout.count() % 1'000'000'000;
  syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, &relative, nullptr, 0);
}

void wakeAll(std::atomic<uint32_t> &word) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

void pauseBriefly() {
#if defined(__x86_64__)
  _mm_pause();
#else
  std::this_thread::yield();
#endif
}

} // namespace

Barrier::Barrier(int parties)
    : parties_(parties),
      // With more ranks than cores, the one that is waited for may need this very core.
      spinTime_(parties <= static_cast<int>(std::thread::hardware_concurrency())
                    ? std::chrono::microseconds(50)
                    : std::chrono::microseconds(2)) {}

Barrier::Outcome Barrier::arriveAndWait(std::chrono::nanoseconds timeout) {
  uint32_t phase = state_.load(std::memory_order_acquire);
  if (phase & kAborted)
    return Outcome::Aborted;
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == parties_) {
    arrived_.store(0, std::memory_order_relaxed);
    uint32_t expected = phase;
    if (!state_.compare_exchange_strong(expected, (phase + 1) & ~kAborted))
      return Outcome::Aborted;
    if (sleepers_.load() > 0)
      wakeAll(state_);
    return Outcome::Passed;
  }

  Clock::time_point start = Clock::now();
  auto passed = [&] { return state_.load(std::memory_order_acquire) != phase; };
  while (!passed() && Clock::now() - start < spinTime_)
    for (int i = 0; i < 32 && !passed(); ++i)
      pauseBriefly();
  std::chrono::nanoseconds left = timeout;
  while (!passed()) {
    if (left.count() <= 0)
      return Outcome::TimedOut;
    const Clock::time_point before = Clock::now();
    // Counted before the kernel looks at the word: whoever changes it sees the count and wakes us,
    // or we see the change and do not sleep.
    sleepers_.fetch_add(1);
    sleepWhile(state_, phase, std::min(left, kSlice));
    sleepers_.fetch_sub(1);
    left -= std::min<std::chrono::nanoseconds>(Clock::now() - before, kSlice);
  }
  return aborted() ? Outcome::Aborted : Outcome::Passed;
}

void Barrier::abort() {
  state_.fetch_or(kAborted);
  wakeAll(state_);
}

bool Barrier::aborted() const { return state_.load(std::memory_order_acquire) & kAborted; }
