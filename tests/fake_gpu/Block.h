//===- Block.h - The threads of one block --------------------------------------------------===//
#pragma once

#include "tests/fake_gpu/GlobalAccesses.h"
#include "tests/fake_gpu/MemoryMap.h"
#include "tests/fake_gpu/SharedMemory.h"
#include "tests/fake_gpu/Warp.h"

#include <memory>

namespace tpc::fake_gpu {

/// What all blocks of a launch share, and none changes.
struct LaunchContext {
  const Program *program = nullptr;
  const MemoryMap *memory = nullptr;
  const uint8_t *parameters = nullptr;
  std::array<uint32_t, 3> grid{1, 1, 1}, block{1, 1, 1};
  uint32_t sharedBytes = 0; ///< static and dynamic
  uint32_t dynamicShared = 0;
  bool checkShared = true;
  const GlobalAccesses *accesses = nullptr; ///< to check global memory with, or none
  bool reverseWarps = false;                ///< the last warp of a block runs first
  uint64_t branchLimit = 0;                 ///< of one warp: more is an endless loop
};

/// Shared and local memory, and what a host thread keeps while it runs one block after the other.
struct BlockState {
  const LaunchContext *launch = nullptr;
  std::array<uint32_t, 3> index{};
  SharedMemory shared;
  std::vector<uint8_t> local;
  uint64_t linearIndex = 0; ///< of the block in the grid
  struct LastRange {
    uint64_t begin = 0, end = 0;
    uint64_t shift = 0; ///< to host memory
    bool writable = false;
    GlobalAccesses::Cell *cells = nullptr;
  };
  std::vector<LastRange> lastRange; ///< per op: where its addresses lay last
  std::string error;
};

/// Runs blocks. One per host thread.
class BlockRunner {
public:
  explicit BlockRunner(const LaunchContext &launch);

  /// False: error() says what went wrong.
  bool run(std::array<uint32_t, 3> index);
  const std::string &error() const { return state_.error; }
  /// How many lanes executed each op so far.
  const std::vector<uint64_t> &counts() const { return counts_; }

private:
  void start(Warp &warp);
  void setSpecials(Warp &warp);
  /// Until the warp waits at a barrier, ends, or fails.
  void runWarp(Warp &warp);
  bool releaseBarrier();

  const LaunchContext &launch_;
  BlockState state_;
  std::vector<Warp> warps_;
  struct Free {
    void operator()(uint8_t *data) const;
  };
  std::unique_ptr<uint8_t, Free> registers_;
  std::vector<uint64_t> counts_;
};

} // namespace tpc::fake_gpu
