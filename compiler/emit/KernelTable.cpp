//===- KernelTable.cpp - The generated code of each kernel op -----------------------------===//

#include "compiler/emit/KernelTable.h"

#include "compiler/codegen/gpu/Attention.h"
#include "compiler/codegen/gpu/AttentionTiling.h"
#include "compiler/emit/LibrarySteps.h"
#include "compiler/fusion/Accumulate.h"
#include "compiler/schedule/Program.h"
#include "dialects/tp/TP.h"

#include "llvm/Support/Error.h"

using namespace mlir;
using namespace tpc;

static codegen::CodegenOptions codegenOptions(const Target &target) {
  codegen::CodegenOptions options;
  if (target.kind == Target::Kind::Cuda)
    options.target = codegen::Target::Cuda;
  else
    options.cpu = target.level;
  options.approximates = target.approximatesFunctions;
  return options;
}

static std::optional<nn::AttentionStep> attentionOf(Operation *op) {
  auto library = dyn_cast<nn::LibraryOp>(op);
  if (!library)
    return std::nullopt;
  nn::LibraryStep step = library.getLibraryStep();
  auto *attention = std::get_if<nn::AttentionStep>(&step);
  return attention ? std::optional(*attention) : std::nullopt;
}

FailureOr<KernelTable> KernelTable::generate(ModuleOp module, const Mesh &mesh,
                                             const Target &target) {
  KernelTable table;
  table.reductions = std::make_unique<ReductionKernels>(mesh);
  SmallVector<nn::KernelOp> kernels;
  SmallVector<codegen::gpu::AttentionRequest> attentions;
  for (auto entry : module.getOps<nn::EntryOp>())
    for (Operation &op : entry.getBody().front()) {
      if (tp::isCollective(&op) && target.ranksMayShareDevice)
        table.reductions->add(&op);
      if (std::optional<nn::AttentionStep> step = attentionOf(&op);
          step && target.kind == Target::Kind::Cuda) {
        AttentionShape shape = toShape(&op, *step);
        if (int64_t largest = codegen::gpu::largestHead(shape.dtype); shape.size > largest) {
          InFlightDiagnostic error =
              op.emitError() << "attention on cuda has heads of at most " << largest
                             << " numbers in "
                             << cast<RankedTensorType>(op.getOperand(0).getType()).getElementType()
                             << ", and these have " << shape.size;
          error.attachNote() << "hint: divide them into more heads, or compile for --target cpu";
          return failure();
        }
        table.attentionIndex[&op] = attentions.size();
        attentions.push_back({shape, step->backward});
      }
      auto kernel = dyn_cast<nn::KernelOp>(op);
      if (!kernel || accumulatedProduct(kernel))
        continue;
      table.index[kernel] = kernels.size();
      kernels.push_back(kernel);
    }
  table.firstReduction = kernels.size();
  llvm::append_range(kernels, table.reductions->kernels());
  FailureOr<codegen::GeneratedImage> image =
      codegen::generateImage(kernels, codegenOptions(target));
  if (failed(image))
    return failure();
  table.image = std::move(*image);
  if (attentions.empty())
    return table;
  auto made = codegen::gpu::addAttention(attentions, *module.getContext(), table.image);
  if (!made)
    return module.emitError() << llvm::toString(made.takeError());
  table.attentions = std::move(*made);
  return table;
}

const codegen::GeneratedFunction *KernelTable::reduction(Operation *collective,
                                                         unsigned tensor) const {
  std::optional<size_t> found = reductions->find(collective, tensor);
  if (!found)
    return nullptr;
  return &image.kernels[firstReduction + *found].functions.front();
}

const codegen::GeneratedKernel *KernelTable::attention(Operation *op) const {
  auto found = attentionIndex.find(op);
  return found == attentionIndex.end() ? nullptr : &attentions[found->second];
}
