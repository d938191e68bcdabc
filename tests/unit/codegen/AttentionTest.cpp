//===- AttentionTest.cpp - Generated attention against its definition ----------------------===//
//
// The PTX is executed on the host, which also finds races and accesses outside of tensors.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/codegen/gpu/Attention.h"
#include "compiler/codegen/NativeCode.h"
#include "compiler/codegen/gpu/AttentionTiling.h"
#include "compiler/codegen/gpu/Ptx.h"
#include "tests/conformance/device/AttentionReference.h"
#include "tests/fake_gpu/PtxModule.h"
#include "tests/unit/codegen/PtxReport.h"

#include "mlir/IR/MLIRContext.h"
#include "tests/unit/support/Temporary.h"

#include <cstdio>
#include <map>
#include <set>
#include <tuple>

namespace tpc::codegen {
namespace {

/// The kernels of one direction.
struct Generated {
  GeneratedKernel kernel;
  std::string ptx;

  Generated(const AttentionShape &shape, bool backward) {
    mlir::MLIRContext context;
    GeneratedImage image;
    auto kernels = gpu::addAttention({{{shape, backward}}}, context, image);
    if (!kernels) {
      ADD_FAILURE() << llvm::toString(kernels.takeError());
      return;
    }
    kernel = std::move(kernels->front());
    ptx.assign(image.image.begin(), image.image.end() - 1);
  }
};

/// Operands of both directions, and results.
struct Attention {
  AttentionShape shape;
  Tensor q, k, v, o, lse, dOut, dq, dk, dv;
  std::vector<uint8_t> workspace;

  explicit Attention(const AttentionShape &s) : shape(s) {
    DType statistics = s.dtype == DType::F64 ? DType::F64 : DType::F32;
    int64_t queries = s.batch * s.queryLength * s.heads * s.size;
    int64_t keys = s.batch * s.keyLength * s.kvHeads * s.size;
    q = Tensor::random(s.dtype, queries, 1);
    k = Tensor::random(s.dtype, keys, 2);
    v = Tensor::random(s.dtype, keys, 3);
    dOut = Tensor::random(s.dtype, queries, 4);
    o = dq = Tensor(s.dtype, queries);
    dk = dv = Tensor(s.dtype, keys);
    lse = Tensor(statistics, s.batch * s.heads * s.queryLength);
  }

  void run(uint64_t blockOrder = 0) {
    run(/*backward=*/false, blockOrder);
    run(/*backward=*/true, blockOrder);
  }

  std::vector<std::vector<uint8_t>> results() const {
    return {o.bytes(), lse.bytes(), dq.bytes(), dk.bytes(), dv.bytes()};
  }

private:
  void run(bool backward, uint64_t blockOrder) {
    Generated generated(shape, backward);
    Result<fake_gpu::PtxModule> module = fake_gpu::PtxModule::parse(generated.ptx);
    ASSERT_TRUE(module.ok()) << module.status().message();
    // Nothing may depend on what was in the workspace.
    workspace.assign(generated.kernel.workspaceBytes, 0xFF);
    std::vector<std::pair<void *, size_t>> operands;
    auto add = [&](Tensor &tensor) { operands.push_back({tensor.data(), tensor.bytes().size()}); };
    for (Tensor *tensor : {&q, &k, &v, &o, &lse})
      add(*tensor);
    if (backward)
      for (Tensor *tensor : {&dOut, &dq, &dk, &dv})
        add(*tensor);
    operands.push_back({workspace.data(), workspace.size()});
    for (const GeneratedFunction &function : generated.kernel.functions) {
      fake_gpu::MemoryMap memory;
      std::vector<void *> parameters;
      for (auto [i, operand] : llvm::enumerate(operands)) {
        memory.add(operand.first, operand.second, "operand " + std::to_string(i),
                   function.operands[i].isWritten);
        parameters.push_back(&operands[i].first);
      }
      fake_gpu::LaunchShape launch;
      launch.grid[0] = static_cast<uint32_t>(function.tiles);
      launch.block[0] = function.threads;
      launch.sharedBytes = function.sharedBytes;
      fake_gpu::LaunchOptions options;
      options.blockOrder = blockOrder;
      Result<fake_gpu::Statistics> statistics =
          module->launch(function.name, launch, parameters.data(), memory, options);
      ASSERT_TRUE(statistics.ok()) << function.name << ": " << statistics.status().message();
      EXPECT_TRUE(shape.dtype == DType::BF16 || statistics->approximate == 0) << function.name;
    }
  }
};

void check(const AttentionShape &shape) {
  SCOPED_TRACE(testing::Message() << "batch " << shape.batch << " queries " << shape.queryLength
                                  << " keys " << shape.keyLength << " heads " << shape.heads << "/"
                                  << shape.kvHeads << " size " << shape.size << " causal "
                                  << shape.causal);
  Attention run(shape);
  run.run();
  AttentionReference reference(shape, run.q, run.k, run.v, run.dOut);
  // bf16: weights and their gradients are rounded to bf16 between two products, and the backward
  // reads the rounded o.
  double tolerance = shape.dtype == DType::F64 ? 1e-13 : shape.dtype == DType::F32 ? 2e-5 : 2e-2;
  expectNear(run.o, reference.o, tolerance, "o");
  expectNear(run.lse, reference.lse, shape.dtype == DType::F64 ? 1e-14 : 2e-6, "lse");
  expectNear(run.dq, reference.dq, tolerance, "dq");
  expectNear(run.dk, reference.dk, tolerance, "dk");
  expectNear(run.dv, reference.dv, tolerance, "dv");
}

class GpuAttention : public testing::TestWithParam<DType> {};

TEST_P(GpuAttention, LengthsAroundTheTiles) {
  for (bool causal : {false, true})
    for (int64_t length : {1, 16, 31, 33, 64, 127, 130})
      check(shapeOf(1, length, length, 1, 1, 16, causal, GetParam()));
}

TEST_P(GpuAttention, HeadSizes) {
  for (int64_t size : {1, 3, 8, 13, 20, 64, 96, 128})
    check(shapeOf(1, 37, 37, 2, 1, size, true, GetParam()));
}

TEST_P(GpuAttention, LargestHeads) { check(shapeOf(1, 20, 70, 1, 1, 256, true, GetParam())); }

TEST_P(GpuAttention, HeadsThatNeedSmallerBlocks) {
  // Fewer rows, then fewer columns, then fewer threads, down to a warp.
  std::vector<int64_t> sizes = GetParam() == DType::F64   ? std::vector<int64_t>{320, 500, 792}
                               : GetParam() == DType::F32 ? std::vector<int64_t>{352, 900, 1600}
                                                          : std::vector<int64_t>{640, 1160, 1790};
  for (int64_t size : sizes) {
    ASSERT_LE(size, gpu::largestHead(GetParam()));
    check(shapeOf(1, 20, 37, 2, 1, size, true, GetParam()));
  }
}

TEST_P(GpuAttention, GroupedHeads) {
  for (int64_t kvHeads : {1, 2, 6})
    check(shapeOf(2, 50, 50, 6, kvHeads, 24, kvHeads != 2, GetParam()));
}

TEST_P(GpuAttention, MoreKeysThanQueries) {
  for (bool causal : {false, true}) {
    check(shapeOf(1, 1, 130, 2, 1, 32, causal, GetParam()));
    check(shapeOf(2, 50, 140, 2, 2, 8, causal, GetParam()));
  }
}

TEST_P(GpuAttention, QueriesThatSeeNoKey) {
  check(shapeOf(1, 100, 30, 2, 2, 8, true, GetParam()));
  check(shapeOf(1, 150, 10, 1, 1, 16, true, GetParam()));
}

TEST_P(GpuAttention, SameBitsInAnyOrderOfBlocks) {
  AttentionShape shape = shapeOf(2, 150, 170, 4, 2, 40, true, GetParam());
  Attention first(shape), second(shape);
  first.run();
  second.run(/*blockOrder=*/7);
  EXPECT_EQ(first.results(), second.results());
}

TEST_P(GpuAttention, LargeScoresDoNotOverflow) {
  AttentionShape shape = shapeOf(1, 60, 60, 1, 1, 16, true, GetParam());
  shape.scale = 300;
  Attention run(shape);
  run.run();
  AttentionReference reference(shape, run.q, run.k, run.v, run.dOut);
  for (const Tensor *tensor : {&run.o, &run.dq, &run.dk, &run.dv})
    for (int64_t i = 0; i < tensor->size(); ++i)
      ASSERT_TRUE(std::isfinite(tensor->get(i)));
  if (GetParam() == DType::F64)
    expectNear(run.o, reference.o, 1e-9, "o");
}

TEST_P(GpuAttention, NanStaysVisible) {
  Attention run(shapeOf(1, 60, 60, 1, 1, 16, true, GetParam()));
  run.k.set(20 * 16, std::nan(""));
  run.run();
  EXPECT_TRUE(std::isfinite(run.o.get(19 * 16)));
  EXPECT_TRUE(std::isnan(run.o.get(20 * 16)));
  EXPECT_TRUE(std::isnan(run.o.get(59 * 16)));
}

INSTANTIATE_TEST_SUITE_P(Types, GpuAttention, testing::Values(DType::F32, DType::F64, DType::BF16),
                         dtypeName);

TEST(GpuAttentionImage, HoldsEqualShapesOnceBesideOtherKernels) {
  AttentionShape shape = shapeOf(1, 8, 8, 2, 1, 16, true, DType::F32), other = shape;
  other.causal = false;
  GeneratedImage image;
  const std::string before = ".version 8.0\n.target sm_90\n.address_size 64\n"
                             ".visible .entry k0() { ret; }\n";
  image.image.assign(before.c_str(), before.c_str() + before.size() + 1);
  mlir::MLIRContext context;
  std::vector<gpu::AttentionRequest> requests{
      {shape, false}, {shape, true}, {shape, false}, {other, false}};
  auto kernels = gpu::addAttention(requests, context, image);
  ASSERT_TRUE(static_cast<bool>(kernels)) << llvm::toString(kernels.takeError());
  ASSERT_EQ(kernels->size(), requests.size());
  EXPECT_EQ((*kernels)[0].functions[0].name, (*kernels)[2].functions[0].name);
  EXPECT_EQ(image.image.back(), 0);
  std::string text(image.image.begin(), image.image.end() - 1);
  Result<fake_gpu::PtxModule> module = fake_gpu::PtxModule::parse(text);
  ASSERT_TRUE(module.ok()) << module.status().message();
  EXPECT_EQ(module->functions().size(), 1u + 1 + 3 + 1);
  EXPECT_NE(module->find("k0"), nullptr);
  for (const GeneratedKernel &kernel : *kernels)
    for (const GeneratedFunction &function : kernel.functions) {
      const fake_gpu::FunctionInfo *info = module->find(function.name);
      ASSERT_NE(info, nullptr) << function.name;
      EXPECT_EQ(info->maximalThreads, function.threads);
      EXPECT_EQ(info->parameterSizes.size(), function.operands.size());
    }
}

TEST(GpuAttentionTiling, HeadsHaveALargestSize) {
  // As docs/attention.md says.
  const std::map<DType, int64_t> largest = {
      {DType::BF16, 1792}, {DType::F32, 1600}, {DType::F64, 800}};
  for (auto [dtype, size] : largest) {
    EXPECT_EQ(gpu::largestHead(dtype), size);
    for (int64_t each = 1; each <= size; ++each) {
      AttentionShape shape = shapeOf(1, 64, 64, 1, 1, each, true, dtype);
      for (gpu::AttentionPass pass : {gpu::AttentionPass::Forward, gpu::AttentionPass::KeyGradient,
                                      gpu::AttentionPass::QueryGradient}) {
        gpu::AttentionTiling tiling(shape, pass);
        ASSERT_TRUE(tiling.fits()) << each;
        ASSERT_LE(tiling.sharedBytes(), 227 << 10) << each;
      }
    }
  }
}

TEST(GpuAttentionTiling, SmallHeadsKeepTheirBlocks) {
  auto tilesOf = [](DType dtype, int64_t size, gpu::AttentionPass pass) {
    gpu::AttentionTiling tiling(shapeOf(1, 256, 256, 2, 1, size, true, dtype), pass);
    return std::tuple(tiling.rows, tiling.columns, int64_t(tiling.threads), tiling.stages);
  };
  using Tiles = std::tuple<int64_t, int64_t, int64_t, int64_t>;
  auto forward = gpu::AttentionPass::Forward, keys = gpu::AttentionPass::KeyGradient;
  EXPECT_EQ(tilesOf(DType::F32, 64, forward), Tiles(64, 64, 128, 2));
  EXPECT_EQ(tilesOf(DType::F32, 128, keys), Tiles(64, 32, 256, 2));
  EXPECT_EQ(tilesOf(DType::F32, 256, keys), Tiles(64, 16, 256, 2));
  EXPECT_EQ(tilesOf(DType::F32, 336, keys), Tiles(64, 16, 256, 1));
  EXPECT_EQ(tilesOf(DType::BF16, 128, forward), Tiles(128, 64, 256, 2));
  EXPECT_EQ(tilesOf(DType::BF16, 128, keys), Tiles(64, 32, 128, 2));
  EXPECT_EQ(tilesOf(DType::F64, 64, keys), Tiles(32, 32, 256, 2));
}

//===--- the assembler ---===//

/// Of every function that ptxas assembles.
struct Assembled {
  std::string function;
  int registers = 0, spilled = 0;
};

std::vector<Assembled> assemble(const std::string &ptxas, const std::string &ptx) {
  test::TemporaryFile file({reinterpret_cast<const uint8_t *>(ptx.data()), ptx.size()});
  std::string command = ptxas + " -arch=sm_90 -v " + file.path() + " -o /dev/null 2>&1";
  FILE *output = popen(command.c_str(), "r");
  std::vector<Assembled> functions;
  char line[512];
  while (std::fgets(line, sizeof line, output)) {
    char name[128];
    int stores, number;
    if (std::sscanf(line, "ptxas info    : Compiling entry function '%127[^']", name) == 1)
      functions.push_back({name});
    else if (std::sscanf(line, " %*d bytes stack frame, %d bytes spill stores", &stores) == 1)
      functions.back().spilled = stores;
    else if (std::sscanf(line, "ptxas info    : Used %d registers", &number) == 1)
      functions.back().registers = number;
  }
  EXPECT_EQ(pclose(output), 0) << command;
  return functions;
}

/// Attention of the models of models/.
struct ModelHeads {
  const char *model;
  int64_t heads, kvHeads, size, length;
};
constexpr ModelHeads kModels[] = {{"gpt-2l", 8, 8, 32, 7},          {"byte-gpt", 4, 4, 64, 128},
                                  {"llama-mini", 9, 3, 64, 64},     {"gpt2-124m", 12, 12, 64, 1024},
                                  {"llama3.2-1b", 32, 8, 64, 2048}, {"llama3-8b", 32, 8, 128, 8192},
                                  {"gpt3-175b", 96, 96, 128, 2048}};

/// What a rank has of a model's heads. Heads are padded inside of groups, kv heads that do not
/// divide by whole groups or by replication: either way the size of groups changes little else than
/// the number of blocks.
AttentionShape ofRank(const ModelHeads &model, int64_t tp, DType dtype) {
  int64_t group = model.heads / model.kvHeads, kvHeads = (model.kvHeads + tp - 1) / tp;
  if (model.kvHeads < tp)
    group = (model.heads + tp - 1) / tp;
  return shapeOf(1, model.length, model.length, kvHeads * group, kvHeads, model.size, true, dtype);
}

TEST(GpuAttentionAssembler, SpillsNothingForTheModels) {
  std::optional<std::string> ptxas = findPtxas();
  if (!ptxas)
    GTEST_SKIP() << "no ptxas was found";
  std::printf("%-10s %3s %-5s %-25s %7s %7s %9s\n", "model", "tp", "type", "function", "threads",
              "shared", "registers");
  // The number of kv heads only changes the number of blocks.
  std::set<std::vector<int64_t>> seen;
  for (const ModelHeads &model : kModels)
    for (int64_t tp : {1, 2, 4, 8})
      for (DType dtype : {DType::F32, DType::BF16}) {
        AttentionShape shape = ofRank(model, tp, dtype);
        if (!seen.insert({shape.heads / shape.kvHeads, shape.size, shape.queryLength % 128 != 0,
                          static_cast<int64_t>(dtype)})
                 .second)
          continue;
        for (bool backward : {false, true}) {
          Generated generated(shape, backward);
          std::vector<Assembled> all = assemble(*ptxas, generated.ptx);
          ASSERT_EQ(all.size(), generated.kernel.functions.size());
          for (const GeneratedFunction &function : generated.kernel.functions) {
            auto of =
                llvm::find_if(all, [&](const Assembled &a) { return a.function == function.name; });
            ASSERT_NE(of, all.end()) << function.name;
            EXPECT_EQ(of->spilled, 0) << model.model << " " << function.name;
            std::printf("%-10s %3d %-5s %-25s %7u %7u %9d\n", model.model, static_cast<int>(tp),
                        dtype == DType::F32 ? "f32" : "bf16", function.name.c_str(),
                        function.threads, function.sharedBytes, of->registers);
          }
        }
      }
}

} // namespace
} // namespace tpc::codegen
