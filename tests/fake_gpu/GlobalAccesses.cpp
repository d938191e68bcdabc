#include "tests/fake_gpu/GlobalAccesses.h"

#include <sys/mman.h>

#include <bit>

namespace tpc::fake_gpu {

GlobalAccesses::GlobalAccesses(const MemoryMap &memory, unsigned granule, bool withReads)
    : granuleShift_(static_cast<unsigned>(std::countr_zero(granule))), notesReads_(withReads) {
  for (const MemoryRange &range : memory.ranges()) {
    if (!range.writable || range.begin == range.end)
      continue;
    size_t cells = ((range.end - 1) >> granuleShift_) - (range.begin >> granuleShift_) + 1;
    // Zeros, of which only what is touched takes memory.
    void *data = mmap(nullptr, cells * sizeof(Cell), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (data != MAP_FAILED)
      shadows_[range.begin] = {static_cast<Cell *>(data), cells * sizeof(Cell)};
  }
}

GlobalAccesses::~GlobalAccesses() {
  for (auto &[begin, shadow] : shadows_)
    munmap(shadow.cells, shadow.bytes);
}

GlobalAccesses::Cell *GlobalAccesses::cellsOf(const MemoryRange &range) const {
  auto found = shadows_.find(range.begin);
  return found == shadows_.end() ? nullptr : found->second.cells;
}

std::string GlobalAccesses::describe(AccessStamp stamp) {
  if (blockOf(stamp) == severalBlocks)
    return "several blocks";
  std::string block = " of block " + std::to_string(blockOf(stamp) - 1);
  if (threadOf(stamp) >= 1024)
    return "several threads" + block;
  return "thread " + std::to_string(threadOf(stamp)) + block;
}

} // namespace tpc::fake_gpu
