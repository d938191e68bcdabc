//===- OpCases.h - Ops at small shapes, for tests over all ops -----------------------------===//
//
// Shapes are odd on purpose: some divide by the ranks of a mesh, some need padding.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "TestModule.h"

namespace tpc::interpreter::test {

struct OpCase {
  std::string line;
  std::vector<Draw> draws = {}; ///< by operand; the default where there is none
  /// Operands that the gradient treats as constants, though they are floats: a shift that cancels,
  /// a tensor of which the shape alone counts.
  std::vector<int> constants = {};
  /// Results that gradients come in for; empty: all.
  std::vector<int> seeds = {};

  std::vector<Tensor> drawOperands(TestOp &op, uint32_t seed) const;
};
/// For GoogleTest's messages.
void PrintTo(const OpCase &opCase, std::ostream *stream);

/// Every primitive op, at several shapes.
std::vector<OpCase> primitiveCases();
/// Every composite op, with its options.
std::vector<OpCase> compositeCases();

} // namespace tpc::interpreter::test
