//===- PtxasTest.cpp - The kernels of all models as an assembler sees them -----------------===//
#include "PtxReport.h"

#include "llvm/ADT/StringRef.h"

#include <gtest/gtest.h>

namespace tpc::codegen {
namespace {

class Ptxas : public testing::TestWithParam<std::tuple<const char *, const char *, const char *>> {
};

/// Of single elements: scalars, and what there is once a row (ids, statistics).
constexpr unsigned kFewLoads = 8;

bool isSecondStage(llvm::StringRef name) {
  return name.ends_with("_sum_sum") || name.ends_with("_total") || name.ends_with("_add_sum") ||
         name.ends_with("_grad_sum");
}

TEST_P(Ptxas, TakesTheKernelsWithoutSpills) {
  auto [model, precision, ranks] = GetParam();
  std::optional<std::string> ptxas = findPtxas();
  std::vector<PtxFunction> functions = reportKernels(
      {std::string(TPC_MODELS "/") + model + ".mlir", "--precision", precision, "--tp", ranks},
      ptxas);
  ASSERT_FALSE(functions.empty());
  for (const PtxFunction &function : functions) {
    SCOPED_TRACE(function.name);
    llvm::StringRef name = function.name;
    EXPECT_EQ(function.threads % 32, 0u);
    EXPECT_LE(function.sharedBytes, 48u * 1024);
    // Second stages read partial sums, scatters ids; what fits one block may be made of scalars.
    bool isExempt = isSecondStage(name) || name.contains("embedding_grad") || function.blocks == 1;
    if (!isExempt) {
      unsigned narrow = 0;
      for (auto [bytes, count] : function.loads)
        narrow += bytes < 16 ? count : 0;
      EXPECT_LE(narrow, kFewLoads) << "loads of less than 16 bytes";
    }
    if (ptxas) {
      EXPECT_GT(function.registers, 0u);
      EXPECT_EQ(function.spilledBytes, 0u);
      EXPECT_EQ(function.stackBytes, 0u);
    }
  }
  if (!ptxas)
    GTEST_SKIP() << "ptxas was not found: only accesses were checked";
}

INSTANTIATE_TEST_SUITE_P(
    Models, Ptxas,
    testing::Combine(testing::Values("mlp", "gpt-2l", "byte-gpt", "gpt2-124m", "llama-mini",
                                     "llama3.2-1b", "llama3-8b", "gpt3-175b"),
                     testing::Values("f32", "bf16"), testing::Values("1", "2")),
    [](const auto &info) {
      std::string name = std::get<0>(info.param);
      for (char &c : name)
        c = c == '-' || c == '.' ? '_' : c;
      return name + "_" + std::get<1>(info.param) + "_tp" + std::get<2>(info.param);
    });

} // namespace
} // namespace tpc::codegen
