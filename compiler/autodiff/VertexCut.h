//===- VertexCut.h - The lightest vertices that part sources from sinks ---------------------===//
//
// A minimum vertex cut by maximum flow (Dinic). No MLIR: which value is a vertex, and why, is the
// caller's business.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace tpc {

class VertexCut {
public:
  /// A vertex that can be cut for `weight` (at least 0). Returns its number: 0, 1, ...
  int addVertex(int64_t weight);
  void addEdge(int from, int to);
  /// Every path from a source to a sink passes a vertex of the cut; sources and sinks themselves
  /// may be cut.
  void addSource(int vertex);
  void addSink(int vertex);

  /// Per vertex, whether it is in the cut of least weight; of several the one nearest to the sinks.
  /// May be called once.
  std::vector<bool> solve();

private:
  struct Arc {
    int to;
    int64_t left; ///< residual capacity
  };

  int inner(int vertex) const { return 2 + 2 * vertex; }
  int outer(int vertex) const { return 3 + 2 * vertex; }
  void addArc(int from, int to, int64_t capacity);
  bool findLevels();
  int64_t push();
  std::vector<bool> reachesTarget() const;

  static constexpr int kSource = 0, kTarget = 1;
  int numVertices_ = 0;
  std::vector<Arc> arcs_; ///< arc i ^ 1 is the reverse of arc i
  std::vector<std::vector<int>> arcsOf_ = {{}, {}};
  std::vector<int> level_;
  std::vector<std::size_t> next_; ///< first arc per node that can still carry flow in this phase
};

} // namespace tpc
