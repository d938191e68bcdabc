//===- CudaFixture.cpp - GPUs for tests, and plans by hand for them ---------------------------===//
#include "CudaFixture.h"

using namespace tpc;
using namespace tpc::test;

std::shared_ptr<CudaBackend> tpc::test::openGpu(CudaOptions options) {
  Result<std::unique_ptr<CudaBackend>> backend = openCudaBackend(options);
  return backend.ok() ? std::shared_ptr<CudaBackend>(std::move(*backend)) : nullptr;
}

SessionOptions tpc::test::gpuSession(std::shared_ptr<CudaBackend> backend) {
  SessionOptions options;
  options.makeDevice = [backend](int) { return backend->createDevice(); };
  options.lockstep = true;
  return options;
}

std::string tpc::test::reductionPtx(int64_t ranks) {
  std::string parameters, body;
  for (int64_t i = 0; i < 2 * ranks; ++i)
    parameters += (i ? ", .param .u64 p" : ".param .u64 p") + std::to_string(i);
  for (int64_t i = 0; i < ranks; ++i)
    body += "  ld.param.u64 %d2, [p" + std::to_string(i) +
            "]; add.s64 %d2, %d2, %d1; ld.global.f32 %f1, [%d2];\n" +
            (i ? "  add.rn.f32 %f2, %f2, %f1;\n" : "  mov.f32 %f2, %f1;\n");
  for (int64_t i = ranks; i < 2 * ranks; ++i)
    body += "  ld.param.u64 %d2, [p" + std::to_string(i) +
            "]; add.s64 %d2, %d2, %d1; st.global.f32 [%d2], %f2;\n";
  return ".version 8.0\n.target sm_90\n.address_size 64\n"
         ".visible .entry sum_" +
         std::to_string(ranks) + "(" + parameters +
         ") {\n"
         "  .reg .pred %p<2>; .reg .b32 %r<2>; .reg .b64 %d<3>; .reg .f32 %f<3>;\n"
         "  mov.u32 %r1, %tid.x; setp.ge.u32 %p1, %r1, 24;\n  @%p1 bra DONE;\n"
         "  mul.wide.u32 %d1, %r1, 4;\n" +
         body +
         "DONE:\n  ret;\n}\n"
         ".visible .entry store_scalars(.param .u64 to, .param .u64 a, .param .u64 b, .param .u64 "
         "c) {\n"
         "  .reg .b64 %d<3>;\n  ld.param.u64 %d1, [to];\n"
         "  ld.param.u64 %d2, [a]; st.global.u32 [%d1], %d2;\n"
         "  ld.param.u64 %d2, [b]; st.global.u32 [%d1+4], %d2;\n"
         "  ld.param.u64 %d2, [c]; st.global.u32 [%d1+8], %d2;\n  ret;\n}\n";
}

static void addImage(PlanBuilder &b, const std::string &ptx) {
  auto image = std::make_unique<plan::KernelImageT>();
  image->target = "nvptx64";
  image->level = "sm_90";
  image->image.assign(ptx.begin(), ptx.end());
  image->image.push_back(0);
  b.plan.images.push_back(std::move(image));
}

PlanBuilder tpc::test::rowSplitLinearOnGpu(int64_t ranks) {
  PlanBuilder b = rowSplitLinear(ranks);
  b.plan.target = "cuda";
  addImage(b, reductionPtx(ranks));
  for (auto &entry : b.plan.entries)
    for (auto &instruction : entry->instructions)
      if (plan::CollectiveT *collective = instruction->body.AsCollective();
          collective && ranks > 1) {
        auto kernel = std::make_unique<plan::KernelLaunchT>();
        kernel->function = "sum_" + std::to_string(ranks);
        kernel->tiles = 1;
        kernel->threads = 32;
        collective->tensors[0]->kernel = std::move(kernel);
      }
  return b;
}
