//===- FlattenScopes.cpp - Scopes become attributes ----------------------------------------===//
#include "compiler/import/Import.h"
#include "dialects/nn/NN.h"

using namespace mlir;

namespace tpc {

/// Puts `prefix` before an op's place, if it has one.
static void prependPath(Operation &op, StringRef prefix) {
  auto inner = op.getAttrOfType<StringAttr>(nn::kScopeAttr);
  std::string path = inner ? (prefix + "." + inner.getValue()).str() : prefix.str();
  op.setAttr(nn::kScopeAttr, StringAttr::get(op.getContext(), path));
}

void flattenScopes(ModuleOp module) {
  // Post-order: an inner scope is gone before the outer one's ops get their prefix.
  module.walk([](nn::ScopeOp scope) {
    Block &body = scope.getBody().front();
    Operation *end = body.getTerminator();
    for (Operation &op : body.without_terminator())
      prependPath(op, scope.getPath());
    scope->getBlock()->getOperations().splice(Block::iterator(scope), body.getOperations(),
                                              body.begin(), Block::iterator(end));
    scope->replaceAllUsesWith(end->getOperands());
    scope.erase();
  });
}

} // namespace tpc
