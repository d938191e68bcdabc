//===- BackwardPass.cpp - A smallest reverse mode for tests --------------------------------===//
//
// Gradients of a value are summed as they come.
//
//===---------------------------------------------------------------------------------------===//
#include "BackwardPass.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/ErrorHandling.h"

namespace tpc::interpreter::test {

namespace {

class Sums : public nn::GradientBuilder {
public:
  explicit Sums(mlir::Operation *terminator) : builder_(terminator) {}

  void enter(mlir::Operation *op) { op_ = op; }
  void addTo(mlir::Value value, mlir::Value gradient) {
    mlir::Value &sum = sums[value];
    if (gradient.getType() != value.getType())
      llvm::report_fatal_error("a gradient has another type than its value");
    sum = sum ? nn::AddOp::create(builder_, loc(), value.getType(), mlir::ValueRange{sum, gradient})
                    .getResult()
              : gradient;
  }
  mlir::Value of(mlir::Value value) const { return sums.lookup(value); }

  mlir::OpBuilder &builder() override { return builder_; }
  mlir::Location loc() override { return op_->getLoc(); }
  mlir::Value ofResult(unsigned result) override { return of(op_->getResult(result)); }
  bool isNeeded(unsigned operand) override {
    auto type = mlir::dyn_cast<mlir::RankedTensorType>(op_->getOperand(operand).getType());
    return type && mlir::isa<mlir::FloatType>(type.getElementType());
  }
  void add(unsigned operand, mlir::Value gradient) override {
    addTo(op_->getOperand(operand), gradient);
  }

private:
  mlir::OpBuilder builder_;
  mlir::Operation *op_ = nullptr;
  llvm::DenseMap<mlir::Value, mlir::Value> sums;
};

} // namespace

void expandComposites(mlir::Block &block) {
  for (bool changed = true; changed;) {
    changed = false;
    for (mlir::Operation &op : llvm::make_early_inc_range(block)) {
      auto composite = mlir::dyn_cast<nn::CompositeOp>(op);
      if (!composite || composite.isPrimitive())
        continue;
      mlir::OpBuilder builder(&op);
      op.replaceAllUsesWith(composite.expand(builder));
      op.erase();
      changed = true;
    }
  }
}

std::vector<mlir::Value> buildBackward(mlir::Block &block, llvm::ArrayRef<mlir::Value> inputs,
                                       llvm::ArrayRef<mlir::Value> outputs,
                                       llvm::ArrayRef<mlir::Value> outputGradients) {
  std::vector<mlir::Operation *> ops;
  for (mlir::Operation &op : block.without_terminator())
    ops.push_back(&op);
  Sums sums(block.getTerminator());
  sums.enter(block.getTerminator());
  for (auto [output, gradient] : llvm::zip_equal(outputs, outputGradients))
    sums.addTo(output, gradient);
  for (mlir::Operation *op : llvm::reverse(ops)) {
    if (llvm::none_of(op->getResults(), [&](mlir::Value result) { return sums.of(result); }))
      continue;
    sums.enter(op);
    if (auto differentiable = mlir::dyn_cast<nn::GradientOp>(op))
      differentiable.buildGradient(sums);
    else if (!mlir::isa<nn::ReadOp>(op))
      llvm::report_fatal_error(llvm::Twine("a gradient reaches ") + op->getName().getStringRef() +
                               ", which has none");
  }
  std::vector<mlir::Value> gradients;
  for (mlir::Value input : inputs)
    gradients.push_back(sums.of(input));
  return gradients;
}

} // namespace tpc::interpreter::test
