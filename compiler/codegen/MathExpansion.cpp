//===- MathExpansion.cpp - Elementary functions as arithmetic ------------------------------===//
//
// exp, log, sin and cos use their Taylor series after range reduction; erf uses minimax polynomials
// (Chebyshev fits made with 60 digits): erf(x)/x in x^2 below 1, and -log(erfc(x)) above.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/codegen/MathExpansion.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;

namespace tpc::codegen {

namespace {

// 1/k!, k = 2, 3, ...: (e^r - 1 - r) / r^2.
const double kExpSeries[] = {1.0 / 2,       1.0 / 6,        1.0 / 24,        1.0 / 120,
                             1.0 / 720,     1.0 / 5040,     1.0 / 40320,     1.0 / 362880,
                             1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600, 1.0 / 6227020800.0};
// (sin r - r) / r^3 and (cos r - 1) / r^2, in r^2.
const double kSinSeries[] = {-1.0 / 6,
                             1.0 / 120,
                             -1.0 / 5040,
                             1.0 / 362880,
                             -1.0 / 39916800,
                             1.0 / 6227020800.0,
                             -1.0 / 1307674368000.0,
                             1.0 / 355687428096000.0};
const double kCosSeries[] = {-1.0 / 2,
                             1.0 / 24,
                             -1.0 / 720,
                             1.0 / 40320,
                             -1.0 / 3628800,
                             1.0 / 479001600,
                             -1.0 / 87178291200.0,
                             1.0 / 20922789888000.0,
                             -1.0 / 6402373705728000.0};
// log((1 + s) / (1 - s)) = 2 s + s * (2/3 s^2 + 2/5 s^4 + ...).
const double kLogSeries[] = {2.0 / 3,  2.0 / 5,  2.0 / 7,  2.0 / 9,  2.0 / 11, 2.0 / 13,
                             2.0 / 15, 2.0 / 17, 2.0 / 19, 2.0 / 21, 2.0 / 23};

// erf(x) / x on [0, 1], in x^2.
const double kErfSmall32[] = {1.128379165848350946,    -3.761262666672033102e-1,
                              1.128359471516021773e-1, -2.685421201062641244e-2,
                              5.189087423433973986e-3, -8.016864287165869529e-4,
                              7.875875062685488341e-5};
const double kErfSmall64[] = {
    1.128379167095512567,     -3.761263890318354044e-1, 1.128379167094500627e-1,
    -2.686617064323777036e-2, 5.223977607116422732e-3,  -8.548325975389692081e-4,
    1.205529490483970792e-4,  -1.492473690741966034e-5, 1.644742470331736241e-6,
    -1.620848380187170590e-7, 1.372006454677768560e-8,  -7.795898827002142242e-10};
// -log(erfc(x)): on [1, 4] in (x - 2.5) / 1.5, and on [1, 6] in (x - 3.5) / 2.5.
const double kErfLarge32[] = {
    7.806815272727264359,     8.029021011336730763,     2.123760833123964123,
    3.664757804477678401e-2,  -1.096184921763525595e-2, 3.190305413141666808e-3,
    -8.803970815024042964e-4, 2.274995038041568569e-4,  -4.195840012167537277e-5};
const double kErfLarge64[] = {
    1.411243740214817403e+1,  1.816524897091297721e+1,  6.042206592138859891,
    8.165090971781220778e-2,  -3.412841107598480302e-2, 1.438454833003405567e-2,
    -5.953704546707300622e-3, 2.373997287185778360e-3,  -8.935759022167649747e-4,
    3.078194900515352426e-4,  -9.090481707720762468e-5, 1.847493501334941312e-5,
    1.491759268684242876e-6,  -4.567482282873930294e-6, 3.387990651103627066e-6,
    -1.914247497267892880e-6, 9.678311639437117813e-7,  -3.901803917027555350e-7,
    7.644113315668179561e-8,  -2.003751143081282160e-8, 3.763040107372945328e-8,
    -4.239998243092615082e-9, -1.801934725758386537e-8, 7.159677424539575196e-9};

template <size_t N> ArrayRef<double> prefix(const double (&values)[N], size_t count) {
  return ArrayRef<double>(values).take_front(count);
}

} // namespace

Value MathExpansion::real(Value like, double value) {
  return arith::ConstantOp::create(b, loc, b.getFloatAttr(like.getType(), value));
}
Value MathExpansion::bits(Value like, int64_t value) {
  return arith::ConstantOp::create(b, loc, b.getIntegerAttr(bitsType(like), value));
}
Value MathExpansion::fma(Value x, Value y, Value z) { return math::FmaOp::create(b, loc, x, y, z); }
Value MathExpansion::less(Value x, Value y) {
  return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, y);
}

Value MathExpansion::horner(Value x, ArrayRef<double> coefficients) {
  Value sum = real(x, coefficients.back());
  for (double c : llvm::reverse(coefficients.drop_back()))
    sum = fma(sum, x, real(x, c));
  return sum;
}

// Comparisons with NaN are false, so that clamps keep it.
Value MathExpansion::clampAbove(Value x, double limit) {
  Value bound = real(x, limit);
  return arith::SelectOp::create(b, loc, less(bound, x), bound, x);
}
Value MathExpansion::clampBelow(Value x, double limit) {
  Value bound = real(x, limit);
  return arith::SelectOp::create(b, loc, less(x, bound), bound, x);
}

// Adding 1.5 * 2^(mantissa bits) rounds to an integer, and leaves it in the low bits. Conversions
// to i64 have no vector form before AVX-512, and all of them, as rounding to a float, are slow on
// GPUs.
static double magicOf(bool wide) { return wide ? 0x1.8p52 : 0x1.8p23; }
static int64_t magicImage(bool wide) { return wide ? 0x4338000000000000 : 0x4b400000; }
static int64_t exponentBias(bool wide) { return wide ? 1023 : 127; }

MathExpansion::Integer MathExpansion::roundedProduct(Value x, double y) {
  Value magic = real(x, magicOf(isWide(x)));
  Value sum = fma(x, real(x, y), magic);
  return {arith::SubFOp::create(b, loc, sum, magic),
          arith::BitcastOp::create(b, loc, bitsType(x), sum)};
}

Value MathExpansion::powerOfBiased(Value exponent) {
  bool wide = exponent.getType().isInteger(64);
  Type type = wide ? Type(b.getF64Type()) : Type(b.getF32Type());
  Value place =
      arith::ConstantOp::create(b, loc, b.getIntegerAttr(exponent.getType(), wide ? 52 : 23));
  return arith::BitcastOp::create(b, loc, type, arith::ShLIOp::create(b, loc, exponent, place));
}

Value MathExpansion::powerOfTwo(const Integer &n, int64_t plus) {
  int64_t bias = exponentBias(isWide(n.value)) + plus;
  return powerOfBiased(arith::AddIOp::create(b, loc, n.image, bits(n.value, bias)));
}

MathExpansion::Reduced MathExpansion::reduce(Value x) {
  bool wide = isWide(x);
  Integer n = roundedProduct(x, 0x1.71547652b82fep0); // log2(e)
  double high = wide ? 0x1.62e42fefa39efp-1 : 0x1.62e43p-1;
  double low = wide ? 0x1.abc9e3b39803fp-56 : -0x1.05c610ca86c39p-29;
  Value r = fma(n.value, real(x, -high), x);
  r = fma(n.value, real(x, -low), r);
  Value series = horner(r, prefix(kExpSeries, wide ? 12 : 6));
  Value square = arith::MulFOp::create(b, loc, r, r);
  return {n, fma(square, series, r)};
}

Value MathExpansion::exp(Value x) {
  bool wide = isWide(x);
  x = clampBelow(clampAbove(x, wide ? 710.0 : 89.0), wide ? -746.0 : -104.0);
  Reduced reduced = reduce(x);
  Value mantissa = arith::AddFOp::create(b, loc, reduced.expm1, real(x, 1));
  // In two steps, each of half of n: 2^n alone can lie outside of the normal numbers.
  int64_t bias = exponentBias(wide);
  Value both = arith::AddIOp::create(b, loc, reduced.n.image, bits(x, 2 * bias - magicImage(wide)));
  Value half = arith::ShRUIOp::create(b, loc, both, bits(x, 1));
  Value rest = arith::SubIOp::create(b, loc, both, half);
  Value once = arith::MulFOp::create(b, loc, mantissa, powerOfBiased(half));
  return arith::MulFOp::create(b, loc, once, powerOfBiased(rest));
}

Value MathExpansion::expOfWeight(Value x) {
  bool wide = isWide(x);
  Reduced reduced = reduce(x);
  Value mantissa = arith::AddFOp::create(b, loc, reduced.expm1, real(x, 1));
  Value result = arith::MulFOp::create(b, loc, mantissa, powerOfTwo(reduced.n));
  Value isTiny = less(x, real(x, wide ? -708.0 : -87.0));
  return arith::SelectOp::create(b, loc, isTiny, real(x, 0), result);
}

Value MathExpansion::approximateExp(Value x) {
  Value exponent = arith::MulFOp::create(b, loc, x, real(x, 0x1.71547652b82fep0)); // log2(e)
  return ofGpu("ex2.approx.ftz", x.getType(), exponent);
}

Value MathExpansion::approximateReciprocal(Value x) {
  return ofGpu("rcp.approx.ftz.f", x.getType(), x);
}

Value MathExpansion::expm1(Value x) {
  bool wide = isWide(x);
  return expm1InRange(clampBelow(clampAbove(x, wide ? 710.0 : 89.0), wide ? -50.0 : -30.0));
}

Value MathExpansion::expm1InRange(Value x) {
  Reduced reduced = reduce(x);
  // Half of it, since 2^n may overflow where the result does not.
  Value power = powerOfTwo(reduced.n, -1);
  Value half = fma(power, reduced.expm1, arith::SubFOp::create(b, loc, power, real(x, 0.5)));
  return arith::AddFOp::create(b, loc, half, half);
}

Value MathExpansion::log(Value x) {
  bool wide = isWide(x);
  Type type = bitsType(x);
  int64_t mantissaBits = wide ? 52 : 23, bias = wide ? 1023 : 127;
  // Subnormal numbers are scaled up first.
  Value isSmall = less(x, real(x, wide ? 0x1p-1022 : 0x1p-126));
  Value scaled = arith::MulFOp::create(b, loc, x, real(x, wide ? 0x1p54 : 0x1p25));
  Value normal = arith::SelectOp::create(b, loc, isSmall, scaled, x);
  // normal = 2^k m with m in [sqrt(1/2), sqrt(2)).
  int64_t oneBits = bias << mantissaBits;
  int64_t rootBits = wide ? 0x3fe6a09e667f3bcdLL : 0x3f3504f3LL;
  Value image = arith::BitcastOp::create(b, loc, type, normal);
  image = arith::AddIOp::create(b, loc, image, bits(x, oneBits - rootBits));
  Value exponent = arith::ShRUIOp::create(b, loc, image, bits(x, mantissaBits));
  double magic = wide ? 0x1p52 : 0x1p23;
  int64_t magicBits = wide ? 0x4330000000000000LL : 0x4b000000LL;
  exponent = arith::OrIOp::create(b, loc, exponent, bits(x, magicBits));
  Value k = arith::SubFOp::create(b, loc, arith::BitcastOp::create(b, loc, x.getType(), exponent),
                                  real(x, magic + static_cast<double>(bias)));
  Value adjusted = arith::SubFOp::create(b, loc, k, real(x, wide ? 54 : 25));
  k = arith::SelectOp::create(b, loc, isSmall, adjusted, k);
  Value fraction = arith::AndIOp::create(b, loc, image, bits(x, (int64_t{1} << mantissaBits) - 1));
  fraction = arith::AddIOp::create(b, loc, fraction, bits(x, rootBits));
  Value m = arith::BitcastOp::create(b, loc, x.getType(), fraction);
  // log(1 + f) = f - (f^2/2 - s (f^2/2 + R)), s = f / (2 + f): small terms are added first.
  Value f = arith::SubFOp::create(b, loc, m, real(x, 1));
  Value s = arith::DivFOp::create(b, loc, f, arith::AddFOp::create(b, loc, m, real(x, 1)));
  Value z = arith::MulFOp::create(b, loc, s, s);
  Value series = arith::MulFOp::create(b, loc, z, horner(z, prefix(kLogSeries, wide ? 11 : 5)));
  Value halfSquare =
      arith::MulFOp::create(b, loc, arith::MulFOp::create(b, loc, f, f), real(x, 0.5));
  // ln 2 in two parts, the first short enough that k times it is exact.
  double high = wide ? 0x1.62e42fee00000p-1 : 0x1.62e3p-1;
  double low = wide ? 0x1.a39ef35793c76p-33 : 0x1.2fefa39ef3579p-17;
  Value tail = fma(s, arith::AddFOp::create(b, loc, halfSquare, series),
                   arith::MulFOp::create(b, loc, k, real(x, low)));
  Value inner = arith::SubFOp::create(b, loc, arith::SubFOp::create(b, loc, halfSquare, tail), f);
  Value result = fma(k, real(x, high), arith::NegFOp::create(b, loc, inner));
  // 0, negative numbers, infinity and NaN.
  Value zero = real(x, 0), infinity = real(x, INFINITY);
  Value isFinite = less(x, infinity);
  result = arith::SelectOp::create(b, loc, isFinite, result, x);
  Value isZero = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, x, zero);
  result = arith::SelectOp::create(b, loc, isZero, real(x, -INFINITY), result);
  return arith::SelectOp::create(b, loc, less(x, zero), real(x, NAN), result);
}

Value MathExpansion::erf(Value x) {
  bool wide = isWide(x);
  Value magnitude = math::AbsFOp::create(b, loc, x);
  Value square = arith::MulFOp::create(b, loc, x, x);
  Value small = arith::MulFOp::create(b, loc, x,
                                      wide ? horner(square, ArrayRef<double>(kErfSmall64))
                                           : horner(square, ArrayRef<double>(kErfSmall32)));
  double center = wide ? 3.5 : 2.5, radius = wide ? 2.5 : 1.5;
  Value t = clampAbove(magnitude, center + radius);
  t = arith::MulFOp::create(b, loc, arith::SubFOp::create(b, loc, t, real(x, center)),
                            real(x, 1 / radius));
  Value exponent =
      wide ? horner(t, ArrayRef<double>(kErfLarge64)) : horner(t, ArrayRef<double>(kErfLarge32));
  // The exponent lies between -1.8 and -39 where this is used: one power of two is enough.
  Reduced reduced = reduce(clampAbove(arith::NegFOp::create(b, loc, exponent), 1.0));
  Value power = powerOfTwo(reduced.n);
  Value complement = fma(power, reduced.expm1, power);
  Value large =
      math::CopySignOp::create(b, loc, arith::SubFOp::create(b, loc, real(x, 1), complement), x);
  return arith::SelectOp::create(b, loc, less(real(x, 1), magnitude), large, small);
}

Value MathExpansion::tanh(Value x) {
  // (e^2|x| - 1) / (e^2|x| + 1); beyond the clamp it is 1.
  Value magnitude = clampAbove(math::AbsFOp::create(b, loc, x), 22.0);
  Value e = expm1InRange(arith::AddFOp::create(b, loc, magnitude, magnitude));
  Value quotient = arith::DivFOp::create(b, loc, e, arith::AddFOp::create(b, loc, e, real(x, 2)));
  return math::CopySignOp::create(b, loc, quotient, x);
}

Value MathExpansion::sinOrCos(Value x, bool cosine) {
  bool wide = isWide(x);
  Integer n = roundedProduct(x, 0x1.45f306dc9c883p-1); // 2 / pi
  // pi/2 in three parts of the type's precision; fused steps keep what each leaves.
  double parts32[] = {0x1.921fb6p0, -0x1.777a5cp-25, -0x1.ee59dap-50};
  double parts64[] = {0x1.921fb54442d18p0, 0x1.1a62633145c07p-54, -0x1.f1976b7ed8fbcp-110};
  Value r = x;
  for (double part : wide ? parts64 : parts32)
    r = fma(n.value, real(x, -part), r);
  Value square = arith::MulFOp::create(b, loc, r, r);
  Value cube = arith::MulFOp::create(b, loc, square, r);
  Value sine = fma(cube, horner(square, prefix(kSinSeries, wide ? 8 : 4)), r);
  Value cosineOfR = fma(square, horner(square, prefix(kCosSeries, wide ? 9 : 5)), real(x, 1));
  Value quadrant = n.image;
  if (cosine)
    quadrant = arith::AddIOp::create(b, loc, quadrant, bits(x, 1));
  Value zero = bits(x, 0);
  auto isSet = [&](int64_t mask) -> Value {
    Value masked = arith::AndIOp::create(b, loc, quadrant, bits(x, mask));
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, masked, zero);
  };
  Value value = arith::SelectOp::create(b, loc, isSet(1), cosineOfR, sine);
  return arith::SelectOp::create(b, loc, isSet(2), arith::NegFOp::create(b, loc, value), value);
}
Value MathExpansion::sin(Value x) { return sinOrCos(x, false); }
Value MathExpansion::cos(Value x) { return sinOrCos(x, true); }

Value MathExpansion::pow(Value x, Value y) {
  Type type = x.getType();
  auto widen = [&](Value v) -> Value {
    return isWide(v) ? v : arith::ExtFOp::create(b, loc, b.getF64Type(), v).getResult();
  };
  Value result = exp(arith::MulFOp::create(b, loc, log(widen(x)), widen(y)));
  return type.isF64() ? result : arith::TruncFOp::create(b, loc, type, result).getResult();
}

Value MathExpansion::convertToBF16(Value x) {
  // For two floats it is four times as fast as for one. The first becomes the upper half.
  Type pair = VectorType::get({2}, b.getBF16Type());
  Value converted = ofGpu("ff2bf16x2.rn", pair, {x, real(x, 0)});
  return LLVM::BitcastOp::create(b, loc, b.getF32Type(), converted);
}

Value MathExpansion::ofGpu(StringRef name, Type type, ValueRange operands) {
  return LLVM::CallIntrinsicOp::create(b, loc, type, b.getStringAttr("llvm.nvvm." + name), operands)
      .getResult(0);
}

Value MathExpansion::roundAway(Value x, int dropped) {
  // Add half of the last kept place, less one if that place is even; NaN keeps its upper part,
  // made quiet, since the addition could carry it into infinity.
  Value image = arith::BitcastOp::create(b, loc, b.getI32Type(), x);
  Value odd = arith::AndIOp::create(b, loc, arith::ShRUIOp::create(b, loc, image, bits(x, dropped)),
                                    bits(x, 1));
  Value half = bits(x, (1 << (dropped - 1)) - 1);
  Value rounded = arith::AddIOp::create(b, loc, arith::AddIOp::create(b, loc, image, half), odd);
  Value isNaN = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, x, x);
  Value quiet = arith::OrIOp::create(b, loc, image, bits(x, 0x400000));
  Value kept = arith::AndIOp::create(b, loc, arith::SelectOp::create(b, loc, isNaN, quiet, rounded),
                                     bits(x, -(1 << dropped)));
  return arith::BitcastOp::create(b, loc, b.getF32Type(), kept);
}

Value MathExpansion::philox(Value seed, Value stream, Value element, Value step) {
  Type word = b.getI32Type(), pair = b.getI64Type();
  auto constant = [&](uint32_t value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getIntegerAttr(word, static_cast<int32_t>(value)));
  };
  auto wide = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(b, loc, b.getIntegerAttr(pair, value));
  };
  auto low = [&](Value v) -> Value { return arith::TruncIOp::create(b, loc, word, v); };
  auto high = [&](Value v) -> Value { return low(arith::ShRUIOp::create(b, loc, v, wide(32))); };
  auto product = [&](int64_t factor, Value v) -> Value {
    return arith::MulIOp::create(b, loc, arith::ExtUIOp::create(b, loc, pair, v), wide(factor));
  };
  auto exclusiveOr = [&](Value x, Value y, Value z) -> Value {
    return arith::XOrIOp::create(b, loc, arith::XOrIOp::create(b, loc, x, y), z);
  };
  Value position = arith::IndexCastOp::create(b, loc, pair, element);
  Value counter[4] = {low(position), high(position), step, constant(0)};
  Value key[2] = {seed, stream};
  for (int round = 0; round < 10; ++round) {
    Value left = product(0xD2511F53, counter[0]), right = product(0xCD9E8D57, counter[2]);
    Value next[4] = {exclusiveOr(high(right), counter[1], key[0]), low(right),
                     exclusiveOr(high(left), counter[3], key[1]), low(left)};
    std::copy(next, next + 4, counter);
    key[0] = arith::AddIOp::create(b, loc, key[0], constant(0x9E3779B9));
    key[1] = arith::AddIOp::create(b, loc, key[1], constant(0xBB67AE85));
  }
  return counter[0];
}

} // namespace tpc::codegen
