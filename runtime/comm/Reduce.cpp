//===- Reduce.cpp - Element-wise reduction in a fixed order -----------------------------------===//

#include "runtime/comm/Reduce.h"

#include "runtime/support/BFloat16.h"

#include <algorithm>
#include <bit>
#include <cstring>

using namespace tpc;

namespace {

/// How elements of storage type T are accumulated in type Accumulator.
template <typename T> struct Plain {
  using Stored = T;
  using Accumulator = T;
  static T load(T value) { return value; }
  static T store(T value) { return value; }
};

struct BF16 {
  using Stored = uint16_t;
  using Accumulator = float;
  static float load(uint16_t value) { return bfloat16ToFloat(value); }
  static uint16_t store(float value) { return floatToBfloat16(value); }
};

struct Sum {
  template <typename T> static T apply(T a, T b) { return a + b; }
  /// Signed overflow is undefined in C++, and a sum of counters may wrap.
  static int32_t apply(int32_t a, int32_t b) {
    return static_cast<int32_t>(static_cast<uint32_t>(a) + static_cast<uint32_t>(b));
  }
};

struct Max {
  template <typename T> static T apply(T a, T b) { return b > a || b != b ? b : a; }
};

template <typename Type, typename Operation>
void reduceBlocks(std::span<const void *const> inputs, std::span<void *const> outputs,
                  size_t elements) {
  using Stored = typename Type::Stored;
  // Two such blocks stay in the first-level cache beside the inputs' lines.
  constexpr size_t kBlock = 1024;
  typename Type::Accumulator sums[kBlock];
  Stored result[kBlock];
  for (size_t begin = 0; begin < elements; begin += kBlock) {
    size_t length = std::min(kBlock, elements - begin);
    const Stored *first = static_cast<const Stored *>(inputs[0]) + begin;
    for (size_t i = 0; i < length; ++i)
      sums[i] = Type::load(first[i]);
    for (const void *input : inputs.subspan(1)) {
      const Stored *next = static_cast<const Stored *>(input) + begin;
      for (size_t i = 0; i < length; ++i)
        sums[i] = Operation::apply(sums[i], Type::load(next[i]));
    }
    for (size_t i = 0; i < length; ++i)
      result[i] = Type::store(sums[i]);
    for (void *output : outputs)
      std::memcpy(static_cast<Stored *>(output) + begin, result, length * sizeof(Stored));
  }
}

template <typename Type>
void reduceAs(ReduceKind kind, std::span<const void *const> inputs, std::span<void *const> outputs,
              size_t elements) {
  if (kind == ReduceKind::Sum)
    reduceBlocks<Type, Sum>(inputs, outputs, elements);
  else
    reduceBlocks<Type, Max>(inputs, outputs, elements);
}

} // namespace

void tpc::reduceInto(DType dtype, ReduceKind kind, std::span<const void *const> inputs,
                     std::span<void *const> outputs, size_t elements) {
  switch (dtype) {
  case DType::F32:
    return reduceAs<Plain<float>>(kind, inputs, outputs, elements);
  case DType::F64:
    return reduceAs<Plain<double>>(kind, inputs, outputs, elements);
  case DType::BF16:
    return reduceAs<BF16>(kind, inputs, outputs, elements);
  case DType::I32:
    return reduceAs<Plain<int32_t>>(kind, inputs, outputs, elements);
  }
}
