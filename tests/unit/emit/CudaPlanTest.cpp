//===- CudaPlanTest.cpp - Plans for a GPU, without one -------------------------------------===//
//
// Every model at every tp becomes a plan that passes a loader's checks; what is special about a
// plan for cuda is there; and the checks see every wait that is left out.
//
//===---------------------------------------------------------------------------------------===//

#include "compiler/driver/Driver.h"
#include "tests/unit/emit/CompiledPlans.h"
#include "tests/unit/support/Temporary.h"

#include <gtest/gtest.h>
#include <regex>
#include <set>

using namespace tpc;
using namespace tpc::test;

namespace {

/// The plan for cuda of a model of two layers at most, by the real sizes of a layer.
std::unique_ptr<plan::PlanT> compile(const std::string &model, std::vector<std::string> options) {
  TemporaryFolder folder;
  std::string file = folder.path(model + ".mlir"), output = folder.path(model + ".plan");
  std::vector<uint8_t> text = readFile(kModels / (model + ".mlir"));
  std::ofstream(file) << std::regex_replace(std::string(text.begin(), text.end()),
                                            std::regex("(@[a-z]+) count [0-9]+"), "$1 count 2");
  options.insert(options.begin(), {file, "--target", "cuda", "-o", output});
  if (compileMain(options) != 0)
    return nullptr;
  std::vector<uint8_t> bytes = readFile(output);
  return std::unique_ptr<plan::PlanT>(plan::GetPlan(bytes.data())->UnPack());
}

bool passes(plan::PlanT &plan) { return PlanFile::fromBytes(sealPlan(plan)).ok(); }

std::set<uint32_t> valuesOf(const plan::InstructionT &instruction, bool written) {
  std::set<uint32_t> values;
  for (const auto &slice : instruction.operands)
    if (slice->access == plan::Access::read_write)
      values.insert(written ? slice->written_value : slice->value);
    else if ((slice->access == plan::Access::write) == written)
      values.insert(slice->value);
  return values;
}

struct Case {
  const char *model;
  int tp;
};

class EveryModel : public testing::TestWithParam<Case> {};

TEST_P(EveryModel, BecomesAPlan) {
  auto [model, tp] = GetParam();
  auto plan = compile(model, {"--tp", std::to_string(tp), "--precision", "bf16"});
  ASSERT_TRUE(plan);
  EXPECT_TRUE(passes(*plan));
  EXPECT_EQ(plan->target, "cuda");
  ASSERT_EQ(plan->images.size(), 1u);
  EXPECT_EQ(plan->images[0]->target, "nvptx64");
  EXPECT_EQ(plan->images[0]->level, "sm_90");
  std::string code(plan->images[0]->image.begin(), plan->images[0]->image.end());
  auto isThere = [&](const plan::KernelLaunchT &launch) {
    return launch.threads > 0 && code.find(".entry " + launch.function + "(") != std::string::npos;
  };
  unsigned reductions = 0;
  for (const auto &entry : plan->entries)
    for (const auto &instruction : entry->instructions) {
      if (const auto *launch = instruction->body.AsKernelLaunch()) {
        EXPECT_TRUE(isThere(*launch)) << instruction->name;
      }
      if (const auto *attention = instruction->body.AsAttention()) {
        EXPECT_FALSE(attention->kernels.empty());
        EXPECT_GT(attention->workspace_bytes, 0u);
        for (const auto &launch : attention->kernels)
          EXPECT_TRUE(isThere(*launch)) << instruction->name;
      }
      const auto *collective = instruction->body.AsCollective();
      EXPECT_EQ(instruction->stream, collective ? 1 : 0);
      if (!collective)
        continue;
      bool reduces = collective->kind != plan::CollectiveKind::all_gather;
      for (const auto &tensor : collective->tensors) {
        ASSERT_EQ(tensor->kernel != nullptr, reduces);
        EXPECT_TRUE(!reduces || isThere(*tensor->kernel));
        reductions += reduces;
      }
    }
  EXPECT_EQ(reductions > 0, tp > 1);
}

std::vector<Case> everyCase() {
  std::vector<Case> cases;
  for (const char *model :
       {"mlp", "gpt-2l", "byte-gpt", "gpt2-124m", "llama-mini", "llama3-8b", "gpt3-175b"})
    for (int tp : {1, 2, 4, 8})
      cases.push_back({model, tp});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Models, EveryModel, testing::ValuesIn(everyCase()), [](const auto &info) {
  return std::regex_replace(info.param.model, std::regex("-"), "_") + "_tp" +
         std::to_string(info.param.tp);
});

TEST(CudaPlan, EveryWaitIsNeeded) {
  auto plan = compile("gpt-2l", {"--tp", "2"});
  ASSERT_TRUE(plan && passes(*plan));
  unsigned dropped = 0;
  for (auto &entry : plan->entries)
    for (auto &instruction : entry->instructions)
      for (size_t i = 0; i < instruction->waits.size(); ++i) {
        std::vector<uint32_t> all = instruction->waits;
        instruction->waits.erase(instruction->waits.begin() + i);
        EXPECT_FALSE(passes(*plan)) << instruction->name;
        instruction->waits = std::move(all);
        ++dropped;
      }
  EXPECT_GT(dropped, 20u);
}

TEST(CudaPlan, ACollectiveOnTheOtherStreamNeedsItsWaits) {
  auto plan = compile("gpt-2l", {"--tp", "2"});
  ASSERT_TRUE(plan);
  for (auto &entry : plan->entries)
    for (auto &instruction : entry->instructions)
      if (instruction->stream == 0 && instruction->waits.empty()) {
        // Beside the collectives nothing orders it.
        instruction->stream = 2;
        EXPECT_FALSE(passes(*plan)) << instruction->name;
        instruction->stream = 0;
      }
}

TEST(CudaPlan, MemoryCostsNoWait) {
  for (const char *precision : {"f32", "bf16"})
    for (const char *sequence : {"off", "on"}) {
      auto plan = compile("gpt-2l",
                          {"--tp", "2", "--precision", precision, "--sequence-parallel", sequence});
      ASSERT_TRUE(plan);
      for (const auto &entry : plan->entries)
        for (const auto &instruction : entry->instructions)
          for (uint32_t wait : instruction->waits) {
            // It reads what it waits for.
            std::set<uint32_t> read = valuesOf(*instruction, false);
            bool needs = false;
            for (uint32_t value : valuesOf(*entry->instructions[wait], true))
              needs |= read.count(value) != 0;
            EXPECT_TRUE(needs) << instruction->name << " waits for "
                               << entry->instructions[wait]->name;
          }
    }
}

TEST(CudaPlan, WeightGradientsRunBesideCollectives) {
  auto plan = compile("gpt2-124m", {"--tp", "2", "--precision", "bf16"});
  ASSERT_TRUE(plan);
  for (const auto &entry : plan->entries) {
    if (entry->name != "train")
      continue;
    // Of each reduction in the backward pass of a layer: products that stand between it and the
    // first instruction that waits for it.
    unsigned reductions = 0;
    for (size_t i = 0; i < entry->instructions.size(); ++i) {
      const plan::InstructionT &collective = *entry->instructions[i];
      bool isOfLayer = collective.stream == 1 && collective.phase == plan::Phase::backward &&
                       collective.scope.rfind("h.", 0) == 0;
      if (!isOfLayer)
        continue;
      ++reductions;
      unsigned products = 0;
      for (size_t j = i + 1; j < entry->instructions.size(); ++j) {
        const plan::InstructionT &other = *entry->instructions[j];
        if (other.stream == 0 && !other.waits.empty() && other.waits.back() >= i)
          break;
        products += other.body.AsGemm() != nullptr;
      }
      EXPECT_GE(products, 2u) << collective.why;
    }
    EXPECT_EQ(reductions, 4u);
  }
}

TEST(CudaPlan, ScratchIsOneBufferOfAFixedSize) {
  auto plan = compile("gpt-2l", {"--tp", "2"});
  ASSERT_TRUE(plan);
  std::set<uint32_t> buffers;
  for (const auto &entry : plan->entries)
    for (const auto &instruction : entry->instructions)
      if (const auto *gemm = instruction->body.AsGemm()) {
        EXPECT_EQ(gemm->workspace_bytes, 32u << 20);
        buffers.insert(instruction->operands.back()->buffer);
      }
  EXPECT_EQ(buffers.size(), 1u);
}

/// Of layers of two: products that add a bias, in the entry that trains.
unsigned biasedProducts(const std::string &precision, const std::string &tp) {
  auto plan = compile("gpt2-124m", {"--tp", tp, "--precision", precision});
  if (!plan)
    return ~0u;
  unsigned biased = 0;
  for (const auto &entry : plan->entries)
    for (const auto &instruction : entry->instructions)
      if (const auto *gemm = instruction->body.AsGemm(); gemm && entry->name == "train") {
        biased += gemm->bias;
        EXPECT_EQ(instruction->operands.size(), gemm->bias ? 5u : 4u);
        EXPECT_EQ(gemm->bias, instruction->name.find("+bias") != std::string::npos);
      }
  return biased;
}

TEST(CudaPlan, ProductsAddTheirBiases) {
  // q, k, v and fc of each layer; what a residual is added to saves nothing.
  EXPECT_EQ(biasedProducts("f32", "1"), 8u);
  EXPECT_EQ(biasedProducts("f32", "2"), 8u);
  // Attention reads q, k and v rounded, by a kernel that may as well add the bias.
  EXPECT_EQ(biasedProducts("tf32", "1"), 2u);
  // Whatever reads them reads half the bytes; at tp 2 the others are partial.
  EXPECT_EQ(biasedProducts("bf16", "1"), 12u);
  EXPECT_EQ(biasedProducts("bf16", "2"), 8u);
  EXPECT_EQ(biasedProducts("f64", "1"), 0u) << "the library has none";
}

TEST(CudaPlan, EveryPrecision) {
  for (const char *precision : {"f32", "tf32", "bf16", "f64"})
    for (const char *tp : {"1", "2"}) {
      auto plan = compile("mlp", {"--tp", tp, "--precision", precision});
      ASSERT_TRUE(plan) << precision;
      EXPECT_TRUE(passes(*plan)) << precision;
    }
}

TEST(CudaPlan, SaysWhatItsModelComputes) {
  // 6 N + 6 L h T operations a token: two layers of 12 h^2 weights, and the tied embedding as the
  // head. Ranks, pads of the vocabulary and recomputation change nothing.
  constexpr int64_t h = 768, layers = 2, batch = 2, length = 64;
  constexpr int64_t weights = layers * 12 * h * h + 50257 * h;
  constexpr int64_t expected = batch * length * (6 * weights + 6 * layers * h * length);
  for (std::vector<std::string> options :
       {std::vector<std::string>{"--tp", "1"},
        {"--tp", "4", "--sequence-parallel", "on"},
        {"--dp", "2", "--recompute", "full", "--precision", "bf16"}}) {
    options.insert(options.end(), {"--dim", "B=2", "--dim", "T=64"});
    auto plan = compile("gpt2-124m", options);
    ASSERT_TRUE(plan);
    ASSERT_TRUE(plan->hardware);
    EXPECT_EQ(plan->hardware->name.substr(0, 5), "h200-");
    EXPECT_GT(plan->hardware->gemm_flops_per_second, 1e13);
    for (const auto &entry : plan->entries)
      EXPECT_EQ(entry->model_flops, entry->name == "train" ? expected : expected / 3)
          << entry->name;
  }
}

TEST(CudaPlan, IsAPureFunction) {
  auto once = compile("gpt-2l", {"--tp", "4", "--precision", "bf16"});
  auto again = compile("gpt-2l", {"--tp", "4", "--precision", "bf16"});
  ASSERT_TRUE(once && again);
  EXPECT_TRUE(sealPlan(*once) == sealPlan(*again));
}

TEST(CudaPlan, TheVocabularyIsPadded) {
  auto plan = compile("gpt2-124m", {"--tp", "1", "--precision", "bf16"});
  ASSERT_TRUE(plan);
  bool found = false;
  for (const auto &buffer : plan->buffers)
    if (buffer->name == "wte") {
      found = true;
      EXPECT_EQ(buffer->global_shape, (std::vector<int64_t>{50257, 768}));
      EXPECT_EQ(buffer->local_shape, (std::vector<int64_t>{50304, 768}));
    }
  EXPECT_TRUE(found);
  // All leading dimensions of products are whole pieces of 16 bytes.
  for (const auto &entry : plan->entries)
    for (const auto &instruction : entry->instructions)
      if (const auto *gemm = instruction->body.AsGemm()) {
        for (int64_t lead : {gemm->lda, gemm->ldb, gemm->ldc})
          EXPECT_EQ(lead % 8, 0) << instruction->name;
      }
}

} // namespace
