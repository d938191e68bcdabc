//===- CoordinateMap.h - Local padded to global logical coordinates -----------------------===//
//
// The one place that knows which logical elements a rank holds, and where. Loader, saver, random
// numbers, the interpreter and verify use it and nothing else.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/Sharding.h"

#include <functional>

namespace tpc {

/// For one sharding, mesh and rank.
class CoordinateMap {
public:
  CoordinateMap(const Sharding &sharding, const Mesh &mesh, int64_t rank);

  const std::vector<int64_t> &localShape() const { return localShape_; }
  const std::vector<int64_t> &globalShape() const { return globalShape_; }
  int64_t localElements() const;
  int64_t globalElements() const;

  /// The logical global index along `dim` that local index `local` stands for, or -1 for a pad.
  int64_t globalIndex(int dim, int64_t local) const { return index_[dim][local]; }

  /// The global row-major element that the local row-major element stands for, or -1 for a pad.
  int64_t globalElement(int64_t localElement) const;

  /// Calls `run(localOffset, globalOffset, length)` for every maximal run of elements that are
  /// consecutive on both sides, in ascending local order. Pads belong to no run.
  void forEachRun(const std::function<void(int64_t, int64_t, int64_t)> &run) const;

private:
  std::vector<int64_t> localShape_, globalShape_;
  std::vector<std::vector<int64_t>> index_; // per dim: local index -> global index or -1
};

} // namespace tpc
