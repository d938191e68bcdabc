//===- CudaFixture.h - GPUs for tests, and plans by hand for them -----------------------------===//
#pragma once

#include "PlanFixture.h"

#include "runtime/device/cuda/CudaBackend.h"
#include "runtime/exec/RunSession.h"

namespace tpc::test {

/// The GPU of this machine, or the double of one that LD_LIBRARY_PATH names; null where there is
/// neither: then the test skips itself. `options.gpu` is 0.
std::shared_ptr<CudaBackend> openGpu(CudaOptions options = {});

/// One GPU for all ranks, driven by one thread.
SessionOptions gpuSession(std::shared_ptr<CudaBackend> backend);

/// PTX of `sum_<ranks>`: one block of 32 threads adds the first 24 floats of `ranks` tensors, in
/// order, into `ranks` others; and of `store_scalars`: 32-bit words of three scalars.
std::string reductionPtx(int64_t ranks);

/// rowSplitLinear for cuda, its all_reduce with a kernel.
PlanBuilder rowSplitLinearOnGpu(int64_t ranks);

} // namespace tpc::test
