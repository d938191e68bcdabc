#include "tests/fake_gpu/MemoryMap.h"

#include <algorithm>

namespace tpc::fake_gpu {
namespace {

auto firstBehind(const std::vector<MemoryRange> &ranges, uint64_t address) {
  return std::upper_bound(ranges.begin(), ranges.end(), address,
                          [](uint64_t a, const MemoryRange &range) { return a < range.begin; });
}

} // namespace

void MemoryMap::add(const void *data, uint64_t bytes, std::string name, bool writable) {
  auto begin = reinterpret_cast<uint64_t>(data);
  add({begin, begin + bytes, writable, std::move(name)});
}

void MemoryMap::add(MemoryRange range) {
  ranges_.insert(firstBehind(ranges_, range.begin), std::move(range));
}

bool MemoryMap::remove(uint64_t begin) {
  return std::erase_if(ranges_, [=](const MemoryRange &range) { return range.begin == begin; }) > 0;
}

const MemoryRange *MemoryMap::find(uint64_t address) const {
  auto behind = firstBehind(ranges_, address);
  if (behind == ranges_.begin() || address >= std::prev(behind)->end)
    return nullptr;
  return &*std::prev(behind);
}

std::string MemoryMap::describe(uint64_t address) const {
  auto behind = firstBehind(ranges_, address);
  if (behind == ranges_.begin())
    return "no memory lies below it";
  const MemoryRange &below = *std::prev(behind);
  std::string of = below.name + " (" + std::to_string(below.end - below.begin) + " bytes)";
  if (address < below.end)
    return "byte " + std::to_string(address - below.begin) + " of " + of;
  return std::to_string(address - below.end) + " bytes behind the end of " + of;
}

} // namespace tpc::fake_gpu
