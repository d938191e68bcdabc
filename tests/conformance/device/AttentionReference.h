//===- AttentionReference.h - Attention by its definition, in float64 ----------------------===//
#pragma once

#include "tests/conformance/device/DeviceTest.h"

#include <cmath>

namespace tpc {

/// The definition, row by row. Sums of magnitudes bound what rounding may do.
struct AttentionReference {
  std::vector<double> o, lse, dq, dk, dv;

  AttentionReference(const AttentionShape &s, const Tensor &ofQ, const Tensor &ofK,
                     const Tensor &ofV, const Tensor &ofDo)
      : o(ofQ.size()), lse(s.batch * s.heads * s.queryLength), dq(ofQ.size()), dk(ofK.size()),
        dv(ofV.size()) {
    std::vector<double> q = ofQ.values(), k = ofK.values(), v = ofV.values(), dOut = ofDo.values();
    for (int64_t b = 0; b < s.batch; ++b)
      for (int64_t h = 0; h < s.heads; ++h)
        for (int64_t i = 0; i < s.queryLength; ++i) {
          int64_t at = ((b * s.queryLength + i) * s.heads + h) * s.size;
          int64_t kvHead = h / (s.heads / s.kvHeads);
          auto keyAt = [&](int64_t j) {
            return ((b * s.keyLength + j) * s.kvHeads + kvHead) * s.size;
          };
          int64_t seen = s.causal ? i + s.keyLength - s.queryLength + 1 : s.keyLength;
          seen = std::max<int64_t>(0, std::min(seen, s.keyLength));
          std::vector<double> p(seen);
          double largest = -INFINITY, sum = 0;
          for (int64_t j = 0; j < seen; ++j) {
            for (int64_t c = 0; c < s.size; ++c)
              p[j] += q[at + c] * k[keyAt(j) + c];
            largest = std::max(largest, p[j] *= s.scale);
          }
          for (double &x : p)
            sum += x = std::exp(x - largest);
          lse[(b * s.heads + h) * s.queryLength + i] = seen ? largest + std::log(sum) : -INFINITY;
          double mean = 0;
          std::vector<double> dp(seen);
          for (int64_t j = 0; j < seen; ++j) {
            p[j] /= sum;
            for (int64_t c = 0; c < s.size; ++c) {
              o[at + c] += p[j] * v[keyAt(j) + c];
              dp[j] += dOut[at + c] * v[keyAt(j) + c];
              dv[keyAt(j) + c] += p[j] * dOut[at + c];
            }
            mean += p[j] * dp[j];
          }
          for (int64_t j = 0; j < seen; ++j)
            for (int64_t c = 0; c < s.size; ++c) {
              double ds = p[j] * (dp[j] - mean) * s.scale;
              dq[at + c] += ds * k[keyAt(j) + c];
              dk[keyAt(j) + c] += ds * q[at + c];
            }
        }
  }
};

inline void expectNear(const Tensor &got, const std::vector<double> &expected, double tolerance,
                       const char *what) {
  ASSERT_EQ(got.size(), static_cast<int64_t>(expected.size()));
  for (int64_t i = 0; i < got.size(); ++i) {
    if (std::isinf(expected[i])) {
      ASSERT_EQ(got.get(i), expected[i]) << what << " element " << i;
      continue;
    }
    ASSERT_LE(std::abs(got.get(i) - expected[i]), tolerance * (1 + std::abs(expected[i])))
        << what << " element " << i << ": " << got.get(i) << ", not " << expected[i];
  }
}

inline AttentionShape shapeOf(int64_t batch, int64_t queries, int64_t keys, int64_t heads,
                              int64_t kvHeads, int64_t size, bool causal, DType dtype) {
  return {batch, queries, keys, heads, kvHeads, size, causal, 1 / std::sqrt(double(size)), dtype};
}

} // namespace tpc
