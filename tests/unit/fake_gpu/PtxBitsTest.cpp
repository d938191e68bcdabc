// Logic, comparisons and conversions of PTX against their definitions in C++.
#include "tests/unit/fake_gpu/PtxSnippet.h"

#include <cmath>
#include <functional>

namespace tpc::fake_gpu {
namespace {

std::vector<Operands> integerTriples() {
  std::vector<uint64_t> values = interestingIntegers();
  std::vector<Operands> inputs;
  for (size_t i = 0; i < values.size(); ++i)
    for (size_t j = 0; j < values.size(); ++j)
      inputs.push_back({values[i], values[j], values[(i * 5 + j) % values.size()]});
  return inputs;
}

void expectIntegers(const std::string &body, char result,
                    const std::function<uint64_t(const Operands &)> &expected) {
  expectAll(body, result, integerTriples(), expected);
}

uint32_t low(uint64_t x) { return static_cast<uint32_t>(x); }

TEST(PtxBits, CombinesBits) {
  expectIntegers("and.b64 %x0, %x1, %x2;", 'x', [](auto &o) { return o[0] & o[1]; });
  expectIntegers("or.b32 %r0, %r1, %r2;", 'r', [](auto &o) { return low(o[0] | o[1]); });
  expectIntegers("xor.b16 %h0, %h1, %h2;", 'h', [](auto &o) { return (o[0] ^ o[1]) & 0xffff; });
  expectIntegers("not.b32 %r0, %r1;", 'r', [](auto &o) { return low(~o[0]); });
  // 0xe8 is the majority, 0x96 the parity of three bits.
  expectIntegers("lop3.b32 %r0, %r1, %r2, %r3, 232;", 'r',
                 [](auto &o) { return low((o[0] & o[1]) | (o[0] & o[2]) | (o[1] & o[2])); });
  expectIntegers("lop3.b32 %r0, %r1, %r2, %r3, 0x96;", 'r',
                 [](auto &o) { return low(o[0] ^ o[1] ^ o[2]); });
  expectIntegers("lop3.b32 %r0, %r1, %r2, %r3, 0x10;", 'r',
                 [](auto &o) { return low(o[0] & ~o[1] & ~o[2]); });
}

TEST(PtxBits, CombinesPredicates) {
  expectIntegers("and.pred %p0, %p1, !%p2;", 'p', [](auto &o) { return uint64_t{o[0] && !o[1]}; });
  expectIntegers("not.pred %p0, %p1;", 'p', [](auto &o) { return uint64_t{!o[0]}; });
  expectIntegers("xor.pred %p4, %p1, %p2; mov.pred %p0, %p4;", 'p',
                 [](auto &o) { return uint64_t{(o[0] != 0) != (o[1] != 0)}; });
}

TEST(PtxBits, ShiftsOutWhatIsBeyondTheWidth) {
  expectIntegers("shl.b32 %r0, %r1, %r2;", 'r',
                 [](auto &o) { return low(o[1]) > 31 ? 0 : low(o[0]) << low(o[1]); });
  expectIntegers("shr.u64 %x0, %x1, %r2;", 'x',
                 [](auto &o) { return low(o[1]) > 63 ? 0 : o[0] >> low(o[1]); });
  expectIntegers("shr.s32 %r0, %r1, %r2;", 'r', [](auto &o) {
    return low(uint64_t(int64_t{static_cast<int32_t>(o[0])} >> std::min(low(o[1]), 31u)));
  });
  expectIntegers("shr.s16 %h0, %h1, %r2;", 'h', [](auto &o) {
    return uint64_t(static_cast<int16_t>(o[0]) >> std::min(low(o[1]), 15u)) & 0xffff;
  });
  auto both = [](auto &o) { return (uint64_t{low(o[1])} << 32) | low(o[0]); };
  expectIntegers("shf.l.wrap.b32 %r0, %r1, %r2, %r3;", 'r',
                 [=](auto &o) { return low((both(o) << (o[2] & 31)) >> 32); });
  expectIntegers("shf.r.wrap.b32 %r0, %r1, %r2, %r3;", 'r',
                 [=](auto &o) { return low(both(o) >> (o[2] & 31)); });
  expectIntegers("shf.l.clamp.b32 %r0, %r1, %r2, %r3;", 'r',
                 [=](auto &o) { return low((both(o) << std::min(low(o[2]), 32u)) >> 32); });
  expectIntegers("shf.r.clamp.b32 %r0, %r1, %r2, %r3;", 'r',
                 [=](auto &o) { return low(both(o) >> std::min(low(o[2]), 32u)); });
}

TEST(PtxBits, CountsAndFindsBits) {
  expectIntegers("popc.b64 %r0, %x1;", 'r', [](auto &o) { return std::popcount(o[0]); });
  expectIntegers("clz.b32 %r0, %r1;", 'r', [](auto &o) { return std::countl_zero(low(o[0])); });
  expectIntegers("brev.b32 %r0, %r1;", 'r', [](auto &o) {
    uint32_t result = 0;
    for (int i = 0; i < 32; ++i)
      result = (result << 1) | ((o[0] >> i) & 1);
    return result;
  });
  expectIntegers("bfind.u32 %r0, %r1;", 'r',
                 [](auto &o) { return low(31 - std::countl_zero(low(o[0]))); });
  expectIntegers("bfind.shiftamt.s64 %r0, %x1;", 'r', [](auto &o) {
    uint64_t bits = o[0] >> 63 ? ~o[0] : o[0];
    return bits ? std::countl_zero(bits) : 0xffffffffu;
  });
}

TEST(PtxBits, ExtractsAndInsertsFields) {
  std::vector<Operands> inputs;
  for (uint64_t value : interestingIntegers())
    for (uint64_t position : {0, 1, 7, 16, 31, 32, 40, 63, 64, 255})
      for (uint64_t length : {0, 1, 8, 24, 32, 33, 64, 255})
        inputs.push_back({value, position, length});
  auto field = [](uint64_t value, uint64_t position, uint64_t length, unsigned width) {
    uint64_t shifted = position < width ? value >> position : 0;
    return length >= 64 ? shifted : shifted & ((uint64_t{1} << length) - 1);
  };
  expectAll("bfe.u32 %r0, %r1, %r2, %r3;", 'r', inputs,
            [=](auto &o) { return low(field(low(o[0]), o[1], o[2], 32)); });
  expectAll("bfe.u64 %x0, %x1, %r2, %r3;", 'x', inputs,
            [=](auto &o) { return field(o[0], o[1], o[2], 64); });
  expectAll("bfe.s32 %r0, %r1, %r2, %r3;", 'r', inputs, [=](auto &o) {
    if (!o[2])
      return 0u;
    uint64_t wide = static_cast<uint64_t>(int64_t{static_cast<int32_t>(o[0])});
    uint64_t length = std::min<uint64_t>(o[2], 32);
    uint64_t shifted =
        static_cast<uint64_t>(static_cast<int64_t>(wide) >> std::min<uint64_t>(o[1], 63));
    return low(
        static_cast<uint64_t>(static_cast<int64_t>(shifted << (64 - length)) >> (64 - length)));
  });
  expectAll("mov.b32 %r4, 0xffffffff; bfi.b32 %r0, %r1, %r4, %r2, %r3;", 'r', inputs, [](auto &o) {
    uint32_t result = ~0u;
    for (uint64_t i = 0; i < o[2] && o[1] + i < 32; ++i)
      if (!((o[0] >> i) & 1))
        result &= ~(1u << (o[1] + i));
    return result;
  });
  EXPECT_EQ(runSnippet("prmt.b32 %r0, %r1, %r2, 0xc123;", 'r', {{0x44332211, 0x88776655, 0}})[0],
            0x00223344u);
  EXPECT_EQ(runSnippet("prmt.b32 %r0, %r1, %r2, 0xf754;", 'r', {{0x44332211, 0x88776655, 0}})[0],
            0xff886655u);
}

TEST(PtxBits, ComparesNumbersAndNans) {
  struct Case {
    const char *name;
    bool less, equal, greater, unordered;
  };
  std::vector<Operands> inputs;
  for (float a : interestingFloats())
    for (float b : interestingFloats())
      inputs.push_back({bitsOf(a), bitsOf(b), 0});
  for (const Case &c :
       {Case{"eq", false, true, false, false}, Case{"ne", true, false, true, false},
        Case{"lt", true, false, false, false}, Case{"le", true, true, false, false},
        Case{"gt", false, false, true, false}, Case{"ge", false, true, true, false},
        Case{"equ", false, true, false, true}, Case{"neu", true, false, true, true},
        Case{"ltu", true, false, false, true}, Case{"leu", true, true, false, true},
        Case{"gtu", false, false, true, true}, Case{"geu", false, true, true, true},
        Case{"num", true, true, true, false}, Case{"nan", false, false, false, true}}) {
    auto expected = [&](float a, float b) -> uint64_t {
      return a != a || b != b ? c.unordered : a < b ? c.less : a == b ? c.equal : c.greater;
    };
    expectAll(std::string("setp.") + c.name + ".f32 %p0, %r1, %r2;", 'p', inputs, [&](auto &o) {
      return expected(std::bit_cast<float>(low(o[0])), std::bit_cast<float>(low(o[1])));
    });
    expectAll(std::string("cvt.f64.f32 %x4, %r1; cvt.f64.f32 %x5, %r2; setp.") + c.name +
                  ".f64 %p0, %x4, %x5;",
              'p', inputs, [&](auto &o) {
                return expected(std::bit_cast<float>(low(o[0])), std::bit_cast<float>(low(o[1])));
              });
  }
}

TEST(PtxBits, ComparesIntegersAndChooses) {
  expectIntegers("setp.lt.s32 %p0, %r1, %r2;", 'p', [](auto &o) {
    return uint64_t{static_cast<int32_t>(o[0]) < static_cast<int32_t>(o[1])};
  });
  expectIntegers("setp.hi.u64 %p0, %x1, %x2;", 'p', [](auto &o) { return uint64_t{o[0] > o[1]}; });
  expectIntegers("setp.ge.and.u32 %p0|%p4, %r1, %r2, %p3;", 'p',
                 [](auto &o) { return uint64_t{low(o[0]) >= low(o[1]) && o[2]}; });
  expectIntegers("setp.ge.and.u32 %p4|%p0, %r1, %r2, %p3;", 'p',
                 [](auto &o) { return uint64_t{low(o[0]) < low(o[1]) && o[2]}; });
  expectIntegers("selp.b32 %r0, %r1, %r2, %p3;", 'r',
                 [](auto &o) { return low(o[2] ? o[0] : o[1]); });
  expectIntegers("slct.b64.s32 %x0, %x1, %x2, %r3;", 'x',
                 [](auto &o) { return static_cast<int32_t>(o[2]) >= 0 ? o[0] : o[1]; });
  expectIntegers("set.lt.u32.s32 %r0, %r1, %r2;", 'r', [](auto &o) {
    return static_cast<int32_t>(o[0]) < static_cast<int32_t>(o[1]) ? 0xffffffffu : 0u;
  });
}

std::vector<Operands> floats() {
  std::vector<Operands> inputs;
  for (float x : interestingFloats())
    inputs.push_back({bitsOf(x), 0, 0});
  return inputs;
}

/// Whole numbers in order of distance: what a rounding of cvt to an integer may give.
template <class To> uint64_t clamped(double whole, uint64_t nan) {
  using U = std::make_unsigned_t<To>;
  if (whole != whole)
    return nan;
  if (whole >= std::ldexp(1.0, std::numeric_limits<To>::digits))
    return static_cast<U>(std::numeric_limits<To>::max());
  if (whole <= double(std::numeric_limits<To>::min()))
    return static_cast<U>(std::numeric_limits<To>::min());
  return static_cast<U>(static_cast<To>(whole));
}

TEST(PtxConvert, RoundsFloatsToIntegersAndClamps) {
  auto of = [](auto &o) { return double(std::bit_cast<float>(low(o[0]))); };
  expectAll("cvt.rzi.s32.f32 %r0, %r1;", 'r', floats(),
            [=](auto &o) { return clamped<int32_t>(std::trunc(of(o)), 0); });
  expectAll("cvt.rni.u32.f32 %r0, %r1;", 'r', floats(),
            [=](auto &o) { return clamped<uint32_t>(std::nearbyint(of(o)), 0); });
  expectAll("cvt.rmi.s64.f32 %x0, %r1;", 'x', floats(),
            [=](auto &o) { return clamped<int64_t>(std::floor(of(o)), uint64_t{1} << 63); });
  expectAll("cvt.rpi.s16.f32 %h0, %r1;", 'h', floats(),
            [=](auto &o) { return clamped<int16_t>(std::ceil(of(o)), 0); });
  expectAll("cvt.f64.f32 %x4, %r1; cvt.rzi.u32.f64 %r0, %x4;", 'r', floats(),
            [=](auto &o) { return clamped<uint32_t>(std::trunc(of(o)), 1u << 31); });
}

TEST(PtxConvert, RoundsFloatsToWholeFloats) {
  auto expect = [](const char *mode, auto function) {
    expectAll(std::string("cvt.") + mode + ".f32.f32 %r0, %r1;", 'r', floats(), [=](auto &o) {
      float x = std::bit_cast<float>(low(o[0]));
      return x != x ? 0x7fffffffu : bitsOf(function(x));
    });
  };
  expect("rni", [](float x) { return std::nearbyint(x); });
  expect("rzi", [](float x) { return std::trunc(x); });
  expect("rmi", [](float x) { return std::floor(x); });
  expect("rpi", [](float x) { return std::ceil(x); });
  expectAll("cvt.sat.f32.f32 %r0, %r1;", 'r', floats(), [](auto &o) {
    float x = std::bit_cast<float>(low(o[0]));
    return bitsOf(x > 0 ? std::min(x, 1.0f) : 0.0f); // a NaN, too, is 0
  });
}

TEST(PtxConvert, RoundsIntegersToFloats) {
  expectIntegers("cvt.rn.f32.s32 %r0, %r1;", 'r',
                 [](auto &o) { return bitsOf(static_cast<float>(static_cast<int32_t>(o[0]))); });
  expectIntegers("cvt.rn.f32.u64 %r0, %x1;", 'r',
                 [](auto &o) { return bitsOf(static_cast<float>(o[0])); });
  expectIntegers("cvt.rn.f64.s64 %x0, %x1;", 'x',
                 [](auto &o) { return bitsOf(static_cast<double>(static_cast<int64_t>(o[0]))); });
  // 2^24 + 1 towards zero and up.
  EXPECT_EQ(runSnippet("cvt.rz.f32.u32 %r0, %r1;", 'r', {{0x1000001, 0, 0}})[0], bitsOf(0x1p24f));
  EXPECT_EQ(runSnippet("cvt.rp.f32.u32 %r0, %r1;", 'r', {{0x1000001, 0, 0}})[0],
            bitsOf(16777218.0f));
}

TEST(PtxConvert, ExtendsCutsAndSaturatesIntegers) {
  expectIntegers("cvt.s64.s8 %x0, %h1;", 'x',
                 [](auto &o) { return uint64_t(int64_t{static_cast<int8_t>(o[0])}); });
  expectIntegers("cvt.u32.u8 %r0, %r1;", 'r', [](auto &o) { return o[0] & 0xff; });
  expectIntegers("cvt.u16.u32 %h0, %r1;", 'h', [](auto &o) { return o[0] & 0xffff; });
  expectIntegers("cvt.sat.s8.s32 %r0, %r1;", 'r', [](auto &o) {
    return low(uint64_t(std::min(std::max(static_cast<int32_t>(o[0]), -128), 127)));
  });
  expectIntegers("cvt.sat.u16.s64 %h0, %x1;", 'h', [](auto &o) {
    return uint64_t(std::min<int64_t>(std::max<int64_t>(static_cast<int64_t>(o[0]), 0), 65535));
  });
  expectIntegers("mov.b64 {%r4, %r5}, %x1; mov.b32 {%h4, %h5}, %r4; mov.b32 %r0, {%h5, %h4};", 'r',
                 [](auto &o) { return low(o[0]) >> 16 | low(o[0]) << 16; });
}

/// bf16 by integer arithmetic: nearest, ties to even.
uint64_t toBf16(float x) {
  uint32_t bits = std::bit_cast<uint32_t>(x);
  return x != x ? 0x7fff : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}

TEST(PtxConvert, RoundsToSixteenBits) {
  auto of = [](auto &o) { return std::bit_cast<float>(low(o[0])); };
  expectAll("cvt.rn.bf16.f32 %h0, %r1;", 'h', floats(), [=](auto &o) { return toBf16(of(o)); });
  expectAll("mov.b32 %r2, 0f3F800000; cvt.rn.bf16x2.f32 %r0, %r2, %r1;", 'r', floats(),
            [=](auto &o) { return 0x3f800000u | toBf16(of(o)); });
  expectAll("cvt.rz.bf16.f32 %h0, %r1;", 'h', floats(),
            [=](auto &o) { return of(o) != of(o) ? 0x7fffu : low(o[0]) >> 16; });
  expectAll("cvt.rn.bf16.f32 %h4, %r1; cvt.f32.bf16 %r0, %h4;", 'r', floats(),
            [=](auto &o) { return toBf16(of(o)) << 16; });
  expectAll(
      "cvt.rn.f32.f64 %r0, %x1;", 'r',
      [] {
        std::vector<Operands> inputs;
        for (double x : interestingDoubles())
          inputs.push_back({bitsOf(x), 0, 0});
        return inputs;
      }(),
      [](auto &o) {
        double x = std::bit_cast<double>(o[0]);
        return x != x ? 0x7fffffffu : bitsOf(static_cast<float>(x));
      });
}

TEST(PtxConvert, KnowsAllHalves) {
  std::vector<Operands> inputs;
  for (uint64_t bits = 0; bits < 65536; bits += 13)
    inputs.push_back({bits, 0, 0});
  // f16 -> f32 -> f16 is the identity, but for NaNs.
  expectAll("cvt.f32.f16 %r4, %h1; cvt.rn.f16.f32 %h0, %r4;", 'h', inputs,
            [](auto &o) { return (o[0] & 0x7fff) > 0x7c00 ? 0x7fff : o[0]; });
  // 1 + 2^-11 is a tie between 1 and 1 + 2^-10; 65520 one between the largest and infinity.
  auto round = [](float x) {
    return runSnippet("cvt.rn.f16.f32 %h0, %r1;", 'h', {{bitsOf(x), 0, 0}})[0];
  };
  EXPECT_EQ(round(1 + 0x1p-11f), 0x3c00u);
  EXPECT_EQ(round(1 + 0x1.8p-10f), 0x3c02u);
  EXPECT_EQ(round(65519), 0x7bffu);
  EXPECT_EQ(round(65520), 0x7c00u);
  EXPECT_EQ(round(0x1p-25f), 0u);
  EXPECT_EQ(round(0x1.8p-25f), 1u);
}

TEST(PtxConvert, ApproximatesAndCounts) {
  std::vector<Operands> inputs;
  for (float x : {-3.0f, 0.0f, 0.5f, 1.0f, 10.25f})
    inputs.push_back({bitsOf(x), 0, 0});
  expectAll("ex2.approx.f32 %r0, %r1;", 'r', inputs,
            [](auto &o) { return bitsOf(std::exp2(std::bit_cast<float>(low(o[0])))); });
  PtxModule module = parseOrFail(
      kernelText(".reg .f32 %f<3>;", "mov.f32 %f1, 0f3F800000; lg2.approx.f32 %f2, %f1;", 0));
  LaunchShape shape;
  shape.block[0] = 7;
  auto statistics = module.launch("k", shape, MemoryMap());
  ASSERT_TRUE(statistics.ok());
  EXPECT_EQ(statistics->approximate, 7u);
  EXPECT_EQ(statistics->instructions, 21u); // mov, lg2, ret
}

} // namespace
} // namespace tpc::fake_gpu
