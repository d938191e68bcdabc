//===- SimdAvx512.h - Registers of AVX-512 ---------------------------------------------===//
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

struct Avx512F32 {
  using T = float;
  using Vec = __m512;
  static constexpr int lanes = 16, width = 16, rows = 12;

  static Vec load(const T *from) { return _mm512_load_ps(from); }
  static void store(T *to, Vec v) { _mm512_store_ps(to, v); }
  static Vec loadAnywhere(const T *from) { return _mm512_loadu_ps(from); }
  static void storeAnywhere(T *to, Vec v) { _mm512_storeu_ps(to, v); }
  static Vec set1(T v) { return _mm512_set1_ps(v); }
  static Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_ps(a, b, c); }
  // Both give their second operand if one is NaN.
  static Vec max(Vec a, Vec b) { return _mm512_max_ps(a, b); }
  static Vec min(Vec a, Vec b) { return _mm512_min_ps(a, b); }
  static Vec zeroBelow(Vec v, Vec x, Vec limit) {
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, limit, _CMP_NLT_UQ), v);
  }
  static Vec timesPowerOfTwo(Vec v, Vec n) {
    __m512i exponent = _mm512_slli_epi32(_mm512_castps_si512(n), 23);
    return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(v), exponent));
  }
  static __m256 upper(Vec v) {
    return _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(v), 1));
  }
  static T sumOf(const Vec *v) { return sumOfLanes(_mm512_castps512_ps256(*v) + upper(*v)); }
  static T maxOf(Vec v) { return maxOfLanes(_mm256_max_ps(_mm512_castps512_ps256(v), upper(v))); }
};

struct Avx512F64 {
  using T = double;
  using Vec = __m512d;
  static constexpr int lanes = 8, width = 8, rows = 12;

  static Vec load(const T *from) { return _mm512_load_pd(from); }
  static void store(T *to, Vec v) { _mm512_store_pd(to, v); }
  static Vec loadAnywhere(const T *from) { return _mm512_loadu_pd(from); }
  static void storeAnywhere(T *to, Vec v) { _mm512_storeu_pd(to, v); }
  static Vec set1(T v) { return _mm512_set1_pd(v); }
  static Vec fma(Vec a, Vec b, Vec c) { return _mm512_fmadd_pd(a, b, c); }
  static Vec max(Vec a, Vec b) { return _mm512_max_pd(a, b); }
  static Vec min(Vec a, Vec b) { return _mm512_min_pd(a, b); }
  static Vec zeroBelow(Vec v, Vec x, Vec limit) {
    return _mm512_maskz_mov_pd(_mm512_cmp_pd_mask(x, limit, _CMP_NLT_UQ), v);
  }
  static Vec timesPowerOfTwo(Vec v, Vec n) {
    __m512i exponent = _mm512_slli_epi64(_mm512_castpd_si512(n), 52);
    return _mm512_castsi512_pd(_mm512_add_epi64(_mm512_castpd_si512(v), exponent));
  }
  static __m256d upper(Vec v) { return _mm512_extractf64x4_pd(v, 1); }
  static T sumOf(const Vec *v) { return sumOfLanes(_mm512_castpd512_pd256(*v) + upper(*v)); }
  static T maxOf(Vec v) { return maxOfLanes(_mm256_max_pd(_mm512_castpd512_pd256(v), upper(v))); }
};

} // namespace
} // namespace tpc
