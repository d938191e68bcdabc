//===- SimdReduce.h - Sums and maxima over the lanes of a register -------------------------===//
//
// The upper half is added to the lower until one lane is left: the order is the same for every
// register width. Included by the sources of one instruction set each, so nothing here is external.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include <immintrin.h>

namespace tpc {
namespace {

inline float sumOfLanes(__m256 v) {
  __m128 half = _mm256_castps256_ps128(v) + _mm256_extractf128_ps(v, 1);
  half = half + _mm_movehl_ps(half, half);
  return half[0] + half[1];
}
inline double sumOfLanes(__m256d v) {
  __m128d half = _mm256_castpd256_pd128(v) + _mm256_extractf128_pd(v, 1);
  return half[0] + half[1];
}
inline float maxOfLanes(__m256 v) {
  __m128 half = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  half = _mm_max_ps(half, _mm_movehl_ps(half, half));
  return half[0] > half[1] ? half[0] : half[1];
}
inline double maxOfLanes(__m256d v) {
  __m128d half = _mm_max_pd(_mm256_castpd256_pd128(v), _mm256_extractf128_pd(v, 1));
  return half[0] > half[1] ? half[0] : half[1];
}

} // namespace
} // namespace tpc
