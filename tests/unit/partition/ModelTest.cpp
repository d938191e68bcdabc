//===- ModelTest.cpp - The models, solved, proved and mutated ------------------------------===//
//
// The whole way from a model to its local programs, on two ranks and on a 2 x 2 mesh, and of some
// on the meshes that differ most: padded, and with the sequence split. All mutants are
// tried, but for the longest model's. Of the largest models two layers are taken: all others are
// equal to them, and more would add no kind of mutant.
//
//===---------------------------------------------------------------------------------------===//
#include "Mutate.h"
#include "SolvedModel.h"

#include "dialects/nn/NN.h"

#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

#include <iostream>

using namespace mlir;

namespace tpc {
namespace {

struct Case {
  const char *name, *model, *dims, *options;
  unsigned replaceEvery = 1; ///< of replacements, see mutate
  unsigned layers = 0;       ///< this many instead of all; 0: all
};
void PrintTo(const Case &run, std::ostream *stream) {
  *stream << run.model << " with " << run.dims << " and " << run.options;
}

class ModelTest : public testing::TestWithParam<Case> {
protected:
  ModelTest() { prepareContext(context); }

  MLIRContext context;
};

TEST_P(ModelTest, IsProvedAndItsMutantsAreNot) {
  auto model = parseSourceFile<ModuleOp>(std::string(TPC_MODELS "/") + GetParam().model, &context);
  ASSERT_TRUE(model);
  if (GetParam().layers)
    for (nn::LayersOp layers : model->getOps<nn::LayersOp>())
      layers.setCount(GetParam().layers);
  FailureOr<SolvedModel> solved = solveModel(std::move(model), GetParam().dims, GetParam().options);
  ASSERT_TRUE(succeeded(solved));

  MutationReport report =
      mutate(*solved->sharded, *solved->local, /*wholeEvery=*/2003, GetParam().replaceEvery);
  EXPECT_TRUE(report.survivors.empty());
  EXPECT_TRUE(report.complaints.empty());
  std::cout << report.str();
}

// Only a long sequence is worth splitting; one of 63 is padded on two ranks.
const Case kCases[] = {
    {"mlp_2", "mlp.mlir", "B=8", "tp=2"},
    {"mlp_2x2", "mlp.mlir", "B=8", "tp=2 dp=2"},
    {"gpt_2l_2", "gpt-2l.mlir", "B=2,T=8", "tp=2"},
    {"gpt_2l_2x2", "gpt-2l.mlir", "B=2,T=8", "tp=2 dp=2"},
    {"gpt_2l_3", "gpt-2l.mlir", "B=2,T=8", "tp=3"},
    {"gpt_2l_sequence", "gpt-2l.mlir", "B=4,T=64", "tp=2 sequence-parallel=on"},
    {"gpt_2l_odd_sequence", "gpt-2l.mlir", "B=4,T=63", "tp=2 sequence-parallel=on"},
    {"byte_gpt_2", "byte-gpt.mlir", "B=2,T=8", "tp=2"},
    {"byte_gpt_2x2", "byte-gpt.mlir", "B=2,T=8", "tp=2 dp=2"},
    {"gpt2_124m_2", "gpt2-124m.mlir", "B=4,T=64", "tp=2"},
    {"gpt2_124m_2x2", "gpt2-124m.mlir", "B=4,T=64", "tp=2 dp=2"},
    {"llama_mini_2", "llama-mini.mlir", "B=4,T=64", "tp=2", /*replaceEvery=*/29},
    {"llama_mini_2x2", "llama-mini.mlir", "B=4,T=64", "tp=2 dp=2", /*replaceEvery=*/29},
    {"llama3_8b_2", "llama3-8b.mlir", "B=1,T=8192", "tp=2", /*replaceEvery=*/1, /*layers=*/2},
    {"llama3_8b_16", "llama3-8b.mlir", "B=1,T=8192", "tp=16", /*replaceEvery=*/1, /*layers=*/2},
    {"llama3_8b_3", "llama3-8b.mlir", "B=1,T=8192", "tp=3", /*replaceEvery=*/1, /*layers=*/2},
    {"llama3_8b_sequence", "llama3-8b.mlir", "B=1,T=8192", "tp=2 sequence-parallel=on",
     /*replaceEvery=*/1, /*layers=*/2},
    {"llama3_2_1b_2", "llama3.2-1b.mlir", "B=1,T=2048", "tp=2", /*replaceEvery=*/1, /*layers=*/2},
    {"gpt3_175b_2", "gpt3-175b.mlir", "B=1,T=2048", "tp=2", /*replaceEvery=*/1, /*layers=*/2},
};

INSTANTIATE_TEST_SUITE_P(Models, ModelTest, testing::ValuesIn(kCases),
                         [](const auto &info) { return info.param.name; });

} // namespace
} // namespace tpc
