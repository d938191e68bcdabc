//===- KernelTable.cpp - The generated code of each kernel op -----------------------------===//

#include "compiler/emit/KernelTable.h"

#include "compiler/fusion/Accumulate.h"
#include "compiler/schedule/Program.h"

using namespace mlir;
using namespace tpc;

static codegen::CodegenOptions codegenOptions(const Target &target) {
  codegen::CodegenOptions options;
  if (target.kind == Target::Kind::Cuda)
    options.target = codegen::Target::Cuda;
  else
    options.cpu = target.level;
  return options;
}

FailureOr<KernelTable> KernelTable::generate(ModuleOp module, const Mesh &mesh,
                                             const Target &target) {
  KernelTable table;
  table.reductions = std::make_unique<ReductionKernels>(mesh);
  SmallVector<nn::KernelOp> kernels;
  for (auto entry : module.getOps<nn::EntryOp>())
    for (Operation &op : entry.getBody().front()) {
      if (isCollective(&op) && target.ranksMayShareDevice)
        table.reductions->add(&op);
      auto kernel = dyn_cast<nn::KernelOp>(op);
      if (!kernel || accumulatedProduct(kernel))
        continue;
      table.index[kernel] = kernels.size();
      kernels.push_back(kernel);
    }
  table.firstReduction = kernels.size();
  llvm::append_range(kernels, table.reductions->kernels());
  if (kernels.empty())
    return table;
  FailureOr<codegen::GeneratedImage> image =
      codegen::generateImage(kernels, codegenOptions(target));
  if (failed(image))
    return failure();
  table.image = std::move(*image);
  return table;
}

const codegen::GeneratedFunction *KernelTable::reduction(Operation *collective,
                                                         unsigned tensor) const {
  std::optional<size_t> found = reductions->find(collective, tensor);
  if (!found)
    return nullptr;
  return &image.kernels[firstReduction + *found].functions.front();
}
