//===- KernelTest.cpp - Generated kernels against the interpreter --------------------------===//
#include "KernelHarness.h"
#include "KernelText.h"

#include "runtime/io/Philox.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <random>
#include <string>

namespace tpc::codegen {
namespace {

void checkBoth(const Text &text, double tolerance32 = 1e-6, double tolerance64 = 1e-13) {
  KernelHarness(withType(text, "f32")).check(tolerance32, tolerance32);
  KernelHarness(withType(text, "f64")).check(tolerance64, tolerance64);
}

Text unary(const std::string &op, const std::string &shape) {
  std::string type = "tensor<" + shape + "xf32>";
  return {{{"x", type}},
          {type},
          "%y = " + op + " : (" + type + ") -> " + type + "\nnn.yield %y : " + type,
          ""};
}

TEST(Kernel, PointwiseFunctions) {
  for (std::string op :
       {"nn.gelu %x", "nn.gelu %x {tanh}", "nn.silu %x", "nn.relu %x", "nn.tanh %x", "nn.exp %x",
        "nn.neg %x", "nn.square %x", "nn.scale %x {factor = 0.3 : f64}"}) {
    SCOPED_TRACE(op);
    checkBoth(unary(op, "3x37"));
  }
}

TEST(Kernel, LengthsAndTails) {
  for (std::string shape : {"1", "7", "8", "33", "4099", "3x5x50000"}) {
    SCOPED_TRACE(shape);
    checkBoth(unary("nn.gelu %x", shape));
  }
}

TEST(Kernel, LayerNormWithResidual) {
  for (std::string columns : {"1", "5", "64", "771", "2500"}) {
    SCOPED_TRACE(columns);
    std::string x = "tensor<2x19x" + columns + "xf32>", w = "tensor<" + columns + "xf32>",
                r = "tensor<2x19xf32>";
    checkBoth({{{"a", x}, {"b", x}, {"w", w}, {"c", w}},
               {x, x, r, x},
               "%h = nn.add %a, %b : (" + x + ", " + x + ") -> " + x + "\n" +
                   "%n, %r = nn.layer_normalize %h {eps = 1.0e-5 : f64} : (" + x + ") -> (" + x +
                   ", " + r + ")\n" + "%m = nn.mul %n, %w : (" + x + ", " + w + ") -> " + x + "\n" +
                   "%y = nn.add %m, %c : (" + x + ", " + w + ") -> " + x + "\n" +
                   "nn.yield %h, %n, %r, %y : " + x + ", " + x + ", " + r + ", " + x,
               ""},
              1e-5, 1e-12);
  }
}

TEST(Kernel, NormGradient) {
  std::string x = "tensor<19x64xf32>", r = "tensor<19xf32>", w = "tensor<64xf32>";
  checkBoth({{{"dy", x}, {"n", x}, {"r", r}, {"w", w}},
             {x, w},
             "%d = nn.mul %dy, %w : (" + x + ", " + w + ") -> " + x + "\n" +
                 "%dx = nn.layer_normalize_grad %d, %n, %r : (" + x + ", " + x + ", " + r +
                 ") -> " + x + "\n" + "%p = nn.mul %dy, %n : (" + x + ", " + x + ") -> " + x +
                 "\n" + "%dw = nn.sum %p dims [0] : (" + x + ") -> " + w + "\n" +
                 "nn.yield %dx, %dw : " + x + ", " + w,
             ""},
            1e-5, 1e-12);
}

TEST(Kernel, SumsOverRows) {
  for (std::string rows : {"1", "3x11", "700"}) {
    SCOPED_TRACE(rows);
    std::string x = "tensor<" + rows + "x77xf32>", w = "tensor<77xf32>";
    std::string dims = rows == "3x11" ? "[0, 1]" : "[0]";
    checkBoth({{{"x", x}},
               {w},
               "%s = nn.sum %x dims " + dims + " : (" + x + ") -> " + w + "\nnn.yield %s : " + w,
               ""},
              1e-5, 1e-12);
  }
  std::string x = "tensor<5x6x7xf32>", w = "tensor<6x7xf32>";
  checkBoth({{{"x", x}},
             {w},
             "%s = nn.sum %x dims [0] : (" + x + ") -> " + w + "\nnn.yield %s : " + w,
             ""},
            1e-5, 1e-12);
}

TEST(Kernel, SumsOverColumns) {
  std::string x = "tensor<5x6x7xf32>";
  checkBoth(
      {{{"x", x}},
       {"tensor<5x6xf32>"},
       "%s = nn.sum %x dims [2] : (" + x + ") -> tensor<5x6xf32>\nnn.yield %s : tensor<5x6xf32>",
       ""},
      1e-5, 1e-12);
  checkBoth(
      {{{"x", x}},
       {"tensor<5xf32>"},
       "%s = nn.sum %x dims [1, 2] : (" + x + ") -> tensor<5xf32>\nnn.yield %s : tensor<5xf32>",
       ""},
      1e-5, 1e-12);
}

TEST(Kernel, SumOfSquares) {
  for (std::string shape : {"3", "40x3001"}) {
    SCOPED_TRACE(shape);
    std::string x = "tensor<" + shape + "xf32>", s = "tensor<f32>";
    std::string dims = shape == "3" ? "[0]" : "[0, 1]";
    Text text{{{"x", x}},
              {s},
              "%q = nn.square %x : (" + x + ") -> " + x + "\n%s = nn.sum %q dims " + dims + " : (" +
                  x + ") -> " + s + "\nnn.yield %s : " + s,
              ""};
    KernelHarness(text.str()).check(1e-5, 0);
    KernelHarness(replaced(replaced(text.str(), "xf32", "xf64"), "<f32>", "<f64>")).check(1e-12, 0);
  }
}

const char *adam =
    "%p2, %m2, %v2 = nn.adam %p, %g, %m, %v, %lr, %step {beta1 = 0.9 : f64, beta2 = 0.999 : f64, "
    "eps = 1.0e-8 : f64, weight_decay = 0.1 : f64, decoupled = true} : "
    "(T, T, T, T, tensor<f32>, tensor<i32>) -> (T, T, T)\n"
    "nn.yield %p2, %m2, %v2 : T, T, T";

TEST(Kernel, AdamInPlace) {
  for (std::string attributes : {"", "in_place = array<i64: 0, 0, 1, 2, 2, 3>"}) {
    Text text{{{"p", "T"},
               {"g", "T"},
               {"m", "T"},
               {"v", "T"},
               {"lr", "tensor<f32>"},
               {"step", "tensor<i32>"}},
              {"T", "T", "T"},
              adam,
              attributes};
    KernelHarness harness(replaced(replaced(text.str(), "T dims []", "T dims [\"\", \"\"]"), "T",
                                   "tensor<50x301xf32>"));
    std::vector<double> v(50 * 301);
    for (size_t i = 0; i < v.size(); ++i)
      v[i] = (i % 97) / 64.0;
    harness.bind("v", v);
    harness.bind("step", {3});
    harness.bind("lr", {0.0009765625});
    harness.check(1e-5, 1e-6);
  }
}

TEST(Kernel, InPlaceResidual) {
  std::string x = "tensor<6x64xf32>", r = "tensor<6xf32>";
  Text text{{{"a", x}, {"b", x}},
            {x, x},
            "%h = nn.add %a, %b : (" + x + ", " + x + ") -> " + x + "\n" +
                "%n, %r = nn.layer_normalize %h {eps = 1.0e-5 : f64} : (" + x + ") -> (" + x +
                ", " + r + ")\n" + "nn.yield %h, %n : " + x + ", " + x,
            "in_place = array<i64: 0, 0, 1, 1>"};
  KernelHarness(text.str()).check(1e-5, 1e-5);
}

TEST(Kernel, EmbeddingAndItsGradient) {
  std::string ids = "tensor<3x5xi32>", table = "tensor<4x33xf32>", y = "tensor<3x5x33xf32>";
  checkBoth({{{"ids", ids}, {"t", table}, {"o", "index"}},
             {y},
             "%y = nn.embedding %ids, %t at %o : (" + ids + ", " + table + ", index) -> " + y +
                 "\nnn.yield %y : " + y,
             ""});
  checkBoth({{{"ids", ids}, {"dy", y}, {"t", table}},
             {table},
             "%d = nn.embedding_grad %ids, %dy like %t : (" + ids + ", " + y + ", " + table +
                 ") -> " + table + "\nnn.yield %d : " + table,
             ""},
            1e-6, 1e-13);
}

TEST(Kernel, CrossEntropy) {
  std::string x = "tensor<2x9x37xf32>", r = "tensor<2x9xf32>", ids = "tensor<2x9xi32>";
  std::string attributes =
      "{classes = 37 : i64, ignore_index = 3 : i64, label_smoothing = 0.0 : f64}";
  checkBoth({{{"x", x}, {"labels", ids}, {"o", "index"}},
             {r, r, r},
             "%m = nn.ce_row_max %x at %o {classes = 37 : i64} : (" + x + ", index) -> " + r +
                 "\n" + "%s, %t = nn.ce_row_sums %x, %m, %labels at %o {classes = 37 : i64} : (" +
                 x + ", " + r + ", " + ids + ", index) -> (" + r + ", " + r + ")\n" +
                 "%l = nn.ce_row_loss %m, %s, %t labels %labels " + attributes + " : (" + r + ", " +
                 r + ", " + r + ", " + ids + ") -> " + r + "\n" + "nn.yield %m, %s, %l : " + r +
                 ", " + r + ", " + r,
             ""});
  checkBoth({{{"x", x}, {"m", r}, {"labels", ids}, {"ds", r}, {"dt", r}},
             {x},
             "%d = nn.ce_row_sums_grad %x, %m, %labels, %ds, %dt {classes = 37 : i64} : (" + x +
                 ", " + r + ", " + ids + ", " + r + ", " + r + ") -> " + x + "\nnn.yield %d : " + x,
             ""});
}

TEST(Kernel, LongRowsKeepTheirDigits) {
  // The sum of exponentials over a vocabulary: its error is the loss's.
  std::string x = "tensor<3x50257xf32>", r = "tensor<3xf32>", ids = "tensor<3xi32>";
  std::string inputs = " : (" + x + ", " + r + ", " + ids + ") -> (" + r + ", " + r + ")\n";
  KernelHarness(Text{{{"x", x}, {"m", r}, {"labels", ids}},
                     {r},
                     "%s, %t = nn.ce_row_sums %x, %m, %labels {classes = 50257 : i64}" + inputs +
                         "nn.yield %s : " + r,
                     ""}
                    .str())
      .check(1.5e-7, 0);
}

TEST(Kernel, CastsRound) {
  std::string x = "tensor<3x50xf32>", h = "tensor<3x50xbf16>";
  KernelHarness harness(Text{{{"x", x}},
                             {h, x},
                             "%h = nn.cast %x : (" + x + ") -> " + h + "\n%y = nn.cast %h : (" + h +
                                 ") -> " + x + "\nnn.yield %h, %y : " + h + ", " + x,
                             ""}
                            .str());
  std::vector<double> values(150);
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>((i - 75.0) * 1.2345678);
  harness.bind("x", values);
  harness.check(1.0 / 256, 1e-9);
  std::vector<Memory> results = harness.run(1);
  interpreter::Tensor narrow = results[0].get({3, 50}), wide = results[1].get({3, 50});
  for (int64_t i = 0; i < narrow.size(); ++i)
    EXPECT_EQ(narrow[i], wide[i]);
}

/// Random bit patterns, every fourth one a tie of bfloat16, every other fourth one of tf32.
std::vector<double> patterns(int64_t count) {
  std::mt19937 engine(5);
  std::vector<double> values;
  for (int64_t i = 0; i < count; ++i) {
    uint32_t image = engine();
    if (i % 4 == 0)
      image = (image & 0xffff0000u) | 0x8000u;
    if (i % 4 == 1)
      image = (image & 0xffffe000u) | 0x1000u;
    float value;
    std::memcpy(&value, &image, sizeof(value));
    values.push_back(value);
  }
  return values;
}

void expectSame(const interpreter::Tensor &actual, const interpreter::Tensor &expected) {
  ASSERT_EQ(actual.shape, expected.shape);
  for (int64_t i = 0; i < actual.size(); ++i)
    ASSERT_TRUE(actual[i] == expected[i] || (std::isnan(actual[i]) && std::isnan(expected[i])))
        << "element " << i << ": " << actual[i] << ", not " << expected[i];
}

/// Roundings are the interpreter's, whose numbers are float64, bit for bit.
TEST(Kernel, CastsRoundToNearestEven) {
  std::string x = "tensor<100003xf32>", h = "tensor<100003xbf16>";
  KernelHarness harness(Text{{{"x", x}},
                             {h, x},
                             "%h = nn.cast %x : (" + x + ") -> " + h +
                                 "\n%t = nn.cast %x {tf32} : (" + x + ") -> " + x +
                                 "\nnn.yield %h, %t : " + h + ", " + x,
                             ""}
                            .str());
  harness.bind("x", patterns(100003));
  std::vector<interpreter::Tensor> expected = harness.expected();
  ASSERT_TRUE(harness.compiles()) << harness.diagnostics;
  std::vector<Memory> results = harness.run(3);
  for (size_t i = 0; i < 2; ++i)
    expectSame(results[i].get({100003}), expected[i]);
}

TEST(Kernel, EveryBFloat16ComesBack) {
  std::string x = "tensor<65536xf32>", h = "tensor<65536xbf16>";
  KernelHarness harness(Text{{{"h", h}},
                             {h},
                             "%x = nn.cast %h : (" + h + ") -> " + x + "\n%y = nn.cast %x : (" + x +
                                 ") -> " + h + "\nnn.yield %y : " + h,
                             ""}
                            .str());
  std::vector<double> all;
  for (uint32_t bits = 0; bits < 65536; ++bits) {
    uint32_t image = bits << 16;
    float value;
    std::memcpy(&value, &image, sizeof(value));
    all.push_back(value);
  }
  harness.bind("h", all);
  ASSERT_TRUE(harness.compiles()) << harness.diagnostics;
  std::vector<Memory> results = harness.run(2);
  expectSame(results[0].get({65536}), interpreter::Tensor({65536}, all));
}

TEST(Kernel, ElementaryFunctionsOverTheirRange) {
  auto check = [](const std::string &op, const std::vector<double> &values, double relative32,
                  double relative64) {
    SCOPED_TRACE(op);
    Text text = unary(op, std::to_string(values.size()));
    for (bool wide : {false, true}) {
      KernelHarness harness(withType(text, wide ? "f64" : "f32"));
      std::vector<double> inputs = values;
      if (!wide)
        for (double &value : inputs)
          value = static_cast<float>(value);
      harness.bind("x", inputs);
      harness.check(wide ? relative64 : relative32, wide ? 1e-300 : 1e-38);
    }
  };
  std::vector<double> line, positive;
  for (int i = -4000; i <= 4000; ++i) {
    line.push_back(i * 0.02 + 1e-3);
    positive.push_back(std::exp(i * 0.02));
  }
  check("nn.exp %x", line, 3e-7, 1e-15);
  check("nn.tanh %x", line, 5e-7, 2e-15);
  check("nn.log %x", positive, 5e-7, 2e-15);
  std::vector<double> small;
  for (int i = -400; i <= 400; ++i)
    small.push_back(i * 0.01 + 1e-4);
  // 1 + erf cancels below 0: its error is that of 1.
  Text gelu = unary("nn.gelu %x", std::to_string(small.size()));
  for (bool wide : {false, true}) {
    KernelHarness harness(withType(gelu, wide ? "f64" : "f32"));
    for (double &value : small)
      value = static_cast<float>(value);
    harness.bind("x", small);
    harness.check(wide ? 1e-15 : 4e-7, wide ? 1e-15 : 4e-7);
  }
}

TEST(Kernel, Rope) {
  std::string x = "tensor<1x700x2x6xf32>";
  for (std::string inverse : {"", " {inverse}"})
    checkBoth({{{"x", x}},
               {x},
               "%y = nn.rope %x" + inverse + " : (" + x + ") -> " + x + "\nnn.yield %y : " + x,
               ""},
              2e-4, 1e-12);
}

TEST(Kernel, ShapeOps) {
  std::string x = "tensor<3x4x5xf32>";
  for (auto [op, type] : std::vector<std::pair<std::string, std::string>>{
           {"nn.transpose %x [1, 0, 2]", "tensor<4x3x5xf32>"},
           {"nn.transpose %x [2, 0, 1]", "tensor<5x3x4xf32>"},
           {"nn.slice %x dim 2 start 1 size 3", "tensor<3x4x3xf32>"},
           {"nn.slice %x dim 0 start 2 size 1", "tensor<1x4x5xf32>"},
           {"nn.pad %x dim 1 start 2", "tensor<3x9x5xf32>"}}) {
    SCOPED_TRACE(op);
    checkBoth({{{"x", x}},
               {type},
               "%y = " + op + " : (" + x + ") -> " + type + "\nnn.yield %y : " + type,
               ""});
  }
  std::string y = "tensor<3x2x5xf32>", z = "tensor<3x6x5xf32>", r = "tensor<3x4xf32>";
  checkBoth(
      {{{"x", x}, {"y", y}},
       {z},
       "%z = nn.concat %x, %y dim 1 : (" + x + ", " + y + ") -> " + z + "\nnn.yield %z : " + z,
       ""});
  checkBoth({{{"r", r}, {"x", x}},
             {x},
             "%y = nn.broadcast %r like %x dims [2] : (" + r + ", " + x + ") -> " + x +
                 "\nnn.yield %y : " + x,
             ""});
}

std::string dropoutText() {
  std::string x = "tensor<6x50xf32>";
  return Text{{{"x", x}, {"seed", "tensor<i32>"}, {"step", "tensor<i32>"}},
              {x},
              "%y = nn.dropout %x, %seed, %step {p = 0.25 : f64, stream = \"h.0.drop\", "
              "global_shape = array<i64: 6, 50>} : (" +
                  x + ", tensor<i32>, tensor<i32>) -> " + x + "\nnn.yield %y : " + x,
              ""}
      .str();
}

TEST(Kernel, DropoutDrawsThePrescribedBits) {
  KernelHarness harness(dropoutText());
  harness.bind("seed", {1234});
  harness.bind("step", {7});
  harness.check(1e-6, 0);
}

TEST(Kernel, MasksPads) {
  std::string x = "tensor<3x12xf32>";
  checkBoth({{{"x", x}, {"o", "index"}},
             {x},
             "%y = tp.mask %x at %o dim 1 minor 2 extent 3 logical 2 fill -1.5 : " + x + " -> " +
                 x + "\nnn.yield %y : " + x,
             ""});
}

TEST(Kernel, CountsLabels) {
  Text text{{{"l", "tensor<7x90xi32>"}},
            {"tensor<f32>"},
            "%c = nn.count_labels %l {ignore_index = 2 : i64, global_shape = array<i64: 7, 90>} : "
            "(tensor<7x90xi32>) -> tensor<f32>\nnn.yield %c : tensor<f32>",
            ""};
  KernelHarness(text.str()).check(0, 1e-9);
}

TEST(Kernel, EqualKernelsAreCompiledOnce) {
  Text text = unary("nn.gelu %x", "3x37");
  KernelHarness one(text.str()), two(replaced(text.str(), "\"k\"", "\"other\""));
  auto first = generateImage({one.kernel(), one.kernel()}, {});
  ASSERT_TRUE(mlir::succeeded(first));
  EXPECT_EQ(first->kernels[0].functions[0].name, first->kernels[1].functions[0].name);
  CodegenOptions threads;
  threads.threads = 3;
  auto second = generateImage({one.kernel(), one.kernel()}, threads);
  EXPECT_EQ(first->image, second->image);
}

TEST(Kernel, DropoutsOfAllLayersAreOneKernel) {
  KernelHarness harness(dropoutText());
  nn::KernelOp first = harness.kernel();
  auto copyWith = [&](auto change) {
    mlir::OwningOpRef<nn::KernelOp> copy(first.clone());
    copy->walk([&](nn::DropoutOp dropout) { change(dropout); });
    return copy;
  };
  auto other = copyWith([](nn::DropoutOp dropout) { dropout.setStream("h.1.drop"); });
  auto rarer = copyWith([](nn::DropoutOp dropout) { dropout.setP(llvm::APFloat(0.5)); });
  auto image = generateImage({first, *other, *rarer}, {});
  ASSERT_TRUE(mlir::succeeded(image));
  EXPECT_EQ(image->kernels[0].functions[0].name, image->kernels[1].functions[0].name);
  EXPECT_NE(image->kernels[0].functions[0].name, image->kernels[2].functions[0].name);
  EXPECT_EQ(streamsOf(first), std::vector<uint32_t>{philoxNameHash("h.0.drop")});
  EXPECT_EQ(streamsOf(*other), std::vector<uint32_t>{philoxNameHash("h.1.drop")});
}

TEST(Kernel, LevelsAreChecked) {
  KernelHarness harness(unary("nn.gelu %x", "3x37").str());
  CodegenOptions options;
  options.cpu = "native";
  auto image = generateImage({harness.kernel()}, options);
  ASSERT_TRUE(mlir::succeeded(image));
  EXPECT_TRUE(image->level == "x86-64-v3" || image->level == "x86-64-v4") << image->level;
  options.cpu = "x86-64-v2";
  mlir::ScopedDiagnosticHandler handler(harness.kernel()->getContext(),
                                        [](mlir::Diagnostic &) { return mlir::success(); });
  EXPECT_TRUE(mlir::failed(generateImage({harness.kernel()}, options)));
}

TEST(Kernel, RejectsWhatCannotShare) {
  std::string x = "tensor<6x64xf32>";
  Text text{{{"a", x}},
            {"tensor<64x6xf32>"},
            "%t = nn.transpose %a [1, 0] : (" + x +
                ") -> tensor<64x6xf32>\nnn.yield %t : tensor<64x6xf32>",
            "in_place = array<i64: 0, 0>"};
  KernelHarness harness(text.str());
  EXPECT_FALSE(harness.compiles());
  EXPECT_NE(harness.diagnostics.find("cannot take the place"), std::string::npos)
      << harness.diagnostics;
}

} // namespace
} // namespace tpc::codegen
