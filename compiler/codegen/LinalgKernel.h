//===- LinalgKernel.h - A kernel as linalg ops on tensors ----------------------------------===//
//
// What stands between the ops of a kernel and its loops: a function of linalg.generic ops, a few
// for each op's body. It says what is computed and in which types, and nothing of loops, memory or
// targets. Code for CPUs and GPUs is made from it (BodyGraph), and upstream's own passes can lower
// it as well, which tests do to check its meaning.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "dialects/nn/NN.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include "llvm/ADT/DenseMap.h"

namespace tpc::codegen {

struct LinalgKernel {
  /// Holds one function: its arguments are the inputs of the kernel and the streams of its dropouts
  /// (streamsOf, as index), it returns the results.
  mlir::OwningOpRef<mlir::ModuleOp> module;
  unsigned firstStream = 0, streamsTaken = 0;
  /// The op of the kernel whose body a linalg.generic is part of.
  llvm::DenseMap<mlir::Operation *, mlir::Operation *> origin;

  mlir::Block &body() const;

  /// Fails with an emitted error if an op has no body, or one that does not fit its results.
  static mlir::FailureOr<LinalgKernel> build(nn::KernelOp kernel);
};

/// The dialects of such functions.
void insertLinalgDialects(mlir::DialectRegistry &registry);

} // namespace tpc::codegen
