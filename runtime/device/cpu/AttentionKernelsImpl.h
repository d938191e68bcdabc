//===- AttentionKernelsImpl.h - The inner part of attention, for one instruction set -------===//
//
// Included by one source per instruction set, after its Simd types; everything is in an anonymous
// namespace and calls no library template, so that no code of one instruction set is linked into
// another.
//
// All products have the form C[m, n] += A[m, k] B[k, n] with a register block of `rows` x `width`
// elements of C, summed over k in ascending order by fused multiply-adds. B lies in panels of
// `width` columns: [n / width][k][width].
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/device/cpu/AttentionKernels.h"
#include "runtime/device/cpu/SimdTranspose.h"
#include "runtime/support/BFloat16.h"

#include <cmath>

namespace tpc {
namespace {

constexpr int64_t queryBlock = attentionQueryBlock, keyBlock = attentionKeyBlock;

inline float widen(float value) { return value; }
inline double widen(double value) { return value; }
inline float widen(uint16_t value) { return bfloat16ToFloat(value); }
inline void narrow(float value, float &to) { to = value; }
inline void narrow(double value, double &to) { to = value; }
inline void narrow(float value, uint16_t &to) { to = floatToBfloat16(value); }

inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t most(int64_t a, int64_t b) { return a > b ? a : b; }
inline int64_t roundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// exp(x) of each lane: 2^n times the Taylor polynomial of the rest, |rest| <= ln 2 / 2. No library
/// is called, so the bits are those of IEEE arithmetic on every machine. Below the smallest normal
/// result it is zero; NaN stays NaN.
template <typename Simd> typename Simd::Vec expOf(typename Simd::Vec x) {
  using T = typename Simd::T;
  using Vec = typename Simd::Vec;
  constexpr bool single = sizeof(T) == 4;
  constexpr int degree = single ? 7 : 13;
  constexpr T lowest = single ? T(-87) : T(-708), highest = single ? T(88) : T(709);
  // Adding it rounds to an integer, which is then in the low bits.
  constexpr T magic = single ? T(0x1.8p23) : T(0x1.8p52);
  // ln 2 = high + low, high with so few bits that n * high is exact.
  constexpr T high = single ? T(0x1.62e4p-1) : T(0x1.62e42fefap-1);
  constexpr T low = T(0x1.62e42fefa39ef35793c7673007e6p-1L - static_cast<long double>(high));

  Vec clamped = Simd::min(Simd::set1(highest), Simd::max(Simd::set1(lowest), x));
  Vec shifted = Simd::fma(clamped, Simd::set1(T(0x1.71547652b82fep0)), Simd::set1(magic));
  Vec n = shifted - Simd::set1(magic);
  Vec rest = Simd::fma(n, Simd::set1(-high), clamped);
  rest = Simd::fma(n, Simd::set1(-low), rest);

  double coefficient = 1;
  double coefficients[degree + 1];
  for (int i = 0; i <= degree; ++i) {
    coefficients[i] = coefficient;
    coefficient /= i + 1;
  }
  Vec sum = Simd::set1(static_cast<T>(coefficients[degree]));
#pragma GCC unroll 16
  for (int i = degree - 1; i >= 0; --i)
    sum = Simd::fma(sum, rest, Simd::set1(static_cast<T>(coefficients[i])));
  return Simd::zeroBelow(Simd::timesPowerOfTwo(sum, shifted), x, Simd::set1(lowest));
}

/// One register block: C (+)= A B, A(row, i) at a[row * rowStep + i * kStep].
template <typename Simd, int rowStep, int kStep, bool accumulate>
inline void block(int64_t k, const typename Simd::T *a, const typename Simd::T *panel,
                  typename Simd::T *c, int64_t ldc) {
  using Vec = typename Simd::Vec;
  constexpr int rows = Simd::rows, vectors = Simd::width / Simd::lanes;
  Vec sums[rows][vectors];
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v)
      sums[r][v] = accumulate ? Simd::load(c + r * ldc + v * Simd::lanes) : Simd::set1(0);
  for (int64_t i = 0; i < k; ++i) {
    Vec b[vectors];
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v)
      b[v] = Simd::load(panel + i * Simd::width + v * Simd::lanes);
#pragma GCC unroll 16
    for (int r = 0; r < rows; ++r) {
      Vec factor = Simd::set1(a[r * rowStep + i * kStep]);
#pragma GCC unroll 2
      for (int v = 0; v < vectors; ++v)
        sums[r][v] = Simd::fma(factor, b[v], sums[r][v]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < rows; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < vectors; ++v)
      Simd::store(c + r * ldc + v * Simd::lanes, sums[r][v]);
}

/// C[m, n] (+)= A[m, k] B[k, n]; m and n are rounded up to whole register blocks. `panelLength` is
/// the number of rows that each panel of B is stored with. A is interleaved by register block,
/// [m / rows][k][rows], if rowStep is 1 and kStep is `rows`.
template <typename Simd, int rowStep, int kStep, bool accumulate>
void multiply(int64_t m, int64_t n, int64_t k, const typename Simd::T *a, const typename Simd::T *b,
              int64_t panelLength, typename Simd::T *c, int64_t ldc) {
  constexpr bool interleaved = rowStep == 1 && kStep == Simd::rows;
  for (int64_t column = 0; column < n; column += Simd::width)
    for (int64_t row = 0; row < m; row += Simd::rows)
      block<Simd, rowStep, kStep, accumulate>(k, a + row * (interleaved ? k : rowStep),
                                              b + column * panelLength, c + row * ldc + column,
                                              ldc);
}

/// rows x size elements at `from` into [rows / group][size][group], zeros behind the last row.
template <int group, typename T, typename Storage>
void packInterleaved(const Storage *from, int64_t stride, int64_t rows, int64_t size, T factor,
                     T *to) {
  constexpr int64_t step = 32 / sizeof(T);
  for (int64_t begin = 0; begin < rows;
       begin += group, from += group * stride, to += group * size) {
    int64_t count = least(group, rows - begin);
    int64_t whole = count == group && group >= step ? size / step * step : 0;
    // The last block of rows may cover some of the one before again.
    for (int64_t row = 0; row < group && whole > 0; row += step)
      for (int64_t r = least(row, group - step), i = 0; i < whole; i += step)
        transposeBlock(from + r * stride + i, stride, to + i * group + r, group);
    for (int64_t i = 0; i < whole * group; ++i)
      to[i] *= factor;
    for (int64_t i = whole; i < size; ++i)
      for (int64_t r = 0; r < group; ++r)
        to[i * group + r] = r < count ? widen(from[r * stride + i]) * factor : T(0);
  }
}

/// rows x size elements at `from` into panels [size / width][panelLength][width], zeros behind the
/// last column.
template <int width, typename T, typename Storage>
void packPanels(const Storage *from, int64_t stride, int64_t rows, int64_t size, T factor,
                int64_t panelLength, T *to) {
  for (int64_t begin = 0; begin < size; begin += width, to += panelLength * width) {
    int64_t count = least(width, size - begin);
    if (count == width)
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t i = 0; i < width; ++i)
          to[r * width + i] = widen(from[r * stride + begin + i]) * factor;
    else
      for (int64_t r = 0; r < rows; ++r)
        for (int64_t i = 0; i < width; ++i)
          to[r * width + i] = i < count ? widen(from[r * stride + begin + i]) * factor : T(0);
  }
}

/// rows x size elements with leading dimension `ld`, times one factor, into the result.
template <typename T, typename Storage>
void unpack(const T *from, int64_t ld, int64_t rows, int64_t size, T factor, Storage *to,
            int64_t stride) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t i = 0; i < size; ++i)
      narrow(from[r * ld + i] * factor, to[r * stride + i]);
}

/// Attention in the arithmetic of Simd on tensors of Storage.
template <typename Simd, typename Storage> struct Attention {
  using T = typename Simd::T;
  using Vec = typename Simd::Vec;
  static constexpr int width = Simd::width, rows = Simd::rows, lanes = Simd::lanes;
  static constexpr T infinity = __builtin_inf();
  static_assert(queryBlock % rows == 0 && keyBlock % rows == 0 && keyBlock % width == 0);

  const AttentionShape &shape;
  const AttentionOperands &operands;
  const AttentionLayout &layout;
  int64_t queryStride, keyStride; // of one token, in elements
  int64_t group;                  // query heads of a kv head

  explicit Attention(const AttentionJob &job)
      : shape(job.shape), operands(job.operands), layout(job.layout),
        queryStride(shape.heads * shape.size), keyStride(shape.kvHeads * shape.size),
        group(shape.heads / shape.kvHeads) {}

  int64_t queryAt(int64_t batch, int64_t head, int64_t query) const {
    return (batch * shape.queryLength + query) * queryStride + head * shape.size;
  }
  int64_t keyAt(int64_t keyHead) const {
    int64_t batch = keyHead / shape.kvHeads, head = keyHead % shape.kvHeads;
    return batch * shape.keyLength * keyStride + head * shape.size;
  }
  T *keysAt(int64_t place) const {
    return static_cast<T *>(operands.workspace) + place * layout.sharedPerHead;
  }
  T *scratch(int slot) const {
    return static_cast<T *>(operands.workspace) + layout.keyHeads * layout.sharedPerHead +
           slot * layout.perSlot;
  }
  /// Keys that `query` sees: all before this one.
  int64_t visible(int64_t query) const {
    int64_t limit = query + shape.keyLength - shape.queryLength + 1;
    return shape.causal ? most(0, least(limit, shape.keyLength)) : shape.keyLength;
  }

  /// Of `count` keys from firstKey on, those that a query sees: the first ones.
  int64_t seenOf(int64_t query, int64_t firstKey, int64_t count) const {
    return most(0, least(count, visible(query) - firstKey));
  }
  /// The rows before a row of a query block that see none of the keys from this one on.
  int64_t blindRows(int64_t firstQuery, int64_t key, int64_t queries) const {
    int64_t first = key - (shape.keyLength - shape.queryLength) - firstQuery;
    return shape.causal ? most(0, least(queries, first)) : 0;
  }

  void packKeys(int64_t keyHead, int64_t place) const {
    const Storage *k = static_cast<const Storage *>(operands.k) + keyAt(keyHead);
    const Storage *v = static_cast<const Storage *>(operands.v) + keyAt(keyHead);
    T *keys = keysAt(place), *values = keys + layout.paddedKeys * layout.paddedSize;
    packInterleaved<width>(k, keyStride, shape.keyLength, shape.size, T(1), keys);
    packPanels<width>(v, keyStride, shape.keyLength, shape.size, T(1), layout.paddedKeys, values);
  }

  /// A row of scores becomes its maximum; what the query does not see becomes -inf.
  static T maskAndMax(T *scores, int64_t seen, int64_t columns) {
    for (int64_t i = seen; i < columns; ++i)
      scores[i] = -infinity;
    Vec largest = Simd::set1(-infinity);
    for (int64_t i = 0; i < columns; i += lanes)
      largest = Simd::max(largest, Simd::load(scores + i));
    return Simd::maxOf(largest);
  }

  /// A row of scores becomes exp(score - shift); returns the sum.
  static T exponentials(T *scores, T shift, int64_t columns) {
    constexpr int vectors = width / lanes;
    Vec sums[vectors];
    for (int v = 0; v < vectors; ++v)
      sums[v] = Simd::set1(0);
    for (int64_t i = 0; i < columns; i += width)
      for (int v = 0; v < vectors; ++v) {
        T *at = scores + i + v * lanes;
        Vec value = expOf<Simd>(Simd::load(at) - Simd::set1(shift));
        Simd::store(at, value);
        sums[v] = sums[v] + value;
      }
    return Simd::sumOf(sums);
  }

  void forward(int64_t batch, int64_t head, int64_t queryBlockIndex, int64_t place,
               int slot) const {
    int64_t firstQuery = queryBlockIndex * queryBlock;
    int64_t queries = least(queryBlock, shape.queryLength - firstQuery);
    int64_t size = shape.size, paddedSize = layout.paddedSize;
    const T *keys = keysAt(place);
    const T *values = keys + layout.paddedKeys * paddedSize;
    T *query = scratch(slot), *out = query + queryBlock * paddedSize;
    alignas(64) T scores[queryBlock * keyBlock];
    alignas(64) T largest[queryBlock], rescale[queryBlock], total[queryBlock];

    packInterleaved<rows>(static_cast<const Storage *>(operands.q) +
                              queryAt(batch, head, firstQuery),
                          queryStride, queries, size, static_cast<T>(shape.scale), query);
    for (int64_t i = 0; i < queryBlock * paddedSize; ++i)
      out[i] = 0;
    for (int64_t r = 0; r < queryBlock; ++r) {
      largest[r] = -infinity;
      rescale[r] = total[r] = 0;
    }

    int64_t limit = visible(firstQuery + queries - 1);
    for (int64_t firstKey = 0; firstKey < limit; firstKey += keyBlock) {
      int64_t count = least(keyBlock, limit - firstKey), columns = roundUp(count, width);
      // What none of the rows of a register block sees is left out.
      auto seenByBlock = [&](int64_t row) {
        return seenOf(firstQuery + least(row + rows, queries) - 1, firstKey, count);
      };
      for (int64_t row = 0; row < queries; row += rows)
        multiply<Simd, 1, rows, false>(rows, seenByBlock(row), size, query + row * size,
                                       keys + firstKey * size, size, scores + row * keyBlock,
                                       keyBlock);
      // Online softmax: old sums are rescaled to the new maximum. A row that saw nothing yet keeps
      // -inf, and must not subtract it from itself.
      T shift[queryBlock];
      for (int64_t r = 0; r < queries; ++r) {
        int64_t seen = seenOf(firstQuery + r, firstKey, count);
        T found = maskAndMax(scores + r * keyBlock, seen, columns), old = largest[r];
        if (!(found <= old))
          largest[r] = found;
        shift[r] = largest[r] == -infinity ? T(0) : largest[r];
        rescale[r] = old - shift[r];
      }
      for (int64_t r = 0; r < queries; r += lanes)
        Simd::store(rescale + r, expOf<Simd>(Simd::load(rescale + r)));
      for (int64_t r = 0; r < queries; ++r) {
        T sum = exponentials(scores + r * keyBlock, shift[r], columns);
        total[r] = total[r] * rescale[r] + sum;
        if (rescale[r] != T(1))
          for (int64_t i = 0; i < paddedSize; ++i)
            out[r * paddedSize + i] *= rescale[r];
      }
      for (int64_t row = 0; row < queries; row += rows)
        multiply<Simd, keyBlock, 1, true>(rows, size, seenByBlock(row), scores + row * keyBlock,
                                          values + firstKey * width, layout.paddedKeys,
                                          out + row * paddedSize, paddedSize);
    }

    Storage *result = static_cast<Storage *>(operands.o) + queryAt(batch, head, firstQuery);
    T *lse = static_cast<T *>(operands.lse) + (batch * shape.heads + head) * shape.queryLength +
             firstQuery;
    for (int64_t r = 0; r < queries; ++r) {
      bool blind = largest[r] == -infinity && total[r] == 0;
      unpack(out + r * paddedSize, paddedSize, 1, size, blind ? T(0) : 1 / total[r],
             result + r * queryStride, queryStride);
      lse[r] =
          blind ? -infinity : static_cast<T>(largest[r] + ::log(static_cast<double>(total[r])));
    }
  }

  /// Row sums of a * b, in `width` partial sums.
  static T dot(const Storage *a, const Storage *b, int64_t size) {
    T sums[width] = {};
    for (int64_t begin = 0; begin < size; begin += width)
      for (int64_t i = 0; i < least(width, size - begin); ++i)
        sums[i] += widen(a[begin + i]) * widen(b[begin + i]);
    for (int half = width / 2; half > 0; half /= 2)
      for (int i = 0; i < half; ++i)
        sums[i] += sums[i + half];
    return sums[0];
  }

  /// What a backward task keeps in its slot, in the order of AttentionLayout.
  struct Parts {
    T *keysT, *valuesT, *keys, *dKeys, *dValues; // of the kv head
    T *queryT, *dOutT, *query, *dOut, *dQuery;   // of the query block
    Parts(T *at, int64_t keyPart, int64_t queryPart)
        : keysT(at), valuesT(at + keyPart), keys(at + 2 * keyPart), dKeys(at + 3 * keyPart),
          dValues(at + 4 * keyPart), queryT(at + 5 * keyPart), dOutT(queryT + queryPart),
          query(dOutT + queryPart), dOut(query + queryPart), dQuery(dOut + queryPart) {}
  };

  void backward(int64_t keyHead, int slot) const {
    int64_t size = shape.size, keyPart = layout.paddedKeys * layout.paddedSize;
    Parts parts(scratch(slot), keyPart, queryBlock * layout.paddedSize);
    const Storage *k = static_cast<const Storage *>(operands.k) + keyAt(keyHead);
    const Storage *v = static_cast<const Storage *>(operands.v) + keyAt(keyHead);
    packInterleaved<width>(k, keyStride, shape.keyLength, size, T(1), parts.keysT);
    packInterleaved<width>(v, keyStride, shape.keyLength, size, T(1), parts.valuesT);
    packPanels<width>(k, keyStride, shape.keyLength, size, T(1), layout.paddedKeys, parts.keys);
    for (int64_t i = 0; i < keyPart; ++i)
      parts.dKeys[i] = parts.dValues[i] = 0;

    int64_t batch = keyHead / shape.kvHeads, firstHead = keyHead % shape.kvHeads * group;
    for (int64_t head = firstHead; head < firstHead + group; ++head)
      for (int64_t query = 0; query < shape.queryLength; query += queryBlock)
        backwardQueries(parts, batch, head, query);

    unpack(parts.dKeys, layout.paddedSize, shape.keyLength, size, T(1),
           static_cast<Storage *>(operands.dk) + keyAt(keyHead), keyStride);
    unpack(parts.dValues, layout.paddedSize, shape.keyLength, size, T(1),
           static_cast<Storage *>(operands.dv) + keyAt(keyHead), keyStride);
  }

  void backwardQueries(const Parts &parts, int64_t batch, int64_t head, int64_t first) const {
    int64_t queries = least(queryBlock, shape.queryLength - first), size = shape.size;
    int64_t at = queryAt(batch, head, first), paddedSize = layout.paddedSize;
    const Storage *q = static_cast<const Storage *>(operands.q) + at;
    const Storage *o = static_cast<const Storage *>(operands.o) + at;
    const Storage *dOut = static_cast<const Storage *>(operands.dOut) + at;
    const T *lse = static_cast<const T *>(operands.lse) +
                   (batch * shape.heads + head) * shape.queryLength + first;
    T scale = static_cast<T>(shape.scale);
    packInterleaved<rows>(q, queryStride, queries, size, scale, parts.queryT);
    packInterleaved<rows>(dOut, queryStride, queries, size, T(1), parts.dOutT);
    packPanels<width>(q, queryStride, queries, size, scale, queryBlock, parts.query);
    packPanels<width>(dOut, queryStride, queries, size, T(1), queryBlock, parts.dOut);
    for (int64_t i = 0; i < queryBlock * paddedSize; ++i)
      parts.dQuery[i] = 0;
    T mean[queryBlock]; // of the row's dP under P
    for (int64_t r = 0; r < queries; ++r)
      mean[r] = dot(dOut + r * queryStride, o + r * queryStride, size);

    alignas(64) T p[queryBlock * keyBlock], dScores[queryBlock * keyBlock];
    int64_t limit = visible(first + queries - 1);
    for (int64_t firstKey = 0; firstKey < limit; firstKey += keyBlock) {
      int64_t count = least(keyBlock, limit - firstKey);
      int64_t padded = most(roundUp(count, width), roundUp(count, rows));
      // What none of the rows of a register block sees is left out.
      auto seenByBlock = [&](int64_t row) {
        return seenOf(first + least(row + rows, queries) - 1, firstKey, count);
      };
      for (int64_t row = 0; row < queries; row += rows) {
        multiply<Simd, 1, rows, false>(rows, seenByBlock(row), size, parts.queryT + row * size,
                                       parts.keysT + firstKey * size, size, p + row * keyBlock,
                                       keyBlock);
        multiply<Simd, 1, rows, false>(rows, seenByBlock(row), size, parts.dOutT + row * size,
                                       parts.valuesT + firstKey * size, size,
                                       dScores + row * keyBlock, keyBlock);
      }
      for (int64_t r = 0; r < queries; ++r) {
        T *row = p + r * keyBlock, *dRow = dScores + r * keyBlock;
        int64_t seen = seenOf(first + r, firstKey, count);
        for (int64_t i = 0; i < seen; i += lanes) {
          Vec value = expOf<Simd>(Simd::load(row + i) - Simd::set1(lse[r]));
          Simd::store(row + i, value);
          Simd::store(dRow + i, value * (Simd::load(dRow + i) - Simd::set1(mean[r])));
        }
        for (int64_t i = seen; i < padded; ++i)
          row[i] = dRow[i] = 0;
      }
      T *dKeys = parts.dKeys + firstKey * paddedSize;
      T *dValues = parts.dValues + firstKey * paddedSize;
      for (int64_t key = 0; key < count; key += rows) {
        int64_t blind = blindRows(first, firstKey + key, queries);
        multiply<Simd, 1, keyBlock, true>(rows, size, queries - blind, p + blind * keyBlock + key,
                                          parts.dOut + blind * width, queryBlock,
                                          dValues + key * paddedSize, paddedSize);
        multiply<Simd, 1, keyBlock, true>(
            rows, size, queries - blind, dScores + blind * keyBlock + key,
            parts.query + blind * width, queryBlock, dKeys + key * paddedSize, paddedSize);
      }
      for (int64_t row = 0; row < queries; row += rows)
        multiply<Simd, keyBlock, 1, true>(rows, size, seenByBlock(row), dScores + row * keyBlock,
                                          parts.keys + firstKey * width, layout.paddedKeys,
                                          parts.dQuery + row * paddedSize, paddedSize);
    }
    unpack(parts.dQuery, paddedSize, queries, size, scale, static_cast<Storage *>(operands.dq) + at,
           queryStride);
  }
};

template <typename Simd, typename Storage> AttentionKernels kernelsOf() {
  using Kernels = Attention<Simd, Storage>;
  return {[](const AttentionJob &job, int64_t keyHead, int64_t place) {
            Kernels(job).packKeys(keyHead, place);
          },
          [](const AttentionJob &job, int64_t batch, int64_t head, int64_t queryBlock,
             int64_t place,
             int slot) { Kernels(job).forward(batch, head, queryBlock, place, slot); },
          [](const AttentionJob &job, int64_t keyHead, int slot) {
            Kernels(job).backward(keyHead, slot);
          }};
}

template <typename SimdF32, typename SimdF64> AttentionKernels kernelsFor(DType dtype) {
  if (dtype == DType::F64)
    return kernelsOf<SimdF64, double>();
  if (dtype == DType::BF16)
    return kernelsOf<SimdF32, uint16_t>();
  return kernelsOf<SimdF32, float>();
}

} // namespace
} // namespace tpc
