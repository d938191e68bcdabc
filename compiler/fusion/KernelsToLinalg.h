//===- KernelsToLinalg.h - The kernels of a module as linalg, to be read -------------------===//
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace tpc {

/// A module of functions, one for each of the kernels of `module` (level `fused` or later) that are
/// generated, equal ones once. Fails with an emitted error if a kernel is not legal.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>> linalgOfKernels(mlir::ModuleOp module);

/// tpc-kernels-to-linalg
void registerKernelsToLinalgPass();

} // namespace tpc
