//===- OpModels.cpp - All models around ops, and numbers for them --------------------------===//
#include "OpModels.h"

#include "ModelText.h"

#include "tests/unit/interpreter/TestModule.h"

#include <ostream>

namespace tpc::conformance {

OpSizes evenSizes() { return {"even", 2, 8, 8, 16, 16, 8, 2}; }
OpSizes oddSizes() { return {"odd", 3, 5, 7, 11, 13, 3, 4}; }
OpSizes equalSizes() { return {"equal", 6, 6, 6, 6, 6, 6, 6}; }

std::string OpModel::str(const OpSizes &sizes) const { return withTypes(text, sizes, *this); }

void PrintTo(const OpModel &model, std::ostream *stream) { *stream << model.name; }

std::vector<OpModel> opModels() {
  std::vector<OpModel> models;
  addPointwiseModels(models);
  addShapeModels(models);
  addBlockModels(models);
  addTrainingModels(models);
  return models;
}

interpreter::Bindings drawValues(mlir::ModuleOp grad, const OpModel &model, const OpSizes &sizes) {
  using interpreter::test::Draw;
  std::mt19937 engine(17);
  interpreter::Bindings bindings;
  auto add = [&](mlir::SymbolOpInterface symbol, mlir::Type type, Draw range) {
    interpreter::Tensor value =
        interpreter::test::draw(mlir::cast<mlir::RankedTensorType>(type), range, engine);
    for (double &number : value.data)
      number = static_cast<float>(number);
    bindings[symbol.getName().str()] = std::move(value);
  };
  double vocab = static_cast<double>(sizes.vocab);
  for (auto input : grad.getOps<nn::InputOp>()) {
    llvm::StringRef name = input.getSymName();
    add(input, input.getType(),
        name == "tokens"   ? (model.hasStream ? Draw{0, vocab} : Draw{-1, vocab + 2})
        : name == "labels" ? Draw{0, vocab}
                           : Draw{-1, 1});
  }
  if (auto labels = bindings.find("labels"); labels != bindings.end())
    labels->second[1] = model.ignoredLabel;
  for (auto scalar : grad.getOps<nn::ScalarOp>())
    add(scalar, scalar.getType(),
        scalar.getRole() == nn::ScalarRole::user ? Draw{0.5, 0.5} : Draw{3, 4});
  // "g" is the positive one. Weights are small, so that bounds stay small, too.
  for (auto parameter : grad.getOps<nn::ParameterOp>()) {
    llvm::StringRef name = parameter.getSymName();
    add(parameter, parameter.getType(),
        name == "g"             ? Draw{0.5, 2}
        : name.starts_with("w") ? Draw{-0.6, 0.6}
                                : Draw{-1, 1});
  }
  for (auto state : grad.getOps<nn::StateOp>())
    add(state, state.getType(), state.getSlot() == "v" ? Draw{0.5, 2} : Draw{-1, 1});
  return bindings;
}

} // namespace tpc::conformance
