//===- ThreadPool.cpp - The threads of one CPU rank ---------------------------------------===//
#include "runtime/device/cpu/ThreadPool.h"

#include <chrono>

namespace tpc {

/// Waits until `value` differs from `old`: spinning covers the gap between two instructions of a
/// plan; beyond it the core is worth more to another rank.
static void waitWhileEqual(const std::atomic<uint32_t> &value, uint32_t old) {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::microseconds spinFor{30};
  Clock::time_point start = Clock::now();
  do {
    for (int i = 0; i < 16; ++i) {
      if (value.load(std::memory_order_acquire) != old)
        return;
      __builtin_ia32_pause();
    }
  } while (Clock::now() - start < spinFor);
  while (value.load(std::memory_order_acquire) == old)
    value.wait(old, std::memory_order_acquire);
}

ThreadPool::ThreadPool(int threads) : parts_(threads) {
  for (int thread = 1; thread < threads; ++thread)
    workers_.emplace_back([this, thread] { work(thread); });
}

ThreadPool::~ThreadPool() {
  stop_.store(true, std::memory_order_relaxed);
  epoch_.fetch_add(1, std::memory_order_release);
  epoch_.notify_all();
  for (std::thread &worker : workers_)
    worker.join();
}

void ThreadPool::open(Task task, void *context) {
  task_ = task;
  context_ = context;
  gate_.store(kOpen, std::memory_order_release);
  epoch_.fetch_add(1, std::memory_order_release);
  epoch_.notify_all();
}

void ThreadPool::close() {
  // Nobody enters any more. Who is inside computes something; who is not has missed nothing, since
  // all work that is left to take was taken.
  gate_.fetch_and(~kOpen, std::memory_order_acq_rel);
  for (uint32_t inside; (inside = gate_.load(std::memory_order_acquire)) != 0;)
    waitWhileEqual(gate_, inside);
}

void ThreadPool::work(int thread) {
  for (uint32_t seen = 0;;) {
    waitWhileEqual(epoch_, seen);
    if (stop_.load(std::memory_order_relaxed))
      return;
    seen = epoch_.load(std::memory_order_acquire);
    uint32_t gate = gate_.load(std::memory_order_acquire);
    while ((gate & kOpen) &&
           !gate_.compare_exchange_weak(gate, gate + 1, std::memory_order_acq_rel))
      ;
    if (!(gate & kOpen))
      continue;
    task_(context_, thread);
    if (gate_.fetch_sub(1, std::memory_order_acq_rel) == 1)
      gate_.notify_one();
  }
}

} // namespace tpc
