#include "tests/fake_gpu/SharedMemory.h"

#include <bit>

namespace tpc::fake_gpu {

void SharedMemory::allocate(uint64_t bytes, unsigned granule) {
  granuleShift_ = static_cast<unsigned>(std::countr_zero(granule));
  bytes_.assign(bytes, 0xff);
  cells_.assign((bytes + granule - 1) / granule, {});
}

SharedMemory::Conflict SharedMemory::readCell(Cell &cell, uint32_t thread, uint16_t syncs) {
  if (cell.writeEpoch < blockStart_)
    return {Fault::Uninitialised};
  if (cell.writeEpoch == epoch_ && cell.writer != thread &&
      !(sameWarp(cell.writer, thread) && cell.writeSyncs != syncs))
    return {Fault::ReadAfterWrite, cell.writer};
  if (cell.readEpoch != epoch_ || cell.reader == thread)
    cell.reader = static_cast<uint16_t>(thread);
  else if (sameWarp(cell.reader, thread))
    cell.reader = static_cast<uint16_t>(ofWarp | (thread / warpSize));
  else
    cell.reader = severalWarps;
  cell.readEpoch = epoch_;
  cell.readSyncs = syncs;
  return {};
}

SharedMemory::Conflict SharedMemory::writeCell(Cell &cell, uint32_t thread, uint16_t syncs) {
  if (cell.writeEpoch == epoch_ && cell.writer != thread &&
      !(sameWarp(cell.writer, thread) && cell.writeSyncs != syncs))
    return {Fault::WriteAfterWrite, cell.writer};
  if (cell.readEpoch == epoch_ && cell.reader != thread &&
      !(sameWarp(cell.reader, thread) && cell.readSyncs != syncs)) {
    bool several = cell.reader & ofWarp;
    uint32_t other = cell.reader == severalWarps ? 0
                     : several                   ? (cell.reader & ~uint32_t{ofWarp}) * warpSize
                                                 : cell.reader;
    return {Fault::WriteAfterRead, other, several};
  }
  cell.writeEpoch = epoch_;
  cell.writeSyncs = syncs;
  cell.writer = static_cast<uint16_t>(thread);
  return {};
}

SharedMemory::Conflict SharedMemory::write(uint64_t offset, unsigned bytes, uint32_t thread,
                                           uint32_t syncs) {
  uint64_t end = (offset + bytes - 1) >> granuleShift_;
  for (uint64_t i = offset >> granuleShift_; i <= end; ++i)
    if (Conflict conflict = writeCell(cells_[i], thread, static_cast<uint16_t>(syncs));
        conflict.fault != Fault::None)
      return conflict;
  return {};
}

} // namespace tpc::fake_gpu
