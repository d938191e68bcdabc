//===- SharedMemory.h - Shared memory that remembers who touched it ------------------------===//
//
// Two accesses of different threads to one granule, one of them writing, are ordered if a barrier
// of the block lies between them, or bar.warp.sync between lanes of one warp. All others race, and
// so does a read of what the block never wrote.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "tests/fake_gpu/Program.h"

namespace tpc::fake_gpu {

class SharedMemory {
public:
  /// `granule`: every access is aligned to it and is a multiple of it.
  void allocate(uint64_t bytes, unsigned granule);
  void beginBlock() { blockStart_ = ++epoch_; }
  void barrier() { ++epoch_; }

  /// Barriers since the block began.
  uint32_t barriers() const { return epoch_ - blockStart_; }

  uint64_t size() const { return bytes_.size(); }
  uint8_t *data() { return bytes_.data(); }

  enum class Fault { None, Uninitialised, WriteAfterWrite, ReadAfterWrite, WriteAfterRead };
  struct Conflict {
    Fault fault = Fault::None;
    uint32_t other = 0;   ///< a thread of the block
    bool several = false; ///< `other` stands for several threads
  };
  /// Thread `thread` of a warp that synchronised its lanes `syncs` times touches
  /// [offset, offset + bytes).
  Conflict read(uint64_t offset, unsigned bytes, uint32_t thread, uint32_t syncs) {
    uint64_t end = (offset + bytes - 1) >> granuleShift_;
    for (uint64_t i = offset >> granuleShift_; i <= end; ++i)
      if (!isReadBy(cells_[i], thread, static_cast<uint16_t>(syncs)))
        if (Conflict conflict = readCell(cells_[i], thread, static_cast<uint16_t>(syncs));
            conflict.fault != Fault::None)
          return conflict;
    return {};
  }
  Conflict write(uint64_t offset, unsigned bytes, uint32_t thread, uint32_t syncs);

private:
  static constexpr uint16_t severalWarps = 0xffff, ofWarp = 0x8000;
  /// Syncs are counted modulo 2^16, which tells apart those between two barriers.
  struct Cell {
    uint32_t writeEpoch = 0, readEpoch = 0;
    uint16_t writeSyncs = 0, readSyncs = 0;
    uint16_t writer = 0;
    uint16_t reader = 0; ///< a thread, ofWarp | its warp if several of one read it, or severalWarps
  };
  static bool sameWarp(uint16_t a, uint32_t thread) {
    if (a == severalWarps)
      return false;
    return (a & ofWarp ? a & ~uint32_t{ofWarp} : a / warpSize) == thread / warpSize;
  }
  /// Whether one more read of this thread changes and breaks nothing: most are like that.
  bool isReadBy(const Cell &cell, uint32_t thread, uint16_t syncs) const {
    if (cell.writeEpoch < blockStart_ || cell.writeEpoch == epoch_ || cell.readEpoch != epoch_)
      return false;
    return cell.reader == severalWarps ||
           (cell.readSyncs == syncs &&
            (cell.reader == thread || cell.reader == (ofWarp | thread / warpSize)));
  }
  Conflict readCell(Cell &cell, uint32_t thread, uint16_t syncs);
  Conflict writeCell(Cell &cell, uint32_t thread, uint16_t syncs);

  std::vector<uint8_t> bytes_;
  std::vector<Cell> cells_;
  unsigned granuleShift_ = 0;
  uint32_t epoch_ = 0, blockStart_ = 0;
};

} // namespace tpc::fake_gpu
