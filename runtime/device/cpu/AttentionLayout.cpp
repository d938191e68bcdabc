//===- AttentionLayout.cpp - Where attention keeps what in its workspace -------------------===//
#include "runtime/device/cpu/AttentionLayout.h"

namespace tpc {

static int64_t roundUp(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

AttentionLayout::AttentionLayout(const AttentionShape &shape, bool backward)
    : paddedKeys(roundUp(shape.keyLength, 48)), paddedSize(roundUp(shape.size, 16)),
      keyHeads(shape.batch * shape.kvHeads) {
  int64_t keyPart = paddedKeys * paddedSize, queryPart = attentionQueryBlock * paddedSize;
  int64_t queryBlocks = roundUp(shape.queryLength, attentionQueryBlock) / attentionQueryBlock;
  int64_t tasks = backward ? keyHeads : shape.batch * shape.heads * queryBlocks;
  constexpr int64_t mostSlots = 32;
  slots = tasks < mostSlots ? tasks : mostSlots;
  sharedPerHead = backward ? 0 : 2 * keyPart;
  perSlot = backward ? 5 * keyPart + 5 * queryPart : 2 * queryPart;
}

size_t cpuAttentionWorkspace(const AttentionShape &shape, bool backward) {
  size_t element = shape.dtype == DType::F64 ? sizeof(double) : sizeof(float);
  return static_cast<size_t>(AttentionLayout(shape, backward).elements()) * element;
}

} // namespace tpc
