//===- LaneForms.cpp - What a value is at adjacent columns ---------------------------------===//
#include "compiler/codegen/gpu/LaneForms.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;

namespace tpc::codegen {

namespace {

/// More than any access needs; what zero is a multiple of.
constexpr int64_t kMost = int64_t{1} << 20;

int64_t powerOfTwoIn(int64_t value) { return value == 0 ? kMost : std::min(value & -value, kMost); }

std::optional<int64_t> constantOf(Value value) {
  auto constant = value.getDefiningOp<arith::ConstantOp>();
  auto attribute = constant ? dyn_cast<IntegerAttr>(constant.getValue()) : IntegerAttr();
  return attribute ? std::optional(attribute.getInt()) : std::nullopt;
}

} // namespace

LaneForm LaneForms::of(Value value) {
  if (auto it = forms.find(value); it != forms.end())
    return it->second;
  LaneForm form;
  if (const Leaf *leaf = graph->leaf(value))
    form = ofLeaf(*leaf);
  else if (std::optional<int64_t> constant = constantOf(value))
    form = {LaneForm::Same, powerOfTwoIn(*constant)};
  else
    form = ofOp(value.getDefiningOp());
  forms[value] = form;
  return form;
}

LaneForm LaneForms::ofLeaf(const Leaf &leaf) {
  switch (leaf.kind) {
  case Leaf::RowIndex:
    return {LaneForm::Same, graph->domain().rows == 1 || graph->domain().isFlat ? kMost : 1};
  case Leaf::ColumnIndex:
    return {LaneForm::Adjacent, lanes};
  case Leaf::Scalar:
  case Leaf::Reduction:
    return {LaneForm::Same, 1};
  case Leaf::Load:
    return {isSame(leaf.operand) ? LaneForm::Same : LaneForm::Any, 1};
  }
  llvm_unreachable("all kinds of leaves are listed");
}

LaneForm LaneForms::ofOp(Operation *op) {
  SmallVector<LaneForm> operands;
  for (Value operand : op->getOperands())
    operands.push_back(of(operand));
  bool isSame = llvm::all_of(operands, [](LaneForm f) { return f.kind == LaneForm::Same; });
  auto isKnown = [](LaneForm form) { return form.kind != LaneForm::Any; };
  LaneForm form{isSame ? LaneForm::Same : LaneForm::Any, 1};
  if (isa<arith::AddIOp, arith::SubIOp>(op)) {
    form.multiple = std::min(operands[0].multiple, operands[1].multiple);
    bool isFirst = operands[0].kind == LaneForm::Adjacent,
         isSecond = operands[1].kind == LaneForm::Adjacent;
    if (isKnown(operands[0]) && isKnown(operands[1]) && isFirst != isSecond &&
        (isFirst || isa<arith::AddIOp>(op)))
      form.kind = LaneForm::Adjacent;
  } else if (isa<arith::MulIOp>(op)) {
    if (isSame)
      form.multiple = std::min(kMost, std::min(operands[0].multiple, kMost) * operands[1].multiple);
  } else if (isa<arith::IndexCastOp>(op)) {
    form = operands[0];
  } else if (isa<arith::DivUIOp, arith::RemUIOp>(op)) {
    // Groups of lanes lie inside of one block of a multiple of their number.
    bool inBlock = operands[0].kind == LaneForm::Adjacent && operands[1].kind == LaneForm::Same &&
                   operands[0].multiple >= lanes && operands[1].multiple >= lanes;
    if (inBlock && isa<arith::DivUIOp>(op))
      form = {LaneForm::Same, 1};
    if (inBlock && isa<arith::RemUIOp>(op))
      form = {LaneForm::Adjacent, std::min(operands[0].multiple, operands[1].multiple)};
  } else if (auto compare = dyn_cast<arith::CmpIOp>(op)) {
    // So are they on one side of such a bound.
    bool isBound = operands[0].kind == LaneForm::Adjacent && operands[1].kind == LaneForm::Same &&
                   operands[0].multiple >= lanes && operands[1].multiple >= lanes;
    if (isBound && compare.getPredicate() == arith::CmpIPredicate::slt)
      form.kind = LaneForm::Same;
  } else if (isa<arith::SelectOp>(op)) {
    form.multiple = std::min(operands[1].multiple, operands[2].multiple);
    if (operands[0].kind == LaneForm::Same && operands[1].kind == LaneForm::Adjacent &&
        operands[2].kind == LaneForm::Adjacent)
      form.kind = LaneForm::Adjacent;
  }
  return form;
}

} // namespace tpc::codegen
