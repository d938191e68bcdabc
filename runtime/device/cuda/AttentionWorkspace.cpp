//===- AttentionWorkspace.cpp - The memory that cuDNN's attention needs on a GPU -----------===//

#include "runtime/device/cuda/AttentionWorkspace.h"

#include <algorithm>

namespace tpc::cuda {

namespace {

/// Parts of the deterministic pass are as large as fits in here.
constexpr int64_t kPartBytes = int64_t(256) << 20;
/// Samples and heads are two dims of a grid, which CUDA limits; only a launch says so.
constexpr int64_t kMostBlocks = 65535;
/// cuDNN 9.19 takes up to 256 bytes of its own beside tensors.
constexpr int64_t kRoom = 4096;

int64_t roundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

/// The largest divisor of `value` that is at most `most`, at least 1.
int64_t largestDivisor(int64_t value, int64_t most) {
  for (int64_t divisor = std::min(value, most); divisor > 1; --divisor)
    if (value % divisor == 0)
      return divisor;
  return 1;
}

int64_t libraryBytes(const AttentionShape &shape, const AttentionPart &part, AttentionPass pass) {
  if (pass == AttentionPass::Forward)
    return kRoom;
  int64_t heads = part.batch * part.kvHeads * (shape.heads / shape.kvHeads);
  int64_t bytes = kRoom;
  if (shape.heads != shape.kvHeads)
    bytes += 2 * roundUp(heads * shape.keyLength * shape.size * 2, 256);
  if (pass == AttentionPass::DeterministicBackward)
    bytes += heads * roundUp(shape.queryLength, 64) * roundUp(shape.keyLength, 128) * 2;
  return bytes;
}

AttentionPart partOf(const AttentionShape &shape, AttentionPass pass) {
  if (pass != AttentionPass::DeterministicBackward)
    return {shape.batch, shape.kvHeads};
  int64_t most = std::max<int64_t>(kPartBytes / libraryBytes(shape, {1, 1}, pass), 1);
  if (most < shape.kvHeads)
    return {1, largestDivisor(shape.kvHeads, most)};
  return {largestDivisor(shape.batch, most / shape.kvHeads), shape.kvHeads};
}

} // namespace

bool cudnnMayRun(const AttentionShape &shape) {
  return shape.dtype == DType::BF16 && shape.size % 8 == 0 && shape.size <= 256 &&
         shape.heads % shape.kvHeads == 0 && shape.batch <= kMostBlocks &&
         shape.heads <= kMostBlocks && shape.keyLength > 1 &&
         (!shape.causal || shape.queryLength <= shape.keyLength);
}

AttentionLayout attentionLayout(const AttentionShape &shape, AttentionPass pass) {
  AttentionLayout layout{.part = partOf(shape, pass)};
  int64_t heads = layout.part.kvHeads * (shape.heads / shape.kvHeads);
  int64_t rows = layout.part.batch * heads * shape.queryLength;
  int64_t end = 0;
  auto take = [&](int64_t bytes) {
    int64_t begin = end;
    end += roundUp(bytes, 256);
    return static_cast<size_t>(begin);
  };
  if (pass != AttentionPass::Forward)
    layout.outputSums = take(rows * static_cast<int64_t>(sizeof(float)));
  if (pass == AttentionPass::Backward)
    layout.dqSums = take(rows * shape.size * static_cast<int64_t>(sizeof(float)));
  layout.library = take(libraryBytes(shape, layout.part, pass));
  layout.bytes = static_cast<size_t>(end);
  return layout;
}

size_t cudaAttentionWorkspace(const AttentionShape &shape, bool backward) {
  if (!cudnnMayRun(shape))
    return 0;
  if (!backward)
    return attentionLayout(shape, AttentionPass::Forward).bytes;
  size_t bytes = attentionLayout(shape, AttentionPass::Backward).bytes;
  size_t deterministic = attentionLayout(shape, AttentionPass::DeterministicBackward).bytes;
  return deterministic <= kMostDeterministicBytes ? std::max(bytes, deterministic) : bytes;
}

} // namespace tpc::cuda
