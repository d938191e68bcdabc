//===- Rounding.h - The floating-point arithmetic that a plan runs in ----------------------===//
//
// Every bound of verify is made of these three: the unit roundoff, gamma(n) of Higham, Accuracy and
// Stability of Numerical Algorithms, section 3.1, and the smallest normal number, below which
// kernels may flush to zero. What is stored as bfloat16 is computed in float32: its rounding is
// modelled, not bounded. The interpreter's own float64 roundings are added to the unit, so that
// a bound holds for the difference of both, in float64 plans too.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/Types.h"

#include <cmath>
#include <limits>

namespace tpc::verify {

/// Where a plan's device does not compute one operation after the other in IEEE's arithmetic.
struct DeviceArithmetic {
  /// Products inside of attention in bf16 take its weights, and the gradients of its scores, in
  /// bf16 too, as tensor cores do.
  bool attentionNarrows = false;
  /// exp and 1/x of f32 are the GPU's own instructions (MathExpansion::approximateExp).
  bool approximates = false;
};

struct Rounding {
  double unit;               ///< of one operation, relative
  double tiny;               ///< of one operation, absolute: what underflow may lose
  double largest;            ///< what is beyond is infinite
  bool approximates = false; ///< see DeviceArithmetic

  static Rounding of(mlir::Type element) {
    constexpr double reference = 0x1p-53;
    if (element.isF64())
      return {reference + reference, 0x1p-1022, std::numeric_limits<double>::max()};
    if (element.isBF16())
      return {0x1p-24 + reference, 0x1p-126, 0x1.FEp127};
    return {0x1p-24 + reference, 0x1p-126, std::numeric_limits<float>::max()};
  }

  /// Of a chain of n roundings: n u / (1 - n u).
  double gamma(double n) const {
    double nu = n * unit;
    return nu < 1 ? nu / (1 - nu) : std::numeric_limits<double>::infinity();
  }

  /// Of a sum of n + 1 terms in any order, which n u bounds for every n (Jeannerod and Rump,
  /// Improved error bounds for inner products in floating-point arithmetic, 2013): gamma ends at n
  /// u = 1, which is 2^24 terms in float32, fewer than a gradient's norm has.
  double sum(double n) const { return n * unit; }

  /// Elementary functions of kernels and library steps (exp, log, erf, tanh, sin, cos, pow) are
  /// taken to be within 4 ulp, which is at most 8 units; docs/verify.md says where that is from.
  double function() const { return 8 * unit; }
  /// Of e^x, relative. The approximation is within 2^-22 of 2^(x log2(e)), whose argument is
  /// rounded twice.
  double exponential(double x) const {
    return approximates ? (4 + 2 * std::fabs(x)) * unit : function();
  }
  /// Of 1 / x, relative.
  double reciprocal() const { return approximates ? 2 * unit : unit; }
};

} // namespace tpc::verify
