//===- KernelsToLinalg.cpp - The kernels of a module as linalg, to be read -----------------===//
#include "compiler/fusion/KernelsToLinalg.h"

#include "compiler/codegen/LinalgKernel.h"
#include "compiler/fusion/Accumulate.h"

#include "mlir/IR/SymbolTable.h"
#include "mlir/Pass/Pass.h"

#include <set>

using namespace mlir;

namespace tpc {

namespace {

struct KernelsToLinalgPass : PassWrapper<KernelsToLinalgPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(KernelsToLinalgPass)
  StringRef getArgument() const override { return "tpc-kernels-to-linalg"; }
  StringRef getDescription() const override {
    return "replace a module by the linalg functions of its kernels, equal ones once";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    codegen::insertLinalgDialects(registry);
  }
  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<OwningOpRef<ModuleOp>> kernels = linalgOfKernels(module);
    if (failed(kernels))
      return signalPassFailure();
    module.getBodyRegion().takeBody((*kernels)->getBodyRegion());
  }
};

std::string textOf(Operation *op) {
  std::string text;
  llvm::raw_string_ostream(text) << *op;
  return text;
}

} // namespace

FailureOr<OwningOpRef<ModuleOp>> linalgOfKernels(ModuleOp module) {
  OwningOpRef<ModuleOp> kernels = ModuleOp::create(module.getLoc());
  SymbolTable functions(*kernels);
  std::set<std::string> seen;
  WalkResult result = module.walk([&](nn::KernelOp kernel) {
    if (accumulatedProduct(kernel))
      return WalkResult::advance();
    FailureOr<codegen::LinalgKernel> made = codegen::LinalgKernel::build(kernel);
    if (failed(made))
      return WalkResult::interrupt();
    Operation *function = made->body().getParentOp();
    if (seen.insert(textOf(function)).second) {
      function->remove();
      functions.insert(function);
    }
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  return kernels;
}

void registerKernelsToLinalgPass() { PassRegistration<KernelsToLinalgPass>(); }

} // namespace tpc
