// Integer and float arithmetic of PTX against its definition in C++.
#include "tests/unit/fake_gpu/PtxSnippet.h"

#include <cmath>

namespace tpc::fake_gpu {
namespace {

std::vector<Operands> pairsOf(const std::vector<uint64_t> &values) {
  std::vector<Operands> inputs;
  for (size_t i = 0; i < values.size(); ++i)
    for (size_t j = 0; j < values.size(); ++j)
      inputs.push_back({values[i], values[j], values[(i * 7 + j * 3) % values.size()]});
  return inputs;
}

template <class T> std::vector<uint64_t> bits(const std::vector<T> &values) {
  std::vector<uint64_t> result;
  for (T value : values)
    result.push_back(bitsOf(value));
  return result;
}

template <class T> void expectIntegers(const std::string &body, auto expected) {
  constexpr char result = sizeof(T) == 8 ? 'x' : sizeof(T) == 4 ? 'r' : 'h';
  expectAll(body, result, pairsOf(interestingIntegers()), [=](const Operands &o) {
    using U = std::make_unsigned_t<T>;
    return uint64_t{
        static_cast<U>(expected(static_cast<T>(o[0]), static_cast<T>(o[1]), static_cast<T>(o[2])))};
  });
}

uint64_t canonical(float x) { return x != x ? 0x7fffffffu : bitsOf(x); }

void expectFloats(const std::string &body, auto expected) {
  expectAll(body, 'r', pairsOf(bits(interestingFloats())), [=](const Operands &o) {
    return canonical(expected(std::bit_cast<float>(static_cast<uint32_t>(o[0])),
                              std::bit_cast<float>(static_cast<uint32_t>(o[1])),
                              std::bit_cast<float>(static_cast<uint32_t>(o[2]))));
  });
}

/// Doubles: a NaN is a NaN.
void expectDoubles(const std::string &body, auto expected) {
  auto inputs = pairsOf(bits(interestingDoubles()));
  std::vector<uint64_t> actual = runSnippet(body, 'x', inputs);
  for (size_t i = 0; i < inputs.size(); ++i) {
    double want = expected(std::bit_cast<double>(inputs[i][0]), std::bit_cast<double>(inputs[i][1]),
                           std::bit_cast<double>(inputs[i][2]));
    double got = std::bit_cast<double>(actual[i]);
    ASSERT_TRUE((want != want && got != got) || actual[i] == bitsOf(want)) << body << " " << i;
  }
}

TEST(PtxInteger, ComputesPairsOfHalves) {
  auto ofHalves = [](auto f) {
    return [=](uint32_t a, uint32_t b, uint32_t) {
      auto low = static_cast<uint16_t>(f(static_cast<uint16_t>(a), static_cast<uint16_t>(b)));
      auto high =
          static_cast<uint16_t>(f(static_cast<uint16_t>(a >> 16), static_cast<uint16_t>(b >> 16)));
      return uint32_t{high} << 16 | low;
    };
  };
  auto smaller = [](uint16_t a, uint16_t b) { return a < b ? a : b; };
  auto larger = [](uint16_t a, uint16_t b) {
    return static_cast<int16_t>(a) > static_cast<int16_t>(b) ? a : b;
  };
  expectIntegers<uint32_t>("add.s16x2 %r0, %r1, %r2;",
                           ofHalves([](uint16_t a, uint16_t b) { return a + b; }));
  expectIntegers<uint32_t>("min.u16x2 %r0, %r1, %r2;", ofHalves(smaller));
  expectIntegers<uint32_t>("max.s16x2 %r0, %r1, %r2;", ofHalves(larger));
}

TEST(PtxArithmetic, AddsSubtractsAndMultipliesModuloTheWidth) {
  expectIntegers<uint16_t>("add.s16 %h0, %h1, %h2;", [](auto a, auto b, auto) { return a + b; });
  expectIntegers<uint32_t>("add.s32 %r0, %r1, %r2;", [](auto a, auto b, auto) { return a + b; });
  expectIntegers<uint64_t>("sub.s64 %x0, %x1, %x2;", [](auto a, auto b, auto) { return a - b; });
  expectIntegers<uint32_t>("mul.lo.s32 %r0, %r1, %r2;", [](auto a, auto b, auto) { return a * b; });
  expectIntegers<uint64_t>("mad.lo.s64 %x0, %x1, %x2, %x3;",
                           [](auto a, auto b, auto c) { return a * b + c; });
  expectIntegers<uint16_t>("mul.lo.s16 %h0, %h1, %h2;",
                           [](auto a, auto b, auto) { return uint32_t(a) * b; });
}

TEST(PtxArithmetic, GivesHighAndWideProducts) {
  expectIntegers<int32_t>("mul.hi.s32 %r0, %r1, %r2;",
                          [](auto a, auto b, auto) { return (int64_t{a} * b) >> 32; });
  expectIntegers<uint64_t>("mul.hi.u64 %x0, %x1, %x2;", [](auto a, auto b, auto) {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(a) * b) >> 64);
  });
  expectIntegers<int64_t>("mul.wide.s32 %x0, %r1, %r2;", [](auto a, auto b, auto) {
    return int64_t{static_cast<int32_t>(a)} * static_cast<int32_t>(b);
  });
  expectIntegers<uint64_t>("mad.wide.u32 %x0, %r1, %r2, %x3;", [](auto a, auto b, auto c) {
    return (a & 0xffffffff) * (b & 0xffffffff) + c;
  });
}

TEST(PtxArithmetic, DividesTowardsZero) {
  expectIntegers<int32_t>("div.s32 %r0, %r1, %r2;", [](auto a, auto b, auto) {
    return b == 0 ? -1 : static_cast<int32_t>(int64_t{a} / b);
  });
  expectIntegers<uint64_t>("div.u64 %x0, %x1, %x2;",
                           [](auto a, auto b, auto) { return b == 0 ? ~uint64_t{0} : a / b; });
  expectIntegers<int32_t>("rem.s32 %r0, %r1, %r2;", [](auto a, auto b, auto) {
    return b == 0 ? a : static_cast<int32_t>(int64_t{a} % b);
  });
}

TEST(PtxArithmetic, ComparesWithTheSignOfTheType) {
  expectIntegers<int32_t>("min.s32 %r0, %r1, %r2;",
                          [](auto a, auto b, auto) { return std::min(a, b); });
  expectIntegers<uint32_t>("max.u32 %r0, %r1, %r2;",
                           [](auto a, auto b, auto) { return std::max(a, b); });
  expectIntegers<int64_t>("abs.s64 %x0, %x1;",
                          [](auto a, auto, auto) { return a < 0 ? 0 - uint64_t(a) : uint64_t(a); });
  expectIntegers<uint32_t>("neg.s32 %r0, %r1;", [](auto a, auto, auto) { return 0 - a; });
}

TEST(PtxArithmetic, CarriesIntoTheNextWord) {
  expectIntegers<uint64_t>(
      "mov.b64 {%r4, %r5}, %x1; mov.b64 {%r6, %r7}, %x2; add.cc.u32 %r4, %r4, %r6;"
      "addc.u32 %r5, %r5, %r7; mov.b64 %x0, {%r4, %r5};",
      [](auto a, auto b, auto) { return a + b; });
  expectIntegers<uint64_t>(
      "mov.b64 {%r4, %r5}, %x1; mov.b64 {%r6, %r7}, %x2; sub.cc.u32 %r4, %r4, %r6;"
      "subc.u32 %r5, %r5, %r7; mov.b64 %x0, {%r4, %r5};",
      [](auto a, auto b, auto) { return a - b; });
}

TEST(PtxArithmetic, RoundsFloatsToNearest) {
  expectFloats("add.rn.f32 %r0, %r1, %r2;", [](float a, float b, float) { return a + b; });
  expectFloats("sub.f32 %r0, %r1, %r2;", [](float a, float b, float) { return a - b; });
  expectFloats("mul.rn.f32 %r0, %r1, %r2;", [](float a, float b, float) { return a * b; });
  expectFloats("fma.rn.f32 %r0, %r1, %r2, %r3;",
               [](float a, float b, float c) { return std::fma(a, b, c); });
  expectFloats("div.rn.f32 %r0, %r1, %r2;", [](float a, float b, float) { return a / b; });
  expectFloats("sqrt.rn.f32 %r0, %r1;", [](float a, float, float) { return std::sqrt(a); });
  expectFloats("rcp.rn.f32 %r0, %r1;", [](float a, float, float) { return 1 / a; });
  expectDoubles("add.rn.f64 %x0, %x1, %x2;", [](double a, double b, double) { return a + b; });
  expectDoubles("fma.rn.f64 %x0, %x1, %x2, %x3;",
                [](double a, double b, double c) { return std::fma(a, b, c); });
  expectDoubles("div.rn.f64 %x0, %x1, %x2;", [](double a, double b, double) { return a / b; });
  expectDoubles("sqrt.rn.f64 %x0, %x1;", [](double a, double, double) { return std::sqrt(a); });
}

TEST(PtxArithmetic, RoundsFloatsAsAsked) {
  // 1 + 2^-25 lies between 1 and the next float.
  std::vector<Operands> inputs{{bitsOf(1.0f), bitsOf(0x1p-25f), 0},
                               {bitsOf(-1.0f), bitsOf(-0x1p-25f), 0}};
  float up = std::nextafter(1.0f, 2.0f);
  EXPECT_EQ(runSnippet("add.rz.f32 %r0, %r1, %r2;", 'r', inputs),
            (std::vector<uint64_t>{bitsOf(1.0f), bitsOf(-1.0f)}));
  EXPECT_EQ(runSnippet("add.rp.f32 %r0, %r1, %r2;", 'r', inputs),
            (std::vector<uint64_t>{bitsOf(up), bitsOf(-1.0f)}));
  EXPECT_EQ(runSnippet("add.rm.f32 %r0, %r1, %r2;", 'r', inputs),
            (std::vector<uint64_t>{bitsOf(1.0f), bitsOf(-up)}));
  EXPECT_EQ(runSnippet("add.rn.f32 %r0, %r1, %r2;", 'r', inputs),
            (std::vector<uint64_t>{bitsOf(1.0f), bitsOf(-1.0f)}));
}

float flushed(float x) { return std::fabs(x) < 0x1p-126f ? std::copysign(0.0f, x) : x; }

TEST(PtxArithmetic, FlushesAndSaturatesOnlyWhereAsked) {
  expectFloats("mul.ftz.f32 %r0, %r1, %r2;",
               [](float a, float b, float) { return flushed(flushed(a) * flushed(b)); });
  expectFloats("add.sat.f32 %r0, %r1, %r2;", [](float a, float b, float) {
    float sum = a + b;
    return sum > 0 ? std::min(sum, 1.0f) : 0.0f;
  });
}

TEST(PtxArithmetic, OrdersZerosAndNans) {
  auto smaller = [](float a, float b) { return a < b || (a == b && std::signbit(a)) ? a : b; };
  auto larger = [](float a, float b) { return a > b || (a == b && !std::signbit(a)) ? a : b; };
  auto isNan = [](float a) { return a != a; };
  expectFloats("min.f32 %r0, %r1, %r2;", [=](float a, float b, float) {
    return isNan(a) ? b : isNan(b) ? a : smaller(a, b);
  });
  expectFloats("max.f32 %r0, %r1, %r2;", [=](float a, float b, float) {
    return isNan(a) ? b : isNan(b) ? a : larger(a, b);
  });
  expectFloats("max.NaN.f32 %r0, %r1, %r2;",
               [=](float a, float b, float) { return isNan(a) || isNan(b) ? NAN : larger(a, b); });
  expectFloats("min.NaN.f32 %r0, %r1, %r2;",
               [=](float a, float b, float) { return isNan(a) || isNan(b) ? NAN : smaller(a, b); });
}

TEST(PtxArithmetic, ChangesSignsOfAllBitPatterns) {
  auto inputs = pairsOf(bits(interestingFloats()));
  expectAll("neg.f32 %r0, %r1;", 'r', inputs, [](const Operands &o) { return o[0] ^ 0x80000000u; });
  expectAll("abs.f32 %r0, %r1;", 'r', inputs, [](const Operands &o) { return o[0] & 0x7fffffffu; });
  expectAll("copysign.f32 %r0, %r1, %r2;", 'r', inputs,
            [](const Operands &o) { return (o[0] & 0x80000000u) | (o[1] & 0x7fffffffu); });
}

TEST(PtxArithmetic, RoundsSixteenBitSumsOnce) {
  // 1 + 2^-8 is a tie of bf16: to even. fma: 257/256 * 1 + 2^-30 is just above it.
  uint64_t one = 0x3f80, tie = 0x3b80, tiny = 0x3080; // 1, 2^-8, 2^-30
  EXPECT_EQ(runSnippet("add.rn.bf16 %h0, %h1, %h2;", 'h', {{one, tie, 0}})[0], 0x3f80u);
  EXPECT_EQ(runSnippet("fma.rn.bf16 %h0, %h1, %h2, %h3;", 'h', {{tie, one, one}})[0], 0x3f80u);
  EXPECT_EQ(runSnippet("fma.rn.bf16x2 %r0, %r1, %r2, %r3;", 'r',
                       {{0x3f803f80, 0x3f803f80, 0x3b803f80}})[0],
            0x3f804000u);
  // (1 + 2^-7)(1 + 2^-1) = 1.5 + 2^-7 + 2^-8: a tie; with 2^-30 or 2^-70 above it.
  uint64_t a = 0x3f81, b = 0x3fc0, tinier = 0x1c80;
  EXPECT_EQ(runSnippet("fma.rn.bf16 %h0, %h1, %h2, %h3;", 'h', {{a, b, 0}})[0], 0x3fc2u);
  EXPECT_EQ(runSnippet("fma.rn.bf16 %h0, %h1, %h2, %h3;", 'h', {{a, b, tiny}})[0], 0x3fc2u);
  EXPECT_EQ(runSnippet("fma.rn.bf16 %h0, %h1, %h2, %h3;", 'h', {{a, b, tiny | 0x8000}})[0],
            0x3fc1u);
  EXPECT_EQ(runSnippet("fma.rn.bf16 %h0, %h1, %h2, %h3;", 'h', {{a, b, tinier | 0x8000}})[0],
            0x3fc1u);
}

} // namespace
} // namespace tpc::fake_gpu
