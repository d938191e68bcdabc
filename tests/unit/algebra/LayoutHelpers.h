//===- LayoutHelpers.h - Layouts for tests, written and drawn -------------------------------===//
//
// Writes layouts as "12:16 tp, 64", so that tables of tests read like the documentation, draws
// random shardings for the property tests, and says from the definition alone which rank holds
// what: placeOf goes from the global index to the rank, the library the other way.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "algebra/Sharding.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <sstream>

namespace tpc::test {

/// "3, 12:16 tp, 64"; axes of one factor are separated by spaces, major first.
inline DimLayout dimOf(const std::string &text, const Mesh &mesh) {
  DimLayout dim;
  std::istringstream factors(text);
  for (std::string factorText; std::getline(factors, factorText, ',');) {
    std::istringstream words(factorText);
    std::string sizes, axis;
    words >> sizes;
    size_t colon = sizes.find(':');
    Factor factor{std::stoll(sizes), 0, {}};
    factor.padded =
        colon == std::string::npos ? factor.logical : std::stoll(sizes.substr(colon + 1));
    while (words >> axis) {
      std::optional<AxisId> id = mesh.findAxis(axis);
      EXPECT_TRUE(id) << "the test names no axis of the mesh: " << axis;
      factor.axes.push_back(id.value_or(0));
    }
    dim.push_back(std::move(factor));
  }
  return dim;
}

inline Sharding shardingOf(const std::vector<std::string> &dims, const Mesh &mesh,
                           std::vector<Partial> partial = {}) {
  Sharding sharding;
  for (const std::string &dim : dims)
    sharding.dims.push_back(dimOf(dim, mesh));
  sharding.partial = std::move(partial);
  return sharding;
}

inline std::string dimStr(const DimLayout &dim, const Mesh &mesh) {
  std::string text = Sharding{{dim}, {}}.str(mesh);
  return text.substr(1, text.size() - 2);
}

class Random {
public:
  explicit Random(uint32_t seed) : engine(seed) {}
  /// In [low, high]; the same on every machine, which std::uniform_int_distribution is not.
  int64_t in(int64_t low, int64_t high) { return low + engine() % (high - low + 1); }
  bool oneIn(int64_t n) { return in(1, n) == 1; }

  Mesh mesh() {
    const char *names[] = {"dp", "pp", "tp"};
    Mesh mesh;
    for (int64_t i = in(0, 2); i < 3; ++i)
      mesh.axes.push_back({names[i], in(1, 4)});
    return mesh;
  }

  /// Any valid sharding of up to three dims of up to three factors; not canonical.
  Sharding sharding(const Mesh &mesh) {
    std::vector<AxisId> axes;
    for (size_t i = 0; i < mesh.axes.size(); ++i)
      axes.push_back(static_cast<AxisId>(i));
    Sharding sharding;
    for (int64_t d = in(0, 3); d > 0; --d) {
      DimLayout dim;
      for (int64_t f = in(1, 3); f > 0; --f) {
        Factor factor{in(1, 6), 0, {}};
        int64_t ranks = 1;
        while (!axes.empty() && oneIn(4)) {
          size_t pick = in(0, static_cast<int64_t>(axes.size()) - 1);
          factor.axes.push_back(axes[pick]);
          ranks *= mesh.axisSize(axes[pick]);
          axes.erase(axes.begin() + pick);
        }
        factor.padded = (factor.logical + ranks - 1) / ranks * ranks;
        if (oneIn(5))
          factor.padded += ranks * in(1, 2);
        dim.push_back(std::move(factor));
      }
      sharding.dims.push_back(std::move(dim));
    }
    return sharding;
  }

private:
  std::mt19937 engine;
};

/// Where the global index of a dim lives: at local index `local` of the ranks whose coordinates on
/// the given axes are these.
struct Place {
  int64_t local = 0;
  std::vector<std::pair<AxisId, int64_t>> coordinates;

  bool isOn(int64_t rank, const Mesh &mesh) const {
    return std::all_of(coordinates.begin(), coordinates.end(), [&](auto &entry) {
      return mesh.coordinate(rank, entry.first) == entry.second;
    });
  }
};

inline Place placeOf(const DimLayout &dim, int64_t global, const Mesh &mesh) {
  Place place;
  int64_t stride = 1;
  for (size_t i = dim.size(); i-- > 0;) {
    int64_t index = global % dim[i].logical;
    global /= dim[i].logical;
    int64_t blocks = 1;
    for (AxisId axis : dim[i].axes)
      blocks *= mesh.axisSize(axis);
    int64_t extent = dim[i].padded / blocks;
    place.local += index % extent * stride;
    stride *= extent;
    int64_t block = index / extent;
    for (size_t a = dim[i].axes.size(); a-- > 0;) {
      AxisId axis = dim[i].axes[a];
      place.coordinates.push_back({axis, block % mesh.axisSize(axis)});
      block /= mesh.axisSize(axis);
    }
  }
  return place;
}

/// The global index that each local index of a dim stands for on `rank`, or -1.
inline std::vector<int64_t> meaningOf(const DimLayout &dim, const Mesh &mesh, int64_t rank) {
  std::vector<int64_t> table(localSize(dim, mesh), -1);
  for (int64_t global = 0; global < logicalSize(dim); ++global)
    if (Place place = placeOf(dim, global, mesh); place.isOn(rank, mesh))
      table.at(place.local) = global;
  return table;
}

/// Both layouts put the same indices at the same places of the same ranks.
inline bool sameMeaning(const DimLayout &a, const DimLayout &b, const Mesh &mesh) {
  for (int64_t rank = 0; rank < mesh.numRanks(); ++rank)
    if (meaningOf(a, mesh, rank) != meaningOf(b, mesh, rank))
      return false;
  return true;
}

} // namespace tpc::test
