//===- BitOps.cpp - Logic, shifts, bit fields, permutations --------------------------------===//

#include "tests/fake_gpu/Decoder.h"
#include "tests/fake_gpu/Integers.h"
#include "tests/fake_gpu/Warp.h"

namespace tpc::fake_gpu {
namespace {

struct Not {
  template <class T> T operator()(T a) const { return static_cast<T>(~a); }
};
struct CNot {
  template <class T> T operator()(T a) const { return a == 0; }
};
/// Amounts beyond the width are clamped to it: they shift everything out.
struct ShiftLeft {
  template <class T> T operator()(T a, uint32_t n) const {
    return n >= 8 * sizeof(T) ? T(0) : static_cast<T>(a << n);
  }
};
struct ShiftRight {
  template <class T> T operator()(T a, uint32_t n) const {
    constexpr uint32_t last = 8 * sizeof(T) - 1;
    if (n > last && T(-1) > T(0))
      return 0;
    return static_cast<T>(a >> (n > last ? last : n));
  }
};
template <bool Wrap> struct FunnelLeft {
  uint32_t operator()(uint32_t low, uint32_t high, uint32_t n) const {
    n = Wrap ? n & 31 : (n > 32 ? 32 : n);
    return static_cast<uint32_t>((((uint64_t{high} << 32) | low) << n) >> 32);
  }
};
template <bool Wrap> struct FunnelRight {
  uint32_t operator()(uint32_t low, uint32_t high, uint32_t n) const {
    n = Wrap ? n & 31 : (n > 32 ? 32 : n);
    return static_cast<uint32_t>(((uint64_t{high} << 32) | low) >> n);
  }
};
struct PopulationCount {
  template <class T> uint32_t operator()(T a) const { return std::popcount(a); }
};
struct LeadingZeros {
  template <class T> uint32_t operator()(T a) const { return std::countl_zero(a); }
};
struct Reverse {
  template <class T> T operator()(T a) const {
    T result = 0;
    for (unsigned bit = 0; bit < 8 * sizeof(T); ++bit)
      result |= ((a >> bit) & 1) << (8 * sizeof(T) - 1 - bit);
    return result;
  }
};
/// The position of the most significant bit that differs from the sign, or all ones.
template <bool ShiftAmount> struct FindBit {
  template <class T> uint32_t operator()(T a) const {
    using U = std::make_unsigned_t<T>;
    U bits = a < 0 ? static_cast<U>(~a) : static_cast<U>(a);
    if (bits == 0)
      return ~0u;
    uint32_t position = 8 * sizeof(T) - 1 - std::countl_zero(bits);
    return ShiftAmount ? 8 * sizeof(T) - 1 - position : position;
  }
};
/// bfe: `length` bits from `position`, extended by the sign bit that they (or the value) end in.
struct Extract {
  template <class T> T operator()(T a, uint32_t position, uint32_t length) const {
    constexpr uint32_t width = 8 * sizeof(T);
    position &= 0xff;
    length &= 0xff;
    bool fill = false;
    if (length != 0 && T(-1) < T(0))
      fill = (a >> std::min(position + length - 1, width - 1)) & 1;
    T result = 0;
    for (uint32_t bit = 0; bit < width; ++bit) {
      bool value = bit < length && position + bit < width ? (a >> (position + bit)) & 1 : fill;
      result |= static_cast<T>(static_cast<std::make_unsigned_t<T>>(value) << bit);
    }
    return result;
  }
};
/// prmt in its default mode: each nibble of the selector names a byte of {b, a}, or its sign.
struct Permute {
  uint32_t operator()(uint32_t a, uint32_t b, uint32_t selector) const {
    uint64_t bytes = (uint64_t{b} << 32) | a;
    uint32_t result = 0;
    for (unsigned i = 0; i < 4; ++i) {
      uint32_t nibble = (selector >> (4 * i)) & 0xf;
      uint32_t byte = (bytes >> (8 * (nibble & 7))) & 0xff;
      if (nibble & 8)
        byte = byte & 0x80 ? 0xff : 0;
      result |= byte << (8 * i);
    }
    return result;
  }
};

template <class T> void insertOp(Warp &warp, const Op &op) {
  const T *a = warp.at<T>(op.a), *b = warp.at<T>(op.b);
  const uint32_t *position = warp.at<uint32_t>(op.c);
  const uint32_t *length = warp.at<uint32_t>(op.vector[0]);
  forLanes<T>(warp, op.d, [=](unsigned l) {
    uint32_t first = position[l] & 0xff, end = first + (length[l] & 0xff);
    T result = b[l];
    for (uint32_t bit = first; bit < std::min<uint32_t>(end, 8 * sizeof(T)); ++bit) {
      T one = T(1) << bit;
      result = ((a[l] >> (bit - first)) & 1) ? result | one : result & ~one;
    }
    return result;
  });
}

void lop3Op(Warp &warp, const Op &op) {
  const uint32_t *a = warp.at<uint32_t>(op.a), *b = warp.at<uint32_t>(op.b);
  const uint32_t *c = warp.at<uint32_t>(op.c);
  uint64_t table = op.immediate;
  forLanes<uint32_t>(warp, op.d, [=](unsigned l) {
    uint32_t result = 0;
    for (unsigned row = 0; row < 8; ++row)
      if ((table >> row) & 1)
        result |= (row & 4 ? a[l] : ~a[l]) & (row & 2 ? b[l] : ~b[l]) & (row & 1 ? c[l] : ~c[l]);
    return result;
  });
}

template <class F> Op::Run logic(unsigned bytes) {
  switch (bytes) {
  case 1:
    return binaryOp<F, uint8_t, uint8_t>;
  case 2:
    return binaryOp<F, uint16_t, uint16_t>;
  case 4:
    return binaryOp<F, uint32_t, uint32_t>;
  default:
    return binaryOp<F, uint64_t, uint64_t>;
  }
}

template <class F> Op::Run invert(unsigned bytes) {
  switch (bytes) {
  case 1:
    return unaryOp<F, uint8_t, uint8_t>;
  case 2:
    return unaryOp<F, uint16_t, uint16_t>;
  case 4:
    return unaryOp<F, uint32_t, uint32_t>;
  default:
    return unaryOp<F, uint64_t, uint64_t>;
  }
}

Op::Run shift(bool left, Type type) {
  unsigned bytes = byteSize(type);
  if (left)
    return bytes == 2   ? binaryOp<ShiftLeft, uint16_t, uint16_t, uint32_t>
           : bytes == 4 ? binaryOp<ShiftLeft, uint32_t, uint32_t, uint32_t>
                        : binaryOp<ShiftLeft, uint64_t, uint64_t, uint32_t>;
  if (isSigned(type))
    return bytes == 2   ? binaryOp<ShiftRight, int16_t, int16_t, uint32_t>
           : bytes == 4 ? binaryOp<ShiftRight, int32_t, int32_t, uint32_t>
                        : binaryOp<ShiftRight, int64_t, int64_t, uint32_t>;
  return bytes == 2   ? binaryOp<ShiftRight, uint16_t, uint16_t, uint32_t>
         : bytes == 4 ? binaryOp<ShiftRight, uint32_t, uint32_t, uint32_t>
                      : binaryOp<ShiftRight, uint64_t, uint64_t, uint32_t>;
}

/// How the operands of one of these instructions look.
struct Form {
  Op::Run run = nullptr;
  unsigned operands = 2, bytes = 4, resultBytes = 4;
  unsigned amounts = 0; ///< that many operands at the end are 32-bit positions or lengths
};

Form formOf(Decoder &decoder, Type type) {
  const std::string &name = decoder.name();
  unsigned bytes = byteSize(type);
  bool wide = bytes == 8;
  if (name == "and")
    return {logic<And>(bytes), 2, bytes, bytes};
  if (name == "or")
    return {logic<Or>(bytes), 2, bytes, bytes};
  if (name == "xor")
    return {logic<Xor>(bytes), 2, bytes, bytes};
  if (name == "not")
    return {invert<Not>(bytes), 1, bytes, bytes};
  if (name == "cnot")
    return {invert<CNot>(bytes), 1, bytes, bytes};
  if (name == "shl" || name == "shr")
    return {shift(name == "shl", type), 2, bytes, bytes, 1};
  if (name == "popc")
    return {wide ? unaryOp<PopulationCount, uint32_t, uint64_t>
                 : unaryOp<PopulationCount, uint32_t, uint32_t>,
            1, bytes, 4};
  if (name == "clz")
    return {wide ? unaryOp<LeadingZeros, uint32_t, uint64_t>
                 : unaryOp<LeadingZeros, uint32_t, uint32_t>,
            1, bytes, 4};
  if (name == "brev")
    return {wide ? unaryOp<Reverse, uint64_t, uint64_t> : unaryOp<Reverse, uint32_t, uint32_t>, 1,
            bytes, bytes};
  if (name == "prmt" && type == Type::B32)
    return {ternaryOp<Permute, uint32_t, uint32_t>, 3};
  if (name == "bfe") {
    Op::Run run = wide ? isSigned(type) ? ternaryOp<Extract, int64_t, int64_t, uint32_t, uint32_t>
                                        : ternaryOp<Extract, uint64_t, uint64_t, uint32_t, uint32_t>
                  : isSigned(type) ? ternaryOp<Extract, int32_t, int32_t, uint32_t, uint32_t>
                                   : ternaryOp<Extract, uint32_t, uint32_t, uint32_t, uint32_t>;
    return {run, 3, bytes, bytes, 2};
  }
  if (name == "bfi")
    return {wide ? insertOp<uint64_t> : insertOp<uint32_t>, 4, bytes, bytes, 2};
  if (name == "bfind") {
    bool amount = decoder.modifiers.take("shiftamt");
    auto pick = [&](auto zero) -> Op::Run {
      using T = decltype(zero);
      return amount ? unaryOp<FindBit<true>, uint32_t, T> : unaryOp<FindBit<false>, uint32_t, T>;
    };
    Op::Run run = wide             ? isSigned(type) ? pick(int64_t{}) : pick(uint64_t{})
                  : isSigned(type) ? pick(int32_t{})
                                   : pick(uint32_t{});
    return {run, 1, bytes, 4};
  }
  if (name == "shf") {
    bool left = decoder.modifiers.take("l"), wrap = decoder.modifiers.take("wrap");
    if ((!left && !decoder.modifiers.take("r")) || (!wrap && !decoder.modifiers.take("clamp")))
      return {};
    Op::Run run = left   ? wrap ? ternaryOp<FunnelLeft<true>, uint32_t, uint32_t>
                                : ternaryOp<FunnelLeft<false>, uint32_t, uint32_t>
                  : wrap ? ternaryOp<FunnelRight<true>, uint32_t, uint32_t>
                         : ternaryOp<FunnelRight<false>, uint32_t, uint32_t>;
    return {run, 3};
  }
  return {};
}

void decodeLop3(Decoder &decoder) {
  decoder.modifiers.takeType();
  std::array<uint32_t, 3> from;
  for (unsigned i = 0; i < 3; ++i)
    from[i] = decoder.source(i + 1, 4);
  uint64_t table = decoder.operand(4).bits;
  uint32_t to = decoder.destination(0, 4);
  Op &op = decoder.emit(lop3Op);
  op.d = to;
  op.a = from[0];
  op.b = from[1];
  op.c = from[2];
  op.immediate = table;
}

} // namespace

bool decodeBits(Decoder &decoder) {
  if (decoder.name() == "lop3") {
    decodeLop3(decoder);
    return true;
  }
  Type type = typeNamed(decoder.instruction().opcode.back());
  if (type == Type::None)
    return false;
  Form form = formOf(decoder, type);
  if (!form.run)
    return false;
  decoder.modifiers.takeType();
  bool onPredicates = type == Type::Pred;
  std::array<uint32_t, 4> from{nowhere, nowhere, nowhere, nowhere};
  for (unsigned i = 0; i < form.operands; ++i) {
    bool isAmount = i + form.amounts >= form.operands;
    from[i] = onPredicates ? decoder.predicate(decoder.operand(i + 1))
                           : decoder.source(i + 1, isAmount ? 4 : form.bytes);
  }
  uint32_t to = onPredicates ? decoder.predicate(decoder.operand(0))
                             : decoder.destination(0, form.resultBytes);
  Op &op = decoder.emit(form.run);
  op.d = to;
  op.a = from[0];
  op.b = from[1];
  op.c = from[2];
  op.vector[0] = from[3];
  return true;
}

} // namespace tpc::fake_gpu
