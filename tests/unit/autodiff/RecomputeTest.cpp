//===- RecomputeTest.cpp - Recomputation adds repetitions, and nothing else -------------------===//

#include "compiler/autodiff/Recompute.h"
#include "compiler/autodiff/DeadOps.h"
#include "compiler/driver/Pipeline.h"
#include "compiler/driver/Registration.h"
#include "compiler/sharding/RepeatedOps.h"
#include "dialects/nn/Types.h"

#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace tpc;

namespace {

class Recomputation : public testing::Test {
protected:
  Recomputation() {
    static bool registered = (registerPasses(), true);
    (void)registered;
    DialectRegistry registry;
    registerDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  OwningOpRef<ModuleOp> grad(const std::string &model) {
    auto module = parseSourceFile<ModuleOp>(std::string(TPC_MODELS) + "/" + model, &context);
    PassManager manager(&context);
    EXPECT_TRUE(module);
    EXPECT_TRUE(succeeded(
        parsePassPipeline("tpc-bind-dims,tpc-unroll-layers,tpc-flatten-scopes,tpc-resolve-reads,"
                          "tpc-expand-composites,tpc-build-training",
                          manager)));
    EXPECT_TRUE(succeeded(manager.run(*module)));
    return module;
  }

  MLIRContext context;
};

class EveryModel : public Recomputation,
                   public testing::WithParamInterface<std::tuple<const char *, RecomputeMode>> {};

TEST_P(EveryModel, WithoutItsRepetitionsTheTrainingIsWhatItWas) {
  auto [model, mode] = GetParam();
  OwningOpRef<ModuleOp> module = grad(model);
  std::string before = textOf(*module);
  for (auto entry : module->getOps<nn::EntryOp>()) {
    EXPECT_TRUE(findRepeatedOps(entry).empty());
    RecomputeReport report = recompute(entry, mode);
    if (entry.getSymName() != "train") {
      EXPECT_EQ(report.clonedOps, 0) << "an entry without a backward pass";
      continue;
    }
    EXPECT_GT(report.clonedOps, 0);
    EXPECT_LT(report.keptBytes, report.keptBytesBefore);
    llvm::DenseMap<Operation *, Operation *> repeated = findRepeatedOps(entry);
    EXPECT_GE(static_cast<int64_t>(repeated.size()), report.clonedOps); // views are not counted
    for (auto [again, first] : repeated)
      again->replaceAllUsesWith(first);
    removeDeadOps(entry.getBody().front());
  }
  EXPECT_EQ(textOf(*module), before);
}

TEST_P(EveryModel, RepetitionsArePartOfTheBackwardPass) {
  auto [model, mode] = GetParam();
  OwningOpRef<ModuleOp> module = grad(model);
  auto entry = cast<nn::EntryOp>(SymbolTable::lookupSymbolIn(*module, "train"));
  recompute(entry, mode);
  bool isBackward = false;
  for (Operation &op : entry.getBody().front().without_terminator()) {
    StringRef phase = op.getAttrOfType<StringAttr>(nn::kPhaseAttr).getValue();
    isBackward |= phase == "backward";
    EXPECT_FALSE(isBackward && phase == "forward") << op.getName().getStringRef().str();
  }
}

/// A gated MLP multiplies by silu(gate), whose gradient is taken at the gate.
TEST_F(Recomputation, WithoutItOnlyTheActivationOfAGateIsComputedAgain) {
  OwningOpRef<ModuleOp> module = grad("llama3.2-1b.mlir");
  auto entry = cast<nn::EntryOp>(SymbolTable::lookupSymbolIn(*module, "train"));
  constexpr int layers = 16;
  RecomputeReport report = recompute(entry, RecomputeMode::None);
  EXPECT_EQ(report.clonedOps, layers);
  EXPECT_EQ(report.keptValuesBefore - report.keptValues, layers);
  auto [again, first] = *findRepeatedOps(entry).begin();
  EXPECT_TRUE(isa<nn::SiluOp>(again));
  EXPECT_EQ(report.keptBytesBefore - report.keptBytes, layers * nn::bytesOf(again->getResult(0)));
}

/// What products of the backward pass read must be in memory, and gelu's result is such a value.
TEST_F(Recomputation, WithoutItWhatProductsReadIsKept) {
  OwningOpRef<ModuleOp> module = grad("gpt2-124m.mlir");
  std::string before = textOf(*module);
  for (auto entry : module->getOps<nn::EntryOp>())
    EXPECT_EQ(recompute(entry, RecomputeMode::None).clonedOps, 0);
  EXPECT_EQ(textOf(*module), before);
}

/// Layers are equal, so each keeps as much: with full recomputation, what enters it.
TEST_F(Recomputation, FullKeepsOneValuePerLayer) {
  auto keptWith = [&](const char *model) {
    OwningOpRef<ModuleOp> module = grad(model);
    auto entry = cast<nn::EntryOp>(SymbolTable::lookupSymbolIn(*module, "train"));
    return recompute(entry, RecomputeMode::Full);
  };
  RecomputeReport two = keptWith("gpt-2l.mlir"), twelve = keptWith("gpt2-124m.mlir");
  EXPECT_EQ(twelve.keptValues - two.keptValues, 10);
}

INSTANTIATE_TEST_SUITE_P(Models, EveryModel,
                         testing::Combine(testing::Values("gpt-2l.mlir", "gpt2-124m.mlir"),
                                          testing::Values(RecomputeMode::Selective,
                                                          RecomputeMode::Full)),
                         [](const auto &info) {
                           return std::string(std::get<0>(info.param)[3] == '2' ? "Gpt124m"
                                                                                : "Gpt2l") +
                                  name(std::get<1>(info.param)).str();
                         });

} // namespace
