//===- GpuKernelTest.cpp - What kernels for GPUs promise beyond their values ----------------===//
//
// The PTX is executed on the host (tests/fake_gpu), which also finds races of shared memory and
// threads that wait for each other in vain.
//
//===---------------------------------------------------------------------------------------===//
#include "KernelHarness.h"
#include "KernelText.h"

#include "mlir/IR/Builders.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

namespace tpc::codegen {
namespace {

std::string tensor(const std::string &shape, const std::string &type) {
  return "tensor<" + shape + "x" + type + ">";
}

GeneratedImage imageForGpu(KernelHarness &harness) {
  CodegenOptions options;
  options.target = Target::Cuda;
  options.approximates = harness.approximates;
  mlir::FailureOr<GeneratedImage> image = generateImage({harness.kernel()}, options);
  EXPECT_TRUE(succeeded(image));
  return succeeded(image) ? std::move(*image) : GeneratedImage();
}

Text layerNorm(const std::string &rows, const std::string &columns,
               const std::string &attributes = "") {
  std::string x = tensor(rows + "x" + columns, "f32"), r = tensor(rows, "f32");
  return {{{"a", x}, {"b", x}},
          {x, x},
          "%h = nn.add %a, %b : (" + x + ", " + x + ") -> " + x +
              "\n%n, %r = nn.layer_normalize %h {eps = 1.0e-5 : f64} : (" + x + ") -> (" + x +
              ", " + r + ")\nnn.yield %h, %n : " + x + ", " + x,
          attributes};
}

TEST(GpuKernel, RowsOfManyLengths) {
  for (std::string columns : {"1", "2", "3", "7", "8", "12", "31", "33", "64", "255", "257", "768",
                              "1023", "1024", "1025", "4100", "16392"}) {
    SCOPED_TRACE(columns);
    KernelHarness harness(layerNorm("5", columns).str());
    // A row of one or two numbers has a variance near 0, where 1 / sqrt(variance + eps) is steep.
    harness.check(1e-4, 1e-4);
  }
}

TEST(GpuKernel, LongRowsInPlace) {
  KernelHarness harness(layerNorm("3", "20000", "in_place = array<i64: 0, 0, 1, 1>").str());
  harness.check(1e-5, 1e-5);
}

struct Activation {
  std::string name, call;
  double ofMinusInfinity, ofInfinity;
};

Text activationText(const Activation &op, size_t count) {
  std::string x = tensor(std::to_string(count), "f32");
  bool isGradient = op.call.find("grad") != std::string::npos;
  std::string operands = isGradient ? "%x, %d" : "%x", types = isGradient ? x + ", " + x : x;
  Text text{{{"x", x}}, {x}, "", ""};
  if (isGradient)
    text.inputs.push_back({"d", x});
  text.body = "%y = " + replaced(op.call, "OPERANDS", operands) + " : (" + types + ") -> " + x +
              "\nnn.yield %y : " + x;
  return text;
}

/// Also where exp over- or underflows. Beyond, limits are those of IEEE's arithmetic.
TEST(GpuKernel, ApproximatesWhereItIsAllowed) {
  const double infinity = INFINITY, none = NAN;
  const std::vector<double> finite = {0,  -1e-30, 1e-6, -1e-3, 0.5, -0.7, 1,   -1.3, 3,
                                      -3, 6.5,    -8,   20,    -20, 60,   -60, 86,   -86};
  for (const Activation &op : {Activation{"exp", "nn.exp OPERANDS", 0, infinity},
                               {"silu", "nn.silu OPERANDS", none, infinity},
                               {"silu_grad", "nn.silu_grad OPERANDS", none, none},
                               {"gelu", "nn.gelu OPERANDS {tanh}", none, infinity},
                               {"gelu_grad", "nn.gelu_grad OPERANDS {tanh}", none, none}}) {
    SCOPED_TRACE(op.name);
    for (bool approximates : {false, true}) {
      KernelHarness harness(activationText(op, finite.size()).str());
      harness.approximates = approximates;
      harness.bind("x", finite);
      harness.check(2e-5, 1e-12);
      std::vector<uint8_t> image = imageForGpu(harness).image;
      std::string text(image.begin(), image.end());
      EXPECT_EQ(text.find("ex2.approx.ftz.f32") != std::string::npos, approximates);
      EXPECT_EQ(text.find("rcp.approx.ftz.f32") != std::string::npos,
                approximates && op.name != "exp");
      EXPECT_EQ(text.find("rcp.rn.f32") != std::string::npos, !approximates && op.name != "exp");

      KernelHarness limits(activationText(op, 3).str());
      limits.approximates = approximates;
      limits.bind("x", {-infinity, infinity, none});
      ASSERT_TRUE(limits.compiles());
      interpreter::Tensor found = limits.runOnGpu()[0].get({3});
      auto expectSame = [](double value, double expected) {
        EXPECT_TRUE(value == expected || (std::isnan(value) && std::isnan(expected)))
            << value << " instead of " << expected;
      };
      expectSame(found[0], op.ofMinusInfinity);
      expectSame(found[1], op.ofInfinity);
      expectSame(found[2], none);
    }
  }
}

/// Sums over rows whose columns do not fit registers are kept in the workspace.
TEST(GpuKernel, SumsOverRowsOfLongRows) {
  std::string x = tensor("5x8200", "f32"), s = tensor("5", "f32"), w = tensor("8200", "f32");
  KernelHarness(Text{{{"x", x}},
                     {s, w},
                     "%s = nn.sum %x dims [1] : (" + x + ") -> " + s +
                         "\n%w = nn.sum %x dims [0] : (" + x + ") -> " + w +
                         "\nnn.yield %s, %w : " + s + ", " + w,
                     ""}
                    .str())
      .check(1e-5, 1e-5);
}

/// The logits of a vocabulary in bf16: rows that are no multiple of an access, stored as well.
std::string lossOfAVocabulary() {
  std::string h = tensor("2x50257", "bf16"), x = tensor("2x50257", "f32"), r = tensor("2", "f32"),
              ids = tensor("2", "i32");
  std::string sums = "(" + x + ", " + r + ", " + ids + ") -> (" + r + ", " + r + ")\n";
  return Text{{{"h", h}, {"labels", ids}},
              {x, r, r},
              "%x = nn.cast %h : (" + h + ") -> " + x +
                  "\n%m = nn.ce_row_max %x {classes = 50257 : i64} : (" + x + ") -> " + r +
                  "\n%s, %t = nn.ce_row_sums %x, %m, %labels {classes = 50257 : i64} : " + sums +
                  "nn.yield %x, %m, %s : " + x + ", " + r + ", " + r,
              ""}
      .str();
}

TEST(GpuKernel, LossOfAVocabulary) { KernelHarness(lossOfAVocabulary()).check(1.5e-7, 0); }

TEST(GpuKernel, AllLabelsIgnored) {
  std::string r = tensor("70", "f32"), ids = tensor("70", "i32"), s = "tensor<f32>";
  std::string attributes =
      "{classes = 37 : i64, ignore_index = 3 : i64, label_smoothing = 0.0 : f64}";
  KernelHarness harness(Text{{{"m", r}, {"s", r}, {"t", r}, {"labels", ids}},
                             {s},
                             "%l = nn.ce_row_loss %m, %s, %t labels %labels " + attributes +
                                 " : (" + r + ", " + r + ", " + r + ", " + ids + ") -> " + r +
                                 "\n%y = nn.sum %l dims [0] : (" + r + ") -> " + s +
                                 "\nnn.yield %y : " + s,
                             ""}
                            .str());
  harness.bind("labels", std::vector<double>(70, 3));
  harness.bind("s", std::vector<double>(70, 2));
  harness.check(0, 0);
}

TEST(GpuKernel, MaximaKeepNaN) {
  for (int64_t columns : {37, 300, 3000}) {
    std::string x = tensor("3x" + std::to_string(columns), "f32"), r = tensor("3", "f32");
    KernelHarness harness(Text{{{"x", x}},
                               {r},
                               "%m = nn.ce_row_max %x {classes = " + std::to_string(columns) +
                                   " : i64} : (" + x + ") -> " + r + "\nnn.yield %m : " + r,
                               ""}
                              .str());
    std::vector<double> values(3 * columns, -1);
    values[columns + columns / 2] = NAN;
    values[0] = 2;
    harness.bind("x", values);
    ASSERT_TRUE(harness.compiles()) << harness.diagnostics;
    interpreter::Tensor maxima = harness.runOnGpu()[0].get({3});
    EXPECT_EQ(maxima[0], 2);
    EXPECT_TRUE(std::isnan(maxima[1]));
    EXPECT_EQ(maxima[2], -1);
  }
}

/// Threads take 4 adjacent columns of f32 and 8 where there is bf16: sums must not see it.
TEST(GpuKernel, SumsDoNotDependOnTypesBesideThem) {
  for (std::string columns : {"8", "768", "2048", "20000"}) {
    SCOPED_TRACE(columns);
    std::string x = tensor("2x" + columns, "f32"), h = tensor("2x" + columns, "bf16"),
                s = tensor("2", "f32");
    std::string sum = "%s = nn.sum %x dims [1] : (" + x + ") -> " + s + "\n";
    KernelHarness alone(Text{{{"x", x}}, {s}, sum + "nn.yield %s : " + s, ""}.str());
    KernelHarness beside(
        Text{{{"x", x}},
             {s, h},
             sum + "%h = nn.cast %x : (" + x + ") -> " + h + "\nnn.yield %s, %h : " + s + ", " + h,
             ""}
            .str());
    std::vector<double> values(2 * std::stoll(columns));
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(std::sin(static_cast<double>(i)));
    alone.bind("x", values);
    beside.bind("x", values);
    ASSERT_TRUE(alone.compiles() && beside.compiles());
    std::vector<Memory> first = alone.runOnGpu(), second = beside.runOnGpu();
    EXPECT_EQ(std::memcmp(first[0].data(), second[0].data(), first[0].size()), 0);
  }
}

//===--- bits ---===//

void expectBitsOfCpu(KernelHarness &harness) {
  ASSERT_TRUE(harness.compiles()) << harness.diagnostics;
  std::vector<Memory> cpu = harness.run(1), gpu = harness.runOnGpu();
  for (size_t i = 0; i < cpu.size(); ++i)
    EXPECT_EQ(std::memcmp(cpu[i].data(), gpu[i].data(), cpu[i].size()), 0) << "result " << i;
}

void expectBitsOfCpu(const std::string &text) {
  KernelHarness harness(text);
  expectBitsOfCpu(harness);
}

TEST(GpuKernel, ElementsHaveTheBitsOfCpu) {
  for (std::string op : {"nn.gelu %x", "nn.gelu %x {tanh}", "nn.silu %x", "nn.exp %x"})
    for (std::string type : {"f32", "bf16", "f64"}) {
      SCOPED_TRACE(op + " " + type);
      std::string x = tensor("6x1031", type);
      expectBitsOfCpu(Text{
          {{"x", x}}, {x}, "%y = " + op + " : (" + x + ") -> " + x + "\nnn.yield %y : " + x, ""}
                          .str());
    }
  std::string x = "tensor<2x35x3x64xf32>";
  expectBitsOfCpu(
      Text{{{"x", x}}, {x}, "%y = nn.rope %x : (" + x + ") -> " + x + "\nnn.yield %y : " + x, ""}
          .str());
  std::string seed = "tensor<i32>", d = tensor("6x72", "bf16");
  expectBitsOfCpu(Text{{{"x", d}, {"seed", seed}, {"step", seed}},
                       {d},
                       "%y = nn.dropout %x, %seed, %step {p = 0.25 : f64, stream = \"h.0.drop\", "
                       "global_shape = array<i64: 6, 72>} : (" +
                           d + ", tensor<i32>, tensor<i32>) -> " + d + "\nnn.yield %y : " + d,
                       ""}
                      .str());
}

std::string scatter(const std::string &columns) {
  std::string ids = "tensor<3x700xi32>", table = tensor("601x" + columns, "f32"),
              y = tensor("3x700x" + columns, "f32");
  return Text{{{"ids", ids}, {"dy", y}, {"t", table}},
              {table},
              "%d = nn.embedding_grad %ids, %dy like %t : (" + ids + ", " + y + ", " + table +
                  ") -> " + table + "\nnn.yield %d : " + table,
              ""}
      .str();
}

/// Tokens are added in their order, whatever thread finds them.
TEST(GpuKernel, ScattersHaveTheBitsOfCpu) {
  for (std::string columns : {"3", "33", "64", "1100"}) {
    SCOPED_TRACE(columns);
    KernelHarness few(scatter(columns));
    expectBitsOfCpu(few);
    // Rows of one block, in an order without a pattern; runs of one row are in it, too.
    KernelHarness mixed(scatter(columns));
    std::vector<double> ids(3 * 700);
    for (size_t i = 0; i < ids.size(); ++i)
      ids[i] = i * i % 7 < 3 ? 5 : i % 3 == 0 ? 5 + 512 : 600;
    mixed.bind("ids", ids);
    expectBitsOfCpu(mixed);
  }
}

/// The commonest tokens of a text have neighbouring numbers: no block has two of them.
TEST(GpuKernel, BlocksOfScattersOwnRowsFarApart) {
  KernelHarness harness(scatter("4"));
  GeneratedImage image = imageForGpu(harness);
  ASSERT_FALSE(image.kernels.empty());
  GeneratedFunction function = image.kernels.front().functions.front();
  mlir::Builder types(harness.kernel().getContext());
  Memory ids(types.getI32Type(), 2100), dy(types.getF32Type(), 2100 * 4),
      table(types.getF32Type(), 601 * 4);
  std::memset(ids.data(), 0, ids.size());
  std::memset(dy.data(), 0, dy.size());
  fake_gpu::MemoryMap memory;
  std::vector<void *> pointers;
  for (const Memory *one : {&ids, &dy, &table}) {
    memory.add(one->data(), one->size(), "operand");
    pointers.push_back(one->data());
  }
  function.tiles = 1;
  LoadedPtx(image.image).launch(function, pointers, {}, memory);
  interpreter::Tensor rows = table.get({601, 4});
  for (int64_t row = 0; row < 601; ++row)
    EXPECT_EQ(std::isnan(rows[4 * row]), row != 0 && row != 512) << row;
}

//===--- a whole GPU ---===//

/// Where threads loop over a row, several run at a time, and each has 64 bytes under way before it
/// waits: 32 numbers of bf16, here one by one.
TEST(GpuKernel, LongRowsAreLoadedAhead) {
  KernelHarness harness(lossOfAVocabulary());
  std::vector<uint8_t> ptx = imageForGpu(harness).image;
  std::string_view text(reinterpret_cast<const char *>(ptx.data()), ptx.size());
  EXPECT_NE(text.find(".maxntid 256\n.minnctapersm 2\n"), text.npos);
  std::string_view before = text.substr(0, text.find("max.NaN.f32"));
  std::string_view load = "ld.global.nc.b16";
  int loads = 0;
  for (size_t at = 0; (at = before.find(load, at)) != before.npos; at += load.size())
    ++loads;
  EXPECT_EQ(loads, 32);
}

/// The norm of a gradient has a sum for each parameter, most of which are short.
TEST(GpuKernel, ShortSumsHaveOneStage) {
  for (auto [elements, stages] : {std::pair("1", 1u), {"768", 1}, {"4096", 1}, {"4100", 2}}) {
    SCOPED_TRACE(elements);
    std::string x = tensor(elements, "f32"), s = "tensor<f32>";
    KernelHarness harness(Text{{{"x", x}},
                               {s},
                               "%y = nn.square %x : (" + x + ") -> " + x +
                                   "\n%s = nn.sum %y dims [0] : (" + x + ") -> " + s +
                                   "\nnn.yield %s : " + s,
                               ""}
                              .str());
    harness.check(1e-6, 1e-6);
    GeneratedImage image = imageForGpu(harness);
    ASSERT_FALSE(image.kernels.empty());
    EXPECT_EQ(image.kernels[0].functions.size(), stages);
    EXPECT_EQ(image.kernels[0].workspaceBytes > 0, stages > 1);
  }
}

/// All blocks of a sum over rows run at the same time, and each processor has as many.
TEST(GpuKernel, SumsOverRowsFillAGpuOnce) {
  constexpr int64_t processors = 132, threadsOfProcessor = 1024;
  for (std::string columns : {"256", "768", "1024", "2048", "2304", "3072", "4096", "8192"}) {
    SCOPED_TRACE(columns);
    std::string x = tensor("65536x" + columns, "bf16"), f = tensor("65536x" + columns, "f32"),
                w = tensor(columns, "f32");
    KernelHarness harness(Text{{{"x", x}},
                               {w},
                               "%f = nn.cast %x : (" + x + ") -> " + f +
                                   "\n%y = nn.sum %f dims [0] : (" + f + ") -> " + w +
                                   "\nnn.yield %y : " + w,
                               ""}
                              .str());
    GeneratedImage image = imageForGpu(harness);
    ASSERT_FALSE(image.kernels.empty());
    const GeneratedFunction &function = image.kernels.front().functions.front();
    int64_t most = (function.tiles + processors - 1) / processors;
    EXPECT_LE(most * function.threads, threadsOfProcessor);
    EXPECT_GE(most * function.threads, threadsOfProcessor / 2);
    EXPECT_LE(most * processors, function.tiles * 1.05);
  }
}

//===--- accesses ---===//

TEST(GpuKernel, AccessesAreWide) {
  std::string x = tensor("64x768", "f32"), h = tensor("64x768", "bf16"), w = tensor("768", "f32");
  std::string unary = "nn.gelu %x : (" + h + ") -> " + h + "\nnn.yield %y : " + h;
  std::string sum = "nn.sum %x dims [0] : (" + x + ") -> " + w + "\nnn.yield %y : " + w;
  // Of a sum over 64 rows, the second stage reads the sums of 16 blocks word by word.
  std::pair<Text, uint64_t> cases[] = {{layerNorm("64", "768"), 20},
                                       {Text{{{"x", h}}, {h}, "%y = " + unary, ""}, 20},
                                       {Text{{{"x", x}}, {w}, "%y = " + sum, ""}, 4}};
  for (const auto &[text, least] : cases) {
    SCOPED_TRACE(text.body);
    KernelHarness harness(text.str());
    ASSERT_TRUE(harness.compiles()) << harness.diagnostics;
    harness.runOnGpu();
    uint64_t narrow = 0, wide = 0;
    for (auto [bytes, count] : harness.gpuCode().loadedBytes)
      (bytes < 16 ? narrow : wide) += count;
    EXPECT_LE(narrow * least, wide);
  }
}

} // namespace
} // namespace tpc::codegen
