//===- OpBodyTest.cpp - Every op's body, compiled alone, against the interpreter -----------===//
//
// The cases are those of the interpreter's own tests, so an op that has a rule and a gradient test
// has this one too. Fusion puts each op into its kernel, as in a compile.
//
//===---------------------------------------------------------------------------------------===//
#include "KernelHarness.h"

#include "compiler/fusion/Fusion.h"
#include "tests/unit/interpreter/OpCases.h"

#include "mlir/IR/AsmState.h"
#include "llvm/Support/raw_ostream.h"

#include <gtest/gtest.h>

namespace tpc::codegen {
namespace {

using interpreter::test::OpCase;
using interpreter::test::TestOp;

class OpBody : public testing::TestWithParam<OpCase> {};

TEST_P(OpBody, ComputesTheMeaning) {
  TestOp op(GetParam().line);
  std::vector<interpreter::Tensor> operands = GetParam().drawOperands(op, 13);
  fuseEntry(op.entry());
  ASSERT_TRUE(succeeded(verifyFused(op.entry())));
  std::string text;
  llvm::raw_string_ostream stream(text);
  op.module().print(stream);
  KernelHarness harness(text);
  for (auto [index, operand] : llvm::enumerate(operands))
    harness.bind("x" + std::to_string(index), operand.data);
  // A cast to float32 rounds, which the interpreter does not.
  double tolerance = GetParam().line.find("xf32>") == std::string::npos ? 1e-12 : 1e-7;
  harness.check(tolerance, tolerance);
}

std::vector<OpCase> casesWithBody() {
  std::vector<OpCase> cases;
  for (OpCase &opCase : interpreter::test::primitiveCases())
    if (TestOp op(opCase.line); mlir::isa<nn::BodyOp>(op.op()))
      cases.push_back(std::move(opCase));
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Ops, OpBody, testing::ValuesIn(casesWithBody()), [](const auto &info) {
  const std::string &line = info.param.line;
  return line.substr(3, line.find(' ') - 3) + "_" + std::to_string(info.index);
});

} // namespace
} // namespace tpc::codegen
