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

#include <algorithm>

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

//===--- ops that depend on the rank's place ---===//

/// An op in its local form on rank 1 of 2: after the tensors it takes offsets, which are scalars of
/// the kernel.
struct LocalForm {
  std::string op; ///< operands %x0, %x1, ...; `at` and the offsets are added
  std::vector<std::string> operands, results;
  std::vector<int64_t> offsets;
  std::string attributes = "";
  /// Integers are drawn in [lowest, highest].
  int64_t lowest = 0, highest = 9;

  std::string str() const {
    std::string declarations = "tp.mesh @mesh [\"tp\" = 2]\n", values, body, types, names;
    auto comma = [](const std::string &text) { return text.empty() ? "" : ", "; };
    for (auto [index, type] : llvm::enumerate(operands)) {
      std::string name = "x" + std::to_string(index), dims;
      for (int64_t i = std::count(type.begin(), type.end(), 'x'); i > 0; --i)
        dims += comma(dims) + std::string("\"\"");
      declarations += "nn.input @" + name + " : " + type + " dims [" + dims + "]\n";
      body += "%" + name + " = nn.read @" + name + " : " + type + "\n";
      types += comma(types) + type;
    }
    for (auto [index, offset] : llvm::enumerate(offsets)) {
      std::string name = "%o" + std::to_string(index);
      // Of a factor that nothing splits it is 0.
      body += name + " = tp.offset " +
              (offset ? std::to_string(offset) + " on \"tp\"" : std::string("1")) + "\n";
      values += comma(values) + name;
      types += ", index";
    }
    std::string returned, resultTypes;
    for (auto [index, type] : llvm::enumerate(results)) {
      returned += comma(returned) + std::string("%r#") + std::to_string(index);
      names += comma(names) + std::string("\"y") + std::to_string(index) + "\"";
      resultTypes += comma(resultTypes) + type;
    }
    body += "%r:" + std::to_string(results.size()) + " = nn." + op + " at " + values + " {" +
            attributes + "} : (" + types + ") -> (" + resultTypes + ")\n";
    return declarations + "nn.entry @f outputs [" + names + "] {\n" + body + "nn.return " +
           returned + " : " + resultTypes + "\n}\n";
  }
};

const LocalForm kLocalForms[] = {
    {"embedding %x0, %x1", {"tensor<2x9xi32>", "tensor<5x3xf64>"}, {"tensor<2x9x3xf64>"}, {5}},
    {"embedding_grad %x0, %x1 like %x2",
     {"tensor<2x9xi32>", "tensor<2x9x3xf64>", "tensor<5x3xf64>"},
     {"tensor<5x3xf64>"},
     {5},
     "rows = 9 : i64"},
    {"positions %x0", {"tensor<2x5xi32>"}, {"tensor<2x5xi32>"}, {5}},
    {"rope %x0", {"tensor<2x3x4x6xf64>"}, {"tensor<2x3x4x6xf64>"}, {3}},
    {"ce_row_max %x0", {"tensor<4x5xf64>"}, {"tensor<4xf64>"}, {5}, "classes = 9 : i64"},
    {"ce_row_sums %x0, %x1, %x2",
     {"tensor<4x5xf64>", "tensor<4xf64>", "tensor<4xi32>"},
     {"tensor<4xf64>", "tensor<4xf64>", "tensor<4xf64>"},
     {5},
     "classes = 9 : i64, smoothing"},
    {"ce_row_sums_grad %x0, %x1, %x2, %x3, %x4 smoothing %x5",
     {"tensor<4x5xf64>", "tensor<4xf64>", "tensor<4xi32>", "tensor<4xf64>", "tensor<4xf64>",
      "tensor<4xf64>"},
     {"tensor<4x5xf64>"},
     {5},
     "classes = 9 : i64"},
    {"count_labels %x0",
     {"tensor<3x5xi32>"},
     {"tensor<f64>"},
     {0, 5},
     "global_shape = array<i64: 3, 8>, ignore_index = 1 : i64, wide"},
    {"dropout %x0, %x1, %x2",
     {"tensor<2x3x5xf64>", "tensor<i32>", "tensor<i32>"},
     {"tensor<2x3x5xf64>"},
     {2, 0, 5},
     "global_shape = array<i64: 4, 3, 10>, p = 0.3 : f64, stream = \"h.0.drop\""},
};

class LocalOpBody : public testing::TestWithParam<LocalForm> {};

TEST_P(LocalOpBody, ComputesTheMeaningOnRankOne) {
  auto module = interpreter::test::parseModule(GetParam().str());
  auto entry = *module->getOps<nn::EntryOp>().begin();
  fuseEntry(entry);
  ASSERT_TRUE(succeeded(verifyFused(entry)));
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream);

  KernelHarness harness(text);
  interpreter::Bindings bindings;
  std::mt19937 engine(3);
  for (auto input : module->getOps<nn::InputOp>()) {
    auto type = mlir::cast<mlir::RankedTensorType>(input.getType());
    interpreter::test::Draw range;
    if (type.getElementType().isInteger())
      range = {static_cast<double>(GetParam().lowest), static_cast<double>(GetParam().highest + 1)};
    interpreter::Tensor value = interpreter::test::draw(type, range, engine);
    harness.bind(input.getSymName().str(), value.data);
    bindings[input.getSymName().str()] = std::move(value);
  }
  ASSERT_TRUE(harness.compiles()) << harness.diagnostics;
  harness.run(1); // makes room for the scalars
  llvm::copy(GetParam().offsets, harness.scalars.begin());

  Mesh mesh{{{"tp", 2}}};
  auto outcomes = interpreter::Interpreter::runOnMesh(entry, mesh, {bindings, bindings});
  ASSERT_TRUE(succeeded(outcomes));
  const std::vector<interpreter::Tensor> &expected = outcomes->at(1).outputs;
  auto check = [&](const char *name, const std::vector<Memory> &actual) {
    SCOPED_TRACE(name);
    ASSERT_EQ(actual.size(), expected.size());
    for (size_t i = 0; i < actual.size(); ++i)
      interpreter::test::expectNear(actual[i].get(expected[i].shape), expected[i], 1e-12);
  };
  check("on cpu", harness.run(2));
  check("as PTX", harness.runOnGpu());
  check("as linalg", harness.runLinalg());
}

INSTANTIATE_TEST_SUITE_P(Ops, LocalOpBody, testing::ValuesIn(kLocalForms), [](const auto &info) {
  return info.param.op.substr(0, info.param.op.find(' '));
});

void PrintTo(const LocalForm &form, std::ostream *stream) { *stream << form.op; }

} // namespace
} // namespace tpc::codegen
