//===- SimdAvx2.h - Registers of AVX2 and FMA ------------------------------------------===//
//
// What the templates of attention and of products take as `Simd`. Included by the sources of this
// instruction set alone, so everything is in an anonymous namespace.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/cpu/SimdReduce.h"

#include <immintrin.h>

namespace tpc {
namespace {

struct Avx2F32 {
  using T = float;
  using Vec = __m256;
  static constexpr int lanes = 8, width = 16, rows = 6;

  static Vec load(const T *from) { return _mm256_load_ps(from); }
  static void store(T *to, Vec v) { _mm256_store_ps(to, v); }
  static Vec loadAnywhere(const T *from) { return _mm256_loadu_ps(from); }
  static void storeAnywhere(T *to, Vec v) { _mm256_storeu_ps(to, v); }
  static Vec set1(T v) { return _mm256_set1_ps(v); }
  static Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_ps(a, b, c); }
  // Both give their second operand if one is NaN.
  static Vec max(Vec a, Vec b) { return _mm256_max_ps(a, b); }
  static Vec min(Vec a, Vec b) { return _mm256_min_ps(a, b); }
  static Vec zeroBelow(Vec v, Vec x, Vec limit) {
    return _mm256_andnot_ps(_mm256_cmp_ps(x, limit, _CMP_LT_OQ), v);
  }
  static Vec timesPowerOfTwo(Vec v, Vec n) {
    __m256i exponent = _mm256_slli_epi32(_mm256_castps_si256(n), 23);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(v), exponent));
  }
  static T sumOf(const Vec *v) { return sumOfLanes(v[0] + v[1]); }
  static T maxOf(Vec v) { return maxOfLanes(v); }
};

struct Avx2F64 {
  using T = double;
  using Vec = __m256d;
  static constexpr int lanes = 4, width = 8, rows = 6;

  static Vec load(const T *from) { return _mm256_load_pd(from); }
  static void store(T *to, Vec v) { _mm256_store_pd(to, v); }
  static Vec loadAnywhere(const T *from) { return _mm256_loadu_pd(from); }
  static void storeAnywhere(T *to, Vec v) { _mm256_storeu_pd(to, v); }
  static Vec set1(T v) { return _mm256_set1_pd(v); }
  static Vec fma(Vec a, Vec b, Vec c) { return _mm256_fmadd_pd(a, b, c); }
  static Vec max(Vec a, Vec b) { return _mm256_max_pd(a, b); }
  static Vec min(Vec a, Vec b) { return _mm256_min_pd(a, b); }
  static Vec zeroBelow(Vec v, Vec x, Vec limit) {
    return _mm256_andnot_pd(_mm256_cmp_pd(x, limit, _CMP_LT_OQ), v);
  }
  static Vec timesPowerOfTwo(Vec v, Vec n) {
    __m256i exponent = _mm256_slli_epi64(_mm256_castpd_si256(n), 52);
    return _mm256_castsi256_pd(_mm256_add_epi64(_mm256_castpd_si256(v), exponent));
  }
  static T sumOf(const Vec *v) { return sumOfLanes(v[0] + v[1]); }
  static T maxOf(Vec v) { return maxOfLanes(v); }
};

} // namespace
} // namespace tpc
