//===- VertexCutTest.cpp - The lightest cut, against all cuts ---------------------------------===//
#include "compiler/autodiff/VertexCut.h"

#include <gtest/gtest.h>

#include <random>

using namespace tpc;

namespace {

struct Graph {
  std::vector<int64_t> weights;
  std::vector<std::pair<int, int>> edges;
  std::vector<int> sources, sinks;

  std::vector<bool> solve() const {
    VertexCut cut;
    for (int64_t weight : weights)
      cut.addVertex(weight);
    for (auto [from, to] : edges)
      cut.addEdge(from, to);
    for (int source : sources)
      cut.addSource(source);
    for (int sink : sinks)
      cut.addSink(sink);
    return cut.solve();
  }

  bool isParted(const std::vector<bool> &cut) const {
    std::vector<bool> reached(weights.size());
    std::vector<int> open;
    auto visit = [&](int vertex) {
      if (!cut[vertex] && !reached[vertex]) {
        reached[vertex] = true;
        open.push_back(vertex);
      }
    };
    for (int source : sources)
      visit(source);
    while (!open.empty()) {
      int vertex = open.back();
      open.pop_back();
      for (auto [from, to] : edges)
        if (from == vertex)
          visit(to);
    }
    for (int sink : sinks)
      if (reached[sink])
        return false;
    return true;
  }

  int64_t weightOf(const std::vector<bool> &cut) const {
    int64_t weight = 0;
    for (size_t i = 0; i < cut.size(); ++i)
      weight += cut[i] ? weights[i] : 0;
    return weight;
  }
};

TEST(VertexCut, OfEqualCutsTheOneNearestToTheSinksIsTaken) {
  Graph chain{{5, 5, 5}, {{0, 1}, {1, 2}}, {0}, {2}};
  EXPECT_EQ(chain.solve(), (std::vector<bool>{false, false, true}));
}

TEST(VertexCut, ASourceThatIsASinkIsCut) {
  Graph graph{{7, 1}, {{1, 0}}, {0}, {0}};
  EXPECT_EQ(graph.solve(), (std::vector<bool>{true, false}));
}

TEST(VertexCut, WithoutSourcesNothingIsCut) {
  Graph graph{{7, 1}, {{0, 1}}, {}, {1}};
  EXPECT_EQ(graph.solve(), (std::vector<bool>{false, false}));
}

TEST(VertexCut, IsTheLightestOfAllCutsOfRandomGraphs) {
  std::mt19937 random(7);
  auto below = [&](int bound) { return static_cast<int>(random() % bound); };
  for (int round = 0; round < 300; ++round) {
    int n = 2 + below(8);
    Graph graph;
    for (int i = 0; i < n; ++i)
      graph.weights.push_back(1 + below(9));
    for (int i = 0; i < n; ++i)
      for (int j = i + 1; j < n; ++j)
        if (below(3) == 0)
          graph.edges.push_back({i, j});
    for (int i = 0; i < n; ++i) {
      if (below(3) == 0)
        graph.sources.push_back(i);
      if (below(3) == 0)
        graph.sinks.push_back(i);
    }
    int64_t best = INT64_MAX;
    for (int mask = 0; mask < 1 << n; ++mask) {
      std::vector<bool> cut(n);
      for (int i = 0; i < n; ++i)
        cut[i] = mask >> i & 1;
      if (graph.isParted(cut))
        best = std::min(best, graph.weightOf(cut));
    }
    std::vector<bool> cut = graph.solve();
    EXPECT_TRUE(graph.isParted(cut)) << "round " << round;
    EXPECT_EQ(graph.weightOf(cut), best) << "round " << round;
  }
}

} // namespace
