//===- MemoryMap.h - The memory that kernels may touch -------------------------------------===//
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tpc::fake_gpu {

struct MemoryRange {
  uint64_t begin = 0, end = 0; ///< host addresses
  bool writable = true;
  std::string name; ///< for messages
};

/// Disjoint ranges of host memory, in order of address. An access that lies in none of them is an
/// error.
class MemoryMap {
public:
  void add(const void *data, uint64_t bytes, std::string name, bool writable = true);
  /// False if no range begins there.
  bool remove(const void *data);
  /// The range that holds the address, or null.
  const MemoryRange *find(uint64_t address) const;
  /// "12 bytes behind the end of x (64 bytes)".
  std::string describe(uint64_t address) const;
  const std::vector<MemoryRange> &ranges() const { return ranges_; }

private:
  std::vector<MemoryRange> ranges_;
};

} // namespace tpc::fake_gpu
