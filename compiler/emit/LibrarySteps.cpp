//===- LibrarySteps.cpp - Products and attention in the terms of a device -----------------===//

#include "compiler/emit/LibrarySteps.h"

#include "compiler/emit/EmitDeclarations.h"
#include "compiler/fusion/Accumulate.h"
#include "runtime/device/cuda/AttentionWorkspace.h"
#include "runtime/plan/Convert.h"

using namespace mlir;
using namespace tpc;

/// What cuBLASLt may use for a product on sm_90: with this much, all of its algorithms of Hopper
/// can be chosen (the size that cuBLAS itself takes by default there).
static constexpr uint64_t kCublasWorkspace = 32 << 20;

static DType dtypeOf(Value value) {
  return fromPlan(toPlanDType(cast<RankedTensorType>(value.getType()).getElementType()));
}

Value tpc::biasOf(Operation *product) {
  auto linear = dyn_cast<nn::LinearOp>(product);
  return linear ? linear.getBias() : Value();
}

AttentionShape tpc::toShape(Operation *op, const nn::AttentionStep &step) {
  return {step.batch,  step.queryLength, step.keyLength,
          step.heads,  step.kvHeads,     step.size,
          step.causal, step.scale,       dtypeOf(op->getOperand(0))};
}

GemmShape tpc::toShape(Operation *op, const nn::GemmStep &step) {
  GemmShape shape{};
  shape.m = step.m;
  shape.n = step.n;
  shape.k = step.k;
  shape.batch = step.batch;
  shape.transposeA = step.transposeA;
  shape.transposeB = step.transposeB;
  shape.bias = biasOf(op) != nullptr;
  shape.lda = step.transposeA ? step.m : step.k;
  shape.ldb = step.transposeB ? step.k : step.n;
  shape.ldc = step.n;
  shape.strideA = step.m * step.k;
  shape.strideB = step.k * step.n;
  shape.strideC = step.m * step.n;
  shape.dtype = dtypeOf(op->getOperand(step.a));
  shape.resultDtype = dtypeOf(op->getResult(0));
  return shape;
}

uint64_t tpc::workspaceBytes(Operation *step, const KernelTable &kernels, const Target &target) {
  if (auto kernel = dyn_cast<nn::KernelOp>(step)) {
    nn::LibraryOp product = accumulatedProduct(kernel);
    if (!product)
      return kernels[kernel].workspaceBytes;
    step = product;
  }
  auto library = dyn_cast<nn::LibraryOp>(step);
  if (!library)
    return 0;
  bool isCuda = target.kind == Target::Kind::Cuda;
  nn::LibraryStep form = library.getLibraryStep();
  if (auto *gemm = std::get_if<nn::GemmStep>(&form))
    return isCuda ? kCublasWorkspace : cpuGemmWorkspace(toShape(step, *gemm));
  auto &attention = std::get<nn::AttentionStep>(form);
  AttentionShape shape = toShape(step, attention);
  if (!isCuda)
    return cpuAttentionWorkspace(shape, attention.backward);
  // Whichever executes it; the operand is always there, since generated kernels take it.
  uint64_t most = std::max<uint64_t>(1, cuda::cudaAttentionWorkspace(shape, attention.backward));
  if (const codegen::GeneratedKernel *generated = kernels.attention(step))
    most = std::max<uint64_t>(most, generated->workspaceBytes);
  return most;
}
