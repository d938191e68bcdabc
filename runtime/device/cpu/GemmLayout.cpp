//===- GemmLayout.cpp - How a product is cut, and what it keeps in its workspace -----------===//
#include "runtime/device/cpu/GemmLayout.h"

#include <algorithm>

namespace tpc {

static int64_t partsOf(int64_t extent, int64_t part) { return (extent - 1) / part + 1; }
static int64_t roundUp(int64_t value, int64_t multiple) {
  return partsOf(value, multiple) * multiple;
}

GemmLayout::GemmLayout(const GemmShape &shape)
    : holdsA(shape.m <= shape.n), blockK(0), held(0), streamed(0), tasks(0), slots(0), heldPart(0),
      perSlot(0), sums(0) {
  if (shape.m <= 0 || shape.n <= 0 || shape.k <= 0 || shape.batch <= 0)
    return;
  // A group of the streamed operand takes 144 KiB then, and C is read again for each further block.
  constexpr int64_t longestBlock = 768, mostHeld = 1024;
  constexpr int64_t line = 16; // elements of a cache line, at most
  blockK =
      std::min(shape.k, roundUp(partsOf(shape.k, partsOf(shape.k, longestBlock)), kGemmLeastChain));
  held = std::min(holdsA ? shape.m : shape.n, mostHeld);
  streamed = holdsA ? shape.n : shape.m;
  tasks = partsOf(streamed, kGemmGroup);
  slots = std::min(tasks, mostSlots);
  heldPart = roundUp(roundUp(held, kGemmGroup) * blockK, line);
  perSlot = heldPart + roundUp(kGemmGroup * blockK, line);
  // A shape from a damaged plan may be any; the loader compares bytes.
  int64_t all = 0, most = int64_t{1} << 56;
  if (shape.resultDtype == DType::BF16)
    sums = __builtin_mul_overflow(shape.m, shape.n, &all) || all > most ? most : roundUp(all, line);
}

size_t cpuGemmWorkspace(const GemmShape &shape) {
  size_t element = shape.dtype == DType::F64 ? sizeof(double) : sizeof(float);
  return static_cast<size_t>(GemmLayout(shape).elements()) * element;
}

} // namespace tpc
