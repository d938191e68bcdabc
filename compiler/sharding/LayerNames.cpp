//===- LayerNames.cpp - The name that equal layers share -----------------------------------===//

#include "compiler/sharding/LayerNames.h"

#include "compiler/support/Layer.h"
#include "compiler/support/NamePattern.h"

#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/StringExtras.h"

#include <map>

using namespace mlir;

namespace tpc {

namespace {

bool isNumber(StringRef text) { return !text.empty() && llvm::all_of(text, llvm::isDigit); }

std::string starred(StringRef name) {
  SmallVector<StringRef> parts;
  name.split(parts, '.');
  for (StringRef &part : parts)
    if (isNumber(part))
      part = "*";
  return llvm::join(parts, ".");
}

} // namespace

LayerNames::LayerNames(ModuleOp module, const std::vector<ShardConstraint> &constraints) {
  // Which constraints the symbols of each layer match; layers are equal if theirs match the same.
  std::map<std::string, std::map<std::string, std::vector<int>>> matchesOfLayers;
  for (Operation &op : module.getBody()->getOperations()) {
    auto symbol = dyn_cast<SymbolOpInterface>(op);
    if (!symbol)
      continue;
    StringRef layer = layerOf(symbol.getName());
    if (layer.empty())
      continue;
    std::vector<int> &matches = matchesOfLayers[starred(layer)][layer.str()];
    for (auto [index, constraint] : llvm::enumerate(constraints))
      if (matchesPattern(constraint.pattern, symbol.getName()))
        matches.push_back(index);
  }
  for (auto &[_, layers] : matchesOfLayers)
    if (llvm::any_of(layers, [&](auto &layer) { return layer.second != layers.begin()->second; }))
      for (auto &[layer, matched] : layers)
        if (!matched.empty())
          apart_.insert(layer);
}

std::string LayerNames::operator()(StringRef name) const {
  return apart_.count(layerOf(name).str()) ? name.str() : starred(name);
}

} // namespace tpc
