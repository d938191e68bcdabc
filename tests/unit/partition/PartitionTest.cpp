//===- PartitionTest.cpp - From a decision to a proved local program -----------------------===//
//
// Training steps under several meshes and shardings: applied, matched with level `grad`,
// partitioned, proved, and mutated.
//
//===---------------------------------------------------------------------------------------===//
#include "GreedyDecision.h"
#include "Mutate.h"

#include "compiler/partition/Partition.h"
#include "compiler/partition/Proof.h"
#include "compiler/sharding/ApplyShardings.h"
#include "dialects/nn/NN.h"
#include "dialects/tp/TP.h"

#include "mlir/IR/Verifier.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

using namespace mlir;

namespace tpc {
namespace {

struct PartitionTest : testing::Test {
  PartitionTest() {
    context.loadDialect<nn::NNDialect, tp::TPDialect>();
    context.getDiagEngine().registerHandler([&](Diagnostic &diagnostic) {
      messages += diagnostic.str() + "\n";
      return success();
    });
    grad = parseSourceFile<ModuleOp>(TPC_PARTITION_TESTS "/train.mlir", &context);
  }

  /// grad -> sharded -> local, each step proved.
  void lower(const Mesh &mesh, const NamedShardings &shardings) {
    ASSERT_TRUE(grad);
    sharded = grad->clone();
    ASSERT_TRUE(succeeded(applyShardings(*sharded, decideGreedily(*sharded, mesh, shardings))))
        << messages;
    ASSERT_TRUE(succeeded(verify(*sharded))) << messages;
    ASSERT_TRUE(succeeded(proveSharded(*grad, *sharded))) << messages;
    local = sharded->clone();
    ASSERT_TRUE(succeeded(partition(*local))) << messages;
    ASSERT_TRUE(succeeded(verify(*local))) << messages;
    ASSERT_TRUE(succeeded(proveLocal(*sharded, *local))) << messages;
  }

  template <typename Op> int count(ModuleOp module) {
    int number = 0;
    module.walk([&](Op) { ++number; });
    return number;
  }

  void expectAllMutantsKilled() {
    MutationReport report = mutate(*sharded, *local);
    EXPECT_TRUE(report.survivors.empty());
    EXPECT_TRUE(report.complaints.empty());
    std::cout << report.str();
  }

  MLIRContext context;
  std::string messages;
  OwningOpRef<ModuleOp> grad, sharded, local;
};

Mesh tpMesh(int64_t ranks) { return {{{"tp", ranks}}}; }

/// The MLP split by columns and rows, the vocabulary by rows.
NamedShardings megatron(const Mesh &mesh, AxisId axis) {
  auto split = [&](std::vector<int64_t> shape, int dim) {
    Sharding sharding = Sharding::replicated(shape);
    sharding.dims[dim] = splitDim(shape[dim], axis, mesh);
    return sharding;
  };
  return {{"wte", split({10, 8}, 0)},
          {"fc.weight", split({12, 8}, 0)},
          {"fc.bias", split({12}, 0)},
          {"proj.weight", split({8, 12}, 1)}};
}

TEST_F(PartitionTest, ReplicatedNeedsNoCollective) {
  lower(tpMesh(2), {});
  EXPECT_EQ(count<tp::AllReduceOp>(*local), 0);
  EXPECT_EQ(count<tp::OffsetOp>(*local), 0);
}

TEST_F(PartitionTest, MegatronOnTwoRanks) {
  Mesh mesh = tpMesh(2);
  lower(mesh, megatron(mesh, 0));
  if (HasFatalFailure())
    return;
  EXPECT_EQ(count<tp::AllGatherOp>(*local), 0);
  EXPECT_EQ(count<tp::MaskOp>(*local), 0);
  expectAllMutantsKilled();
}

TEST_F(PartitionTest, PaddedOnEightRanks) {
  Mesh mesh = tpMesh(8);
  lower(mesh, megatron(mesh, 0));
  if (HasFatalFailure())
    return;
  expectAllMutantsKilled();
}

TEST_F(PartitionTest, TwoAxes) {
  Mesh mesh{{{"dp", 2}, {"tp", 4}}};
  NamedShardings shardings = megatron(mesh, 1);
  Sharding batch = Sharding::replicated({2, 4});
  batch.dims[0] = splitDim(2, 0, mesh);
  shardings.push_back({"ids", batch});
  shardings.push_back({"labels", batch});
  lower(mesh, shardings);
  if (HasFatalFailure())
    return;
  expectAllMutantsKilled();
}

} // namespace
} // namespace tpc
