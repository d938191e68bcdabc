//===- UnrollLayers.cpp - Repeated layers, written out -------------------------------------===//
#include "compiler/import/Import.h"
#include "dialects/nn/NN.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringSet.h"

#include <map>

using namespace mlir;

namespace tpc {

static std::string layerPath(nn::LayersOp layers, int64_t layer) {
  return (layers.getSymName() + "." + Twine(layer)).str();
}

/// `{layer}` in the name of a checkpoint's tensor becomes the layer's number.
static nn::SourceAttr sourceOfLayer(nn::SourceAttr source, int64_t layer) {
  constexpr StringLiteral placeholder = "{layer}";
  std::string name = source.getTensor().str();
  for (size_t at = name.find(placeholder); at != std::string::npos;
       at = name.find(placeholder, at)) {
    std::string number = std::to_string(layer);
    name.replace(at, placeholder.size(), number);
    at += number.size();
  }
  return nn::SourceAttr::get(source.getContext(), name, source.getTranspose(), source.getSliceDim(),
                             source.getSliceStart(), source.getSliceSize());
}

/// The parameters of all layers, where the layers stand: the order of initial draws.
static LogicalResult declareParameters(nn::LayersOp layers, SymbolTable &symbols) {
  OpBuilder builder(layers);
  for (int64_t layer = 0; layer < static_cast<int64_t>(layers.getCount()); ++layer)
    for (auto parameter : layers.getBody().getOps<nn::ParameterOp>()) {
      std::string name = layerPath(layers, layer) + "." + parameter.getSymName().str();
      if (Operation *other = symbols.lookup(name)) {
        InFlightDiagnostic error = parameter.emitOpError()
                                   << "is called \"" << name << "\" in layer " << layer
                                   << ", as another declaration";
        error.attachNote(other->getLoc()) << "the other one is here";
        return error;
      }
      auto copy = cast<nn::ParameterOp>(builder.clone(*parameter));
      copy.setSymName(name);
      if (auto source = copy.getSource())
        copy.setSourceAttr(sourceOfLayer(*source, layer));
      symbols.insert(copy, Block::iterator(layers));
    }
  return success();
}

/// One nn.scope per layer in place of the application, which is the `application`-th of the layers
/// in its entry, counted from 1. No two dropouts drop the same elements.
static void writeOut(nn::ApplyOp apply, nn::LayersOp layers, int application) {
  Block &body = (*layers.getBody().getOps<nn::BlockOp>().begin()).getBody().front();
  llvm::StringSet<> own;
  for (auto parameter : layers.getBody().getOps<nn::ParameterOp>())
    own.insert(parameter.getSymName());

  OpBuilder builder(apply);
  Value value = apply.getInput();
  for (int64_t layer = 0; layer < static_cast<int64_t>(layers.getCount()); ++layer) {
    std::string path = layerPath(layers, layer);
    auto scope = nn::ScopeOp::create(builder, apply.getLoc(), value.getType(), path);
    OpBuilder inside = OpBuilder::atBlockEnd(&scope.getBody().emplaceBlock());
    IRMapping mapping;
    mapping.map(body.getArgument(0), value);
    for (Operation &op : body.without_terminator())
      inside.clone(op, mapping);
    Operation *end = body.getTerminator();
    nn::YieldOp::create(inside, end->getLoc(), mapping.lookupOrDefault(end->getOperand(0)));
    scope.walk([&](nn::ReadOp read) {
      if (own.contains(read.getSource()))
        read.setSource((path + "." + read.getSource()).str());
    });
    std::string again = application == 1 ? "" : "#" + std::to_string(application);
    scope.walk([&](nn::DropoutOp dropout) {
      dropout.setStream(path + "." + dropout.getStream().str() + again);
    });
    value = scope.getResult(0);
  }
  apply.getResult().replaceAllUsesWith(value);
  apply.erase();
}

LogicalResult unrollLayers(ModuleOp module) {
  // A model has hundreds; a slip of the pen must not fill the memory.
  constexpr uint64_t mostLayers = 10000;
  SymbolTable symbols(module);
  SmallVector<nn::LayersOp> all(module.getOps<nn::LayersOp>());
  for (nn::LayersOp layers : all)
    if (layers.getCount() > mostLayers)
      return layers.emitOpError() << "has " << layers.getCount() << " layers; at most "
                                  << mostLayers << " are written out";
  for (nn::LayersOp layers : all)
    if (failed(declareParameters(layers, symbols)))
      return failure();

  SmallVector<nn::ApplyOp> applications;
  module.walk([&](nn::ApplyOp apply) { applications.push_back(apply); });
  std::map<std::pair<Operation *, Operation *>, int> applied; // by entry and layers
  for (nn::ApplyOp apply : applications) {
    auto layers = symbols.lookup<nn::LayersOp>(apply.getLayers());
    if (!layers)
      return apply.emitOpError() << "names " << apply.getLayersAttr() << ", which is no nn.layers";
    if (apply->getParentOfType<nn::LayersOp>())
      return apply.emitOpError("stands in a layer; layers hold no other layers");
    writeOut(apply, layers, ++applied[{apply->getParentOfType<nn::EntryOp>(), layers}]);
  }
  for (nn::LayersOp layers : all)
    symbols.erase(layers);
  return success();
}

} // namespace tpc
