//===- SimdTranspose.h - Blocks of rows become columns -------------------------------------===//
//
// Elements only move. AVX is enough: blocks of 8 x 8 floats or 4 x 4 doubles, for either
// instruction set. Included by the sources of one instruction set each, so nothing here is
// external.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include <cstdint>
#include <immintrin.h>

namespace tpc {
namespace {

inline __m256 loadEight(const float *from) { return _mm256_loadu_ps(from); }
/// bfloat16 is the upper half of a float.
inline __m256 loadEight(const uint16_t *from) {
  __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i *>(from));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
}

/// to[i * toStride + r] = from[r * fromStride + i] for r, i below 8.
template <typename Storage>
inline void transposeBlock(const Storage *from, int64_t fromStride, float *to, int64_t toStride) {
  __m256 a[8], b[8];
#pragma GCC unroll 8
  for (int r = 0; r < 8; ++r)
    a[r] = loadEight(from + r * fromStride);
#pragma GCC unroll 4
  for (int r = 0; r < 8; r += 2) {
    b[r] = _mm256_unpacklo_ps(a[r], a[r + 1]);
    b[r + 1] = _mm256_unpackhi_ps(a[r], a[r + 1]);
  }
#pragma GCC unroll 2
  for (int r = 0; r < 8; r += 4) {
    a[r] = _mm256_shuffle_ps(b[r], b[r + 2], 0x44);
    a[r + 1] = _mm256_shuffle_ps(b[r], b[r + 2], 0xee);
    a[r + 2] = _mm256_shuffle_ps(b[r + 1], b[r + 3], 0x44);
    a[r + 3] = _mm256_shuffle_ps(b[r + 1], b[r + 3], 0xee);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    _mm256_storeu_ps(to + i * toStride, _mm256_permute2f128_ps(a[i], a[i + 4], 0x20));
    _mm256_storeu_ps(to + (i + 4) * toStride, _mm256_permute2f128_ps(a[i], a[i + 4], 0x31));
  }
}

/// The same for r, i below 4.
inline void transposeBlock(const double *from, int64_t fromStride, double *to, int64_t toStride) {
  __m256d a[4], b[4];
#pragma GCC unroll 4
  for (int r = 0; r < 4; ++r)
    a[r] = _mm256_loadu_pd(from + r * fromStride);
  b[0] = _mm256_unpacklo_pd(a[0], a[1]);
  b[1] = _mm256_unpackhi_pd(a[0], a[1]);
  b[2] = _mm256_unpacklo_pd(a[2], a[3]);
  b[3] = _mm256_unpackhi_pd(a[2], a[3]);
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i) {
    _mm256_storeu_pd(to + i * toStride, _mm256_permute2f128_pd(b[i], b[i + 2], 0x20));
    _mm256_storeu_pd(to + (i + 2) * toStride, _mm256_permute2f128_pd(b[i], b[i + 2], 0x31));
  }
}

} // namespace
} // namespace tpc
