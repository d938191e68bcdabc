//===- ShardConstraint.cpp - Parses a user's sharding --------------------------------------===//

#include "compiler/sharding/Solver.h"

using namespace llvm;

namespace tpc {

std::optional<ShardConstraint> parseShardConstraint(StringRef text, std::string &error) {
  ShardConstraint constraint;
  constraint.text = text.str();
  auto [pattern, sharding] = text.split('=');
  constraint.pattern = pattern.trim().str();
  sharding = sharding.trim();
  if (constraint.pattern.empty() || !sharding.consume_front("[") || !sharding.consume_back("]")) {
    error = "expected PATTERN=[{axis}, {}], one pair of braces per dim";
    return std::nullopt;
  }
  for (sharding = sharding.trim(); !sharding.empty(); sharding = sharding.trim()) {
    if (!sharding.consume_front("{")) {
      error = "expected '{' in front of '" + sharding.str() + "'";
      return std::nullopt;
    }
    auto [axes, rest] = sharding.split('}');
    if (axes.size() == sharding.size()) {
      error = "missing '}'";
      return std::nullopt;
    }
    std::vector<std::string> &dim = constraint.axesPerDim.emplace_back();
    SmallVector<StringRef> names;
    axes.split(names, ',', -1, /*KeepEmpty=*/false);
    for (StringRef name : names) {
      std::string axis = name.trim(" \"\t").str();
      auto hasIt = [&](const auto &axes) { return llvm::is_contained(axes, axis); };
      if (llvm::any_of(constraint.axesPerDim, hasIt)) {
        error = "the axis '" + axis + "' stands twice, and can split a tensor but once";
        return std::nullopt;
      }
      dim.push_back(axis);
    }
    sharding = rest.trim();
    if (!sharding.empty() && !sharding.consume_front(",")) {
      error = "expected ',' between dims";
      return std::nullopt;
    }
  }
  return constraint;
}

} // namespace tpc
