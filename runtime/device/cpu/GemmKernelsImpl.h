//===- GemmKernelsImpl.h - The inner part of products, for one instruction set -------------===//
//
// Included by one source per instruction set, after its Simd types; everything is in an anonymous
// namespace and calls no library template, so that no code of one instruction set is linked into
// another.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/cpu/GemmKernels.h"
#include "runtime/device/cpu/SimdTranspose.h"
#include "runtime/support/BFloat16.h"

namespace tpc {
namespace {

/// A register block of `blockRows` x `vectors` registers in the arithmetic of Simd.
template <typename Simd, int blockRows, int vectors, typename Storage> struct Product {
  using T = typename Simd::T;
  using Vec = typename Simd::Vec;
  static constexpr int lanes = Simd::lanes, width = vectors * lanes;
  static_assert(kGemmGroup % blockRows == 0 && kGemmGroup % width == 0);

  static float widen(float value) { return value; }
  static double widen(double value) { return value; }
  static float widen(uint16_t value) { return bfloat16ToFloat(value); }

  //===--- packing ---===//

  /// One panel of `group` lanes, `count` of which exist.
  template <int group> static void packPanel(const GemmPart &part, int64_t first, T *to) {
    constexpr int step = 32 / sizeof(T);
    const Storage *from = static_cast<const Storage *>(part.from) + first * part.laneStride;
    int64_t count = part.lanes - first < group ? part.lanes - first : group;
    if (part.laneStride == 1 && count == group) {
      for (int64_t i = 0; i < part.k; ++i)
        for (int r = 0; r < group; ++r)
          to[i * group + r] = widen(from[i * part.kStride + r]);
      return;
    }
    int64_t whole = 0, blocks = 0;
    if (part.kStride == 1) {
      whole = part.k / step * step;
      blocks = count / step * step;
      for (int64_t i = 0; i < whole; i += step)
        for (int64_t r = 0; r < blocks; r += step)
          transposeBlock(from + r * part.laneStride + i, part.laneStride, to + i * group + r,
                         group);
    }
    // What no whole block covers, and zeros.
    for (int64_t i = 0; i < part.k; ++i)
      for (int64_t r = i < whole ? blocks : 0; r < group; ++r)
        to[i * group + r] = r < count ? widen(from[r * part.laneStride + i * part.kStride]) : T(0);
  }

  template <int group> static void pack(const GemmPart &part, void *to) {
    T *next = static_cast<T *>(to);
    for (int64_t first = 0; first < part.lanes; first += group, next += group * part.k)
      packPanel<group>(part, first, next);
  }

  //===--- multiplying ---===//

  /// Multiply-adds of one chain, before it is added to C: errors grow with the length of chains.
  static constexpr int64_t chain = 256;

  /// A register block of C, += if accumulate: the products of `k` lanes, at most `chain`.
  template <bool accumulate>
  static void block(int64_t k, const T *a, const T *b, T *c, int64_t ldc) {
    Vec sums[blockRows][vectors];
#pragma GCC unroll 16
    for (int r = 0; r < blockRows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v)
        sums[r][v] = Simd::set1(0);
    for (int64_t i = 0; i < k; ++i) {
      Vec right[vectors];
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v)
        right[v] = Simd::load(b + i * width + v * lanes);
#pragma GCC unroll 16
      for (int r = 0; r < blockRows; ++r) {
        Vec left = Simd::set1(a[i * blockRows + r]);
#pragma GCC unroll 4
        for (int v = 0; v < vectors; ++v)
          sums[r][v] = Simd::fma(left, right[v], sums[r][v]);
      }
    }
#pragma GCC unroll 16
    for (int r = 0; r < blockRows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        T *at = c + r * ldc + v * lanes;
        Simd::storeAnywhere(at, accumulate ? Simd::loadAnywhere(at) + sums[r][v] : sums[r][v]);
      }
  }

  /// All of k, chain by chain.
  static void chains(int64_t k, const T *a, const T *b, T *c, int64_t ldc, bool accumulate) {
    for (int64_t first = 0; first < k; first += chain) {
      int64_t count = k - first < chain ? k - first : chain;
      if (accumulate || first > 0)
        block<true>(count, a + first * blockRows, b + first * width, c, ldc);
      else
        block<false>(count, a + first * blockRows, b + first * width, c, ldc);
    }
  }

  /// A block at the edge of C goes through memory of its own.
  static void edge(int64_t rows, int64_t columns, int64_t k, const T *a, const T *b, T *c,
                   int64_t ldc, bool accumulate) {
    alignas(64) T whole[blockRows * width] = {};
    if (accumulate)
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t i = 0; i < columns; ++i)
          whole[r * width + i] = c[r * ldc + i];
    chains(k, a, b, whole, width, accumulate);
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t i = 0; i < columns; ++i)
        c[r * ldc + i] = whole[r * width + i];
  }

  static void multiply(int64_t m, int64_t n, int64_t k, const void *packedA, const void *packedB,
                       void *result, int64_t ldc, bool accumulate) {
    const T *a = static_cast<const T *>(packedA), *b = static_cast<const T *>(packedB);
    T *c = static_cast<T *>(result);
    for (int64_t column = 0; column < n; column += width)
      for (int64_t row = 0; row < m; row += blockRows) {
        const T *left = a + row * k, *right = b + column * k;
        T *at = c + row * ldc + column;
        if (row + blockRows <= m && column + width <= n)
          chains(k, left, right, at, ldc, accumulate);
        else
          edge(m - row < blockRows ? m - row : blockRows, n - column < width ? n - column : width,
               k, left, right, at, ldc, accumulate);
      }
  }

  static GemmKernels kernels() {
    return {blockRows, width, pack<blockRows>, pack<width>, multiply};
  }
};

template <typename SimdF32, typename SimdF64, int rows, int vectors>
GemmKernels gemmKernelsFor(DType operands) {
  if (operands == DType::F64)
    return Product<SimdF64, rows, vectors, double>::kernels();
  if (operands == DType::BF16)
    return Product<SimdF32, rows, vectors, uint16_t>::kernels();
  return Product<SimdF32, rows, vectors, float>::kernels();
}

} // namespace
} // namespace tpc
