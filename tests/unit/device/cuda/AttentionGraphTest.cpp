//===- AttentionGraphTest.cpp - The graphs that cuDNN gets mean attention ------------------===//
//
// cuDNN can't run without a GPU; but its graphs are data, and what they mean is evaluated here and
// compared with attention's definition.
//
//===---------------------------------------------------------------------------------------===//

#include "GraphEvaluation.h"

#include "runtime/device/cuda/AttentionGraph.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace tpc;
using namespace tpc::cuda;
using namespace tpc::test;

namespace {

using Tensor = std::vector<double>;

struct Case {
  std::string name;
  AttentionShape shape;
};

void PrintTo(const Case &c, std::ostream *out) { *out << c.name; }

Case makeCase(const std::string &name, int64_t queries, int64_t keys, int64_t heads,
              int64_t kvHeads, bool causal) {
  return {name, {2, queries, keys, heads, kvHeads, 8, causal, 0.3, DType::BF16}};
}

/// Attention and its gradients by definition, on [batch, length, heads, size].
struct Reference {
  Tensor o, lse, dq, dk, dv;

  Reference(const AttentionShape &s, const Tensor &q, const Tensor &k, const Tensor &v,
            const Tensor &dOut)
      : o(q.size()), lse(static_cast<size_t>(s.batch * s.heads * s.queryLength)), dq(q.size()),
        dk(k.size()), dv(v.size()) {
    const int64_t group = s.heads / s.kvHeads;
    auto query = [&](int64_t b, int64_t i, int64_t h) {
      return static_cast<size_t>(((b * s.queryLength + i) * s.heads + h) * s.size);
    };
    auto key = [&](int64_t b, int64_t j, int64_t h) {
      return static_cast<size_t>(((b * s.keyLength + j) * s.kvHeads + h / group) * s.size);
    };
    auto dot = [&](const Tensor &x, size_t at, const Tensor &y, size_t other) {
      double sum = 0;
      for (int64_t d = 0; d < s.size; ++d)
        sum += x[at + static_cast<size_t>(d)] * y[other + static_cast<size_t>(d)];
      return sum;
    };
    auto addTo = [&](Tensor &x, size_t at, double factor, const Tensor &y, size_t other) {
      for (int64_t d = 0; d < s.size; ++d)
        x[at + static_cast<size_t>(d)] += factor * y[other + static_cast<size_t>(d)];
    };
    for (int64_t b = 0; b < s.batch; ++b)
      for (int64_t h = 0; h < s.heads; ++h)
        for (int64_t i = 0; i < s.queryLength; ++i) {
          int64_t keys =
              s.causal ? std::min(s.keyLength, i + 1 + s.keyLength - s.queryLength) : s.keyLength;
          size_t row = query(b, i, h);
          double sum = 0;
          for (int64_t j = 0; j < keys; ++j)
            sum += std::exp(s.scale * dot(q, row, k, key(b, j, h)));
          lse[static_cast<size_t>((b * s.heads + h) * s.queryLength + i)] = std::log(sum);
          for (int64_t j = 0; j < keys; ++j)
            addTo(o, row, std::exp(s.scale * dot(q, row, k, key(b, j, h))) / sum, v, key(b, j, h));
          double mean = dot(dOut, row, o, row);
          for (int64_t j = 0; j < keys; ++j) {
            double p = std::exp(s.scale * dot(q, row, k, key(b, j, h))) / sum;
            double dScore = p * (dot(dOut, row, v, key(b, j, h)) - mean) * s.scale;
            addTo(dq, row, dScore, k, key(b, j, h));
            addTo(dk, key(b, j, h), dScore, q, row);
            addTo(dv, key(b, j, h), p, dOut, row);
          }
        }
  }
};

class AttentionGraph : public testing::TestWithParam<Case> {
protected:
  AttentionGraph() : s(GetParam().shape) {
    const auto queries = static_cast<size_t>(s.batch * s.queryLength * s.heads * s.size),
               keys = static_cast<size_t>(s.batch * s.keyLength * s.kvHeads * s.size);
    fill(q, queries, 1);
    fill(k, keys, 2);
    fill(v, keys, 3);
    fill(dOut, queries, 4);
    // What is not written shows.
    for (Tensor *result : {&o, &dq})
      result->assign(queries, std::nan(""));
    for (Tensor *result : {&dk, &dv})
      result->assign(keys, std::nan(""));
    lse.assign(static_cast<size_t>(s.batch * s.heads * s.queryLength), std::nan(""));
  }

  static void fill(Tensor &tensor, size_t size, int seed) {
    for (size_t i = 0; i < size; ++i)
      tensor.push_back(std::sin(static_cast<double>(i) * 1.7 + seed * 0.9));
  }

  /// Pass by pass over all parts, as CudnnAttentionPlan goes.
  void run(AttentionPass pass, const AttentionPart &part) {
    OpGraph graph = attentionGraph(s, part, pass);
    double numbers[] = {s.scale, -std::numeric_limits<double>::infinity(), 1,
                        static_cast<double>(s.keyLength), static_cast<double>(s.queryLength)};
    for (int64_t batch = 0; batch < s.batch; batch += part.batch)
      for (int64_t kvHead = 0; kvHead < s.kvHeads; kvHead += part.kvHeads) {
        Tensor outputSums(lse.size()), dqSums(q.size());
        std::map<int64_t, double *> memory{{UidOutputSums, outputSums.data()},
                                           {UidDqSums, dqSums.data()},
                                           {UidScale, &numbers[0]},
                                           {UidMasked, &numbers[1]},
                                           {UidOne, &numbers[2]},
                                           {UidKeyLength, &numbers[3]},
                                           {UidQueryLength, &numbers[4]}};
        Tensor *tensors[] = {&q, &k, &v, &o, &lse, &dOut, &dq, &dk, &dv};
        for (int64_t uid = UidQ; uid <= UidDv; ++uid)
          memory[uid] = tensors[uid - UidQ]->data() +
                        partOffset(s, static_cast<AttentionUid>(uid), batch, kvHead);
        evaluate(graph, memory);
      }
  }

  void expectNear(const Tensor &found, const Tensor &expected, const char *what) {
    ASSERT_EQ(found.size(), expected.size());
    for (size_t i = 0; i < found.size(); ++i)
      ASSERT_NEAR(found[i], expected[i], 1e-12) << what << "[" << i << "]";
  }

  const AttentionShape s;
  Tensor q, k, v, o, lse, dOut, dq, dk, dv;
};

INSTANTIATE_TEST_SUITE_P(Shapes, AttentionGraph,
                         testing::Values(makeCase("square", 5, 5, 2, 2, false),
                                         makeCase("causal", 5, 5, 2, 2, true),
                                         makeCase("causal_more_keys", 3, 7, 2, 2, true),
                                         makeCase("more_keys", 3, 7, 2, 2, false),
                                         makeCase("fewer_keys", 6, 4, 2, 2, false),
                                         makeCase("groups", 4, 4, 6, 2, true),
                                         makeCase("groups_more_keys", 2, 5, 4, 1, true),
                                         makeCase("one_query", 1, 6, 2, 1, true)),
                         [](const auto &info) { return info.param.name; });

} // namespace

TEST_P(AttentionGraph, ForwardAndBackwardAreTheDefinition) {
  Reference reference(s, q, k, v, dOut);
  for (AttentionPass backward : {AttentionPass::Backward, AttentionPass::DeterministicBackward}) {
    run(AttentionPass::Forward, {s.batch, s.kvHeads});
    expectNear(o, reference.o, "o");
    expectNear(lse, reference.lse, "lse");
    run(backward, {s.batch, s.kvHeads});
    expectNear(dq, reference.dq, "dq");
    expectNear(dk, reference.dk, "dk");
    expectNear(dv, reference.dv, "dv");
  }
}

TEST_P(AttentionGraph, PartsMakeTheWhole) {
  Reference reference(s, q, k, v, dOut);
  o = reference.o;
  lse = reference.lse;
  for (const AttentionPart &part : {AttentionPart{1, s.kvHeads}, AttentionPart{1, 1}}) {
    for (Tensor *result : {&dq, &dk, &dv})
      result->assign(result->size(), std::nan(""));
    run(AttentionPass::DeterministicBackward, part);
    expectNear(dq, reference.dq, "dq");
    expectNear(dk, reference.dk, "dk");
    expectNear(dv, reference.dv, "dv");
  }
}

TEST(AttentionGraphOps, OneQueryHasNoMask) {
  auto masks = [](int64_t queries) {
    AttentionShape shape = makeCase("", queries, 6, 2, 1, true).shape;
    return std::ranges::count(attentionGraph(shape, {2, 1}, AttentionPass::Forward).ops,
                              GraphOpKind::Select, &GraphOp::kind);
  };
  EXPECT_EQ(masks(2), 1);
  EXPECT_EQ(masks(1), 0);
}
