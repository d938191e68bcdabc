#include "PlanFixture.h"

#include "runtime/plan/PlanText.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

using namespace tpc;
using namespace tpc::test;

namespace {

void expectRoundTrip(PlanBuilder &&b) {
  std::vector<uint8_t> bytes = b.seal();
  std::string text = planToText(bytes);
  Result<std::vector<uint8_t>> back = planFromText(text);
  ASSERT_TRUE(back.ok()) << back.status().message() << "\n" << text;
  EXPECT_EQ(*back, bytes);
  EXPECT_EQ(planToText(*back), text);
}

} // namespace

TEST(PlanText, RoundTrips) {
  for (int64_t ranks : {1, 2, 8})
    expectRoundTrip(rowSplitLinear(ranks));
}

TEST(PlanText, KeepsNumbersAndStrings) {
  PlanBuilder b = rowSplitLinear(2);
  b.plan.model_hash = ~0ull;
  b.plan.report = "{\"a\": \"b\\n\u00fc\"}\n\t\x01";
  b.plan.sharded_ir = "module {\n  %0 = \"nn.linear\"(%1)\n}\n";
  for (double value :
       {1e-300, 0.1, 1.0 / 3, -0.0, 5e-324, 1e308, std::numeric_limits<double>::infinity(),
        -std::numeric_limits<double>::infinity()}) {
    b.plan.parameters[0]->init->a = value;
    expectRoundTrip(std::move(b));
  }
  auto image = std::make_unique<plan::KernelImageT>();
  image->target = "x86_64";
  image->level = "x86-64-v3";
  for (int i = 0; i < 256; ++i)
    image->image.push_back(static_cast<uint8_t>(i));
  b.plan.images.push_back(std::move(image));
  expectRoundTrip(std::move(b));
}

TEST(PlanText, OneLinePerInstruction) {
  std::vector<uint8_t> bytes = rowSplitLinear(2).seal();
  std::string text = planToText(bytes);
  EXPECT_THAT(text, testing::HasSubstr("\n      {name: \"fc: all_reduce\", why: "));
}

TEST(PlanText, RefusesOtherText) {
  Result<std::vector<uint8_t>> result = planFromText("{ nonsense: 1 }");
  EXPECT_EQ(result.status().code(), Code::InvalidInput);
}
