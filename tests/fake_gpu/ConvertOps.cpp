//===- ConvertOps.cpp - cvt ----------------------------------------------------------------===//

#include "tests/fake_gpu/Decoder.h"
#include "tests/fake_gpu/Half.h"
#include "tests/fake_gpu/Rounding.h"
#include "tests/fake_gpu/Warp.h"

#include <type_traits>

namespace tpc::fake_gpu {
namespace {

enum class Integral { None, Nearest, Zero, Down, Up }; ///< .rni, .rzi, .rmi, .rpi

template <class T> T toIntegral(T x, Integral how) {
  switch (how) {
  case Integral::Nearest:
    return std::nearbyint(x);
  case Integral::Zero:
    return std::trunc(x);
  case Integral::Down:
    return std::floor(x);
  case Integral::Up:
    return std::ceil(x);
  default:
    return x;
  }
}

/// What a float becomes as an integer: clamped; a NaN is 0, or the highest bit where one of the
/// types has 64 bits (PTX ISA, cvt).
template <class To, class From> To clampToInteger(From x) {
  if (x != x)
    return sizeof(From) == 8 || sizeof(To) == 8
               ? static_cast<To>(std::make_unsigned_t<To>(1) << (8 * sizeof(To) - 1))
               : To(0);
  // 2^digits, exact in every float type.
  const From limit = std::ldexp(From(1), std::numeric_limits<To>::digits);
  if (x >= limit)
    return std::numeric_limits<To>::max();
  if (x < (std::is_signed_v<To> ? -limit : From(0)))
    return std::numeric_limits<To>::min();
  return static_cast<To>(x);
}

template <class To, class From, Integral How> struct FloatToInteger {
  To operator()(From x) const { return clampToInteger<To>(toIntegral(x, How)); }
};
template <class To> struct Saturated {
  template <class From> To operator()(From x) const {
    if (std::cmp_less(x, std::numeric_limits<To>::min()))
      return std::numeric_limits<To>::min();
    if (std::cmp_greater(x, std::numeric_limits<To>::max()))
      return std::numeric_limits<To>::max();
    return static_cast<To>(x);
  }
};
struct Plain {
  template <class T> T operator()(T x) const { return x; }
};
template <class T, Integral How> struct FloatToIntegral {
  T operator()(T x) const {
    T result = toIntegral(x, How);
    if constexpr (sizeof(T) == 4)
      return x != x ? std::bit_cast<float>(0x7fffffffu) : result;
    return result;
  }
};
template <class T> struct Unit {
  T operator()(T x) const { return x > T(0) ? (x < T(1) ? x : T(1)) : T(0); }
};
struct Narrow {
  float operator()(double x) const {
    return x != x ? std::bit_cast<float>(0x7fffffffu) : static_cast<float>(x);
  }
};
template <class Format> struct Widen {
  float operator()(uint16_t x) const { return Format::widen(x); }
};
struct RoundToBrain {
  uint16_t operator()(float x) const { return toBrainHalf(x); }
};
template <class Format, bool ToZero> struct RoundToHalf {
  template <class T> uint16_t operator()(T x) const { return Format::round(x, ToZero); }
};
/// d = {a rounded in the upper half, b rounded in the lower half}; with .relu negatives and NaNs
/// do not arise here.
template <class R> struct RoundPair {
  uint32_t operator()(float a, float b) const {
    return (static_cast<uint32_t>(R()(a)) << 16) | R()(b);
  }
};
struct ToTf32 {
  uint32_t operator()(float x) const {
    uint32_t bits = std::bit_cast<uint32_t>(x);
    return x != x ? 0x7fffffffu : (std::isinf(x) ? bits : (bits + 0x1000u) & ~0x1fffu);
  }
};

template <void (*Inner)(Warp &, const Op &)> void rounded(Warp &warp, const Op &op) {
  RoundingScope scope(static_cast<int>(op.immediate));
  Inner(warp, op);
}

/// Calls f with a value of the C++ type of an integer type.
template <class F> Op::Run withInteger(Type type, F f) {
  switch (type) {
  case Type::B8:
  case Type::U8:
    return f(uint8_t{});
  case Type::S8:
    return f(int8_t{});
  case Type::B16:
  case Type::U16:
    return f(uint16_t{});
  case Type::S16:
    return f(int16_t{});
  case Type::B32:
  case Type::U32:
    return f(uint32_t{});
  case Type::S32:
    return f(int32_t{});
  case Type::B64:
  case Type::U64:
    return f(uint64_t{});
  case Type::S64:
    return f(int64_t{});
  default:
    return nullptr;
  }
}

template <class From> Op::Run floatToInteger(Type to, Integral how) {
  return withInteger(to, [&](auto zero) -> Op::Run {
    using To = decltype(zero);
    switch (how) {
    case Integral::Nearest:
      return unaryOp<FloatToInteger<To, From, Integral::Nearest>, To, From>;
    case Integral::Zero:
      return unaryOp<FloatToInteger<To, From, Integral::Zero>, To, From>;
    case Integral::Down:
      return unaryOp<FloatToInteger<To, From, Integral::Down>, To, From>;
    case Integral::Up:
      return unaryOp<FloatToInteger<To, From, Integral::Up>, To, From>;
    default:
      return nullptr;
    }
  });
}

template <class T> Op::Run floatToIntegral(Integral how) {
  switch (how) {
  case Integral::Nearest:
    return unaryOp<FloatToIntegral<T, Integral::Nearest>, T, T>;
  case Integral::Zero:
    return unaryOp<FloatToIntegral<T, Integral::Zero>, T, T>;
  case Integral::Down:
    return unaryOp<FloatToIntegral<T, Integral::Down>, T, T>;
  default:
    return unaryOp<FloatToIntegral<T, Integral::Up>, T, T>;
  }
}

struct Conversion {
  Type to, from;
  Integral integral = Integral::None;
  int rounding = 0;
  bool saturate = false;
};

Op::Run betweenFloats(const Conversion &cvt) {
  Type to = cvt.to, from = cvt.from;
  if (to == from && (to == Type::F32 || to == Type::F64)) {
    if (cvt.saturate)
      return to == Type::F32 ? unaryOp<Unit<float>, float, float>
                             : unaryOp<Unit<double>, double, double>;
    if (cvt.integral == Integral::None)
      return to == Type::F32 ? unaryOp<Plain, float, float> : unaryOp<Plain, double, double>;
    return to == Type::F32 ? floatToIntegral<float>(cvt.integral)
                           : floatToIntegral<double>(cvt.integral);
  }
  if (cvt.saturate || cvt.integral != Integral::None)
    return nullptr;
  bool nearest = cvt.rounding == FE_TONEAREST, toZero = cvt.rounding == FE_TOWARDZERO;
  if (to == Type::F64 && from == Type::F32)
    return unaryOp<Plain, double, float>;
  if (to == Type::F32 && from == Type::F64)
    return nearest ? unaryOp<Narrow, float, double> : rounded<unaryOp<Narrow, float, double>>;
  if (to == Type::F32 && from == Type::BF16)
    return unaryOp<Widen<BrainHalf>, float, uint16_t>;
  if (to == Type::F32 && from == Type::F16)
    return unaryOp<Widen<Half>, float, uint16_t>;
  if (to == Type::F64 && from == Type::BF16)
    return unaryOp<Widen<BrainHalf>, double, uint16_t>;
  if (to == Type::F64 && from == Type::F16)
    return unaryOp<Widen<Half>, double, uint16_t>;
  if (!nearest && !toZero)
    return nullptr;
  if (from == Type::F32 && to == Type::BF16)
    return nearest ? unaryOp<RoundToBrain, uint16_t, float>
                   : unaryOp<RoundToHalf<BrainHalf, true>, uint16_t, float>;
  if (from == Type::F32 && to == Type::F16)
    return nearest ? unaryOp<RoundToHalf<Half, false>, uint16_t, float>
                   : unaryOp<RoundToHalf<Half, true>, uint16_t, float>;
  if (from == Type::F64 && to == Type::BF16)
    return nearest ? unaryOp<RoundToHalf<BrainHalf, false>, uint16_t, double>
                   : unaryOp<RoundToHalf<BrainHalf, true>, uint16_t, double>;
  if (from == Type::F64 && to == Type::F16)
    return nearest ? unaryOp<RoundToHalf<Half, false>, uint16_t, double>
                   : unaryOp<RoundToHalf<Half, true>, uint16_t, double>;
  return nullptr;
}

Op::Run conversionOf(const Conversion &cvt) {
  bool toFloat = isFloat(cvt.to), fromFloat = isFloat(cvt.from);
  if (toFloat && fromFloat)
    return betweenFloats(cvt);
  if (fromFloat) { // an integer is clamped with or without .sat
    if (cvt.from == Type::F32)
      return floatToInteger<float>(cvt.to, cvt.integral);
    return cvt.from == Type::F64 ? floatToInteger<double>(cvt.to, cvt.integral) : nullptr;
  }
  return withInteger(cvt.from, [&](auto zero) -> Op::Run {
    using From = decltype(zero);
    if (!toFloat)
      return withInteger(cvt.to, [&](auto toZero) -> Op::Run {
        using To = decltype(toZero);
        return cvt.saturate ? unaryOp<Saturated<To>, To, From> : unaryOp<Plain, To, From>;
      });
    if (cvt.saturate)
      return nullptr;
    bool nearest = cvt.rounding == FE_TONEAREST;
    if (cvt.to == Type::F32)
      return nearest ? unaryOp<Plain, float, From> : rounded<unaryOp<Plain, float, From>>;
    if (cvt.to == Type::F64)
      return nearest ? unaryOp<Plain, double, From> : rounded<unaryOp<Plain, double, From>>;
    if (nearest && sizeof(From) <= 4) // exact in float64
      return cvt.to == Type::BF16 ? unaryOp<RoundToHalf<BrainHalf, false>, uint16_t, From>
                                  : unaryOp<RoundToHalf<Half, false>, uint16_t, From>;
    return nullptr;
  });
}

bool decodePair(Decoder &decoder, Type to, int rounding) {
  Op::Run run = nullptr;
  if (to == Type::BF16x2)
    run = rounding == FE_TONEAREST
              ? binaryOp<RoundPair<RoundToBrain>, uint32_t, float>
              : binaryOp<RoundPair<RoundToHalf<BrainHalf, true>>, uint32_t, float>;
  else
    run = rounding == FE_TONEAREST ? binaryOp<RoundPair<RoundToHalf<Half, false>>, uint32_t, float>
                                   : binaryOp<RoundPair<RoundToHalf<Half, true>>, uint32_t, float>;
  if (rounding != FE_TONEAREST && rounding != FE_TOWARDZERO)
    return false;
  uint32_t a = decoder.source(1, 4), b = decoder.source(2, 4), d = decoder.destination(0, 4);
  Op &op = decoder.emit(run);
  op.d = d;
  op.a = a;
  op.b = b;
  return true;
}

} // namespace

bool decodeConvert(Decoder &decoder) {
  if (decoder.name() != "cvt")
    return false;
  Modifiers &left = decoder.modifiers;
  if (left.take("rna") && left.take("tf32") && left.takeType() == Type::F32) {
    uint32_t a = decoder.source(1, 4), d = decoder.destination(0, 4);
    Op &op = decoder.emit(unaryOp<ToTf32, uint32_t, float>);
    op.d = d;
    op.a = a;
    return true;
  }
  Conversion cvt;
  cvt.to = left.takeType();
  cvt.from = left.takeType();
  cvt.integral = left.take("rni")   ? Integral::Nearest
                 : left.take("rzi") ? Integral::Zero
                 : left.take("rmi") ? Integral::Down
                 : left.take("rpi") ? Integral::Up
                                    : Integral::None;
  cvt.rounding = takeRounding(left);
  cvt.saturate = left.take("sat");
  if (cvt.to == Type::BF16x2 || cvt.to == Type::F16x2)
    return cvt.from == Type::F32 && decodePair(decoder, cvt.to, cvt.rounding);
  Op::Run run = conversionOf(cvt);
  if (!run)
    return false;
  uint32_t a = decoder.source(1, byteSize(cvt.from));
  uint32_t d = decoder.destination(0, byteSize(cvt.to), isSigned(cvt.to));
  Op &op = decoder.emit(run);
  op.d = d;
  op.a = a;
  op.immediate = static_cast<uint64_t>(cvt.rounding);
  return true;
}

} // namespace tpc::fake_gpu
