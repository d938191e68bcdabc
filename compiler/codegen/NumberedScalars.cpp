//===- NumberedScalars.cpp - Value numbering, and code of elementary functions -------------===//
#include "compiler/codegen/NumberedScalars.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;

namespace tpc::codegen {

Value NumberedScalars::once(Operation *like, ArrayRef<Value> operands,
                            llvm::function_ref<Value()> make) {
  std::vector<const void *> inputs;
  for (Value operand : operands)
    inputs.push_back(operand.getAsOpaquePointer());
  Value &value =
      numbers[{like->getName().getAsOpaquePointer(), like->getAttrDictionary().getAsOpaquePointer(),
               like->getResult(0).getType().getAsOpaquePointer(), std::move(inputs)}];
  if (!value)
    value = make();
  return value;
}

Value NumberedScalars::compute(Operation *like, ArrayRef<Value> operands) {
  if (isa<arith::ExtFOp>(like) && operands[0].getType() == like->getResult(0).getType())
    return operands[0]; // a bf16, which lies in an f32
  return once(like, operands, [&] { return expand(like, operands); });
}

Value NumberedScalars::expand(Operation *like, ArrayRef<Value> operands) {
  if (Value approximation = approximate(like, operands))
    return approximation;
  return llvm::TypeSwitch<Operation *, Value>(like)
      .Case<arith::TruncFOp>([&](arith::TruncFOp narrow) -> Value {
        if (narrow.getType().isBF16())
          return arithmetic == Arithmetic::Cpu ? math.roundToBF16(operands[0])
                                               : math.convertToBF16(operands[0]);
        return arith::TruncFOp::create(b, loc, narrow.getType(), operands[0]);
      })
      .Case<math::ExpOp>([&](Operation *) { return math.exp(operands[0]); })
      .Case<math::ExpM1Op>([&](Operation *) { return math.expm1(operands[0]); })
      .Case<math::LogOp>([&](Operation *) { return math.log(operands[0]); })
      .Case<math::ErfOp>([&](Operation *) { return math.erf(operands[0]); })
      .Case<math::TanhOp>([&](Operation *) { return math.tanh(operands[0]); })
      .Case<math::SinOp>([&](Operation *) { return math.sin(operands[0]); })
      .Case<math::CosOp>([&](Operation *) { return math.cos(operands[0]); })
      .Case<math::PowFOp>([&](Operation *) { return math.pow(operands[0], operands[1]); })
      .Default([&](Operation *) {
        IRMapping mapping;
        mapping.map(like->getOperands(), operands);
        return b.clone(*like, mapping)->getResult(0);
      });
}

Value NumberedScalars::approximate(Operation *like, ArrayRef<Value> operands) {
  if (arithmetic != Arithmetic::CudaApproximate || !like->getResult(0).getType().isF32())
    return {};
  if (isa<math::ExpOp>(like))
    return math.approximateExp(operands[0]);
  if (isa<arith::DivFOp>(like) && matchPattern(operands[0], m_OneFloat()))
    return math.approximateReciprocal(operands[1]);
  return {};
}

} // namespace tpc::codegen
