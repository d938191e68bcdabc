//===- FloatOps.cpp - Arithmetic of f32, f64, bf16 and f16 ---------------------------------===//
//
// IEEE 754 with denormals (unless .ftz says otherwise) and the rounding that the instruction names.
// A NaN that a float32 instruction makes is 0x7fffffff (PTX ISA, "Floating Point Instructions");
// one of 16 bits is 0x7fff.
//
//===---------------------------------------------------------------------------------------===//

#include "tests/fake_gpu/Decoder.h"
#include "tests/fake_gpu/Half.h"
#include "tests/fake_gpu/Rounding.h"
#include "tests/fake_gpu/Warp.h"

#include <cmath>

namespace tpc::fake_gpu {
namespace {

float canonical(float x) { return x != x ? std::bit_cast<float>(0x7fffffffu) : x; }
double canonical(double x) { return x; }

float flush(float x) {
  return std::fabs(x) < std::numeric_limits<float>::min() ? std::copysign(0.0f, x) : x;
}
double flush(double x) { return x; }

template <class T> T clampToUnit(T x) { return x > T(0) ? (x < T(1) ? x : T(1)) : T(0); }

struct Add {
  template <class T> T operator()(T a, T b) const { return a + b; }
};
struct Sub {
  template <class T> T operator()(T a, T b) const { return a - b; }
};
struct Mul {
  template <class T> T operator()(T a, T b) const { return a * b; }
};
struct Div {
  template <class T> T operator()(T a, T b) const { return a / b; }
};
struct Fma {
  template <class T> T operator()(T a, T b, T c) const { return std::fma(a, b, c); }
};
struct Sqrt {
  template <class T> T operator()(T a) const { return std::sqrt(a); }
};
struct Reciprocal {
  template <class T> T operator()(T a) const { return T(1) / a; }
};
/// The smaller of two; -0 is less than +0; a NaN loses unless Propagate.
template <bool Propagate> struct Min {
  template <class T> T operator()(T a, T b) const {
    T smaller = a < b || (a == b && std::signbit(a)) ? a : b;
    if (Propagate)
      return a != a ? a : (b != b ? b : smaller);
    return a != a ? b : (b != b ? a : smaller);
  }
};
template <bool Propagate> struct Max {
  template <class T> T operator()(T a, T b) const {
    T larger = a > b || (a == b && !std::signbit(a)) ? a : b;
    if (Propagate)
      return a != a ? a : (b != b ? b : larger);
    return a != a ? b : (b != b ? a : larger);
  }
};
struct Exp2 {
  float operator()(float a) const { return static_cast<float>(std::exp2(double(a))); }
};
struct Log2 {
  float operator()(float a) const { return static_cast<float>(std::log2(double(a))); }
};
struct ReciprocalSqrt {
  template <class T> T operator()(T a) const {
    return static_cast<T>(1 / std::sqrt(static_cast<double>(a)));
  }
};
struct Sine {
  float operator()(float a) const { return static_cast<float>(std::sin(double(a))); }
};
struct Cosine {
  float operator()(float a) const { return static_cast<float>(std::cos(double(a))); }
};
struct Tanh {
  float operator()(float a) const { return static_cast<float>(std::tanh(double(a))); }
};

struct Neg {
  template <class U> U operator()(U a) const {
    return static_cast<U>(a ^ (U(1) << (8 * sizeof(U) - 1)));
  }
};
struct Abs {
  template <class U> U operator()(U a) const {
    return static_cast<U>(a & ~(U(1) << (8 * sizeof(U) - 1)));
  }
};
/// copysign d, a, b: the sign of a, the magnitude of b.
struct CopySign {
  template <class U> U operator()(U a, U b) const {
    U sign = U(1) << (8 * sizeof(U) - 1);
    return static_cast<U>((a & sign) | (b & ~sign));
  }
};

/// f with what the modifiers ask for around it.
template <class F, bool Flush, bool Saturate> struct With {
  template <class... T> auto operator()(T... operands) const {
    auto result = canonical(F()((Flush ? flush(operands) : operands)...));
    if (Flush)
      result = flush(result);
    return Saturate ? clampToUnit(result) : result;
  }
};

/// Runs `Inner` while the host rounds as the instruction says (0: nearest).
template <void (*Inner)(Warp &, const Op &)> void rounded(Warp &warp, const Op &op) {
  RoundingScope scope(static_cast<int>(op.immediate));
  Inner(warp, op);
}

template <class F, class T, unsigned Operands> void run(Warp &warp, const Op &op) {
  if constexpr (Operands == 1)
    unaryOp<F, T, T>(warp, op);
  else if constexpr (Operands == 2)
    binaryOp<F, T, T>(warp, op);
  else
    ternaryOp<F, T, T>(warp, op);
}

template <class F, unsigned Operands, class T> Op::Run variant(bool ftz, bool sat, bool directed) {
  if (directed)
    return ftz || sat ? nullptr : rounded<run<With<F, false, false>, T, Operands>>;
  if (ftz)
    return sat ? run<With<F, true, true>, T, Operands> : run<With<F, true, false>, T, Operands>;
  return sat ? run<With<F, false, true>, T, Operands> : run<With<F, false, false>, T, Operands>;
}

/// a b + c of numbers whose product is exact, rounded to odd: rounding that again, to fewer than 51
/// bits, is rounding once.
struct FmaToOdd {
  double operator()(double a, double b, double c) const {
    double product = a * b, sum = product + c;
    double part = sum - product, error = (product - (sum - part)) + (c - part);
    auto bits = std::bit_cast<uint64_t>(sum);
    if (std::isfinite(sum) && error != 0 && !(bits & 1))
      bits += (error > 0) == (sum > 0) ? 1 : -1;
    return std::bit_cast<double>(bits);
  }
};

/// 16-bit formats: computed in float64 and rounded once. A sum of two of them that float64 does not
/// hold exactly is no tie of the 16-bit format.
template <class F, class Format, unsigned Operands, unsigned Parts>
void runHalf(Warp &warp, const Op &op) {
  using Word = std::conditional_t<Parts == 2, uint32_t, uint16_t>;
  const Word *a = warp.at<Word>(op.a);
  const Word *b = Operands > 1 ? warp.at<Word>(op.b) : a;
  const Word *c = Operands > 2 ? warp.at<Word>(op.c) : a;
  forLanes<Word>(warp, op.d, [=](unsigned l) {
    Word result = 0;
    for (unsigned part = 0; part < Parts; ++part) {
      auto value = [&](Word word) {
        return static_cast<double>(Format::widen(static_cast<uint16_t>(word >> (16 * part))));
      };
      double x;
      if constexpr (Operands == 1)
        x = F()(value(a[l]));
      else if constexpr (Operands == 2)
        x = F()(value(a[l]), value(b[l]));
      else
        x = F()(value(a[l]), value(b[l]), value(c[l]));
      result |= static_cast<Word>(static_cast<Word>(Format::round(x)) << (16 * part));
    }
    return result;
  });
}

template <class F, unsigned Operands> Op::Run pick(Type type, bool ftz, bool sat, bool directed) {
  switch (type) {
  case Type::F32:
    return variant<F, Operands, float>(ftz, sat, directed);
  case Type::F64:
    return sat || ftz ? nullptr : variant<F, Operands, double>(false, false, directed);
  default:
    break;
  }
  if (ftz || sat || directed)
    return nullptr;
  using H = std::conditional_t<std::is_same_v<F, Fma>, FmaToOdd, F>;
  switch (type) {
  case Type::F16:
    return runHalf<H, Half, Operands, 1>;
  case Type::F16x2:
    return runHalf<H, Half, Operands, 2>;
  case Type::BF16:
    return runHalf<H, BrainHalf, Operands, 1>;
  default:
    return runHalf<H, BrainHalf, Operands, 2>;
  }
}

template <class F, unsigned Operands> Op::Run signOp(Type type) {
  switch (type) {
  case Type::F16:
  case Type::BF16:
    return run<F, uint16_t, Operands>;
  case Type::F32:
    return run<F, uint32_t, Operands>;
  case Type::F64:
    return run<F, uint64_t, Operands>;
  default:
    return nullptr;
  }
}

/// neg and abs of two 16-bit numbers in one register.
template <bool Negate> struct SignOfPair {
  uint32_t operator()(uint32_t a) const { return Negate ? a ^ 0x80008000u : a & 0x7fff7fffu; }
};

Op::Run approximation(const std::string &name, bool ftz, bool sat, Type type) {
  if (type == Type::F64) {
    if (name == "rcp")
      return variant<Reciprocal, 1, double>(false, false, false);
    return name == "rsqrt" ? variant<ReciprocalSqrt, 1, double>(false, false, false) : nullptr;
  }
  if (type != Type::F32)
    return nullptr;
  if (name == "ex2")
    return variant<Exp2, 1, float>(ftz, sat, false);
  if (name == "lg2")
    return variant<Log2, 1, float>(ftz, sat, false);
  if (name == "rcp")
    return variant<Reciprocal, 1, float>(ftz, sat, false);
  if (name == "rsqrt")
    return variant<ReciprocalSqrt, 1, float>(ftz, sat, false);
  if (name == "sqrt")
    return variant<Sqrt, 1, float>(ftz, sat, false);
  if (name == "div")
    return variant<Div, 2, float>(ftz, sat, false);
  if (name == "sin")
    return variant<Sine, 1, float>(ftz, sat, false);
  if (name == "cos")
    return variant<Cosine, 1, float>(ftz, sat, false);
  if (name == "tanh")
    return variant<Tanh, 1, float>(ftz, sat, false);
  return nullptr;
}

struct Choice {
  Op::Run run = nullptr;
  unsigned operands = 2;
};

Choice choose(Decoder &decoder, Type type, bool ftz, bool sat, bool directed) {
  const std::string &name = decoder.name();
  if (name == "add")
    return {pick<Add, 2>(type, ftz, sat, directed)};
  if (name == "sub")
    return {pick<Sub, 2>(type, ftz, sat, directed)};
  if (name == "mul")
    return {pick<Mul, 2>(type, ftz, sat, directed)};
  if (name == "fma" || name == "mad")
    return {pick<Fma, 3>(type, ftz, sat, directed), 3};
  if (name == "min" || name == "max") {
    bool propagate = decoder.modifiers.take("NaN");
    if (name == "min")
      return {propagate ? pick<Min<true>, 2>(type, ftz, sat, directed)
                        : pick<Min<false>, 2>(type, ftz, sat, directed)};
    return {propagate ? pick<Max<true>, 2>(type, ftz, sat, directed)
                      : pick<Max<false>, 2>(type, ftz, sat, directed)};
  }
  bool wide = type == Type::F32 || type == Type::F64;
  if (name == "div" && wide)
    return {pick<Div, 2>(type, ftz, sat, directed)};
  if (name == "sqrt" && wide)
    return {pick<Sqrt, 1>(type, ftz, sat, directed), 1};
  if (name == "rcp" && wide)
    return {pick<Reciprocal, 1>(type, ftz, sat, directed), 1};
  if (name == "copysign")
    return {signOp<CopySign, 2>(type)};
  bool pair = type == Type::F16x2 || type == Type::BF16x2;
  if (name == "neg")
    return {pair ? run<SignOfPair<true>, uint32_t, 1> : signOp<Neg, 1>(type), 1};
  if (name == "abs")
    return {pair ? run<SignOfPair<false>, uint32_t, 1> : signOp<Abs, 1>(type), 1};
  return {};
}

} // namespace

bool decodeFloat(Decoder &decoder) {
  Type type = typeNamed(decoder.instruction().opcode.back());
  if (!isFloat(type))
    return false;
  Modifiers before = decoder.modifiers;
  Modifiers &left = decoder.modifiers;
  left.takeType();
  bool ftz = left.take("ftz"), sat = left.take("sat");
  bool approximate = left.take("approx") || left.take("full");
  int rounding = takeRounding(left);
  Choice choice;
  if (approximate || decoder.name() == "ex2" || decoder.name() == "lg2")
    choice = {approximation(decoder.name(), ftz, sat, type), decoder.name() == "div" ? 2u : 1u};
  else
    choice = choose(decoder, type, ftz, sat, rounding != 0);
  if (!choice.run) {
    decoder.modifiers = before;
    return false;
  }
  std::array<uint32_t, 3> from{nowhere, nowhere, nowhere};
  for (unsigned i = 0; i < choice.operands; ++i)
    from[i] = decoder.source(i + 1, byteSize(type));
  uint32_t to = decoder.destination(0, byteSize(type));
  Op &op = decoder.emit(choice.run);
  op.d = to;
  op.a = from[0];
  op.b = from[1];
  op.c = from[2];
  op.immediate = static_cast<uint64_t>(rounding);
  op.approximate = approximate;
  return true;
}

} // namespace tpc::fake_gpu
