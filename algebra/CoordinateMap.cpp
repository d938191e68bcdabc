//===- CoordinateMap.cpp - Local padded to global logical coordinates ----------------------===//
//
// Dims are independent, so one table per dim says everything; an element is a pad if its index
// along any dim is. Runs are found on the tables, never on elements: the work is per run.
//
//===---------------------------------------------------------------------------------------===//
#include "algebra/CoordinateMap.h"

#include <algorithm>

namespace tpc {

namespace {

/// Local index along one dim -> logical global index, or -1; see Sharding.cpp for the meaning.
std::vector<int64_t> indexTable(const DimLayout &dim, const Mesh &mesh, int64_t rank) {
  std::vector<int64_t> table{0};
  for (const Factor &factor : dim) {
    int64_t ranks = 1, block = 0;
    for (AxisId axis : factor.axes) {
      ranks *= mesh.axisSize(axis);
      block = block * mesh.axisSize(axis) + mesh.coordinate(rank, axis);
    }
    int64_t extent = factor.padded / ranks;
    std::vector<int64_t> next;
    next.reserve(table.size() * extent);
    for (int64_t major : table)
      for (int64_t i = block * extent; i < (block + 1) * extent; ++i)
        next.push_back(major < 0 || i >= factor.logical ? -1 : major * factor.logical + i);
    table = std::move(next);
  }
  return table;
}

/// Consecutive local indices along one dim that stand for consecutive global ones.
struct Segment {
  int64_t local, global, length;
};

std::vector<Segment> segmentsOf(const std::vector<int64_t> &table) {
  std::vector<Segment> segments;
  for (size_t i = 0; i < table.size(); ++i) {
    if (table[i] < 0)
      continue;
    if (!segments.empty()) {
      Segment &last = segments.back();
      if (last.local + last.length == static_cast<int64_t>(i) &&
          last.global + last.length == table[i]) {
        ++last.length;
        continue;
      }
    }
    segments.push_back({static_cast<int64_t>(i), table[i], 1});
  }
  return segments;
}

int64_t productOf(const std::vector<int64_t> &shape) {
  int64_t product = 1;
  for (int64_t size : shape)
    product *= size;
  return product;
}

} // namespace

CoordinateMap::CoordinateMap(const Sharding &sharding, const Mesh &mesh, int64_t rank)
    : localShape_(sharding.localShape(mesh)), globalShape_(sharding.globalShape()) {
  index_.reserve(sharding.dims.size());
  for (const DimLayout &dim : sharding.dims)
    index_.push_back(indexTable(dim, mesh, rank));
}

int64_t CoordinateMap::localElements() const { return productOf(localShape_); }
int64_t CoordinateMap::globalElements() const { return productOf(globalShape_); }

int64_t CoordinateMap::globalElement(int64_t localElement) const {
  int64_t element = 0, stride = 1;
  for (size_t dim = localShape_.size(); dim-- > 0;) {
    int64_t global = index_[dim][localElement % localShape_[dim]];
    if (global < 0)
      return -1;
    element += global * stride;
    stride *= globalShape_[dim];
    localElement /= localShape_[dim];
  }
  return element;
}

void CoordinateMap::forEachRun(const std::function<void(int64_t, int64_t, int64_t)> &run) const {
  // An empty tensor may have any extents beside the zero, too many to walk.
  if (std::ranges::find(localShape_, 0) != localShape_.end())
    return;

  // Trailing dims that the rank holds whole form one block of `block` elements.
  auto isWhole = [&](size_t dim, const std::vector<Segment> &segments) {
    return segments.size() == 1 && segments[0].length == localShape_[dim] &&
           segments[0].length == globalShape_[dim];
  };
  int64_t block = 1;
  size_t inner = localShape_.size();
  std::vector<Segment> segments{{0, 0, 1}};
  while (inner > 0) {
    segments = segmentsOf(index_[inner - 1]);
    if (!isWhole(inner - 1, segments))
      break;
    block *= localShape_[--inner];
    segments = {{0, 0, 1}};
  }

  // Runs that meet on both sides are one; the last one waits for what follows it.
  Segment pending{0, 0, 0};
  auto emit = [&](int64_t local, int64_t global, int64_t length) {
    if (pending.length && pending.local + pending.length == local &&
        pending.global + pending.length == global) {
      pending.length += length;
      return;
    }
    if (pending.length)
      run(pending.local, pending.global, pending.length);
    pending = {local, global, length};
  };

  // Dim inner-1 is walked by segments, the dims before it index by index.
  int64_t localInner = inner ? localShape_[inner - 1] : 1;
  int64_t globalInner = inner ? globalShape_[inner - 1] : 1;
  auto visit = [&](auto &self, size_t dim, int64_t local, int64_t global) -> void {
    if (dim + 1 >= inner) {
      for (const Segment &segment : segments)
        emit((local * localInner + segment.local) * block,
             (global * globalInner + segment.global) * block, segment.length * block);
      return;
    }
    for (int64_t i = 0; i < localShape_[dim]; ++i)
      if (int64_t index = index_[dim][i]; index >= 0)
        self(self, dim + 1, local * localShape_[dim] + i, global * globalShape_[dim] + index);
  };
  visit(visit, 0, 0, 0);
  if (pending.length)
    run(pending.local, pending.global, pending.length);
}

} // namespace tpc
