//===- FusionTest.cpp - Which kernels a program becomes ------------------------------------===//
#include "compiler/fusion/Fusion.h"

#include "compiler/interpreter/Interpreter.h"
#include "dialects/tp/TP.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

using namespace mlir;
using testing::ElementsAre;

namespace tpc {
namespace {

class Fusion : public testing::Test {
protected:
  Fusion() { context.loadDialect<nn::NNDialect, tp::TPDialect>(); }

  interpreter::Outcome interpret(nn::EntryOp entry) {
    interpreter::Bindings bindings;
    std::mt19937 random(3);
    entry.walk([&](nn::ReadOp read) {
      interpreter::Tensor tensor(interpreter::shapeOf(read));
      bool isInteger = cast<RankedTensorType>(read.getType()).getElementType().isInteger(32);
      for (double &value : tensor.data)
        value = isInteger ? random() % 4 : (random() % 1000) / 500.0 - 1;
      bindings[read.getSource().str()] = tensor;
    });
    auto outcome = interpreter::Interpreter::run(entry, bindings);
    EXPECT_TRUE(succeeded(outcome));
    return succeeded(outcome) ? std::move(*outcome) : interpreter::Outcome();
  }

  /// Fuses the entry, checks that it means the same, and gives the names of its kernels in order;
  /// "@" stands for a library call.
  std::vector<std::string> fuse(const std::string &text, const FusionOptions &options = {}) {
    module = parseSourceString<ModuleOp>(text, &context);
    std::vector<std::string> names;
    EXPECT_TRUE(module);
    if (!module)
      return names;
    auto entry = *module->getOps<nn::EntryOp>().begin();
    interpreter::Outcome before = interpret(entry);
    report = fuseEntry(entry, options);
    EXPECT_TRUE(succeeded(verify(*module)));
    EXPECT_TRUE(succeeded(verifyFused(entry)));
    interpreter::Outcome after = interpret(entry);
    EXPECT_EQ(before.outputs.size(), after.outputs.size());
    for (size_t i = 0; i < std::min(before.outputs.size(), after.outputs.size()); ++i)
      EXPECT_EQ(before.outputs[i].data, after.outputs[i].data) << "output " << i;
    for (Operation &op : entry.getBody().front()) {
      if (auto kernel = dyn_cast<nn::KernelOp>(op))
        names.push_back(kernel.getName().str());
      else if (isa<nn::LibraryOp>(op))
        names.push_back("@");
    }
    return names;
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  EpilogueReport report;
};

const std::string declarations = R"(
  nn.input @a : tensor<2x3x8xf32> dims ["", "", ""]
  nn.input @b : tensor<2x3x8xf32> dims ["", "", ""]
  nn.input @w : tensor<8xf32> dims [""]
  nn.input @m : tensor<8x8xf32> dims ["", ""]
  nn.input @r : tensor<2x3xf32> dims ["", ""]
  nn.input @labels : tensor<2x3xi32> dims ["", ""]
)";

const std::string reads = R"(
    %a = nn.read @a : tensor<2x3x8xf32>
    %b = nn.read @b : tensor<2x3x8xf32>
    %w = nn.read @w : tensor<8xf32>
    %m = nn.read @m : tensor<8x8xf32>
    %r = nn.read @r : tensor<2x3xf32>
    %labels = nn.read @labels : tensor<2x3xi32>
)";

std::string entry(const std::string &body, const std::string &outputs) {
  std::string text = declarations + "nn.entry @e outputs " + outputs + " {" + reads + body + "}";
  for (auto [from, to] : {std::pair<std::string, std::string>("!x", "tensor<2x3x8xf32>"),
                          {"!r", "tensor<2x3xf32>"},
                          {"!w", "tensor<8xf32>"},
                          {"!m", "tensor<8x8xf32>"},
                          {"!l", "tensor<2x3xi32>"}})
    for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
      text.replace(at, from.size(), to);
  return text;
}

TEST_F(Fusion, ResidualAndNormAreOneKernel) {
  EXPECT_THAT(fuse(entry(R"(
    %h = nn.add %a, %b : (!x, !x) -> !x
    %n, %q = nn.layer_normalize %h {eps = 1.0e-5 : f64} : (!x) -> (!x, !r)
    %s = nn.mul %n, %w : (!x, !w) -> !x
    %t = nn.add %s, %w : (!x, !w) -> !x
    %y = nn.linear %t, %m : (!x, !m) -> !x
    %g = nn.gelu %y : (!x) -> !x
    %z = nn.linear %g, %m : (!x, !m) -> !x
    %o = nn.add %h, %z : (!x, !x) -> !x
    nn.return %o : !x
  )",
                         "[\"o\"]")),
              ElementsAre("add+layer_normalize+mul", "@", "gelu", "@", "add"));
}

TEST_F(Fusion, ProductsAddBiasesWhereThatSavesTraffic) {
  std::string program = entry(R"(
    %p = nn.linear %a, %m : (!x, !m) -> !x
    %q = nn.add %p, %w : (!x, !w) -> !x
    %s = nn.linear %q, %m : (!x, !m) -> !x
    %t = nn.add %w, %s : (!w, !x) -> !x
    %g = nn.gelu %t {tanh} : (!x) -> !x
    %y = nn.linear %g, %m : (!x, !m) -> !x
    %z = nn.add %y, %w : (!x, !w) -> !x
    %o = nn.add %z, %b : (!x, !x) -> !x
    nn.return %o, %t : !x, !x
  )",
                              "[\"o\", \"t\"]");
  EXPECT_THAT(fuse(program), ElementsAre("@", "add", "@", "add+gelu", "@", "add"));
  EXPECT_EQ(report.str("e"), "");
  EXPECT_THAT(fuse(program, {.biasesInProducts = true}), ElementsAre("@", "@", "gelu", "@", "add"));
  EXPECT_EQ(report.str("e"),
            "e: of 3 biases of products, 2 are added by the product itself; 1 by the kernel behind "
            "it, which reads and writes as much without them; 1 gelu behind them stay generated, "
            "because cuBLASLt states no error of its own");
  // Kernels of one op leave all of them to products.
  EXPECT_THAT(fuse(program, {.mostOps = 1, .biasesInProducts = true}),
              ElementsAre("@", "@", "gelu", "@", "add"));
}

TEST_F(Fusion, NormGradientTakesItsSums) {
  // The library call reads dx; the sums behind it still move up to the kernel before it.
  EXPECT_THAT(fuse(entry(R"(
    %d = nn.mul %b, %w : (!x, !w) -> !x
    %dx = nn.layer_normalize_grad %d, %a, %r : (!x, !x, !r) -> !x
    %y = nn.linear %dx, %m : (!x, !m) -> !x
    %p = nn.mul %b, %a : (!x, !x) -> !x
    %dw = nn.sum %p dims [0, 1] : (!x) -> !w
    %db = nn.sum %b dims [0, 1] : (!x) -> !w
    nn.return %y, %dw, %db : !x, !w, !w
  )",
                         "[\"y\", \"dw\", \"db\"]")),
              ElementsAre("mul+layer_normalize_grad+sum", "@"));
}

TEST_F(Fusion, RowsJoinTheKernelOfTheirRows) {
  EXPECT_THAT(
      fuse(entry(R"(
    %x = nn.ce_row_max %a {classes = 8 : i64} : (!x) -> !r
    %s, %t = nn.ce_row_sums %a, %x, %labels {classes = 8 : i64} : (!x, !r, !l) -> (!r, !r)
    %l = nn.ce_row_loss %x, %s, %t labels %labels {classes = 8 : i64, ignore_index = -100 : i64, label_smoothing = 0.0 : f64} : (!r, !r, !r, !l) -> !r
    %loss = nn.sum %l dims [0, 1] : (!r) -> tensor<f32>
    %ds, %dt = nn.ce_row_loss_grad %l, %s, %labels {classes = 8 : i64, ignore_index = -100 : i64, label_smoothing = 0.0 : f64} : (!r, !r, !l) -> (!r, !r)
    %dx = nn.ce_row_sums_grad %a, %x, %labels, %ds, %dt {classes = 8 : i64} : (!x, !r, !l, !r, !r) -> !x
    nn.return %loss, %dx : tensor<f32>, !x
  )",
                 "[\"loss\", \"dx\"]")),
      ElementsAre("ce_row_max+ce_row_sums+ce_row_loss+ce_row_loss_grad+ce_row_sums_grad", "sum"));
}

TEST_F(Fusion, SumsAreCompleteBeforeTheyAreRead) {
  EXPECT_THAT(fuse(entry(R"(
    %q = nn.square %a : (!x) -> !x
    %s = nn.sum %q dims [0, 1, 2] : (!x) -> tensor<f32>
    %f, %n = nn.clip_factor %s {max_norm = 1.0 : f64} : (tensor<f32>) -> (tensor<f32>, tensor<f32>)
    %y = nn.mul %a, %f : (!x, tensor<f32>) -> !x
    nn.return %y, %n : !x, tensor<f32>
  )",
                         "[\"y\", \"n\"]")),
              ElementsAre("square+sum", "clip_factor", "mul"));
}

TEST_F(Fusion, NothingMovesAcrossWhatReadsIt) {
  // add needs y, which needs g: joining gelu's kernel would be a cycle.
  EXPECT_THAT(fuse(entry(R"(
    %g = nn.gelu %a : (!x) -> !x
    %y = nn.linear %g, %m : (!x, !m) -> !x
    %o = nn.add %g, %y : (!x, !x) -> !x
    nn.return %o : !x
  )",
                         "[\"o\"]")),
              ElementsAre("gelu", "@", "add"));
}

TEST_F(Fusion, RefusesWhatHasNoBody) {
  module = parseSourceString<ModuleOp>(
      entry("%g = nn.gelu %a : (!x) -> !x\nnn.return %g : !x", "[\"o\"]"), &context);
  ASSERT_TRUE(module);
  std::string message;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &d) { message = d.str(); });
  EXPECT_TRUE(failed(verifyFused(*module->getOps<nn::EntryOp>().begin())));
  EXPECT_THAT(message, testing::HasSubstr("is in no kernel"));
}

} // namespace
} // namespace tpc
