//===- ThreadPool.h - The threads of one CPU rank -----------------------------------------===//
//
// A small pool that belongs to one device. Work is a grid that depends on shapes only, and every
// tile writes its own bytes, so that it does not matter which thread computes which tile. Waiting
// threads spin for some microseconds, then sleep: there can be more ranks than cores.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace tpc {

class ThreadPool {
public:
  /// `threads` counts the caller of the methods below.
  explicit ThreadPool(int threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  /// body(begin, end) on one range per thread; the ranges cover [0, count). The same thread gets
  /// the same range each time, which keeps its part of a tensor in its own cache.
  template <typename Body> void forRanges(int64_t count, Body &&body) {
    int64_t parts = std::min<int64_t>(threads(), count);
    if (parts <= 1) {
      if (count > 0)
        body(int64_t{0}, count);
      return;
    }
    auto run = [&](int thread) {
      int64_t begin = count * thread / parts, end = count * (thread + 1) / parts;
      if (thread < parts)
        body(begin, end);
    };
    onAllThreads(run);
  }

  /// body(tile, slot) for every tile in [0, count), taken in ascending order by whichever thread is
  /// free. At most `slots` threads take part; slot, below `slots`, names scratch memory that no
  /// other running tile uses.
  template <typename Body> void forEach(int64_t count, int slots, Body &&body) {
    if (threads() == 1 || count <= 1 || slots == 1) {
      for (int64_t tile = 0; tile < count; ++tile)
        body(tile, 0);
      return;
    }
    std::atomic<int64_t> next{0};
    auto run = [&](int thread) {
      if (thread >= slots)
        return;
      for (int64_t tile; (tile = next.fetch_add(1, std::memory_order_relaxed)) < count;)
        body(tile, thread);
    };
    onAllThreads(run);
  }

private:
  using Task = void (*)(void *context, int thread);

  template <typename Run> void onAllThreads(Run &run) {
    start([](void *context, int thread) { (*static_cast<Run *>(context))(thread); }, &run);
    run(0);
    finish();
  }
  void start(Task task, void *context);
  void finish();
  void work(int thread);

  std::vector<std::thread> workers_;
  Task task_ = nullptr;
  void *context_ = nullptr;
  alignas(64) std::atomic<uint32_t> epoch_{0};   // counts the tasks started
  alignas(64) std::atomic<uint32_t> running_{0}; // workers that have not finished the task
  std::atomic<bool> stop_{false};
};

} // namespace tpc
