//===- BodyProbe.cpp - Runs bodies with a builder that only listens ------------------------===//
#include "compiler/fusion/BodyProbe.h"

#include "dialects/nn/NN.h"
#include "dialects/nn/Types.h"
#include "dialects/tp/TP.h"

using namespace mlir;

namespace tpc {

namespace {

class Listener final : public nn::BodyBuilder {
public:
  Listener(BodyTraits &traits) : traits(traits) {}

  Scalar operand(unsigned index) override { return see(index, Access::Point); }
  Scalar rowOperand(unsigned index) override {
    traits.needsRows = true;
    return see(index, Access::Row);
  }
  Scalar operandAt(unsigned index, ArrayRef<Scalar>) override {
    return see(index, Access::Elsewhere);
  }
  void result(unsigned, Scalar) override {}
  Scalar position(unsigned) override { return {}; }
  Scalar offset(unsigned) override { return {}; }
  Scalar reduceColumns(ReduceKind, llvm::function_ref<Scalar()> element) override {
    traits.needsRows = traits.reducesColumns = true;
    return element();
  }
  void sumInto(unsigned, llvm::function_ref<Scalar()> element) override {
    traits.sum = BodyTraits::All;
    element();
  }
  void scatterRows(Scalar, llvm::function_ref<Scalar()> element) override {
    traits.scatters = true;
    element();
  }
  Scalar constant(double) override { return {}; }
  Scalar constantIndex(int64_t) override { return {}; }
  Scalar constantInt(int64_t) override { return {}; }
  Scalar add(Scalar, Scalar) override { return {}; }
  Scalar sub(Scalar, Scalar) override { return {}; }
  Scalar mul(Scalar, Scalar) override { return {}; }
  Scalar div(Scalar, Scalar) override { return {}; }
  Scalar max(Scalar, Scalar) override { return {}; }
  Scalar min(Scalar, Scalar) override { return {}; }
  Scalar neg(Scalar) override { return {}; }
  Scalar exp(Scalar) override { return expensive(); }
  Scalar expm1(Scalar) override { return expensive(); }
  Scalar log(Scalar) override { return expensive(); }
  Scalar pow(Scalar, Scalar) override { return expensive(); }
  Scalar erf(Scalar) override { return expensive(); }
  Scalar tanh(Scalar) override { return expensive(); }
  Scalar sin(Scalar) override { return expensive(); }
  Scalar cos(Scalar) override { return expensive(); }
  Scalar sqrt(Scalar) override { return {}; }
  Scalar roundToTf32(Scalar) override { return {}; }
  Scalar less(Scalar, Scalar) override { return {}; }
  Scalar equal(Scalar, Scalar) override { return {}; }
  Scalar logicalAnd(Scalar, Scalar) override { return {}; }
  Scalar select(Scalar, Scalar, Scalar) override { return {}; }
  Scalar toFloat(Scalar) override { return {}; }
  Scalar toIndex(Scalar) override { return {}; }
  Scalar toInt(Scalar) override { return {}; }
  Scalar randomBits(Scalar, uint32_t, Scalar, Scalar) override { return expensive(); }

private:
  Scalar see(unsigned index, Access access) {
    traits.operands[index] = std::max(traits.operands[index], access);
    return {};
  }
  Scalar expensive() {
    traits.isExpensive = true;
    return {};
  }

  BodyTraits &traits;
};

} // namespace

bool isGenerated(Operation *op) { return isa<nn::BodyOp, tp::MaskOp>(op); }

BodyTraits probe(Operation *op) {
  BodyTraits traits;
  traits.operands.assign(op->getNumOperands(), Access::None);
  auto body = dyn_cast<nn::BodyOp>(op);
  if (!body) {
    traits.operands[0] = Access::Point;
    llvm::append_range(traits.domain, nn::shapeOf(op->getResult(0)));
    return traits;
  }
  int domain = body.getDomainOperand();
  llvm::append_range(traits.domain,
                     nn::shapeOf(domain < 0 ? op->getResult(0) : op->getOperand(domain)));
  Listener listener(traits);
  body.buildBody(listener);
  if (traits.sum == BodyTraits::NoSum)
    return traits;
  auto sum = dyn_cast<nn::SumOp>(op);
  traits.summedDims = sum ? sum.getDims().size() : traits.domain.size();
  if (traits.summedDims < traits.domain.size())
    traits.sum = sum.getDims().front() == 0 ? BodyTraits::Leading : BodyTraits::Trailing;
  return traits;
}

} // namespace tpc
