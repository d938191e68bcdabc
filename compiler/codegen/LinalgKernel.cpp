//===- LinalgKernel.cpp - A kernel as a function on tensors --------------------------------===//
#include "compiler/codegen/LinalgBody.h"

#include "compiler/codegen/Codegen.h"
#include "compiler/codegen/KernelDomain.h"
#include "dialects/nn/Types.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;

namespace tpc::codegen {

void insertLinalgDialects(DialectRegistry &registry) {
  registry.insert<arith::ArithDialect, func::FuncDialect, linalg::LinalgDialect, math::MathDialect,
                  tensor::TensorDialect>();
}

/// Tensors of kernels have no sharding any more.
static Type plain(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor ? RankedTensorType::get(tensor.getShape(), tensor.getElementType()) : type;
}

Block &LinalgKernel::body() const {
  return (*module.get().getOps<func::FuncOp>().begin()).getBody().front();
}

FailureOr<LinalgKernel> LinalgKernel::build(nn::KernelOp kernel) {
  LinalgKernel result;
  Location loc = kernel.getLoc();
  result.module = ModuleOp::create(loc);
  OpBuilder b = OpBuilder::atBlockEnd(result.module->getBody());
  SmallVector<Type> inputs, results;
  for (Type type : kernel.getInputs().getTypes())
    inputs.push_back(plain(type));
  result.firstStream = inputs.size();
  inputs.append(streamsOf(kernel).size(), b.getIndexType());
  for (Type type : kernel.getResultTypes())
    results.push_back(plain(type));
  auto function =
      func::FuncOp::create(b, loc, kernel.getName(), b.getFunctionType(inputs, results));
  Block *entry = function.addEntryBlock();
  b.setInsertionPointToEnd(entry);

  Block &body = kernel.getBody().front();
  IRMapping tensors;
  tensors.map(body.getArguments(), entry->getArguments().take_front(body.getNumArguments()));
  for (Operation &op : body.without_terminator())
    if (!isSumOfScatter(op) && failed(LinalgBody(op, result, tensors, b).build()))
      return failure();
  SmallVector<Value> returned;
  for (OpOperand &yielded : body.getTerminator()->getOpOperands()) {
    if (isa<BlockArgument>(yielded.get()))
      return kernel.emitOpError() << "hands an input through as its result "
                                  << yielded.getOperandNumber() << "; use the input itself";
    returned.push_back(tensors.lookup(yielded.get()));
  }
  func::ReturnOp::create(b, loc, returned);
  if (failed(verify(*result.module)))
    return kernel.emitOpError("has a body that is no legal linalg");
  return result;
}

} // namespace tpc::codegen
