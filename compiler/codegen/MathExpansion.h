//===- MathExpansion.h - Elementary functions as arithmetic --------------------------------===//
//
// Kernels call no library, so that they are position-independent, vectorise, and give the same bits
// on every host. Each function expands to fused multiply-adds on f32 or f64 values; both widths
// share one scheme and differ in coefficients. Errors, relative unless said otherwise: a few ulp
// (erf, sin and cos: of 1, absolute). NaN in gives NaN out.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"

namespace tpc::codegen {

class MathExpansion {
public:
  MathExpansion(mlir::OpBuilder &builder, mlir::Location loc) : b(builder), loc(loc) {}

  mlir::Value exp(mlir::Value x);
  /// For x that is not far above 0: what is below the smallest normal number becomes 0. Half as
  /// long.
  mlir::Value expOfWeight(mlir::Value x);
  /// Of f32, by an instruction of NVIDIA's GPUs: the error is 2^-22 + |x| 2^-23, and 0 stands for
  /// what is below the smallest normal number.
  mlir::Value approximateExp(mlir::Value x);
  /// 1/x of f32, likewise: the error is 2^-23, and 0 stands for what is below 2^-126, of x or of
  /// it.
  mlir::Value approximateReciprocal(mlir::Value x);
  mlir::Value expm1(mlir::Value x);
  mlir::Value log(mlir::Value x);
  mlir::Value erf(mlir::Value x);
  mlir::Value tanh(mlir::Value x);
  /// For |x| up to about 1e6.
  mlir::Value sin(mlir::Value x);
  mlir::Value cos(mlir::Value x);
  /// x > 0. Evaluated in f64: y log(x) would lose the bits that a large power needs.
  mlir::Value pow(mlir::Value x, mlir::Value y);
  /// f32 holding a value of bf16 or tf32 precision: rounded to nearest even.
  mlir::Value roundToBF16(mlir::Value x) { return roundAway(x, 16); }
  /// The same by an instruction of NVIDIA's GPUs, but that all NaNs become one.
  mlir::Value convertToBF16(mlir::Value x);
  mlir::Value roundToTF32(mlir::Value x) { return roundAway(x, 13); }
  /// The first word of Philox4x32-10 under the key (seed, stream) at (element, step); see
  /// runtime/io/Philox.h. seed, stream and step are i32, element is an index.
  mlir::Value philox(mlir::Value seed, mlir::Value stream, mlir::Value element, mlir::Value step);

private:
  bool isWide(mlir::Value x) const { return x.getType().isF64(); }
  mlir::Type bitsType(mlir::Value x) { return isWide(x) ? b.getI64Type() : b.getI32Type(); }
  mlir::Value real(mlir::Value like, double value);
  mlir::Value bits(mlir::Value like, int64_t value);
  mlir::Value fma(mlir::Value x, mlir::Value y, mlir::Value z);
  mlir::Value horner(mlir::Value x, llvm::ArrayRef<double> coefficients);
  mlir::Value clampAbove(mlir::Value x, double limit);
  mlir::Value clampBelow(mlir::Value x, double limit);
  mlir::Value less(mlir::Value x, mlir::Value y);
  /// x y rounded to an integer, if that is not too large for the low bits of a float's image.
  struct Integer {
    mlir::Value value; ///< as a float
    mlir::Value image; ///< bits, whose low part is its two's complement
  };
  Integer roundedProduct(mlir::Value x, double y);
  /// 2^(n + plus), of the normal exponent range.
  mlir::Value powerOfTwo(const Integer &n, int64_t plus = 0);
  mlir::Value powerOfBiased(mlir::Value exponent);
  struct Reduced {
    Integer n;
    mlir::Value expm1;
  };
  /// x = n ln 2 + r, |r| <= ln 2 / 2, and e^r - 1; for |x| up to about 1e6.
  Reduced reduce(mlir::Value x);
  /// For x whose e^x neither overflows nor vanishes beside 1.
  mlir::Value expm1InRange(mlir::Value x);
  mlir::Value sinOrCos(mlir::Value x, bool cosine);
  /// An intrinsic of NVIDIA's GPUs.
  mlir::Value ofGpu(llvm::StringRef name, mlir::Type type, mlir::ValueRange operands);
  /// f32 whose last `dropped` bits are zero.
  mlir::Value roundAway(mlir::Value x, int dropped);

  mlir::OpBuilder &b;
  mlir::Location loc;
};

} // namespace tpc::codegen
