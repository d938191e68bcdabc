//===- AttentionTiling.cpp - How generated attention is cut into blocks --------------------===//
#include "compiler/codegen/gpu/AttentionTiling.h"

#include "llvm/Support/MathExtras.h"

#include <algorithm>

namespace tpc::codegen::gpu {

using llvm::alignTo;
using llvm::divideCeil;

/// What a block can have on sm_90.
static constexpr int64_t kMostSharedBytes = 227 * 1024;

int64_t statisticBytes(DType dtype) { return dtype == DType::F64 ? 8 : 4; }

int64_t attentionWorkspace(const AttentionShape &shape, bool backward) {
  int64_t bytes =
      backward ? shape.batch * shape.heads * shape.queryLength * statisticBytes(shape.dtype) : 1;
  return static_cast<int64_t>(alignTo(bytes, 64));
}

// Sizes of tiles weigh registers (the sums of a block, `rows` x `size` once or twice, are spread
// over its threads), the traffic of shared memory (larger tiles read an element less often), and
// how many blocks fit on a multiprocessor with 228 KiB.
AttentionTiling::AttentionTiling(const AttentionShape &shape, AttentionPass pass)
    : pass(pass), tensorCores(shape.dtype == DType::BF16),
      size(static_cast<int64_t>(alignTo(shape.size, 16))),
      elementBytes(static_cast<int64_t>(byteSize(shape.dtype))),
      statisticBytes(gpu::statisticBytes(shape.dtype)) {
  bool isForward = pass == AttentionPass::Forward;
  if (tensorCores) {
    // A warp has 16 rows.
    rows = isForward && size > 64 && size <= 128 ? 128 : 64;
    columns = size <= 64 || (isForward && size <= 128) ? 64 : 32;
    threads = static_cast<unsigned>(rows * 2);
  } else {
    // 16 threads have a row each 2, 4 or 8 times.
    bool isWide = shape.dtype == DType::F64;
    rows = isWide ? 32 : 64;
    columns = isWide                     ? (size <= 128 ? 32 : 16)
              : size <= 64               ? 64
              : size <= 128 || isForward ? 32
                                         : 16;
    threads = isForward ? 128 : 256;
  }
  int64_t perChunk = 16 / elementBytes;
  pitch = size + perChunk;
  weightsPitch = columns + perChunk;
  chunk = perChunk;
  while (shape.size % chunk != 0)
    chunk /= 2;
  threadsOfRow = static_cast<unsigned>(
      std::min<uint64_t>(32, llvm::PowerOf2Ceil(static_cast<uint64_t>(shape.size / chunk))));
  if (pass == AttentionPass::RowProducts) {
    threads = 256;
    int64_t products = shape.batch * shape.heads * shape.queryLength;
    blocks = static_cast<int64_t>(divideCeil(products, threads / threadsOfRow));
    return;
  }
  stages = 2;
  while (!fits() && shrink())
    ;
  bool isKeys = pass == AttentionPass::KeyGradient;
  blocks = shape.batch * (isKeys ? shape.kvHeads : shape.heads) *
           static_cast<int64_t>(divideCeil(isKeys ? shape.keyLength : shape.queryLength, rows));
}

bool AttentionTiling::fits() const { return sharedBytes() <= kMostSharedBytes; }

// In the order of what is lost: loads beside products; rows that a thread has several of, with
// their sums in its registers; columns down to the 16 that every product takes; whole warps.
bool AttentionTiling::shrink() {
  int64_t rowsOfThreads = tensorCores ? rows : threads / 16;
  if (stages > 1) {
    stages = 1;
  } else if (rows > rowsOfThreads) {
    rows /= 2;
  } else if (columns > 16) {
    columns /= 2;
    weightsPitch = columns + 16 / elementBytes;
  } else if (threads > 32) {
    rows /= 2;
    threads /= 2;
  } else {
    return false;
  }
  return true;
}

int64_t largestHead(DType dtype) {
  // Of all passes the gradient of keys has the most in shared memory.
  AttentionShape shape{};
  shape.dtype = dtype;
  do
    shape.size += 16;
  while (AttentionTiling(shape, AttentionPass::KeyGradient).fits());
  return shape.size - 16;
}

int64_t AttentionTiling::columnTile(int number) const {
  return rowTile(pass == AttentionPass::Forward ? 1 : 2) + number * columns * pitch * elementBytes;
}

int64_t AttentionTiling::statistics(int number) const {
  int64_t weightsBytes = tensorCores ? 0 : rows * weightsPitch * elementBytes;
  return weights() + weightsBytes + number * columns * statisticBytes;
}

int64_t AttentionTiling::sharedBytes() const {
  if (pass == AttentionPass::RowProducts)
    return 0;
  return statistics(0) + (pass == AttentionPass::KeyGradient ? stages * statisticsStageBytes() : 0);
}

unsigned AttentionTiling::residentBlocks() const {
  // Eight warps of sums, weights and operands of tensor cores need more than half of all registers.
  if (tensorCores && threads > 128)
    return 1;
  constexpr int64_t reserved = 1024; // of each block, by the system
  return 2 * (sharedBytes() + reserved) <= kMostSharedBytes + reserved ? 2 : 1;
}

} // namespace tpc::codegen::gpu
