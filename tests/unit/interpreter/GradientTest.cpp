//===- GradientTest.cpp - Gradients of all ops against finite differences ------------------===//
//
// loss = sum over results of weights * result, with random weights. Its gradient, built from the
// ops' own buildGradient and run by the interpreter, is compared with central differences of the
// interpreter's results, element by element. And an op's expansion must compute what the op does.
//
//===---------------------------------------------------------------------------------------===//
#include "BackwardPass.h"
#include "OpCases.h"

#include "mlir/IR/Verifier.h"
#include "gtest/gtest.h"

namespace tpc::interpreter::test {

namespace {

bool isFloat(mlir::Value value) {
  auto type = mlir::dyn_cast<mlir::RankedTensorType>(value.getType());
  return type && mlir::isa<mlir::FloatType>(type.getElementType());
}

double weightedSum(const std::vector<Tensor> &results, const std::vector<Tensor> &weights) {
  double sum = 0;
  for (size_t i = 0; i < results.size(); ++i)
    for (int64_t element = 0; element < weights[i].size(); ++element)
      sum += weights[i][element] * results[i][element];
  return sum;
}

class Gradient : public testing::TestWithParam<OpCase> {
protected:
  Gradient() : op(GetParam().line) {}

  /// Reads of the weights become the gradients of the results; the entry returns the gradients of
  /// the operands that have one.
  void differentiate() {
    mlir::Block &block = op.entry().getBody().front();
    mlir::Operation *terminator = block.getTerminator();
    mlir::OpBuilder builder(terminator);
    std::vector<mlir::Value> inputs, outputs, outputGradients;
    for (auto read : block.getOps<nn::ReadOp>())
      inputs.push_back(read);
    for (int result : seeds()) {
      mlir::Value output = terminator->getOperand(result);
      std::string name = "w" + std::to_string(result);
      builder.setInsertionPoint(op.entry());
      std::vector<llvm::StringRef> dims(shapeOf(output).size(), "");
      nn::InputOp::create(builder, op.module().getLoc(), name,
                          mlir::cast<mlir::RankedTensorType>(output.getType()),
                          builder.getStrArrayAttr(dims), nullptr, nullptr, nullptr);
      builder.setInsertionPointToStart(&block);
      outputGradients.push_back(
          nn::ReadOp::create(builder, op.module().getLoc(), output.getType(), name));
    }
    expandComposites(block);
    for (int result : seeds())
      outputs.push_back(terminator->getOperand(result));

    std::vector<mlir::Value> gradients = buildBackward(block, inputs, outputs, outputGradients);
    std::vector<mlir::Value> returned;
    std::vector<mlir::Attribute> names;
    for (auto [input, gradient] : llvm::zip_equal(inputs, gradients))
      if (gradient) {
        hasGradient.push_back(returned.size());
        returned.push_back(gradient);
        names.push_back(builder.getStringAttr("d" + std::to_string(names.size())));
      } else {
        hasGradient.push_back(-1);
      }
    terminator->setOperands(returned);
    op.entry().setOutputsAttr(builder.getArrayAttr(names));
    ASSERT_TRUE(succeeded(mlir::verify(op.module())));
  }

  std::vector<int> seeds() {
    if (!GetParam().seeds.empty())
      return GetParam().seeds;
    std::vector<int> all;
    for (size_t i = 0; i < TestOp(GetParam().line).op()->getNumResults(); ++i)
      all.push_back(i);
    return all;
  }

  TestOp op;
  std::vector<int> hasGradient; ///< per operand: the output that is its gradient, or -1
};

TEST_P(Gradient, IsThatOfFiniteDifferences) {
  TestOp original(GetParam().line);
  std::vector<Tensor> operands = GetParam().drawOperands(original, 3);
  std::mt19937 engine(5);
  std::vector<Tensor> weights(original.op()->getNumResults());
  differentiate();
  Bindings bindings = bindingsOf(operands);
  for (int result : seeds()) {
    auto type = mlir::cast<mlir::RankedTensorType>(original.op()->getResult(result).getType());
    weights[result] = draw(type, Draw{}, engine);
    bindings["w" + std::to_string(result)] = weights[result];
  }
  auto outcome = Interpreter::run(op.entry(), bindings);
  ASSERT_TRUE(succeeded(outcome));

  for (size_t i = 0; i < operands.size(); ++i) {
    if (!isFloat(original.op()->getOperand(i)) ||
        llvm::is_contained(GetParam().constants, static_cast<int>(i)))
      continue;
    Tensor expected(operands[i].shape);
    for (int64_t element = 0; element < expected.size(); ++element) {
      const double step = 1e-5;
      std::vector<Tensor> moved = operands;
      moved[i][element] += step;
      double above = weightedSum(original.run(moved), weights);
      moved[i][element] -= 2 * step;
      double below = weightedSum(original.run(moved), weights);
      expected[element] = (above - below) / (2 * step);
    }
    ASSERT_GE(hasGradient[i], 0) << "operand " << i << " gets no gradient";
    SCOPED_TRACE("operand " + std::to_string(i));
    expectNear(outcome->outputs[hasGradient[i]], expected, 1e-6);
  }
}

std::string caseName(const testing::TestParamInfo<OpCase> &info) {
  std::string name = info.param.line.substr(3, info.param.line.find(' ') - 3);
  return name + "_" + std::to_string(info.index);
}

std::vector<OpCase> differentiable() {
  std::vector<OpCase> cases = compositeCases();
  for (OpCase &opCase : primitiveCases())
    if (mlir::isa<nn::GradientOp>(TestOp(opCase.line).op()) &&
        opCase.line.rfind("nn.ce_row_max", 0) != 0) // a shift: its gradient cancels
      cases.push_back(std::move(opCase));
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Ops, Gradient, testing::ValuesIn(differentiable()), caseName);

class Expansion : public testing::TestWithParam<OpCase> {};

TEST_P(Expansion, ComputesTheSame) {
  TestOp op(GetParam().line);
  std::vector<Tensor> operands = GetParam().drawOperands(op, 9);
  std::vector<Tensor> expected = op.run(operands);
  expandComposites(op.entry().getBody().front());
  ASSERT_TRUE(succeeded(mlir::verify(op.module())));
  for (mlir::Operation &piece : op.entry().getBody().front())
    EXPECT_TRUE((mlir::isa<nn::ShardingRuleOp, nn::ReadOp, nn::ReturnOp>(piece)))
        << piece.getName().getStringRef().str() << " is not primitive";
  std::vector<Tensor> actual = op.run(operands);
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t i = 0; i < actual.size(); ++i)
    expectNear(actual[i], expected[i], 1e-12);
}

INSTANTIATE_TEST_SUITE_P(Ops, Expansion, testing::ValuesIn(compositeCases()), caseName);

} // namespace

} // namespace tpc::interpreter::test
