//===- Half.h - The 16-bit formats ---------------------------------------------------------===//
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace tpc::fake_gpu {

/// A float with `Exponent` and `Mantissa` bits behind its sign.
template <int Exponent, int Mantissa> struct SmallFloat {
  static constexpr int bias = (1 << (Exponent - 1)) - 1;
  static constexpr uint16_t infinity = ((1 << Exponent) - 1) << Mantissa;
  static constexpr uint16_t nan = 0x7fff;

  static float widen(uint16_t bits) {
    if constexpr (Exponent == 8)
      return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
    int exponent = (bits & infinity) >> Mantissa;
    int mantissa = bits & ((1 << Mantissa) - 1);
    float magnitude =
        exponent == (1 << Exponent) - 1 ? (mantissa ? std::bit_cast<float>(0x7fffffffu) : HUGE_VALF)
        : exponent ? std::ldexp(float(mantissa + (1 << Mantissa)), exponent - bias - Mantissa)
                   : std::ldexp(float(mantissa), 1 - bias - Mantissa);
    return bits & 0x8000 ? -magnitude : magnitude;
  }

  /// To nearest, ties to even, or towards zero.
  static uint16_t round(double x, bool toZero = false) {
    uint16_t sign = std::signbit(x) ? 0x8000 : 0;
    if (x != x)
      return nan;
    double magnitude = std::fabs(x);
    if (std::isinf(x))
      return sign | infinity;
    if (magnitude == 0)
      return sign;
    int exponent = std::max(std::ilogb(magnitude), 1 - bias);
    double units = std::ldexp(magnitude, Mantissa - exponent); // of the last place
    double whole = toZero ? std::floor(units) : std::nearbyint(units);
    // A carry out of the mantissa moves into the exponent by itself, and out of that into infinity.
    auto bits = static_cast<int64_t>(whole) + (int64_t{exponent + bias - 1} << Mantissa);
    if (bits >= infinity)
      return sign | (toZero ? infinity - 1 : infinity);
    return static_cast<uint16_t>(sign | bits);
  }
};

using Half = SmallFloat<5, 10>;
using BrainHalf = SmallFloat<8, 7>;

/// The fast way, for the conversion that kernels are full of: float32 to bf16, nearest even.
inline uint16_t toBrainHalf(float x) {
  uint32_t bits = std::bit_cast<uint32_t>(x);
  uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
  return x != x ? 0x7fff : static_cast<uint16_t>(rounded);
}

} // namespace tpc::fake_gpu
