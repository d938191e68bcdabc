#include "LinalgReference.h"

#include "compiler/codegen/LinalgKernel.h"

#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVMPass.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MathToLibm/MathToLibm.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Dialect/Arith/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/FuncBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Linalg/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Dialect/Tensor/Transforms/BufferizableOpInterfaceImpl.h"
#include "mlir/ExecutionEngine/ExecutionEngine.h"
#include "mlir/Pass/PassManager.h"

#include "llvm/Support/TargetSelect.h"

using namespace mlir;

namespace tpc::codegen {

static void addPasses(PassManager &passes) {
  bufferization::OneShotBufferizePassOptions bufferize;
  bufferize.bufferizeFunctionBoundaries = true;
  bufferize.functionBoundaryTypeConversion = bufferization::LayoutMapOption::IdentityLayoutMap;
  passes.addPass(bufferization::createOneShotBufferizePass(bufferize));
  bufferization::BufferResultsToOutParamsPassOptions outs;
  outs.modifyPublicFunctions = true;
  passes.addPass(bufferization::createBufferResultsToOutParamsPass(outs));
  bufferization::buildBufferDeallocationPipeline(passes, {});
  passes.addPass(createConvertLinalgToLoopsPass());
  arith::ArithExpandOpsPassOptions expand;
  expand.includeBf16 = true;
  passes.addPass(arith::createArithExpandOpsPass(expand));
  passes.addPass(memref::createExpandStridedMetadataPass());
  passes.addPass(createLowerAffinePass());
  passes.addPass(createSCFToControlFlowPass());
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createConvertMathToLibmPass());
  passes.addPass(createArithToLLVMConversionPass());
  passes.addPass(createFinalizeMemRefToLLVMConversionPass());
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createConvertFuncToLLVMPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
}

/// The bytes of the struct that a memref of LLVM is.
static std::vector<int64_t> descriptorOf(const LinalgArgument &tensor) {
  int64_t address = reinterpret_cast<int64_t>(tensor.data);
  std::vector<int64_t> words{address, address, /*offset=*/0};
  llvm::append_range(words, tensor.shape);
  std::vector<int64_t> strides(tensor.shape.size(), 1);
  for (size_t dim = strides.size(); dim-- > 1;)
    strides[dim - 1] = strides[dim] * tensor.shape[dim];
  llvm::append_range(words, strides);
  return words;
}

std::string executeLinalg(nn::KernelOp kernel, const std::vector<LinalgArgument> &arguments) {
  static const bool targetIsReady = [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    return true;
  }();
  (void)targetIsReady;
  DialectRegistry registry;
  arith::registerBufferizableOpInterfaceExternalModels(registry);
  bufferization::func_ext::registerBufferizableOpInterfaceExternalModels(registry);
  linalg::registerBufferizableOpInterfaceExternalModels(registry);
  tensor::registerBufferizableOpInterfaceExternalModels(registry);
  kernel.getContext()->appendDialectRegistry(registry);

  FailureOr<LinalgKernel> ops = LinalgKernel::build(kernel);
  if (failed(ops))
    return "the kernel did not become linalg";
  auto function = cast<func::FuncOp>(ops->body().getParentOp());
  function.setName("kernel");
  function->setAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName(),
                    UnitAttr::get(kernel.getContext()));
  PassManager passes(kernel.getContext());
  addPasses(passes);
  if (failed(passes.run(*ops->module)))
    return "upstream's passes do not lower the kernel";
  auto engine = ExecutionEngine::create(*ops->module);
  if (!engine)
    return llvm::toString(engine.takeError());
  std::vector<std::vector<int64_t>> descriptors;
  for (const LinalgArgument &argument : arguments)
    descriptors.push_back(argument.data ? descriptorOf(argument)
                                        : std::vector<int64_t>{argument.index});
  std::vector<void *> values;
  for (std::vector<int64_t> &words : descriptors)
    values.push_back(words.data());
  SmallVector<void *> pointers;
  for (auto [argument, value] : llvm::zip_equal(arguments, values))
    pointers.push_back(argument.data ? static_cast<void *>(&value) : value);
  if (llvm::Error error = (*engine)->invokePacked("_mlir_ciface_kernel", pointers))
    return llvm::toString(std::move(error));
  return "";
}

} // namespace tpc::codegen
