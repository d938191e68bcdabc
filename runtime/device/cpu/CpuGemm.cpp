//===- CpuGemm.cpp - Matrix products on the threads of a rank ------------------------------===//
#include "runtime/device/cpu/CpuGemm.h"

#include "runtime/device/cpu/GemmKernels.h"
#include "runtime/support/BFloat16.h"

#include <algorithm>

namespace tpc {
namespace {

Result<GemmKernels> kernelsOfThisCpu(DType operands) {
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f"))
    return gemmKernelsAvx512(operands);
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return gemmKernelsAvx2(operands);
  return Status(Code::Unavailable, "products need a CPU with AVX2 and FMA");
}

const void *at(const void *base, int64_t elements, size_t size) {
  return static_cast<const char *>(base) + elements * static_cast<int64_t>(size);
}
void *at(void *base, int64_t elements, size_t size) {
  return static_cast<char *>(base) + elements * static_cast<int64_t>(size);
}

/// One product of the batch, whose result has the type that is computed in.
class Product {
public:
  Product(ThreadPool &pool, const GemmShape &shape, const GemmLayout &layout,
          const GemmKernels &kernels, void *workspace)
      : pool_(pool), shape_(shape), layout_(layout), kernels_(kernels), workspace_(workspace),
        operandSize_(byteSize(shape.dtype)),
        computeSize_(shape.dtype == DType::F64 ? sizeof(double) : sizeof(float)) {}

  void run(const void *a, const void *b, void *c, int64_t ldc) const {
    int64_t allHeld = layout_.holdsA ? shape_.m : shape_.n;
    for (int64_t firstK = 0; firstK < shape_.k; firstK += layout_.blockK)
      for (int64_t firstHeld = 0; firstHeld < allHeld; firstHeld += layout_.held) {
        Block block{firstK, std::min(layout_.blockK, shape_.k - firstK), firstHeld,
                    std::min(layout_.held, allHeld - firstHeld)};
        multiply(block, layout_.holdsA ? a : b, layout_.holdsA ? b : a, c, ldc);
      }
  }

private:
  struct Block {
    int64_t firstK, k;
    int64_t firstHeld, held;
  };

  /// At most a group of lanes of an operand; nothing behind the last one.
  GemmPart part(bool ofA, const void *operand, int64_t lane, int64_t end,
                const Block &block) const {
    int64_t ld = ofA ? shape_.lda : shape_.ldb;
    bool lanesAreRows = ofA ? !shape_.transposeA : shape_.transposeB;
    GemmPart part{nullptr, lanesAreRows ? ld : 1, lanesAreRows ? 1 : ld,
                  std::clamp<int64_t>(end - lane, 0, kGemmGroup), block.k};
    part.from = at(operand, lane * part.laneStride + block.firstK * part.kStride, operandSize_);
    return part;
  }
  void pack(bool ofA, const GemmPart &part, void *to) const {
    (ofA ? kernels_.packRows : kernels_.packColumns)(part, to);
  }
  void packHeld(const Block &block, const void *held, void *to) const {
    int64_t end = block.firstHeld + block.held;
    for (int64_t lane = block.firstHeld; lane < end; lane += kGemmGroup)
      pack(layout_.holdsA, part(layout_.holdsA, held, lane, end, block),
           at(to, (lane - block.firstHeld) * block.k, computeSize_));
  }

  void multiply(const Block &block, const void *held, const void *streamed, void *c,
                int64_t ldc) const {
    bool accumulate = shape_.accumulate || block.firstK > 0;
    // Waking threads takes longer than a small product.
    constexpr int64_t worthAThread = 200'000;
    bool isSmall = block.held * layout_.streamed * block.k < worthAThread;
    bool hasHeld[GemmLayout::mostSlots] = {};
    pool_.forEach(
        layout_.tasks, isSmall ? 1 : static_cast<int>(layout_.slots), [&](int64_t task, int slot) {
          auto of = [&](int64_t group) {
            return part(!layout_.holdsA, streamed, group * kGemmGroup, layout_.streamed, block);
          };
          void *mine = at(workspace_, slot * layout_.perSlot, computeSize_);
          void *group = at(mine, layout_.heldPart, computeSize_);
          if (!hasHeld[slot])
            packHeld(block, held, mine);
          hasHeld[slot] = true;
          GemmPart present = of(task), next = of(task + 1);
          pack(!layout_.holdsA, present, group);
          int64_t first = task * kGemmGroup;
          if (layout_.holdsA)
            kernels_.multiply(block.held, present.lanes, block.k, mine, group,
                              at(c, block.firstHeld * ldc + first, computeSize_), ldc, accumulate,
                              next);
          else
            kernels_.multiply(present.lanes, block.held, block.k, group, mine,
                              at(c, first * ldc + block.firstHeld, computeSize_), ldc, accumulate,
                              next);
        });
  }

  ThreadPool &pool_;
  const GemmShape &shape_;
  const GemmLayout &layout_;
  const GemmKernels &kernels_;
  void *workspace_;
  size_t operandSize_, computeSize_;
};

/// The rows of a bf16 result, from or to their sums in float32.
template <typename Convert>
void forEachOfC(ThreadPool &pool, const GemmShape &shape, uint16_t *c, float *sums,
                Convert &&convert) {
  pool.forRanges(shape.m, [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r)
      for (int64_t i = 0; i < shape.n; ++i)
        convert(c[r * shape.ldc + i], sums[r * shape.n + i]);
  });
}

void runRounded(ThreadPool &pool, const GemmShape &shape, const GemmLayout &layout,
                const Product &product, const void *a, const void *b, uint16_t *c,
                void *workspace) {
  float *sums = static_cast<float *>(workspace) + layout.slots * layout.perSlot;
  if (shape.accumulate)
    forEachOfC(pool, shape, c, sums, [](uint16_t &c, float &sum) { sum = bfloat16ToFloat(c); });
  product.run(a, b, sums, shape.n);
  forEachOfC(pool, shape, c, sums, [](uint16_t &c, float &sum) { c = floatToBfloat16(sum); });
}

/// C = 0, for a sum over nothing.
void clear(const GemmShape &shape, void *c) {
  size_t size = byteSize(shape.resultDtype);
  for (int64_t r = 0; r < shape.m; ++r) {
    auto *row = static_cast<char *>(at(c, r * shape.ldc, size));
    std::fill_n(row, shape.n * static_cast<int64_t>(size), char(0));
  }
}

Status check(const GemmShape &shape) {
  if (shape.m < 0 || shape.n < 0 || shape.k < 0 || shape.batch < 0)
    return Status(Code::Internal, "gemm with a negative extent");
  bool goTogether = shape.resultDtype == shape.dtype ||
                    (shape.dtype == DType::BF16 && shape.resultDtype == DType::F32);
  if (!goTogether || shape.dtype == DType::I32)
    return Status(Code::Internal, "gemm of element types that do not go together");
  int64_t minLda = shape.transposeA ? shape.m : shape.k;
  int64_t minLdb = shape.transposeB ? shape.k : shape.n;
  if (shape.lda < minLda || shape.ldb < minLdb || shape.ldc < shape.n)
    return Status(Code::Internal, "gemm with a leading dimension shorter than a row");
  return {};
}

} // namespace

Status cpuGemm(ThreadPool &pool, const GemmShape &shape, const void *a, const void *b, void *c,
               void *workspace) {
  TPC_RETURN_IF_ERROR(check(shape));
  if (shape.bias)
    return Status(Code::Internal, "gemm on CPU adds no bias");
  TPC_ASSIGN_OR_RETURN(GemmKernels kernels, kernelsOfThisCpu(shape.dtype));
  if (reinterpret_cast<uintptr_t>(workspace) % 64 != 0)
    return Status(Code::Internal, "gemm's workspace is not aligned to 64 bytes");
  GemmLayout layout(shape);
  Product product(pool, shape, layout, kernels, workspace);
  for (int64_t batch = 0; batch < shape.batch; ++batch) {
    const void *batchA = at(a, batch * shape.strideA, byteSize(shape.dtype));
    const void *batchB = at(b, batch * shape.strideB, byteSize(shape.dtype));
    void *batchC = at(c, batch * shape.strideC, byteSize(shape.resultDtype));
    if (shape.k == 0) {
      if (!shape.accumulate)
        clear(shape, batchC);
    } else if (shape.resultDtype == DType::BF16) {
      runRounded(pool, shape, layout, product, batchA, batchB, static_cast<uint16_t *>(batchC),
                 workspace);
    } else {
      product.run(batchA, batchB, batchC, shape.ldc);
    }
  }
  return {};
}

} // namespace tpc
