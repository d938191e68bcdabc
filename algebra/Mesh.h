//===- Mesh.h - The named grid of ranks ----------------------------------------------------===//
//
// A mesh names the dimensions of the grid of ranks. Ranks are numbered row-major: the last axis
// varies fastest, so that neighbours on the last axis are neighbours in rank.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tpc {

/// Position of an axis in its mesh.
using AxisId = uint8_t;

struct MeshAxis {
  std::string name; ///< "tp", "dp"
  int64_t size;     ///< number of ranks along it, >= 1

  bool operator==(const MeshAxis &) const = default;
};

struct Mesh {
  std::vector<MeshAxis> axes;

  int64_t numRanks() const;
  int64_t axisSize(AxisId axis) const { return axes[axis].size; }
  std::optional<AxisId> findAxis(std::string_view name) const;

  /// Coordinate of `rank` along `axis`, in [0, axisSize(axis)).
  int64_t coordinate(int64_t rank, AxisId axis) const;

  /// The ranks that differ from `rank` in their coordinate along `axis` alone, in ascending order
  /// of that coordinate; `rank` is one of them.
  std::vector<int64_t> group(int64_t rank, AxisId axis) const;

  /// "tp=2, dp=2"
  std::string str() const;

  bool operator==(const Mesh &) const = default;
};

} // namespace tpc
