//===- PlaceCasts.cpp - Rounds what is multiplied, for precision bf16 -------------------------===//
//
// This is the one place where casts of a precision come from, so that the numbers do not depend on
// what is fused later. Placed after differentiation: the casts have no gradients of their own,
// and a gradient that is added to others is rounded after the sum.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/autodiff/Annotator.h"
#include "compiler/autodiff/DeadOps.h"
#include "compiler/autodiff/Passes.h"

#include "mlir/IR/BuiltinOps.h"

namespace tpc {

#define GEN_PASS_DEF_PLACECASTS
#include "compiler/autodiff/Passes.h.inc"

using namespace mlir;

namespace {

Type elementOf(Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); }

/// The log-sums of an attention, operand 4 of its backward step: a row statistic stays float32.
bool isStatistic(const nn::LibraryStep &step, unsigned operand) {
  auto *attention = std::get_if<nn::AttentionStep>(&step);
  return attention && attention->backward && operand == 4;
}

class CastPlacer {
public:
  explicit CastPlacer(MLIRContext *context)
      : narrow_(BFloat16Type::get(context)), builder_(context, &annotator_) {}

  LogicalResult run(Block &block) {
    for (Operation &op : llvm::make_early_inc_range(block))
      if (auto step = dyn_cast<nn::LibraryOp>(op); step && failed(roundOperands(step)))
        return failure();
    removeDeadOps(block);
    return success();
  }

private:
  LogicalResult roundOperands(nn::LibraryOp step) {
    Operation *op = step;
    annotator_.scope = op->getAttrOfType<StringAttr>(nn::kScopeAttr);
    annotator_.phase = op->getAttrOfType<StringAttr>(nn::kPhaseAttr);
    builder_.setInsertionPoint(op);
    nn::LibraryStep kind = step.getLibraryStep();
    for (OpOperand &operand : op->getOpOperands())
      if (!isStatistic(kind, operand.getOperandNumber()) && elementOf(operand.get()).isF32())
        operand.set(rounded(operand.get()));

    auto types = cast<nn::ShapeOp>(op).inferResultTypes();
    if (failed(types))
      return failure();
    builder_.setInsertionPointAfter(op);
    for (auto [result, type] : llvm::zip_equal(op->getResults(), *types)) {
      Type wide = result.getType();
      if (wide == type)
        continue;
      result.setType(type);
      auto widened = nn::CastOp::create(builder_, op->getLoc(), wide, result);
      result.replaceAllUsesExcept(widened, widened);
    }
    return success();
  }

  /// The value in bfloat16, made at the builder's place unless there is one already.
  Value rounded(Value value) {
    if (elementOf(value) == narrow_)
      return value;
    auto [known, isNew] = rounded_.try_emplace(value);
    if (!isNew)
      return known->second;
    Value result = makeRounded(value);
    rounded_[value] = result;
    return result;
  }

  Value makeRounded(Value value) {
    Operation *def = value.getDefiningOp();
    if (auto widened = dyn_cast_if_present<nn::CastOp>(def);
        widened && elementOf(widened.getX()) == narrow_)
      return widened.getX();
    Type type = cast<RankedTensorType>(value.getType()).clone(narrow_);
    // A view moves no data: round what it is a view of, which others may need too.
    if (isa_and_present<nn::SplitDimOp, nn::MergeDimsOp>(def)) {
      Value source = rounded(def->getOperand(0));
      Operation *view = builder_.clone(*def);
      view->setOperand(0, source);
      view->getResult(0).setType(type);
      return view->getResult(0);
    }
    return nn::CastOp::create(builder_, value.getLoc(), type, value);
  }

  Type narrow_;
  Annotator annotator_;
  OpBuilder builder_;
  DenseMap<Value, Value> rounded_;
};

struct PlaceCasts final : impl::PlaceCastsBase<PlaceCasts> {
  using PlaceCastsBase::PlaceCastsBase;

  void runOnOperation() override {
    if (precision != "bf16")
      return;
    for (auto entry : getOperation().getOps<nn::EntryOp>())
      if (failed(CastPlacer(&getContext()).run(entry.getBody().front())))
        return signalPassFailure();
  }
};

} // namespace

} // namespace tpc
