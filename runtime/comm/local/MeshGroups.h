//===- MeshGroups.h - The groups of ranks of a mesh ------------------------------------------===//
#pragma once

#include "algebra/Mesh.h"
#include "runtime/comm/Communicator.h"

#include <functional>
#include <memory>
#include <vector>

namespace tpc {

/// All communicators of a mesh: [rank][axis], one group for each line of ranks along each axis.
/// `makeGroup` gets the ranks of a line and returns the communicator of each.
inline std::vector<std::vector<std::unique_ptr<Communicator>>>
makeGroupsOfMesh(const Mesh &mesh, const std::function<std::vector<std::unique_ptr<Communicator>>(
                                       const std::vector<int64_t> &ranks)> &makeGroup) {
  std::vector<std::vector<std::unique_ptr<Communicator>>> result(mesh.numRanks());
  for (std::vector<std::unique_ptr<Communicator>> &axes : result)
    axes.resize(mesh.axes.size());
  for (size_t axis = 0; axis < mesh.axes.size(); ++axis)
    for (int64_t rank = 0; rank < mesh.numRanks(); ++rank) {
      AxisId id = static_cast<AxisId>(axis);
      if (mesh.coordinate(rank, id) != 0)
        continue;
      std::vector<int64_t> members = mesh.group(rank, id);
      auto group = makeGroup(members);
      for (size_t c = 0; c < members.size(); ++c)
        result[members[c]][axis] = std::move(group[c]);
    }
  return result;
}

} // namespace tpc
