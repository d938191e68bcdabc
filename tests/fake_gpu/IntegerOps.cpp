//===- IntegerOps.cpp - Integer arithmetic -------------------------------------------------===//

#include "tests/fake_gpu/Decoder.h"
#include "tests/fake_gpu/Integers.h"
#include "tests/fake_gpu/Warp.h"

namespace tpc::fake_gpu {
namespace {

template <class T> T highHalf(T a, T b) {
  if constexpr (sizeof(T) == 8) {
    using Wide = std::conditional_t<std::is_signed_v<T>, __int128, unsigned __int128>;
    return static_cast<T>((static_cast<Wide>(a) * b) >> 64);
  } else {
    using Wide = std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>;
    return static_cast<T>((static_cast<Wide>(a) * b) >> (8 * sizeof(T)));
  }
}

struct Sub {
  template <class T> T operator()(T a, T b) const {
    return static_cast<T>(Wrapping<T>(a) - Wrapping<T>(b));
  }
};
struct MulLow {
  template <class T> T operator()(T a, T b) const {
    return static_cast<T>(Wrapping<T>(a) * Wrapping<T>(b));
  }
};
struct MulHigh {
  template <class T> T operator()(T a, T b) const { return highHalf(a, b); }
};
/// A division by zero sets all bits, and min / -1 wraps, as the hardware's sequences do.
struct Div {
  template <class T> T operator()(T a, T b) const {
    if (b == 0)
      return static_cast<T>(-1);
    if (std::is_signed_v<T> && b == static_cast<T>(-1))
      return static_cast<T>(0 - Wrapping<T>(a));
    return static_cast<T>(a / b);
  }
};
struct Rem {
  template <class T> T operator()(T a, T b) const {
    if (b == 0)
      return a;
    if (std::is_signed_v<T> && b == static_cast<T>(-1))
      return 0;
    return static_cast<T>(a % b);
  }
};
struct Neg {
  template <class T> T operator()(T a) const { return static_cast<T>(0 - Wrapping<T>(a)); }
};
struct Abs {
  template <class T> T operator()(T a) const {
    return a < 0 ? static_cast<T>(0 - Wrapping<T>(a)) : a;
  }
};
struct MadLow {
  template <class T> T operator()(T a, T b, T c) const {
    return static_cast<T>(Wrapping<T>(a) * Wrapping<T>(b) + Wrapping<T>(c));
  }
};
struct MadHigh {
  template <class T> T operator()(T a, T b, T c) const {
    return static_cast<T>(Wrapping<T>(highHalf(a, b)) + Wrapping<T>(c));
  }
};
struct SumOfDifferences {
  template <class T> T operator()(T a, T b, T c) const {
    Wrapping<T> difference =
        a < b ? Wrapping<T>(b) - Wrapping<T>(a) : Wrapping<T>(a) - Wrapping<T>(b);
    return static_cast<T>(difference + Wrapping<T>(c));
  }
};
template <class Wide> struct MulWide {
  template <class T> Wide operator()(T a, T b) const {
    return static_cast<Wide>(static_cast<Wide>(a) * static_cast<Wide>(b));
  }
};
template <class Wide> struct MadWide {
  template <class T> Wide operator()(T a, T b, Wide c) const {
    using U = Wrapping<Wide>;
    return static_cast<Wide>(U(static_cast<Wide>(a)) * U(static_cast<Wide>(b)) + U(c));
  }
};

template <class F> Op::Run binary(Type type) {
  switch (type) {
  case Type::B16:
  case Type::U16:
    return binaryOp<F, uint16_t, uint16_t>;
  case Type::S16:
    return binaryOp<F, int16_t, int16_t>;
  case Type::B32:
  case Type::U32:
    return binaryOp<F, uint32_t, uint32_t>;
  case Type::S32:
    return binaryOp<F, int32_t, int32_t>;
  case Type::B64:
  case Type::U64:
    return binaryOp<F, uint64_t, uint64_t>;
  default:
    return binaryOp<F, int64_t, int64_t>;
  }
}

template <class F> Op::Run ternary(Type type) {
  switch (type) {
  case Type::U16:
    return ternaryOp<F, uint16_t, uint16_t>;
  case Type::S16:
    return ternaryOp<F, int16_t, int16_t>;
  case Type::U32:
    return ternaryOp<F, uint32_t, uint32_t>;
  case Type::S32:
    return ternaryOp<F, int32_t, int32_t>;
  case Type::U64:
    return ternaryOp<F, uint64_t, uint64_t>;
  default:
    return ternaryOp<F, int64_t, int64_t>;
  }
}

template <class F> Op::Run unarySigned(Type type) {
  switch (type) {
  case Type::S16:
    return unaryOp<F, int16_t, int16_t>;
  case Type::S32:
    return unaryOp<F, int32_t, int32_t>;
  default:
    return unaryOp<F, int64_t, int64_t>;
  }
}

Op::Run mulWide(Type type) {
  switch (type) {
  case Type::U16:
    return binaryOp<MulWide<uint32_t>, uint32_t, uint16_t>;
  case Type::S16:
    return binaryOp<MulWide<int32_t>, int32_t, int16_t>;
  case Type::U32:
    return binaryOp<MulWide<uint64_t>, uint64_t, uint32_t>;
  case Type::S32:
    return binaryOp<MulWide<int64_t>, int64_t, int32_t>;
  default:
    return nullptr;
  }
}

Op::Run madWide(Type type) {
  switch (type) {
  case Type::U16:
    return ternaryOp<MadWide<uint32_t>, uint32_t, uint16_t, uint16_t, uint32_t>;
  case Type::S16:
    return ternaryOp<MadWide<int32_t>, int32_t, int16_t, int16_t, int32_t>;
  case Type::U32:
    return ternaryOp<MadWide<uint64_t>, uint64_t, uint32_t, uint32_t, uint64_t>;
  case Type::S32:
    return ternaryOp<MadWide<int64_t>, int64_t, int32_t, int32_t, int64_t>;
  default:
    return nullptr;
  }
}

/// add.cc, addc(.cc), sub.cc, subc(.cc). The flag is a carry of additions and a borrow of
/// subtractions; `immediate`: 1 takes the flag in, 2 sets it.
template <class T, bool Subtract> void carryOp(Warp &warp, const Op &op) {
  const T *a = warp.at<T>(op.a), *b = warp.at<T>(op.b);
  T *d = warp.at<T>(op.d);
  uint8_t *flag = warp.at<uint8_t>(op.c);
  forEachLane(warp.mask, [&](unsigned l) {
    T in = (op.immediate & 1) && flag[l] ? 1 : 0, result, x = a[l];
    bool out;
    if constexpr (Subtract) {
      bool first = __builtin_sub_overflow(x, b[l], &result);
      out = __builtin_sub_overflow(result, in, &result) || first;
    } else {
      bool first = __builtin_add_overflow(x, b[l], &result);
      out = __builtin_add_overflow(result, in, &result) || first;
    }
    d[l] = result;
    if (op.immediate & 2)
      flag[l] = out;
  });
}

void decodeCarry(Decoder &decoder, Type type, bool setsFlag) {
  bool takesFlag = decoder.name().ends_with("c"), subtract = decoder.name().starts_with("sub");
  unsigned bytes = byteSize(type);
  uint32_t a = decoder.source(1, bytes), b = decoder.source(2, bytes);
  uint32_t flag = decoder.carry();
  Op::Run run = bytes == 8 ? (subtract ? carryOp<uint64_t, true> : carryOp<uint64_t, false>)
                           : (subtract ? carryOp<uint32_t, true> : carryOp<uint32_t, false>);
  uint32_t d = decoder.destination(0, bytes);
  Op &op = decoder.emit(run);
  op.d = d;
  op.a = a;
  op.b = b;
  op.c = flag;
  op.immediate = (takesFlag ? 1 : 0) | (setsFlag ? 2 : 0);
}

/// F of the low and of the high 16 bits, each for itself.
template <class F, class T> struct OfPairs {
  uint32_t operator()(uint32_t a, uint32_t b) const {
    auto half = [&](unsigned shift) {
      T result = F()(static_cast<T>(a >> shift), static_cast<T>(b >> shift));
      return uint32_t{static_cast<uint16_t>(result)} << shift;
    };
    return half(0) | half(16);
  }
};

/// add, min and max of two pairs of 16 bits. False if it is none of these.
bool decodePairs(Decoder &decoder) {
  const std::string &name = decoder.name();
  Modifiers left = decoder.modifiers;
  bool isSigned = left.take("s16x2");
  if (!isSigned && !left.take("u16x2"))
    return false;
  auto of = [&](auto f) -> Op::Run {
    using F = decltype(f);
    return isSigned ? binaryOp<OfPairs<F, int16_t>, uint32_t, uint32_t>
                    : binaryOp<OfPairs<F, uint16_t>, uint32_t, uint32_t>;
  };
  Op::Run run = name == "add"   ? of(Add())
                : name == "min" ? of(Min())
                : name == "max" ? of(Max())
                                : nullptr;
  if (!run)
    return false;
  decoder.modifiers = left;
  uint32_t a = decoder.source(1, 4), b = decoder.source(2, 4), d = decoder.destination(0, 4);
  Op &op = decoder.emit(run);
  op.d = d;
  op.a = a;
  op.b = b;
  return true;
}

} // namespace

bool decodeInteger(Decoder &decoder) {
  const std::string &name = decoder.name();
  if (decodePairs(decoder))
    return true;
  Type type = typeNamed(decoder.instruction().opcode.back());
  if (type == Type::None || type == Type::Pred || isFloat(type) || byteSize(type) == 1)
    return false;
  Op::Run run = nullptr;
  unsigned operands = 2, resultBytes = byteSize(type), lastBytes = byteSize(type);
  Modifiers left = decoder.modifiers;
  left.takeType();
  if ((name == "add" || name == "sub") && !left.take("cc")) {
    if (left.take("sat"))
      return false;
    run = name == "add" ? binary<Add>(type) : binary<Sub>(type);
  } else if (name == "add" || name == "sub" || name == "addc" || name == "subc") {
    bool setsFlag = name.size() == 3 || left.take("cc");
    decoder.modifiers = left;
    decodeCarry(decoder, type, setsFlag);
    return true;
  } else if (name == "mul" || name == "mad") {
    bool adds = name == "mad";
    operands = adds ? 3 : 2;
    if (left.take("lo")) {
      run = adds ? ternary<MadLow>(type) : binary<MulLow>(type);
    } else if (left.take("hi")) {
      run = adds ? ternary<MadHigh>(type) : binary<MulHigh>(type);
    } else if (left.take("wide")) {
      run = adds ? madWide(type) : mulWide(type);
      resultBytes *= 2;
      if (adds)
        lastBytes *= 2;
    }
  } else if (name == "div") {
    run = binary<Div>(type);
  } else if (name == "rem") {
    run = binary<Rem>(type);
  } else if (name == "min") {
    run = binary<Min>(type);
  } else if (name == "max") {
    run = binary<Max>(type);
  } else if (name == "sad") {
    run = ternary<SumOfDifferences>(type);
    operands = 3;
  } else if (name == "neg" || name == "abs") {
    run = name == "neg" ? unarySigned<Neg>(type) : unarySigned<Abs>(type);
    operands = 1;
  }
  if (!run)
    return false;
  decoder.modifiers = left;
  std::array<uint32_t, 3> from{nowhere, nowhere, nowhere};
  for (unsigned i = 0; i < operands; ++i)
    from[i] = decoder.source(i + 1, i == 2 ? lastBytes : byteSize(type));
  uint32_t to = decoder.destination(0, resultBytes, isSigned(type));
  Op &op = decoder.emit(run);
  op.d = to;
  op.a = from[0];
  op.b = from[1];
  op.c = from[2];
  return true;
}

} // namespace tpc::fake_gpu
