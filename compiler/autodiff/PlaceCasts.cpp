//===- PlaceCasts.cpp - The roundings of precision bf16 and tf32 ------------------------------===//
//
// This is the one place where casts of a precision come from, so that the numbers do not depend on
// what is fused later; docs/precision.md has the policy. Placed after differentiation: the casts
// have no gradients of their own, and a gradient that is added to others is rounded after the sum.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/autodiff/Annotator.h"
#include "compiler/autodiff/DeadOps.h"
#include "compiler/autodiff/Passes.h"

#include "dialects/nn/Types.h"

#include "mlir/IR/BuiltinOps.h"

namespace tpc {

#define GEN_PASS_DEF_PLACECASTS
#include "compiler/autodiff/Passes.h.inc"

using namespace mlir;

namespace {

/// The log-sums of an attention, operand 4 of its backward step: a row statistic stays float32.
bool isStatistic(const nn::LibraryStep &step, unsigned operand) {
  auto *attention = std::get_if<nn::AttentionStep>(&step);
  return attention && attention->backward && operand == 4;
}

/// Whether the optimizer reads the value, or a sum that it is added to.
bool isParameterGradient(Value value) {
  return llvm::any_of(value.getUsers(), [](Operation *user) {
    return nn::phaseOf(user) == nn::Phase::Update ||
           (isa<nn::AddOp>(user) && isParameterGradient(user->getResult(0)));
  });
}

/// Whether the operand of a sum lacks dims of it.
bool isBias(Value addend, nn::AddOp add) {
  return nn::typeOf(addend).getRank() < nn::typeOf(add.getY()).getRank();
}

/// Whether nothing but a sum reads a product.
bool isSummed(Value addend) { return nn::isProduct(addend.getDefiningOp()) && addend.hasOneUse(); }

/// The sum of products and biases that a product is an addend of, and nothing else; or the product.
Value sumOfProducts(Value product) {
  Value sum = product;
  while (sum.hasOneUse()) {
    auto add = dyn_cast<nn::AddOp>(*sum.user_begin());
    if (!add || llvm::any_of(add.getAddends(), [&](Value addend) {
          return !isBias(addend, add) && addend != sum && !isSummed(addend);
        }))
      break;
    sum = add.getY();
  }
  return sum;
}

class CastPlacer {
public:
  CastPlacer(MLIRContext *context, bool toTf32)
      : toTf32_(toTf32),
        narrow_(toTf32 ? Type(Float32Type::get(context)) : BFloat16Type::get(context)),
        builder_(context, &annotator_) {}

  LogicalResult run(Block &block) {
    if (!toTf32_) {
      for (auto add : llvm::make_early_inc_range(block.getOps<nn::AddOp>()))
        sumProductsApart(add);
      for (Operation &op : llvm::make_early_inc_range(block))
        if (nn::isProduct(&op) && !isParameterGradient(op.getResult(0))) {
          Value sum = sumOfProducts(op.getResult(0));
          roundBiases(op.getResult(0), sum);
          roundResult(sum);
        }
    }
    for (Operation &op : llvm::make_early_inc_range(block))
      if (auto step = dyn_cast<nn::LibraryOp>(op); step && failed(roundOperands(step)))
        return failure();
    removeDeadOps(block);
    return success();
  }

private:
  void annotateAs(Operation *op) {
    annotator_.scope = op->getAttrOfType<StringAttr>(nn::kScopeAttr);
    annotator_.phase = nn::phaseOf(op);
  }

  Value makeCast(Location location, Type type, Value value, bool toTf32) {
    return nn::CastOp::create(builder_, location, type, value, toTf32);
  }

  /// Several products that are added to something else, the residual stream say, become a sum of
  /// their own with the biases: so they are rounded once, and are one tensor to send.
  void sumProductsApart(nn::AddOp add) {
    SmallVector<Value> parts, others;
    unsigned products = 0;
    for (Value addend : add.getAddends()) {
      bool isProduct = addend.getType() == add.getType() && isSummed(addend);
      products += isProduct;
      (isProduct || isBias(addend, add) ? parts : others).push_back(addend);
    }
    if (products < 2 || others.empty() || !nn::elementOf(add.getY()).isF32() ||
        isParameterGradient(add.getY()))
      return;
    annotateAs(add);
    builder_.setInsertionPoint(add);
    others.push_back(nn::AddOp::create(builder_, add.getLoc(), add.getType(), parts));
    add.getAddendsMutable().assign(others);
  }

  /// What is added to a product is an operand of it, and rounded like the others.
  void roundBiases(Value product, Value sum) {
    while (product != sum) {
      auto add = cast<nn::AddOp>(*product.user_begin());
      annotateAs(add);
      builder_.setInsertionPoint(add);
      for (OpOperand &addend : add->getOpOperands()) {
        Value bias = addend.get();
        if (!isBias(bias, add) || !nn::elementOf(bias).isF32() || bias.getDefiningOp<nn::CastOp>())
          continue;
        auto type = cast<RankedTensorType>(bias.getType());
        if (type.getRank() != 1)
          continue;
        Value rounded = makeCast(bias.getLoc(), type.clone(narrow_), bias, false);
        addend.set(makeCast(bias.getLoc(), type, rounded, false));
      }
      product = add.getY();
    }
  }

  /// All that read the value read it rounded.
  void roundResult(Value value) {
    Operation *def = value.getDefiningOp();
    // An n-ary sum has several products.
    if (!nn::elementOf(value).isF32() || !sums_.insert(value).second)
      return;
    annotateAs(def);
    builder_.setInsertionPointAfter(def);
    auto type = cast<RankedTensorType>(value.getType());
    Value narrow = makeCast(def->getLoc(), type.clone(narrow_), value, false);
    Value wide = makeCast(def->getLoc(), type, narrow, false);
    value.replaceAllUsesExcept(wide, narrow.getDefiningOp());
  }

  LogicalResult roundOperands(nn::LibraryOp step) {
    Operation *op = step;
    annotateAs(op);
    builder_.setInsertionPoint(op);
    nn::LibraryStep kind = step.getLibraryStep();
    for (OpOperand &operand : op->getOpOperands())
      if (!isStatistic(kind, operand.getOperandNumber()) && nn::elementOf(operand.get()).isF32())
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
      Value widened = makeCast(op->getLoc(), wide, result, false);
      result.replaceAllUsesExcept(widened, widened.getDefiningOp());
    }
    return success();
  }

  /// The value rounded, made at the builder's place unless there is one already.
  Value rounded(Value value) {
    if (!nn::elementOf(value).isF32())
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
        widened && nn::elementOf(widened.getX()) == narrow_ && !toTf32_)
      return widened.getX();
    Type type = cast<RankedTensorType>(value.getType()).clone(narrow_);
    // A view moves no data: round what it is a view of, which others may need too.
    if (def && nn::isView(def)) {
      Value source = rounded(def->getOperand(0));
      Operation *view = builder_.clone(*def);
      view->setOperand(0, source);
      view->getResult(0).setType(type);
      return view->getResult(0);
    }
    return makeCast(value.getLoc(), type, value, toTf32_);
  }

  bool toTf32_;
  Type narrow_;
  Annotator annotator_;
  OpBuilder builder_;
  DenseSet<Value> sums_;
  DenseMap<Value, Value> rounded_;
};

struct PlaceCasts final : impl::PlaceCastsBase<PlaceCasts> {
  using PlaceCastsBase::PlaceCastsBase;

  void runOnOperation() override {
    bool toTf32 = precision == "tf32";
    if (precision != "bf16" && !toTf32)
      return;
    for (auto entry : getOperation().getOps<nn::EntryOp>())
      if (failed(CastPlacer(&getContext(), toTf32).run(entry.getBody().front())))
        return signalPassFailure();
  }
};

} // namespace

} // namespace tpc
