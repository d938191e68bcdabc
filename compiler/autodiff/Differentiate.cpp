//===- Differentiate.cpp - Reverse-mode differentiation of a block ------------------------===//
//
// Values that depend on a leaf are active. The walk back from the loss asks each op for the
// gradients of its active operands, and keeps the contributions to a value in a list until the walk
// reaches the op that made it: then they are complete, and become one n-ary sum. So the sum of the
// input gradients of q, k and v is one op, which can add partial values before they are reduced.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/autodiff/Differentiate.h"

#include "compiler/autodiff/Annotator.h"
#include "dialects/nn/Types.h"

using namespace mlir;

namespace tpc {

namespace {

bool isFloat(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && isa<FloatType>(type.getElementType());
}

class Differentiation final : public nn::GradientBuilder {
public:
  explicit Differentiation(OpBuilder &builder) : builder_(builder) {
    annotator_.phase = nn::Phase::Backward;
    builder_.setListener(&annotator_);
  }
  ~Differentiation() override { builder_.setListener(nullptr); }

  LogicalResult run(Value loss, ValueRange leaves);
  /// The sum of all contributions to a value, built when first asked for; null if there are none.
  Value gradientOf(Value value);

  //===--- GradientBuilder, about the op that the walk has reached ---===//
  OpBuilder &builder() override { return builder_; }
  Location loc() override { return op_->getLoc(); }
  Value ofResult(unsigned result) override { return gradientOf(op_->getResult(result)); }
  bool isNeeded(unsigned operand) override { return active_.contains(op_->getOperand(operand)); }
  void add(unsigned operand, Value gradient) override;

private:
  void markActive(Block &block, ValueRange leaves);
  LogicalResult visit(Operation *op);

  OpBuilder &builder_;
  Annotator annotator_;
  DenseSet<Value> active_;
  DenseMap<Value, SmallVector<Value>> contributions_;
  Operation *op_ = nullptr;
  bool wrongType_ = false;
};

void Differentiation::markActive(Block &block, ValueRange leaves) {
  active_.insert(leaves.begin(), leaves.end());
  for (Operation &op : block)
    if (llvm::any_of(op.getOperands(), [&](Value v) { return active_.contains(v); }))
      for (Value result : op.getResults())
        if (isFloat(result))
          active_.insert(result);
}

Value Differentiation::gradientOf(Value value) {
  auto found = contributions_.find(value);
  if (found == contributions_.end())
    return {};
  SmallVector<Value> &parts = found->second;
  if (parts.size() > 1) {
    Value sum = nn::AddOp::create(builder_, op_->getLoc(), nn::plainType(value), parts);
    parts.assign({sum});
  }
  return parts.front();
}

void Differentiation::add(unsigned operand, Value gradient) {
  Value value = op_->getOperand(operand);
  if (gradient.getType() != nn::plainType(value)) {
    op_->emitError() << "internal: its gradient of operand #" << operand << " has type "
                     << gradient.getType() << ", not " << nn::plainType(value);
    wrongType_ = true;
    return;
  }
  if (active_.contains(value))
    contributions_[value].push_back(gradient);
}

LogicalResult Differentiation::visit(Operation *op) {
  if (llvm::none_of(op->getResults(), [&](Value v) { return contributions_.contains(v); }))
    return success();
  op_ = op;
  annotator_.scope = op->getAttrOfType<StringAttr>(nn::kScopeAttr);
  if (op->getNumOperands() == 0) { // a leaf
    gradientOf(op->getResult(0));
    return success();
  }
  auto differentiable = dyn_cast<nn::GradientOp>(op);
  if (!differentiable) {
    InFlightDiagnostic error =
        op->emitOpError("has no gradient, but the loss depends on a parameter through it");
    error.attachNote() << "hint: add NN_Gradient to the op in dialects/nn/NNOps.td and write its "
                          "buildGradient beside its verifier in dialects/nn";
    return error;
  }
  differentiable.buildGradient(*this);
  return failure(wrongType_);
}

LogicalResult Differentiation::run(Value loss, ValueRange leaves) {
  Block &block = *loss.getParentBlock();
  markActive(block, leaves);
  if (!active_.contains(loss))
    return success();

  SmallVector<Operation *> forward;
  for (Operation &op : block)
    forward.push_back(&op);

  annotator_.scope = loss.getDefiningOp()->getAttrOfType<StringAttr>(nn::kScopeAttr);
  contributions_[loss] = {
      nn::FillOp::create(builder_, loss.getLoc(), nn::plainType(loss), llvm::APFloat(1.0))};
  for (Operation *op : llvm::reverse(forward))
    if (failed(visit(op)))
      return failure();
  return success();
}

} // namespace

FailureOr<SmallVector<Value>> differentiate(Value loss, ValueRange leaves, OpBuilder builder) {
  Differentiation differentiation(builder);
  if (failed(differentiation.run(loss, leaves)))
    return failure();
  SmallVector<Value> gradients;
  for (Value leaf : leaves)
    gradients.push_back(differentiation.gradientOf(leaf));
  return gradients;
}

} // namespace tpc
