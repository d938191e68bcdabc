//===- PrecisionTest.cpp - What the roundings of a precision do to numbers -----------------===//
//
// Roundings are placed by one pass and made where they stand, so a plan computes the same bits
// whatever was fused; and they are small, so a step in bf16 or tf32 is near the one in float64.
//
//===---------------------------------------------------------------------------------------===//
#include "RunPlan.h"
#include "TestModels.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <regex>

namespace tpc::interpreter::test {

namespace {

// Rows are longer than the lanes that sum them, and no multiple of them.
const ModelSizes kGpt{.layers = 2,
                      .batch = 2,
                      .sequence = 5,
                      .vocab = 71,
                      .hidden = 40,
                      .heads = 2,
                      .kvHeads = 2,
                      .size = 20,
                      .inner = 50};
const ModelSizes kLlama{.layers = 2,
                        .batch = 2,
                        .sequence = 5,
                        .vocab = 71,
                        .hidden = 40,
                        .heads = 4,
                        .kvHeads = 2,
                        .size = 12,
                        .inner = 50};

CompileOptions optionsOf(const std::string &precision, int64_t tp, WireRounding wire = {}) {
  CompileOptions options;
  options.mesh = Mesh{{{"dp", 1}, {"tp", tp}}};
  options.precision = precision;
  options.wire = wire;
  return options;
}

bool sameBits(const Tensor &a, const Tensor &b) {
  return a.shape == b.shape &&
         std::memcmp(a.data.data(), b.data.data(), a.data.size() * sizeof(double)) == 0;
}

/// Models are written in float64; every other precision starts from float32.
std::string writtenFor(const std::string &precision, const std::string &text) {
  if (precision == "f64")
    return text;
  return std::regex_replace(text, std::regex("([x<])f64>"), "$1f32>");
}

/// Values that a float32 holds.
Bindings narrowed(Bindings bindings) {
  for (auto &[symbol, tensor] : bindings)
    for (double &value : tensor.data)
      value = static_cast<float>(value);
  return bindings;
}

class Precision : public testing::TestWithParam<const char *> {};

TEST_P(Precision, FusionChangesNoNumber) {
  for (bool llama : {false, true})
    for (int64_t tp : {1, 2}) {
      std::string text =
          writtenFor(GetParam(), llama ? llamaText(kLlama, kAdam) : gptText(kGpt, kAdam));
      Bindings bindings = drawBindings(*gradModule(text), 11);
      bool narrow = GetParam() == std::string("bf16");
      CompileOptions options = optionsOf(GetParam(), tp, {narrow, narrow});
      Outcome fused = runTrain(compilePlan(text, options).plan, bindings, 2);
      // One op a kernel on one rank, three at most on two.
      options.opsPerKernel = tp == 1 ? 1 : 3;
      SCOPED_TRACE(std::string(llama ? "llama" : "gpt") + ", tp " + std::to_string(tp));
      Outcome apart = runTrain(compilePlan(text, options).plan, bindings, 2);
      ASSERT_EQ(apart.outputs.size(), fused.outputs.size());
      for (size_t i = 0; i < fused.outputs.size(); ++i)
        EXPECT_TRUE(sameBits(apart.outputs[i], fused.outputs[i])) << "output " << i;
      for (const auto &[symbol, value] : fused.writes)
        EXPECT_TRUE(sameBits(apart.writes.at(symbol), value)) << symbol;
    }
}

/// Of the loss of one step, relative: what a precision rounds to, times a few.
double lossBound(const std::string &precision) {
  if (precision == "bf16")
    return 4 * 0x1p-8;
  return precision == "tf32" ? 4 * 0x1p-11 : precision == "f32" ? 16 * 0x1p-24 : 1e-13;
}

TEST_P(Precision, ALossIsNearTheInterpreters) {
  for (bool llama : {false, true}) {
    std::string text = llama ? llamaText(kLlama, kAdam) : gptText(kGpt, kAdam);
    auto module = gradModule(text);
    Bindings bindings = narrowed(drawBindings(*module, 12));
    auto exact = Interpreter::run(entryNamed(*module, "train"), bindings);
    ASSERT_TRUE(succeeded(exact));
    double expected = exact->outputs[0][0];
    for (int64_t tp : {1, 2, 4})
      for (bool narrow : {false, true}) {
        if (narrow && (tp == 1 || GetParam() == std::string("f64")))
          continue;
        double bound = narrow ? lossBound("bf16") : lossBound(GetParam());
        CompileOptions options = optionsOf(GetParam(), tp, {narrow, narrow});
        Outcome step = runTrain(compilePlan(writtenFor(GetParam(), text), options).plan, bindings);
        // Rounded it is, or nothing of this was tested.
        EXPECT_TRUE(GetParam() == std::string("f64") || step.outputs[0][0] != expected);
        EXPECT_NEAR(step.outputs[0][0], expected, bound * std::fabs(expected))
            << (llama ? "llama" : "gpt") << ", tp " << tp << (narrow ? ", bf16 on the wire" : "");
      }
  }
}

INSTANTIATE_TEST_SUITE_P(Of, Precision, testing::Values("f32", "tf32", "bf16", "f64"),
                         [](const auto &info) { return std::string(info.param); });

} // namespace

} // namespace tpc::interpreter::test
