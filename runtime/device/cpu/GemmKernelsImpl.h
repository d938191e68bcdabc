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

  /// Panels of `group` lanes each, of which part.lanes exist.
  template <int group> static void pack(const GemmPart &part, void *to) {
    T *panels = static_cast<T *>(to);
    if (part.laneStride == 1)
      packStraight<group>(part, panels);
    else
      packTransposing<group>(part, panels);
  }

  /// Lanes lie side by side: what is there of one k goes to all panels before the next k is read,
  /// because lines that are a power of two apart do not stay in a cache.
  template <int group> static void packStraight(const GemmPart &part, T *panels) {
    const Storage *from = static_cast<const Storage *>(part.from);
    int64_t whole = part.lanes / group * group;
    for (int64_t i = 0; i < part.k; ++i, from += part.kStride) {
      T *to = panels + i * group;
      int64_t first = 0;
      for (; first < whole; first += group, to += group * part.k)
        for (int r = 0; r < group; ++r)
          to[r] = widen(from[first + r]);
      if (first < part.lanes)
        for (int r = 0; r < group; ++r)
          to[r] = first + r < part.lanes ? widen(from[first + r]) : T(0);
    }
  }

  /// Lanes are rows of their own. A few of them are read at a time, each from its beginning to its
  /// end, as prefetching likes it.
  template <int group> static void packTransposing(const GemmPart &part, T *panel) {
    constexpr int step = 32 / sizeof(T);
    int64_t whole = part.kStride == 1 ? part.k / step * step : 0;
    for (int64_t first = 0; first < part.lanes; first += group, panel += group * part.k) {
      const Storage *from = static_cast<const Storage *>(part.from) + first * part.laneStride;
      int64_t count = part.lanes - first < group ? part.lanes - first : group;
      int64_t blocks = count / step * step;
      for (int64_t r = 0; r < blocks; r += step)
        for (int64_t i = 0; i < whole; i += step)
          transposeBlock(from + r * part.laneStride + i, part.laneStride, panel + i * group + r,
                         group);
      // What no whole block covers, and zeros.
      for (int64_t i = 0; i < part.k; ++i)
        for (int64_t r = i < whole ? blocks : 0; r < group; ++r)
          panel[i * group + r] =
              r < count ? widen(from[r * part.laneStride + i * part.kStride]) : T(0);
    }
  }

  //===--- multiplying ---===//

  /// Fetches a part into the second-level cache, a line at a time between multiply-adds: many
  /// requests at once would keep the loads of the product waiting.
  class Ahead {
  public:
    static constexpr int64_t interval = 8; ///< multiply-adds of an element of C for each line

    explicit Ahead(const GemmPart &part) : at_(static_cast<const char *>(part.from)) {
      bool straight = part.laneStride == 1;
      int64_t bytes = (straight ? part.lanes : part.k) * static_cast<int64_t>(sizeof(Storage));
      runs_ = straight && part.lanes > 0 ? part.k : part.lanes;
      linesOfRun_ = left_ = (bytes + line - 1) / line + (bytes % line != 0);
      toNextRun_ =
          (straight ? part.kStride : part.laneStride) * static_cast<int64_t>(sizeof(Storage)) -
          linesOfRun_ * line;
    }
    void fetchLine() {
      if (runs_ == 0)
        return;
      __builtin_prefetch(at_, /*write=*/0, /*locality=*/2);
      at_ += line;
      if (--left_ > 0)
        return;
      at_ += toNextRun_;
      left_ = linesOfRun_;
      --runs_;
    }

  private:
    static constexpr int64_t line = 64;
    const char *at_;
    int64_t runs_, linesOfRun_, left_, toNextRun_;
  };

  /// Multiply-adds of one chain, before it is added to C: errors grow with the length of chains.
  static constexpr int64_t chain = 2 * kGemmLeastChain;

  /// A register block of C, += if accumulate: the products of `k` lanes, at most `chain`.
  template <bool accumulate>
  static void block(int64_t k, const T *a, const T *b, T *c, int64_t ldc, Ahead &ahead) {
    Vec sums[blockRows][vectors];
#pragma GCC unroll 16
    for (int r = 0; r < blockRows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v)
        sums[r][v] = Simd::set1(0);
    auto multiplyAdd = [&](int64_t i) __attribute__((always_inline)) {
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
    };
    int64_t i = 0;
    while (i + Ahead::interval <= k) {
      ahead.fetchLine();
      for (int64_t end = i + Ahead::interval; i < end; ++i)
        multiplyAdd(i);
    }
    for (; i < k; ++i)
      multiplyAdd(i);
#pragma GCC unroll 16
    for (int r = 0; r < blockRows; ++r)
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) {
        T *at = c + r * ldc + v * lanes;
        Simd::storeAnywhere(at, accumulate ? Simd::loadAnywhere(at) + sums[r][v] : sums[r][v]);
      }
  }

  /// All of k, chain by chain.
  static void chains(int64_t k, const T *a, const T *b, T *c, int64_t ldc, bool accumulate,
                     Ahead &ahead) {
    for (int64_t first = 0; first < k; first += chain) {
      int64_t count = k - first < chain ? k - first : chain;
      if (accumulate || first > 0)
        block<true>(count, a + first * blockRows, b + first * width, c, ldc, ahead);
      else
        block<false>(count, a + first * blockRows, b + first * width, c, ldc, ahead);
    }
  }

  /// A block at the edge of C goes through memory of its own.
  static void edge(int64_t rows, int64_t columns, int64_t k, const T *a, const T *b, T *c,
                   int64_t ldc, bool accumulate, Ahead &ahead) {
    alignas(64) T whole[blockRows * width] = {};
    if (accumulate)
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t i = 0; i < columns; ++i)
          whole[r * width + i] = c[r * ldc + i];
    chains(k, a, b, whole, width, accumulate, ahead);
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t i = 0; i < columns; ++i)
        c[r * ldc + i] = whole[r * width + i];
  }

  static void multiply(int64_t m, int64_t n, int64_t k, const void *packedA, const void *packedB,
                       void *result, int64_t ldc, bool accumulate, const GemmPart &next) {
    Ahead ahead(next);
    const T *a = static_cast<const T *>(packedA), *b = static_cast<const T *>(packedB);
    T *c = static_cast<T *>(result);
    for (int64_t column = 0; column < n; column += width)
      for (int64_t row = 0; row < m; row += blockRows) {
        const T *left = a + row * k, *right = b + column * k;
        T *at = c + row * ldc + column;
        if (row + blockRows <= m && column + width <= n)
          chains(k, left, right, at, ldc, accumulate, ahead);
        else
          edge(m - row < blockRows ? m - row : blockRows, n - column < width ? n - column : width,
               k, left, right, at, ldc, accumulate, ahead);
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
