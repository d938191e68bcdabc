//===- PublishedRunsTest.cpp - The published runs, in float64 ------------------------------===//
//
// models/mlp.mlir and models/gpt-2l.mlir, from PyTorch's initial values, must give the losses that
// were published for one GPU: the models, level grad and the interpreter are right together, before
// a kernel exists. Published numbers are float32.
//
//===---------------------------------------------------------------------------------------===//
#include "TestModels.h"

#include "runtime/io/TorchGenerator.h"

#include "gtest/gtest.h"

#include <fstream>
#include <sstream>

namespace tpc::interpreter::test {

namespace {

std::string textOf(const std::string &path) {
  std::ifstream file(std::string(TPC_SOURCE_DIR) + "/" + path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Tensor drawTorch(TorchGenerator &generator, nn::InitAttr init, mlir::Type type) {
  Tensor tensor{Shape(mlir::cast<mlir::RankedTensorType>(type).getShape())};
  std::vector<float> values(tensor.size(), init.getKind() == nn::InitKind::ones);
  auto a = [&] { return static_cast<float>(init.getA().getValueAsDouble()); };
  auto b = [&] { return static_cast<float>(init.getB().getValueAsDouble()); };
  if (init.getKind() == nn::InitKind::normal)
    generator.normal(values, a(), b());
  else if (init.getKind() == nn::InitKind::uniform)
    generator.uniform(values, a(), b());
  tensor.data.assign(values.begin(), values.end());
  return tensor;
}

/// Parameters in the order of their declaration, a tie's own draw dropped; inputs from a generator
/// that starts anew.
Bindings initialValues(mlir::ModuleOp module, uint32_t seed) {
  Bindings bindings;
  TorchGenerator parameters(seed), inputs(seed);
  for (mlir::Operation &op : *module.getBody()) {
    if (auto parameter = mlir::dyn_cast<nn::ParameterOp>(op))
      bindings[parameter.getSymName().str()] =
          drawTorch(parameters, parameter.getInit(), parameter.getType());
    else if (auto tie = mlir::dyn_cast<nn::TieOp>(op))
      drawTorch(parameters, tie.getInit(),
                module.lookupSymbol<nn::ParameterOp>(tie.getTargetAttr()).getType());
    else if (auto scalar = mlir::dyn_cast<nn::ScalarOp>(op))
      bindings[scalar.getSymName().str()] = Tensor::scalar(scalar.getValue().convertToDouble());
    else if (auto state = mlir::dyn_cast<nn::StateOp>(op))
      bindings[state.getSymName().str()] =
          Tensor(Shape(mlir::cast<mlir::RankedTensorType>(state.getType()).getShape()));
    else if (auto input = mlir::dyn_cast<nn::InputOp>(op)) {
      if (auto draw = input.getDefaultDrawAttr()) {
        bindings[input.getSymName().str()] = drawTorch(inputs, draw, input.getType());
        continue;
      }
      Tensor value{Shape(mlir::cast<mlir::RankedTensorType>(input.getType()).getShape())};
      auto elements = mlir::cast<mlir::DenseIntElementsAttr>(input.getDefaultValueAttr());
      for (auto [index, element] : llvm::enumerate(elements.getValues<int32_t>()))
        value[index] = element;
      bindings[input.getSymName().str()] = value;
    }
  }
  return bindings;
}

/// The losses of the first steps of a training.
void expectLosses(const std::string &path, const std::vector<double> &published, double tolerance) {
  auto module = gradModule(textOf(path));
  Bindings bindings = initialValues(*module, 1234);
  std::string step;
  for (auto scalar : module->getOps<nn::ScalarOp>())
    if (scalar.getRole() == nn::ScalarRole::step)
      step = scalar.getSymName().str();
  for (size_t i = 0; i < published.size(); ++i) {
    bindings[step] = Tensor::scalar(static_cast<double>(i + 1));
    auto outcome = Interpreter::run(entryNamed(*module, "train"), bindings);
    ASSERT_TRUE(succeeded(outcome));
    EXPECT_NEAR(outcome->outputs[0][0], published[i], tolerance * (1 + std::abs(published[i])))
        << "step " << i + 1;
    for (auto &[symbol, value] : outcome->writes)
      bindings[symbol] = std::move(value);
  }
}

TEST(PublishedRuns, Mlp) {
  expectLosses("models/mlp.mlir", {0.969451904296875, -445.4638671875}, 1e-5);
}

TEST(PublishedRuns, TwoLayerGpt) {
  expectLosses("models/gpt-2l.mlir",
               {10.939807891845703, 3.437135934829712, 1.5810130834579468, 0.453738808631897,
                0.1264963299036026},
               1e-5);
}

} // namespace

} // namespace tpc::interpreter::test
