//===- BodyArithmetic.cpp - Conversions between float types --------------------------------===//
#include "compiler/codegen/BodyArithmetic.h"

using namespace mlir;

namespace tpc::codegen {

using Scalar = nn::BodyBuilder::Scalar;

Scalar BodyArithmetic::convert(Scalar x, Type type) {
  if (x.getType() == type)
    return x;
  if (auto constant = x.getDefiningOp<arith::ConstantOp>()) {
    double value = cast<FloatAttr>(constant.getValue()).getValueAsDouble();
    return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
  }
  // What was widened is itself again.
  if (auto wider = x.getDefiningOp<arith::ExtFOp>(); wider && wider.getIn().getType() == type)
    return wider.getIn();
  if (type.getIntOrFloatBitWidth() > x.getType().getIntOrFloatBitWidth())
    return arith::ExtFOp::create(b, loc, type, x);
  return arith::TruncFOp::create(b, loc, type, x);
}

void BodyArithmetic::unify(std::initializer_list<Scalar *> values, Level least) {
  Level level = least;
  for (Scalar *value : values) {
    if (!isa<FloatType>(value->getType()))
      return;
    level = std::max(level, levelOf(*value));
  }
  Type type = floatType(level);
  for (Scalar *value : values)
    *value = convert(*value, type);
}

Scalar BodyArithmetic::toFloat(Scalar x) {
  Type type = floatType(levelOf(x));
  if (x.getType().isIndex())
    x = arith::IndexCastOp::create(b, loc, b.getI64Type(), x);
  if (x.getType().isInteger(1))
    return arith::UIToFPOp::create(b, loc, type, x);
  return arith::SIToFPOp::create(b, loc, type, x);
}

} // namespace tpc::codegen
