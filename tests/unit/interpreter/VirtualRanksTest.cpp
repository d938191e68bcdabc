//===- VirtualRanksTest.cpp - Collectives and the splitting of values ----------------------===//
//
// Two or three ranks, values that name their rank.
//
//===---------------------------------------------------------------------------------------===//
#include "TestModule.h"

#include "compiler/interpreter/VirtualRanks.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

#include <cmath>
#include <limits>

namespace tpc::interpreter::test {

namespace {

using testing::ElementsAre;

/// Runs `body` (a value %y of `type` from %x) on the ranks of `axes`; one value per rank.
std::vector<Tensor> runRanks(const std::string &axes, const Mesh &mesh, const std::string &xType,
                             const std::string &body, const std::string &yType,
                             const std::vector<Tensor> &values) {
  auto module =
      parseModule("tp.mesh @mesh [" + axes + "]\nnn.input @x : " + xType +
                  " dims [\"\", \"\"]\nnn.entry @f outputs [\"y\"] {\n%x = nn.read @x : " + xType +
                  "\n" + body + "\nnn.return %y : " + yType + "\n}");
  std::vector<Bindings> bindings;
  for (const Tensor &value : values)
    bindings.push_back({{"x", value}});
  auto outcomes = Interpreter::runOnMesh(*module->getOps<nn::EntryOp>().begin(), mesh, bindings);
  if (failed(outcomes))
    llvm::report_fatal_error("the interpreter refuses the test's module");
  std::vector<Tensor> outputs;
  for (Outcome &outcome : *outcomes)
    outputs.push_back(outcome.outputs[0]);
  return outputs;
}

const Mesh kTwo{{{"tp", 2}}};
const std::vector<Tensor> kValues{Tensor({2, 2}, {1, 2, 3, 4}), Tensor({2, 2}, {10, 20, 30, 40})};

std::vector<Tensor> onTwo(const std::string &body, const std::string &yType) {
  return runRanks("\"tp\" = 2", kTwo, "tensor<2x2xf64>", body, yType, kValues);
}

TEST(Collectives, AllReduce) {
  auto y = onTwo("%y = tp.all_reduce sum %x on \"tp\" why \"test\" : (tensor<2x2xf64>) -> "
                 "tensor<2x2xf64>",
                 "tensor<2x2xf64>");
  EXPECT_THAT(y[0].data, ElementsAre(11, 22, 33, 44));
  EXPECT_EQ(y[0].data, y[1].data);
}

TEST(Collectives, AMaximumOfWhatIsNoNumberIsNone) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  auto y = runRanks("\"tp\" = 2", kTwo, "tensor<1x2xf64>",
                    "%y = tp.all_reduce max %x on \"tp\" why \"test\" : (tensor<1x2xf64>) -> "
                    "tensor<1x2xf64>",
                    "tensor<1x2xf64>", {Tensor({1, 2}, {kNan, 1}), Tensor({1, 2}, {1, kNan})});
  EXPECT_TRUE(std::isnan(y[0][0]) && std::isnan(y[0][1]));
}

TEST(Collectives, AllGather) {
  auto y = onTwo("%y = tp.all_gather %x dim 1 on \"tp\" why \"test\" : (tensor<2x2xf64>) -> "
                 "tensor<2x4xf64>",
                 "tensor<2x4xf64>");
  EXPECT_THAT(y[1].data, ElementsAre(1, 2, 10, 20, 3, 4, 30, 40));
}

TEST(Collectives, ReduceScatter) {
  auto y = onTwo("%y = tp.reduce_scatter %x dim 1 on \"tp\" why \"test\" : (tensor<2x2xf64>) -> "
                 "tensor<2x1xf64>",
                 "tensor<2x1xf64>");
  EXPECT_THAT(y[0].data, ElementsAre(11, 33));
  EXPECT_THAT(y[1].data, ElementsAre(22, 44));
}

TEST(Collectives, AllToAll) {
  auto y = onTwo("%y = tp.all_to_all %x from 0 to 1 on \"tp\" why \"test\" : (tensor<2x2xf64>) -> "
                 "tensor<4x1xf64>",
                 "tensor<4x1xf64>");
  EXPECT_THAT(y[0].data, ElementsAre(1, 3, 10, 30));
  EXPECT_THAT(y[1].data, ElementsAre(2, 4, 20, 40));
}

TEST(Collectives, SliceFillsWithZeros) {
  std::vector<Tensor> same(2, Tensor({3, 1}, {1, 2, 3}));
  auto y = runRanks("\"tp\" = 2", kTwo, "tensor<3x1xf64>",
                    "%y = tp.slice %x dim 0 on \"tp\" why \"test\" : tensor<3x1xf64> -> "
                    "tensor<2x1xf64>",
                    "tensor<2x1xf64>", same);
  EXPECT_THAT(y[0].data, ElementsAre(1, 2));
  EXPECT_THAT(y[1].data, ElementsAre(3, 0));
}

TEST(Collectives, MaskOfAPaddedFactor) {
  // A dim of (2 heads of 3 logical over 2 ranks, 1 number): rank 1 holds head 2 and a pad.
  auto y =
      onTwo("%o = tp.offset 2 on \"tp\"\n%y = tp.mask %x at %o dim 1 minor 1 extent 2 logical 3 "
            "fill -1.0 : tensor<2x2xf64> -> tensor<2x2xf64>",
            "tensor<2x2xf64>");
  EXPECT_THAT(y[0].data, ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(y[1].data, ElementsAre(10, -1, 30, -1));
}

TEST(Collectives, GroupsOfAMesh) {
  // dp 2 x tp 2: sums along dp join ranks 0 and 2, 1 and 3.
  std::vector<Tensor> values;
  for (double value : {1, 10, 100, 1000})
    values.push_back(Tensor({1, 1}, {value}));
  auto y = runRanks("\"dp\" = 2, \"tp\" = 2", Mesh{{{"dp", 2}, {"tp", 2}}}, "tensor<1x1xf64>",
                    "%y = tp.all_reduce sum %x on \"dp\" why \"test\" : (tensor<1x1xf64>) -> "
                    "tensor<1x1xf64>",
                    "tensor<1x1xf64>", values);
  EXPECT_EQ(y[0][0], 101);
  EXPECT_EQ(y[1][0], 1010);
  EXPECT_EQ(y[3][0], 1010);
}

TEST(SplitAndGather, AreInverse) {
  // 3 heads padded to 4, 2 numbers each, over 2 ranks.
  Sharding sharding{{DimLayout{Factor{3, 4, {0}}, Factor{2, 2, {}}}}, {}};
  Tensor global({6}, {0, 1, 2, 3, 4, 5});
  auto parts = splitTensor(global, sharding, kTwo, -1);
  EXPECT_THAT(parts[0].data, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(parts[1].data, ElementsAre(4, 5, -1, -1));
  std::string error;
  EXPECT_EQ(gatherTensor(parts, sharding, kTwo, error)->data, global.data);
}

TEST(SplitAndGather, CopiesMustBeEqual) {
  std::string error;
  Sharding replicated = Sharding::replicated({2, 2});
  EXPECT_FALSE(gatherTensor(kValues, replicated, kTwo, error));
  EXPECT_EQ(error, "element 0 is 1.000000 on rank 0 and 10.000000 on rank 1");
  Sharding partial = replicated.withPartial(0, ReduceKind::Sum);
  EXPECT_THAT(gatherTensor(kValues, partial, kTwo, error)->data, ElementsAre(11, 22, 33, 44));
}

TEST(VirtualRanks, RowSplitLinear) {
  auto module = parseModule(R"(
    tp.mesh @mesh ["tp" = 2]
    nn.input @x : tensor<1x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"} ]>> dims ["", ""]
    nn.parameter @w : tensor<2x3xf64, #tp.sharding<@mesh, [{}, {3:4 "tp"} ]>> init #nn.init<zeros>
    nn.entry @f outputs ["y"] {
      %x = nn.read @x : tensor<1x2xf64>
      %w = nn.read @w : tensor<2x2xf64>
      %p = nn.linear %x, %w : (tensor<1x2xf64>, tensor<2x2xf64>) -> tensor<1x2xf64>
      %y = tp.all_reduce sum %p on "tp" why "test" : (tensor<1x2xf64>) -> tensor<1x2xf64>
      nn.write %w, @w : tensor<2x2xf64>
      nn.return %y : tensor<1x2xf64>
    })");
  nn::EntryOp entry = *module->getOps<nn::EntryOp>().begin();
  Bindings bindings{{"x", Tensor({1, 3}, {1, 10, 100})}, {"w", Tensor({2, 3}, {1, 2, 3, 4, 5, 6})}};
  auto outcome = VirtualRanks(entry).run(bindings);
  ASSERT_TRUE(succeeded(outcome));
  EXPECT_THAT(outcome->outputs[0].data, ElementsAre(321, 654));
  EXPECT_EQ(outcome->writes.at("w").data, bindings.at("w").data);
  // The contraction reads the pad.
  auto poisoned = VirtualRanks(entry, {std::numeric_limits<double>::quiet_NaN(), 0}).run(bindings);
  ASSERT_TRUE(succeeded(poisoned));
  EXPECT_TRUE(std::isnan(poisoned->outputs[0][0]));
}

} // namespace

} // namespace tpc::interpreter::test
