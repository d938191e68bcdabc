//===- ModelTest.cpp - A published model, solved, proved and mutated -----------------------===//
//
// The whole way from a model to its local programs, on the meshes that differ most: even, padded,
// with the sequence split, and with two axes.
//
//===---------------------------------------------------------------------------------------===//
#include "Mutate.h"

#include "compiler/driver/Registration.h"
#include "compiler/partition/Proof.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

#include <gtest/gtest.h>

using namespace mlir;

namespace tpc {
namespace {

struct ModelTest : testing::TestWithParam<std::pair<const char *, const char *>> {
  static void SetUpTestSuite() { registerPasses(); }

  ModelTest() {
    DialectRegistry registry;
    registerDialects(registry);
    context.appendDialectRegistry(registry);
    context.disableMultithreading();
  }

  LogicalResult run(ModuleOp module, StringRef passes) {
    PassManager manager(&context);
    return success(succeeded(parsePassPipeline(passes, manager)) && succeeded(manager.run(module)));
  }

  MLIRContext context;
};

TEST_P(ModelTest, IsProvedAndItsMutantsAreNot) {
  auto grad = parseSourceFile<ModuleOp>(TPC_MODELS "/gpt-2l.mlir", &context);
  ASSERT_TRUE(grad);
  ASSERT_TRUE(
      succeeded(run(*grad, "tpc-bind-dims{dims=" + std::string(GetParam().first) +
                               "},tpc-unroll-layers,tpc-flatten-scopes,"
                               "tpc-resolve-reads,tpc-expand-composites,tpc-build-training")));
  OwningOpRef<ModuleOp> sharded = grad->clone();
  ASSERT_TRUE(succeeded(run(*sharded, "tpc-shard{" + std::string(GetParam().second) + "}")));
  ASSERT_TRUE(succeeded(proveSharded(*grad, *sharded)));
  OwningOpRef<ModuleOp> local = sharded->clone();
  ASSERT_TRUE(succeeded(run(*local, "tpc-partition")));
  MutationReport report = mutate(*sharded, *local, /*replaceEvery=*/101);
  EXPECT_TRUE(report.survivors.empty());
  std::cout << report.str();
}

// Only a long sequence is worth splitting; one of 63 is padded on two ranks.
INSTANTIATE_TEST_SUITE_P(Meshes, ModelTest,
                         testing::Values(std::pair("B=2,T=8", "tp=2"), std::pair("B=2,T=8", "tp=3"),
                                         std::pair("B=4,T=64", "tp=2 sequence-parallel=on"),
                                         std::pair("B=4,T=63", "tp=2 sequence-parallel=on"),
                                         std::pair("B=2,T=8", "tp=2 dp=2")));

} // namespace
} // namespace tpc
