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

  /// body(begin, end) on ranges that cover [0, count). A thread begins with a part of its own, the
  /// same each time, which keeps it in the thread's cache; who is done helps the others.
  template <typename Body> void forRanges(int64_t count, Body &&body) {
    constexpr int64_t mostPieces = 4; // of a part
    forPieces(count, threads(), mostPieces,
              [&](int64_t begin, int64_t end, int) { body(begin, end); });
  }

  /// body(tile, slot) for every tile in [0, count), shared out in the same way. At most `slots`
  /// threads take part; slot, below `slots`, names scratch memory that no other running tile uses.
  template <typename Body> void forEach(int64_t count, int slots, Body &&body) {
    forPieces(count, slots, count, [&](int64_t begin, int64_t end, int slot) {
      for (int64_t tile = begin; tile < end; ++tile)
        body(tile, slot);
    });
  }

private:
  using Task = void (*)(void *context, int thread);

  /// body(begin, end, thread) on a part for each thread, cut into at most `mostPieces`.
  template <typename Body>
  void forPieces(int64_t count, int slots, int64_t mostPieces, Body &&body) {
    int64_t parts = std::min<int64_t>(std::min(threads(), slots), count);
    if (parts <= 1) {
      if (count > 0)
        body(int64_t{0}, count, 0);
      return;
    }
    int64_t pieces = std::min(mostPieces, count / parts);
    for (Part &part : parts_)
      part.next.store(0, std::memory_order_relaxed);
    auto run = [&](int thread) {
      if (thread >= parts)
        return;
      for (int64_t other = 0; other < parts; ++other) {
        int64_t part = (thread + other) % parts;
        auto &next = parts_[part].next;
        for (int64_t piece; (piece = next.fetch_add(1, std::memory_order_relaxed)) < pieces;) {
          int64_t at = part * pieces + piece, all = parts * pieces;
          body(count * at / all, count * (at + 1) / all, thread);
        }
      }
    };
    onAllThreads(run);
  }

  /// Returns when all work is done; a thread that wakes too late to help is not waited for.
  template <typename Run> void onAllThreads(Run &run) {
    open([](void *context, int thread) { (*static_cast<Run *>(context))(thread); }, &run);
    run(0);
    close();
  }
  void open(Task task, void *context);
  void close();
  void work(int thread);

  struct alignas(64) Part {
    std::atomic<int64_t> next{0};
  };
  static constexpr uint32_t kOpen = 1u << 31;

  std::vector<std::thread> workers_;
  std::vector<Part> parts_;
  Task task_ = nullptr;
  void *context_ = nullptr;
  alignas(64) std::atomic<uint32_t> epoch_{0}; // counts the tasks opened: what workers wait for
  alignas(64) std::atomic<uint32_t> gate_{0};  // workers inside of the task, and whether it is open
  std::atomic<bool> stop_{false};
};

} // namespace tpc
