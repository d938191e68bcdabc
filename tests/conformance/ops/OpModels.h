//===- OpModels.h - A small model around every op of nn, in every variant ------------------===//
//
// The one place where an op that a model may hold is given a model: its training step holds the
// op and its gradient, and is compiled, run and compared at every mesh (OpMatrix.cpp).
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/interpreter/Interpreter.h"

#include "mlir/IR/BuiltinOps.h"

#include <string>
#include <vector>

namespace tpc::conformance {

struct OpSizes {
  std::string name;
  int64_t batch, sequence, hidden, features, vocab;
  int64_t kvHeads, size; ///< of attention: heads of keys, and numbers of a head
};
/// Multiples of 8, sizes that no mesh of two or more ranks divides, and one size for all dims, so
/// that a dim can be taken for another one.
OpSizes evenSizes();
OpSizes oddSizes();
OpSizes equalSizes();

struct OpModel {
  std::string name; ///< "gelu_tanh"
  std::string text; ///< in which $name is a type or a size
  std::string optimizer = "#nn.sgd<lr = @lr>";
  int64_t group = 1;          ///< query heads of a kv head
  double ignoredLabel = -100; ///< that some rows have
  bool hasStream = false;     ///< one that may be split along the sequence
  bool onlyF32 = false;       ///< no other type can take its place

  std::string str(const OpSizes &sizes) const;
};
/// For GoogleTest's messages.
void PrintTo(const OpModel &model, std::ostream *stream);

std::vector<OpModel> opModels();

/// Values for all declarations of a module of level grad, as float32 has them: some tokens have no
/// row, and some labels are ignored.
interpreter::Bindings drawValues(mlir::ModuleOp grad, const OpModel &model, const OpSizes &sizes);

} // namespace tpc::conformance
