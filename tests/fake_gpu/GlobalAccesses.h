//===- GlobalAccesses.h - Who touched global memory during one launch ----------------------===//
//
// As for shared memory, with blocks: nothing orders two blocks of a launch, a barrier orders the
// threads of a block, and bar.warp.sync the lanes of a warp. Two accesses of different threads that
// nothing orders, one of them writing, race. Blocks run on several host threads: a cell's halves
// are read and written as a whole, and an update that is lost can hide a race, but not make one up.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "tests/fake_gpu/MemoryMap.h"
#include "tests/fake_gpu/Program.h"

#include <atomic>
#include <map>
#include <optional>

namespace tpc::fake_gpu {

/// An access, or several: block + 1 in the upper half (all ones: several blocks), then 11 bits of
/// thread, 11 of barriers passed, 10 of warp syncs; 0 is none. Numbers of threads from 1024 on say
/// that several threads of one warp were there; 2047, of several warps.
using AccessStamp = uint64_t;

class GlobalAccesses {
public:
  /// `granule`: every access is aligned to it and is a multiple of it. Without `withReads`, only
  /// writes are noted.
  GlobalAccesses(const MemoryMap &memory, unsigned granule, bool withReads);
  ~GlobalAccesses();
  GlobalAccesses(const GlobalAccesses &) = delete;
  GlobalAccesses &operator=(const GlobalAccesses &) = delete;

  struct Cell {
    std::atomic<AccessStamp> write, read;
  };
  /// The cells of a range of the map, or null for what kernels cannot write.
  Cell *cellsOf(const MemoryRange &range) const;
  unsigned granuleShift() const { return granuleShift_; }
  bool notesReads() const { return notesReads_; }

  static AccessStamp stamp(uint64_t block, uint32_t thread, uint32_t barriers, uint32_t syncs) {
    return (block + 1) << 32 | uint64_t{thread} << 21 | (barriers & 0x7ff) << 10 | (syncs & 0x3ff);
  }

  static bool isWritten(const Cell &cell) { return cell.write.load(std::memory_order_relaxed); }
  /// The access that this one races with, if there is one.
  static std::optional<AccessStamp> read(Cell &cell, AccessStamp me) {
    AccessStamp written = cell.write.load(std::memory_order_relaxed);
    if (written && !isOrdered(written, me))
      return written;
    AccessStamp before = cell.read.load(std::memory_order_relaxed);
    AccessStamp after = before && !isOrdered(before, me) ? both(before, me) : me;
    if (after != before)
      cell.read.store(after, std::memory_order_relaxed);
    return std::nullopt;
  }
  static std::optional<AccessStamp> write(Cell &cell, AccessStamp me) {
    for (AccessStamp other :
         {cell.write.load(std::memory_order_relaxed), cell.read.load(std::memory_order_relaxed)})
      if (other && !isOrdered(other, me))
        return other;
    cell.write.store(me, std::memory_order_relaxed);
    return std::nullopt;
  }
  /// "thread 3 of block 17", or what is known of several.
  static std::string describe(AccessStamp stamp);

private:
  static uint32_t blockOf(AccessStamp stamp) { return static_cast<uint32_t>(stamp >> 32); }
  static uint32_t threadOf(AccessStamp stamp) { return stamp >> 21 & 0x7ff; }
  static uint32_t warpOf(AccessStamp stamp) {
    uint32_t thread = threadOf(stamp);
    return thread == severalWarps ? nowhere : thread < 1024 ? thread / warpSize : thread - 1024;
  }
  /// Whether `other` came before `me` by more than chance.
  static bool isOrdered(AccessStamp other, AccessStamp me) {
    if (blockOf(other) != blockOf(me))
      return false;
    if (threadOf(other) == threadOf(me) || (other >> 10 & 0x7ff) != (me >> 10 & 0x7ff))
      return true;
    return warpOf(other) == warpOf(me) && (other & 0x3ff) != (me & 0x3ff);
  }
  static AccessStamp both(AccessStamp before, AccessStamp me) {
    if (blockOf(before) != blockOf(me))
      return before | uint64_t{severalBlocks} << 32;
    uint64_t thread = warpOf(before) == warpOf(me) ? 1024 + warpOf(me) : severalWarps;
    return (me & ~(uint64_t{0x7ff} << 21)) | thread << 21;
  }

  static constexpr uint32_t severalWarps = 0x7ff, severalBlocks = 0xffffffff;
  struct Shadow {
    Cell *cells;
    size_t bytes;
  };
  std::map<uint64_t, Shadow> shadows_; ///< by the beginning of a range
  unsigned granuleShift_;
  bool notesReads_;
};

} // namespace tpc::fake_gpu
