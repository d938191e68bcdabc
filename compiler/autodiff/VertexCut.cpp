//===- VertexCut.cpp - Dinic's algorithm on split vertices ------------------------------------===//
#include "compiler/autodiff/VertexCut.h"

#include <algorithm>
#include <limits>

using namespace tpc;

/// More than any cut weighs, and small enough that sums of a few do not overflow.
static constexpr int64_t kUnbounded = std::numeric_limits<int64_t>::max() / 4;

int VertexCut::addVertex(int64_t weight) {
  arcsOf_.resize(arcsOf_.size() + 2);
  addArc(inner(numVertices_), outer(numVertices_), weight);
  return numVertices_++;
}

void VertexCut::addEdge(int from, int to) { addArc(outer(from), inner(to), kUnbounded); }
void VertexCut::addSource(int vertex) { addArc(kSource, inner(vertex), kUnbounded); }
void VertexCut::addSink(int vertex) { addArc(outer(vertex), kTarget, kUnbounded); }

void VertexCut::addArc(int from, int to, int64_t capacity) {
  arcsOf_[from].push_back(static_cast<int>(arcs_.size()));
  arcs_.push_back({to, capacity});
  arcsOf_[to].push_back(static_cast<int>(arcs_.size()));
  arcs_.push_back({from, 0});
}

bool VertexCut::findLevels() {
  level_.assign(arcsOf_.size(), -1);
  level_[kSource] = 0;
  std::vector<int> queue = {kSource};
  for (size_t i = 0; i < queue.size(); ++i)
    for (int index : arcsOf_[queue[i]])
      if (const Arc &arc = arcs_[index]; arc.left > 0 && level_[arc.to] < 0) {
        level_[arc.to] = level_[queue[i]] + 1;
        queue.push_back(arc.to);
      }
  return level_[kTarget] >= 0;
}

/// One augmenting path from the source along rising levels, by an explicit stack: programs are
/// thousands of ops deep. Returns what it carried.
int64_t VertexCut::push() {
  int node = kSource;
  std::vector<int> path; // arcs
  while (node != kTarget) {
    size_t &next = next_[node];
    while (next < arcsOf_[node].size()) {
      const Arc &arc = arcs_[arcsOf_[node][next]];
      if (arc.left > 0 && level_[arc.to] == level_[node] + 1)
        break;
      ++next;
    }
    if (next < arcsOf_[node].size()) {
      path.push_back(arcsOf_[node][next]);
      node = arcs_[path.back()].to;
      continue;
    }
    if (path.empty())
      return 0;
    node = arcs_[path.back() ^ 1].to; // a dead end: take another arc before it
    path.pop_back();
    ++next_[node];
  }
  int64_t limit = kUnbounded;
  for (int index : path)
    limit = std::min(limit, arcs_[index].left);
  for (int index : path) {
    arcs_[index].left -= limit;
    arcs_[index ^ 1].left += limit;
  }
  return limit;
}

std::vector<bool> VertexCut::reachesTarget() const {
  std::vector<bool> reaches(arcsOf_.size());
  reaches[kTarget] = true;
  std::vector<int> queue = {kTarget};
  for (size_t i = 0; i < queue.size(); ++i)
    for (int index : arcsOf_[queue[i]]) {
      int before = arcs_[index].to;
      if (!reaches[before] && arcs_[index ^ 1].left > 0) {
        reaches[before] = true;
        queue.push_back(before);
      }
    }
  return reaches;
}

std::vector<bool> VertexCut::solve() {
  while (findLevels()) {
    next_.assign(arcsOf_.size(), 0);
    while (push() > 0) {
    }
  }
  std::vector<bool> reaches = reachesTarget();
  std::vector<bool> cut(numVertices_);
  for (int vertex = 0; vertex < numVertices_; ++vertex)
    cut[vertex] = !reaches[inner(vertex)] && reaches[outer(vertex)];
  return cut;
}
