//===- CpuGemm.cpp - Matrix products on a grid of tiles ------------------------------------===//
#include "runtime/device/cpu/CpuGemm.h"

#include "runtime/support/BFloat16.h"

#include <climits>

namespace tpc {

// Small enough that a tile's float32 operands fit the scratch: (m + n) * k + m * n floats.
constexpr int64_t bf16TileM = 256, bf16TileN = 256, bf16BlockK = 1024;
static_assert((bf16TileM + bf16TileN) * bf16BlockK * 4 + bf16TileM * bf16TileN * 4 <=
              gemmScratchBytes);

GemmTile gemmTile(const GemmShape &shape) {
  if (shape.dtype == DType::BF16)
    return {std::min(shape.m, bf16TileM), std::min(shape.n, bf16TileN)};
  // Every tile packs its operands anew, so tiles are halved only while there are few of them and
  // they are much longer than it takes to wake a thread.
  constexpr int64_t enoughTiles = 32, minTileFlops = 8'000'000, granule = 32;
  auto half = [](int64_t extent) { return (extent / 2 + granule - 1) / granule * granule; };
  auto count = [](int64_t extent, int64_t tile) { return (extent + tile - 1) / tile; };
  GemmTile tile{shape.m, shape.n};
  while (shape.batch * count(shape.m, tile.m) * count(shape.n, tile.n) < enoughTiles &&
         tile.m * tile.n * shape.k >= minTileFlops) {
    int64_t &longer = tile.m >= tile.n ? tile.m : tile.n;
    if (longer < 2 * granule)
      break;
    longer = half(longer);
  }
  return tile;
}

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

void gemmTileBf16(const OpenBlas &blas, const GemmShape &shape, const uint16_t *a,
                  const uint16_t *b, uint16_t *c, const Tile &tile, float *scratch) {
  float *wideA = scratch, *wideB = wideA + bf16TileM * bf16BlockK;
  float *wideC = wideB + bf16TileN * bf16BlockK;
  c += tile.row * shape.ldc + tile.column;
  if (shape.accumulate)
    widen(c, shape.ldc, tile.m, tile.n, wideC);
  for (int64_t begin = 0; begin < shape.k; begin += bf16BlockK) {
    int64_t k = std::min(bf16BlockK, shape.k - begin);
    if (shape.transposeA)
      widen(a + begin * shape.lda + tile.row, shape.lda, k, tile.m, wideA);
    else
      widen(a + tile.row * shape.lda + begin, shape.lda, tile.m, k, wideA);
    if (shape.transposeB)
      widen(b + tile.column * shape.ldb + begin, shape.ldb, tile.n, k, wideB);
    else
      widen(b + begin * shape.ldb + tile.column, shape.ldb, k, tile.n, wideB);
    bool accumulate = shape.accumulate || begin > 0;
    GemmShape wide = shape;
    wide.dtype = DType::F32;
    wide.k = k;
    wide.lda = shape.transposeA ? tile.m : k;
    wide.ldb = shape.transposeB ? k : tile.n;
    wide.ldc = tile.n;
    wide.accumulate = accumulate;
    Gemm<float>{blas, wide}(wideA, wideB, wideC, {0, 0, tile.m, tile.n});
  }
  for (int64_t r = 0; r < tile.m; ++r)
    for (int64_t i = 0; i < tile.n; ++i)
      c[r * shape.ldc + i] = floatToBfloat16(wideC[r * tile.n + i]);
}

/// C = 0 where it is not accumulated into.
template <typename T> void emptySum(const GemmShape &shape, T *c) {
  if (shape.accumulate)
    return;
  for (int64_t batch = 0; batch < shape.batch; ++batch)
    for (int64_t r = 0; r < shape.m; ++r)
      std::fill_n(c + batch * shape.strideC + r * shape.ldc, shape.n, T(0));
}

/// Calls run(tile, batch, slot) for every tile of every product.
template <typename Run> void forEachTile(ThreadPool &pool, const GemmShape &shape, Run &&run) {
  GemmTile tile = gemmTile(shape);
  int64_t rows = (shape.m + tile.m - 1) / tile.m, columns = (shape.n + tile.n - 1) / tile.n;
  pool.forEach(shape.batch * rows * columns, pool.threads(), [&](int64_t index, int slot) {
    int64_t batch = index / (rows * columns), inBatch = index % (rows * columns);
    int64_t row = inBatch / columns * tile.m, column = inBatch % columns * tile.n;
    run(Tile{row, column, std::min(tile.m, shape.m - row), std::min(tile.n, shape.n - column)},
        batch, slot);
  });
}

template <typename T>
void run(const OpenBlas &blas, ThreadPool &pool, const GemmShape &shape, const void *a,
         const void *b, void *c, void *scratch) {
  auto *typedA = static_cast<const T *>(a), *typedB = static_cast<const T *>(b);
  auto *typedC = static_cast<T *>(c);
  if (shape.k == 0)
    return emptySum(shape, typedC);
  forEachTile(pool, shape, [&](const Tile &tile, int64_t batch, int slot) {
    const T *batchA = typedA + batch * shape.strideA, *batchB = typedB + batch * shape.strideB;
    T *batchC = typedC + batch * shape.strideC;
    if constexpr (std::is_same_v<T, uint16_t>)
      gemmTileBf16(
          blas, shape, batchA, batchB, batchC, tile,
          reinterpret_cast<float *>(static_cast<char *>(scratch) + slot * gemmScratchBytes));
    else
      Gemm<T>{blas, shape}(batchA, batchB, batchC, tile);
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
               const void *b, void *c, void *scratch) {
  TPC_RETURN_IF_ERROR(check(shape));
  if (shape.m == 0 || shape.n == 0 || shape.batch == 0)
    return {};
  switch (shape.dtype) {
  case DType::F32:
    run<float>(blas, pool, shape, a, b, c, scratch);
    return {};
  case DType::F64:
    run<double>(blas, pool, shape, a, b, c, scratch);
    return {};
  case DType::BF16:
    run<uint16_t>(blas, pool, shape, a, b, c, scratch);
    return {};
  case DType::I32:
    break;
  }
  return Status(Code::Internal, "gemm of integers");
}

} // namespace tpc
