//===- BufferCells.h - What --check-memory keeps apart ---------------------------------------===//
//
// A cell is consecutive bytes of an arena that hold one buffer and its views: buffers through which
// one value is written and read share bytes, and stay together. All others can be kept apart, and
// what lives within a step only is known to be dead before and after.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/plan/PlanFile.h"

#include <map>
#include <vector>

namespace tpc {

struct BufferCell {
  uint32_t arena;
  uint64_t begin, end; ///< in the arena

  size_t bytes() const { return end - begin; }
};

/// Which cells live within a step of an entry only, and after which instruction they are dead.
struct CellLifetimes {
  std::vector<uint32_t> scratch;
  std::multimap<uint32_t, uint32_t> lastUse; ///< instruction -> cell; outputs stay
};

class BufferCells {
public:
  explicit BufferCells(const PlanFile &plan);

  const std::vector<BufferCell> &cells() const { return cells_; }
  uint32_t cellOf(uint32_t buffer) const { return cellOf_[buffer]; }
  CellLifetimes lifetimesOf(const plan::Entry &entry) const;

private:
  PlanFile plan_;
  std::vector<BufferCell> cells_;
  std::vector<uint32_t> cellOf_; ///< by buffer
};

} // namespace tpc
