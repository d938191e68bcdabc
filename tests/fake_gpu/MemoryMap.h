//===- MemoryMap.h - The memory that kernels may touch -------------------------------------===//
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tpc::fake_gpu {

struct MemoryRange {
  uint64_t begin = 0, end = 0; ///< addresses as kernels see them
  bool writable = true;
  std::string name;   ///< for messages
  uint64_t shift = 0; ///< an address plus this is where the host finds the byte
};

/// Disjoint ranges, in order of address. An access that lies in none of them is an
/// error.
class MemoryMap {
public:
  /// Memory whose addresses are the host's own.
  void add(const void *data, uint64_t bytes, std::string name, bool writable = true);
  void add(MemoryRange range);
  /// False if no range begins there.
  bool remove(uint64_t begin);
  /// The range that holds the address, or null.
  const MemoryRange *find(uint64_t address) const;
  /// "12 bytes behind the end of x (64 bytes)".
  std::string describe(uint64_t address) const;
  const std::vector<MemoryRange> &ranges() const { return ranges_; }

private:
  std::vector<MemoryRange> ranges_;
};

} // namespace tpc::fake_gpu
