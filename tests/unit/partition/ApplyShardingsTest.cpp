//===- ApplyShardingsTest.cpp - What a decision becomes ------------------------------------===//
#include "GreedyDecision.h"

#include "compiler/partition/Proof.h"
#include "compiler/sharding/ApplyShardings.h"
#include "dialects/nn/NN.h"
#include "dialects/tp/TP.h"

#include "mlir/Parser/Parser.h"

#include <gmock/gmock.h>

using namespace mlir;

namespace tpc {
namespace {

using testing::HasSubstr;

// Two row-split linears, a bias and a residual in one sum.
constexpr const char *kSum = R"mlir(
nn.input @x : tensor<4x8xf32> dims ["", ""]
nn.parameter @a : tensor<8x8xf32> init #nn.init<zeros>
nn.parameter @b : tensor<8x8xf32> init #nn.init<zeros>
nn.parameter @bias : tensor<8xf32> init #nn.init<zeros>
nn.entry @forward outputs ["y"] {
  %x = nn.read @x : tensor<4x8xf32>
  %a = nn.read @a : tensor<8x8xf32>
  %b = nn.read @b : tensor<8x8xf32>
  %bias = nn.read @bias : tensor<8xf32>
  %p = nn.linear %x, %a : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %q = nn.linear %x, %b : (tensor<4x8xf32>, tensor<8x8xf32>) -> tensor<4x8xf32>
  %y = nn.add %bias, %p, %x, %q {nn.scope = "sum"} : (tensor<8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %z = nn.relu %y : (tensor<4x8xf32>) -> tensor<4x8xf32>
  nn.return %z : tensor<4x8xf32>
}
)mlir";

struct ApplyShardingsTest : testing::Test {
  ApplyShardingsTest() {
    context.loadDialect<nn::NNDialect, tp::TPDialect>();
    context.getDiagEngine().registerHandler([&](Diagnostic &diagnostic) {
      messages += diagnostic.str() + "\n";
      return success();
    });
    grad = parseSourceString<ModuleOp>(kSum, &context);
    sharded = grad->clone();
  }

  template <typename Op> SmallVector<Op> all() {
    SmallVector<Op> ops;
    sharded->walk([&](Op op) { ops.push_back(op); });
    return ops;
  }

  Sharding split(std::vector<int64_t> shape, int dim) {
    Sharding sharding = Sharding::replicated(shape);
    sharding.dims[dim] = splitDim(shape[dim], 0, mesh);
    return sharding;
  }

  Mesh mesh{{{"tp", 2}}};
  MLIRContext context;
  std::string messages;
  OwningOpRef<ModuleOp> grad, sharded;
};

TEST_F(ApplyShardingsTest, PartialAddendsAreAddedFirst) {
  Decision decision =
      decideGreedily(*sharded, mesh, {{"a", split({8, 8}, 1)}, {"b", split({8, 8}, 1)}});
  ASSERT_TRUE(succeeded(applyShardings(*sharded, decision))) << messages;
  auto adds = all<nn::AddOp>();
  ASSERT_EQ(adds.size(), 2u);
  EXPECT_EQ(adds[0].getNumOperands(), 2u);
  EXPECT_EQ(adds[1].getNumOperands(), 3u);
  // x is sliced once for both linears; the sum is reduced once.
  auto reshards = all<tp::ReshardOp>();
  ASSERT_EQ(reshards.size(), 2u);
  EXPECT_EQ(adds[1].getOperand(0), reshards[1].getY());
  EXPECT_EQ(reshards[1].getX(), adds[0].getY());
  EXPECT_THAT(reshards[1].getWhy().str(), HasSubstr("sum nn.add takes operand 0 replicated on tp"));
  EXPECT_TRUE(succeeded(proveSharded(*grad, *sharded))) << messages;
}

TEST_F(ApplyShardingsTest, AProgramThatAddsTwiceIsNotProved) {
  Decision decision =
      decideGreedily(*sharded, mesh, {{"a", split({8, 8}, 1)}, {"b", split({8, 8}, 1)}});
  ASSERT_TRUE(succeeded(applyShardings(*sharded, decision))) << messages;
  auto adds = all<nn::AddOp>();
  adds[0]->setOperand(1, adds[0].getOperand(0));
  EXPECT_TRUE(failed(proveSharded(*grad, *sharded)));
  EXPECT_THAT(messages, HasSubstr("or adds it twice"));
}

TEST_F(ApplyShardingsTest, AnAddendThatIsLostIsNotProved) {
  Decision decision =
      decideGreedily(*sharded, mesh, {{"a", split({8, 8}, 1)}, {"b", split({8, 8}, 1)}});
  ASSERT_TRUE(succeeded(applyShardings(*sharded, decision))) << messages;
  auto adds = all<nn::AddOp>();
  adds[1]->setOperands(adds[1].getOperands().drop_back());
  EXPECT_TRUE(failed(proveSharded(*grad, *sharded)));
  EXPECT_THAT(messages, HasSubstr("stands where level `grad` has nn.add"));
}

TEST_F(ApplyShardingsTest, PartialOperandsAreNotMade) {
  Decision decision = decideGreedily(*sharded, mesh, {});
  nn::AddOp add = all<nn::AddOp>()[0];
  decision.ops[add].perAxis[0] = strategies(add.getShardingRule()).back();
  EXPECT_TRUE(failed(applyShardings(*sharded, decision)));
  EXPECT_THAT(messages,
              HasSubstr("takes operand 0 as partial(sum) on axis \"tp\", but it is replicated"));
}

TEST_F(ApplyShardingsTest, WrongDeclarationsAreRefused) {
  Decision decision = decideGreedily(*sharded, mesh, {{"nothing", split({8}, 0)}});
  EXPECT_TRUE(failed(applyShardings(*sharded, decision)));
  EXPECT_THAT(
      messages,
      HasSubstr("a sharding is decided for @nothing, which is no input, parameter or state"));

  messages.clear();
  decision = decideGreedily(*grad, mesh, {});
  decision.symbols["bias"] = Sharding::replicated({8}).withPartial(0, ReduceKind::Sum);
  EXPECT_TRUE(failed(applyShardings(*grad, decision)));
  EXPECT_THAT(messages, HasSubstr("what is declared is never partial"));
}

} // namespace
} // namespace tpc
