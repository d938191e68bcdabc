//===- BodyArithmetic.h - Scalar ops of bodies ---------------------------------------------===//
//
// Floats are f32, or f64 in ops with an f64 tensor. What is uniform over the kernel (learning
// rate, bias correction) is computed in f64 and rounded where it meets an element: it costs
// nothing, and differences like 1 - beta^step need it.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/KernelDomain.h"
#include "compiler/codegen/MathExpansion.h"
#include "dialects/nn/BodyBuilder.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

namespace tpc::codegen {

/// The arithmetic half of a body builder. What reads and writes tensors comes on top. Elementary
/// functions are ops of math; MathExpansion gives them their code.
class BodyArithmetic : public nn::BodyBuilder {
public:
  Scalar constant(double value) override {
    return mlir::arith::ConstantOp::create(b, loc, b.getF64FloatAttr(value));
  }
  Scalar constantIndex(int64_t value) override {
    return mlir::arith::ConstantIndexOp::create(b, loc, value);
  }
  Scalar constantInt(int64_t value) override {
    return mlir::arith::ConstantOp::create(b, loc,
                                           b.getI32IntegerAttr(static_cast<int32_t>(value)));
  }
  Scalar add(Scalar x, Scalar y) override {
    return arithmetic<mlir::arith::AddFOp, mlir::arith::AddIOp>(x, y);
  }
  Scalar sub(Scalar x, Scalar y) override {
    return arithmetic<mlir::arith::SubFOp, mlir::arith::SubIOp>(x, y);
  }
  Scalar mul(Scalar x, Scalar y) override {
    return arithmetic<mlir::arith::MulFOp, mlir::arith::MulIOp>(x, y);
  }
  Scalar div(Scalar x, Scalar y) override {
    return arithmetic<mlir::arith::DivFOp, mlir::arith::DivSIOp>(x, y);
  }
  Scalar max(Scalar x, Scalar y) override {
    return arithmetic<mlir::arith::MaximumFOp, mlir::arith::MaxSIOp>(x, y);
  }
  Scalar min(Scalar x, Scalar y) override {
    return arithmetic<mlir::arith::MinimumFOp, mlir::arith::MinSIOp>(x, y);
  }
  Scalar neg(Scalar x) override {
    if (!mlir::isa<mlir::FloatType>(x.getType()))
      return mlir::arith::SubIOp::create(
          b, loc, mlir::arith::ConstantOp::create(b, loc, b.getIntegerAttr(x.getType(), 0)), x);
    return mlir::arith::NegFOp::create(b, loc, x);
  }
  Scalar exp(Scalar x) override { return mlir::math::ExpOp::create(b, loc, x); }
  Scalar expm1(Scalar x) override { return mlir::math::ExpM1Op::create(b, loc, x); }
  Scalar log(Scalar x) override { return mlir::math::LogOp::create(b, loc, x); }
  Scalar pow(Scalar x, Scalar y) override {
    unify({&x, &y});
    return mlir::math::PowFOp::create(b, loc, x, y);
  }
  Scalar erf(Scalar x) override { return mlir::math::ErfOp::create(b, loc, x); }
  Scalar tanh(Scalar x) override { return mlir::math::TanhOp::create(b, loc, x); }
  Scalar sin(Scalar x) override { return mlir::math::SinOp::create(b, loc, x); }
  Scalar cos(Scalar x) override { return mlir::math::CosOp::create(b, loc, x); }
  Scalar sqrt(Scalar x) override { return mlir::math::SqrtOp::create(b, loc, x); }
  Scalar roundToTf32(Scalar x) override { return math.roundToTF32(convert(x, b.getF32Type())); }

  Scalar less(Scalar x, Scalar y) override {
    return compare(x, y, mlir::arith::CmpFPredicate::OLT, mlir::arith::CmpIPredicate::slt);
  }
  Scalar equal(Scalar x, Scalar y) override {
    return compare(x, y, mlir::arith::CmpFPredicate::OEQ, mlir::arith::CmpIPredicate::eq);
  }
  Scalar logicalAnd(Scalar x, Scalar y) override {
    return mlir::arith::AndIOp::create(b, loc, x, y);
  }
  Scalar select(Scalar condition, Scalar x, Scalar y) override {
    unify({&x, &y}, levelOf(condition));
    return mlir::arith::SelectOp::create(b, loc, condition, x, y);
  }
  Scalar toFloat(Scalar x) override;
  Scalar toIndex(Scalar x) override {
    return mlir::arith::IndexCastOp::create(b, loc, b.getIndexType(), x);
  }
  Scalar toInt(Scalar x) override {
    return mlir::arith::IndexCastOp::create(b, loc, b.getI32Type(), x);
  }

protected:
  explicit BodyArithmetic(mlir::MLIRContext *context)
      : b(context), loc(b.getUnknownLoc()), math(b, loc) {}
  virtual Level levelOf(Scalar value) const = 0;

  Scalar convert(Scalar x, mlir::Type type);
  /// The type of floats at a level.
  mlir::Type floatType(Level level) { return level == Level::Uniform ? b.getF64Type() : compute; }

  mlir::OpBuilder b;
  mlir::Location loc;
  MathExpansion math;
  mlir::Type compute; ///< of floats that are not uniform, in the op whose body is being built

private:
  template <typename FloatOp, typename IntOp> Scalar arithmetic(Scalar x, Scalar y) {
    if (!mlir::isa<mlir::FloatType>(x.getType()))
      return IntOp::create(b, loc, x, y);
    unify({&x, &y});
    return FloatOp::create(b, loc, x, y);
  }
  Scalar compare(Scalar x, Scalar y, mlir::arith::CmpFPredicate real,
                 mlir::arith::CmpIPredicate integer) {
    if (!mlir::isa<mlir::FloatType>(x.getType()))
      return mlir::arith::CmpIOp::create(b, loc, integer, x, y);
    unify({&x, &y});
    return mlir::arith::CmpFOp::create(b, loc, real, x, y);
  }
  void unify(std::initializer_list<Scalar *> values, Level least = Level::Uniform);
};

} // namespace tpc::codegen
