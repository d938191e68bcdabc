//===- CpuGemm.cpp - Matrix products on a grid of tiles ------------------------------------===//
#include "runtime/device/cpu/CpuGemm.h"

#include "runtime/support/BFloat16.h"

#include <climits>
#include <type_traits>

namespace tpc {

namespace {

/// One tile of one product of the batch: C is m x n at (row, column).
struct Tile {
  int64_t row, column, m, n;
};

template <typename T> struct Gemm {
  const OpenBlas &blas;
  const GemmShape &shape;

  void operator()(const T *a, const T *b, T *c, const Tile &tile) const {
    a += tile.row * (shape.transposeA ? 1 : shape.lda);
    b += tile.column * (shape.transposeB ? shape.ldb : 1);
    c += tile.row * shape.ldc + tile.column;
    auto gemm = [&] {
      if constexpr (sizeof(T) == sizeof(float))
        return blas.sgemm;
      else
        return blas.dgemm;
    }();
    gemm(OpenBlas::rowMajor, shape.transposeA ? OpenBlas::transpose : OpenBlas::noTranspose,
         shape.transposeB ? OpenBlas::transpose : OpenBlas::noTranspose, static_cast<int>(tile.m),
         static_cast<int>(tile.n), static_cast<int>(shape.k), T(1), a, static_cast<int>(shape.lda),
         b, static_cast<int>(shape.ldb), shape.accumulate ? T(1) : T(0), c,
         static_cast<int>(shape.ldc));
  }
};

/// rows x columns elements as float32, with leading dimension `columns`.
void widen(const uint16_t *from, int64_t ld, int64_t rows, int64_t columns, float *to) {
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c)
      to[r * columns + c] = bfloat16ToFloat(from[r * ld + c]);
}

/// A tile of a product of bf16. Widened operands have exact products in float32, so only the sum
/// rounds, as it does in float32.
template <typename Result> struct WidenedGemm {
  const OpenBlas &blas;
  const GemmShape &shape;
  const GemmLayout &layout;
  float *workspace;

  void operator()(const uint16_t *a, const uint16_t *b, Result *c, const Tile &tile,
                  int slot) const {
    constexpr bool sumsInPlace = std::is_same_v<Result, float>;
    float *wideA = workspace + slot * layout.perSlot(), *wideB = wideA + layout.panelA;
    float *sums = wideB + layout.panelB;
    int64_t ldSums = tile.n;
    c += tile.row * shape.ldc + tile.column;
    if constexpr (sumsInPlace) {
      sums = c;
      ldSums = shape.ldc;
    } else if (shape.accumulate) {
      widen(c, shape.ldc, tile.m, tile.n, sums);
    }
    for (int64_t begin = 0; begin < shape.k; begin += layout.blockK) {
      int64_t k = std::min(layout.blockK, shape.k - begin);
      if (shape.transposeA)
        widen(a + begin * shape.lda + tile.row, shape.lda, k, tile.m, wideA);
      else
        widen(a + tile.row * shape.lda + begin, shape.lda, tile.m, k, wideA);
      if (shape.transposeB)
        widen(b + tile.column * shape.ldb + begin, shape.ldb, tile.n, k, wideB);
      else
        widen(b + begin * shape.ldb + tile.column, shape.ldb, k, tile.n, wideB);
      GemmShape wide = shape;
      wide.k = k;
      wide.lda = shape.transposeA ? tile.m : k;
      wide.ldb = shape.transposeB ? k : tile.n;
      wide.ldc = ldSums;
      wide.accumulate = shape.accumulate || begin > 0;
      Gemm<float>{blas, wide}(wideA, wideB, sums, {0, 0, tile.m, tile.n});
    }
    if constexpr (!sumsInPlace)
      for (int64_t r = 0; r < tile.m; ++r)
        for (int64_t i = 0; i < tile.n; ++i)
          c[r * shape.ldc + i] = floatToBfloat16(sums[r * ldSums + i]);
  }
};

/// C = 0 where it is not accumulated into.
template <typename T> void emptySum(const GemmShape &shape, T *c) {
  if (shape.accumulate)
    return;
  for (int64_t batch = 0; batch < shape.batch; ++batch)
    for (int64_t r = 0; r < shape.m; ++r)
      std::fill_n(c + batch * shape.strideC + r * shape.ldc, shape.n, T(0));
}

/// Calls run(tile, batch, slot) for every tile of every product, with slots below `slots`.
template <typename Run>
void forEachTile(ThreadPool &pool, const GemmShape &shape, GemmTile tile, int slots, Run &&run) {
  int64_t rows = (shape.m + tile.m - 1) / tile.m, columns = (shape.n + tile.n - 1) / tile.n;
  pool.forEach(shape.batch * rows * columns, slots, [&](int64_t index, int slot) {
    int64_t batch = index / (rows * columns), inBatch = index % (rows * columns);
    int64_t row = inBatch / columns * tile.m, column = inBatch % columns * tile.n;
    run(Tile{row, column, std::min(tile.m, shape.m - row), std::min(tile.n, shape.n - column)},
        batch, slot);
  });
}

template <typename T>
void run(const OpenBlas &blas, ThreadPool &pool, const GemmShape &shape, const void *a,
         const void *b, void *c) {
  auto *typedA = static_cast<const T *>(a), *typedB = static_cast<const T *>(b);
  auto *typedC = static_cast<T *>(c);
  if (shape.k == 0)
    return emptySum(shape, typedC);
  forEachTile(pool, shape, gemmTile(shape), pool.threads(),
              [&](const Tile &tile, int64_t batch, int) {
                Gemm<T>{blas, shape}(typedA + batch * shape.strideA, typedB + batch * shape.strideB,
                                     typedC + batch * shape.strideC, tile);
              });
}

template <typename Result>
void runWidened(const OpenBlas &blas, ThreadPool &pool, const GemmShape &shape, const void *a,
                const void *b, void *c, void *workspace) {
  auto *typedA = static_cast<const uint16_t *>(a), *typedB = static_cast<const uint16_t *>(b);
  auto *typedC = static_cast<Result *>(c);
  if (shape.k == 0)
    return emptySum(shape, typedC);
  GemmLayout layout(shape);
  WidenedGemm<Result> gemm{blas, shape, layout, static_cast<float *>(workspace)};
  forEachTile(pool, shape, layout.tile, static_cast<int>(layout.slots),
              [&](const Tile &tile, int64_t batch, int slot) {
                gemm(typedA + batch * shape.strideA, typedB + batch * shape.strideB,
                     typedC + batch * shape.strideC, tile, slot);
              });
}

Status check(const GemmShape &shape) {
  if (shape.m < 0 || shape.n < 0 || shape.k < 0 || shape.batch < 0)
    return Status(Code::Internal, "gemm with a negative extent");
  // OpenBLAS counts in 32 bits.
  for (int64_t extent : {shape.m, shape.n, shape.k, shape.lda, shape.ldb, shape.ldc})
    if (extent > INT_MAX)
      return Status(Code::InvalidInput,
                    "gemm extent " + std::to_string(extent) + " is above 2^31 - 1");
  int64_t minLda = shape.transposeA ? shape.m : shape.k;
  int64_t minLdb = shape.transposeB ? shape.k : shape.n;
  if (shape.lda < minLda || shape.ldb < minLdb || shape.ldc < shape.n)
    return Status(Code::Internal, "gemm with a leading dimension shorter than a row");
  return {};
}

} // namespace

Status cpuGemm(const OpenBlas &blas, ThreadPool &pool, const GemmShape &shape, const void *a,
               const void *b, void *c, void *workspace) {
  TPC_RETURN_IF_ERROR(check(shape));
  if (shape.m == 0 || shape.n == 0 || shape.batch == 0)
    return {};
  if (shape.dtype == DType::BF16 && shape.resultDtype == DType::F32)
    runWidened<float>(blas, pool, shape, a, b, c, workspace);
  else if (shape.dtype == DType::BF16 && shape.resultDtype == DType::BF16)
    runWidened<uint16_t>(blas, pool, shape, a, b, c, workspace);
  else if (shape.dtype == DType::F32 && shape.resultDtype == DType::F32)
    run<float>(blas, pool, shape, a, b, c);
  else if (shape.dtype == DType::F64 && shape.resultDtype == DType::F64)
    run<double>(blas, pool, shape, a, b, c);
  else
    return Status(Code::Internal, "gemm of element types that do not go together");
  return {};
}

} // namespace tpc
