//===- CudnnPlanTest.cpp - cuDNN takes the graphs of every model's attention ---------------===//
//
// Without a GPU: the device is described by a file (h200.json, h100.json: the
// properties that NVIDIA documents for them), and the driver is a double that takes kernels and
// launches none. Everything but the launch is real: cuDNN finds the pattern, chooses engines, says
// what workspace they need, and NVRTC compiles the kernel.
//
//===---------------------------------------------------------------------------------------===//

#include "runtime/device/cuda/AttentionGraph.h"
#include "runtime/device/cuda/CudnnAttention.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

using namespace tpc;
using namespace tpc::cuda;
using testing::HasSubstr;

namespace {

constexpr AttentionPass kPasses[] = {AttentionPass::Forward, AttentionPass::Backward,
                                     AttentionPass::DeterministicBackward};

std::string read(const std::string &path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Attention of a model at its default dims.
struct Model {
  std::string name;
  int64_t batch, length, heads, kvHeads, size;
};

/// Of all files in models/ that have attention: what its operands' types say.
std::vector<Model> models() {
  std::vector<Model> found;
  for (const auto &entry : std::filesystem::directory_iterator(TPC_MODELS)) {
    std::string text = read(entry.path());
    size_t op = text.find("nn.attention "), types = text.find(": (tensor<", op);
    if (op == std::string::npos || types == std::string::npos)
      continue;
    Model model{entry.path().stem(), 0, 0, 0, 0, 0};
    constexpr int kNumbers = 5;
    int numbers =
        std::sscanf(text.c_str() + types,
                    ": (tensor<%" SCNd64 "x%" SCNd64 "x%" SCNd64 "x%" SCNd64
                    "xf32>, tensor<%*dx%*dx%" SCNd64 "x",
                    &model.batch, &model.length, &model.heads, &model.size, &model.kvHeads);
    if (numbers != kNumbers)
      continue;
    // What GoogleTest takes for a name.
    std::erase_if(model.name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); });
    found.push_back(std::move(model));
  }
  std::ranges::sort(found, {}, &Model::name);
  return found;
}

/// GPT-2 124M with as many tokens as a GPU wants.
const Model kGpt2{"gpt2", 64, 1024, 12, 12, 64};

/// On one of `tp` ranks: groups that don't divide are padded, or replicated.
AttentionShape shapeOf(const Model &model, int64_t length, int64_t tp) {
  int64_t kvHeads = (model.kvHeads + tp - 1) / tp;
  return {model.batch, length,     length, kvHeads * (model.heads / model.kvHeads),
          kvHeads,     model.size, true,   0.125,
          DType::BF16};
}

class CudnnTest : public testing::Test {
protected:
  void SetUp() override {
    // Whoever asks for libcuda.so.1 from now on gets this one.
    driver_ = dlopen(TPC_DRIVER_DOUBLE, RTLD_NOW | RTLD_GLOBAL);
    ASSERT_NE(driver_, nullptr) << dlerror();
    Result<const CudnnApi *> api = cudnn();
    if (!api.ok())
      GTEST_SKIP() << api.status().message();
    api_ = *api;
    if (api_->version < cudnnVersion(9, 16, 0))
      GTEST_SKIP() << "this cuDNN is older than what the plans were measured with";
    describe("h200.json");
  }

  void describe(const std::string &file) {
    properties_ = std::make_unique<CudnnDescriptor>(*api_, CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR);
    std::string json = read(std::string(TPC_TEST_DATA) + "/" + file);
    properties_->setAll(CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, std::span<const char>(json));
    Status status = properties_->finalize("a description of a device");
    ASSERT_TRUE(status.ok()) << status.message();
  }
  CudnnTarget target() const { return {.properties = properties_.get()}; }

  /// The kernels that cuDNN gave to the driver since the last call, a line each.
  std::string takeKernels(int images) {
    auto take = reinterpret_cast<int (*)(char *, size_t)>(dlsym(driver_, "tpcDriverDoubleTake"));
    char names[4096];
    EXPECT_EQ(take(names, sizeof(names)), images);
    return names;
  }

  /// The best engine's workspace is planned for, and not generously. Also with a graph of the whole
  /// shape where the pass goes in parts.
  void expectPlanned(const AttentionShape &shape, AttentionPass pass) {
    AttentionLayout layout = attentionLayout(shape, pass);
    Result<CudnnDescriptor> graph =
        translateGraph(*api_, target(), attentionGraph(shape, layout.part, pass), "the graph");
    ASSERT_TRUE(graph.ok()) << graph.status().message();
    Result<std::vector<CudnnDescriptor>> engines =
        recommendEngines(*api_, target(), *graph, CUDNN_HEUR_MODE_A, "the graph");
    ASSERT_TRUE(engines.ok()) << engines.status().message();
    ASSERT_FALSE(engines->empty());
    Result<int64_t> bytes = (*engines)[0].get<int64_t>(CUDNN_ATTR_ENGINECFG_WORKSPACE_SIZE);
    ASSERT_TRUE(bytes.ok()) << bytes.status().message();
    EXPECT_LE(static_cast<size_t>(*bytes), layout.bytes - layout.library);
    EXPECT_GE(static_cast<size_t>(*bytes) + 4096, layout.bytes - layout.library);
    EXPECT_LE(layout.bytes, cudaAttentionWorkspace(shape, pass != AttentionPass::Forward));
  }

  void *driver_ = nullptr;
  const CudnnApi *api_ = nullptr;
  std::unique_ptr<CudnnDescriptor> properties_;
};

class CudnnModels : public CudnnTest, public testing::WithParamInterface<Model> {};

INSTANTIATE_TEST_SUITE_P(All, CudnnModels, testing::ValuesIn(models()),
                         [](const auto &info) { return info.param.name; });

} // namespace

TEST_P(CudnnModels, EveryShapeHasAnEngineThatFits) {
  const Model &model = GetParam();
  for (const char *device : {"h200.json", "h100.json"}) {
    describe(device);
    for (int64_t length : {model.length, int64_t(1024), int64_t(2048)})
      for (int64_t tp : {1, 2, 4, 8})
        for (AttentionPass pass : kPasses) {
          SCOPED_TRACE(std::string(device) + " length " + std::to_string(length) + " tp " +
                       std::to_string(tp) + " pass " + std::to_string(int(pass)));
          expectPlanned(shapeOf(model, length, tp), pass);
        }
  }
}

TEST_P(CudnnModels, KernelsAreCompiledAndTakenByTheDriver) {
  AttentionShape shape = shapeOf(GetParam(), GetParam().length, 1);
  for (AttentionPass pass : kPasses) {
    SCOPED_TRACE("pass " + std::to_string(int(pass)));
    size_t ceiling = cudaAttentionWorkspace(shape, pass != AttentionPass::Forward);
    Result<CudnnAttentionPlan> plan =
        CudnnAttentionPlan::make(*api_, target(), shape, pass, ceiling);
    ASSERT_TRUE(plan.ok()) << plan.status().message();
    EXPECT_LE(plan->workspaceBytes(), ceiling);
    // One flash kernel for Hopper's tensor cores.
    EXPECT_THAT(takeKernels(1),
                HasSubstr(pass == AttentionPass::Forward ? "sm90_flash_fprop_wgmma"
                                                         : "sm90_flash_bprop_wgmma"));
  }
}

TEST(CudnnModelFiles, AreFound) {
  // A change of their syntax must not empty the suite.
  std::vector<std::string> names;
  for (const Model &model : models())
    names.push_back(model.name);
  EXPECT_THAT(names, testing::IsSupersetOf({"gpt2124m", "gpt3175b", "llama38b"}));
}

TEST(CudnnBackward, IsNotAskedForWhatItGetsWrong) {
  constexpr size_t kOldest = cudnnVersion(9, 10, 2), kBeforeTails = cudnnVersion(9, 15, 0),
                   kBeforeMasks = cudnnVersion(9, 25, 1), kNewest = cudnnVersion(9, 26, 0),
                   kNever = ~size_t(0);
  struct {
    int64_t queries, keys;
    bool causal;
    size_t since; ///< the first of the versions above that is right
  } cases[] = {
      {1024, 1024, true, kOldest},    {1024, 1024, false, kOldest},
      {64, 256, true, kOldest},       {64, 64, true, kBeforeMasks},
      {192, 192, true, kBeforeMasks}, {1000, 1000, true, kBeforeMasks},
      {7, 7, false, kBeforeMasks},    {100, 300, true, kBeforeMasks},
      {64, 64, false, kNewest},       {1088, 1088, false, kNewest},
      {100, 128, false, kNever},      {100, 128, true, kNever},
      {100, 192, true, kNever},       {1, 128, false, kNever},
      {1, 97, true, kNever},
  };
  for (const auto &c : cases)
    for (size_t version : {kOldest, kBeforeTails, kBeforeMasks, kNewest}) {
      SCOPED_TRACE(std::to_string(c.queries) + " queries, " + std::to_string(c.keys) + " keys, " +
                   (c.causal ? "causal, " : "") + cudnnVersionText(version));
      AttentionShape shape{2, c.queries, c.keys, 4, 2, 64, c.causal, 0.125, DType::BF16};
      ASSERT_TRUE(cudnnMayRun(shape));
      EXPECT_EQ(backwardIsRight(shape, version), version >= c.since);
    }
}

TEST_F(CudnnTest, ManyTokens) {
  for (AttentionPass pass : kPasses)
    expectPlanned(shapeOf(kGpt2, 1024, 1), pass);
}

TEST_F(CudnnTest, MoreKeysThanQueriesAndNoMask) {
  for (bool causal : {false, true}) {
    AttentionShape shape{2, 100, 300, 6, 2, 64, causal, 0.125, DType::BF16};
    for (AttentionPass pass : kPasses)
      expectPlanned(shape, pass);
  }
}

TEST_F(CudnnTest, TooLittleWorkspaceIsUnavailable) {
  AttentionShape shape = shapeOf(kGpt2, 64, 1);
  size_t bytes = attentionLayout(shape, AttentionPass::Backward).bytes;
  Result<CudnnAttentionPlan> plan =
      CudnnAttentionPlan::make(*api_, target(), shape, AttentionPass::Backward, bytes - 1);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.status().code(), Code::Unavailable);
  EXPECT_THAT(plan.status().message(),
              HasSubstr("attention's backward pass of 64 x 64 queries and 64 keys, 12 heads on 12, "
                        "size 64, causal needs " +
                        std::to_string(bytes) + " bytes"));
}

TEST_F(CudnnTest, ASingleQueryHasNoBackwardPass) {
  // cuDNN 9.26 ends the process if it is asked.
  for (AttentionPass pass : {AttentionPass::Backward, AttentionPass::DeterministicBackward}) {
    Result<CudnnAttentionPlan> plan = CudnnAttentionPlan::make(
        *api_, target(), {1, 1, 128, 1, 1, 64, true, 0.125, DType::BF16}, pass, size_t(1) << 30);
    ASSERT_FALSE(plan.ok());
    EXPECT_EQ(plan.status().code(), Code::Unavailable);
  }
}

TEST_F(CudnnTest, PartsBeginOnSixteenBytesOrAreUnavailable) {
  // Parts of 11 of 33 samples, each of 2047 rows.
  AttentionShape odd{33, 2047, 2047, 1, 1, 64, true, 0.125, DType::BF16};
  ASSERT_EQ(attentionLayout(odd, AttentionPass::DeterministicBackward).part.batch, 11);
  Result<CudnnAttentionPlan> plan = CudnnAttentionPlan::make(
      *api_, target(), odd, AttentionPass::DeterministicBackward, size_t(1) << 34);
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.status().code(), Code::Unavailable);
  EXPECT_THAT(plan.status().message(), HasSubstr("would not begin on 16 bytes"));
}

TEST_F(CudnnTest, AnUnknownPatternIsUnavailable) {
  // Without the division by the sums this is no attention.
  OpGraph graph = attentionGraph(shapeOf(kGpt2, 64, 1), {64, 12}, AttentionPass::Forward);
  for (GraphOp &op : graph.ops)
    op.kind = op.kind == GraphOpKind::Div ? GraphOpKind::Mul : op.kind;
  Result<CudnnDescriptor> translated = translateGraph(*api_, target(), graph, "nonsense");
  ASSERT_TRUE(translated.ok()) << translated.status().message();
  Result<CudnnPlan> plan =
      makePlan(*api_, target(), *translated, {size_t(1) << 20, false}, "nonsense");
  ASSERT_FALSE(plan.ok());
  EXPECT_EQ(plan.status().code(), Code::Unavailable);
  EXPECT_THAT(plan.status().message(), HasSubstr("nonsense"));
}

TEST_F(CudnnTest, WithoutADeviceThereIsNoHandle) {
  Result<std::unique_ptr<CudnnAttention>> attention = CudnnAttention::create();
  ASSERT_FALSE(attention.ok());
  EXPECT_EQ(attention.status().code(), Code::Unavailable);
  EXPECT_THAT(attention.status().message(), HasSubstr("could not start on this device"));
}
