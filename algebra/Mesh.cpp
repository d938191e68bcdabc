//===- Mesh.cpp - The named grid of ranks --------------------------------------------------===//
//
// Rank arithmetic of the mesh. Everything that asks "which rank, and who are its partners" goes
// through here, so that the numbering is decided in one place.
//
//===---------------------------------------------------------------------------------------===//
#include "algebra/Mesh.h"

namespace tpc {

namespace {

/// Distance in rank of two neighbours along `axis`.
int64_t strideOf(const Mesh &mesh, AxisId axis) {
  int64_t stride = 1;
  for (size_t i = axis + 1u; i < mesh.axes.size(); ++i)
    stride *= mesh.axes[i].size;
  return stride;
}

} // namespace

int64_t Mesh::numRanks() const {
  int64_t ranks = 1;
  for (const MeshAxis &axis : axes)
    ranks *= axis.size;
  return ranks;
}

std::optional<AxisId> Mesh::findAxis(std::string_view name) const {
  for (size_t i = 0; i < axes.size(); ++i)
    if (axes[i].name == name)
      return static_cast<AxisId>(i);
  return std::nullopt;
}

int64_t Mesh::coordinate(int64_t rank, AxisId axis) const {
  return rank / strideOf(*this, axis) % axisSize(axis);
}

std::vector<int64_t> Mesh::group(int64_t rank, AxisId axis) const {
  int64_t stride = strideOf(*this, axis);
  int64_t first = rank - coordinate(rank, axis) * stride;
  std::vector<int64_t> ranks;
  ranks.reserve(axisSize(axis));
  for (int64_t i = 0; i < axisSize(axis); ++i)
    ranks.push_back(first + i * stride);
  return ranks;
}

std::string Mesh::str() const {
  std::string text;
  for (const MeshAxis &axis : axes) {
    if (!text.empty())
      text += ", ";
    text += axis.name + "=" + std::to_string(axis.size);
  }
  return text;
}

} // namespace tpc
