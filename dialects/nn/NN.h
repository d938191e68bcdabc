//===- NN.h - The nn dialect: its attributes, interfaces and ops --------------------------===//
#pragma once

#include "algebra/Rule.h"
#include "dialects/nn/BodyBuilder.h"
#include "dialects/nn/GradientBuilder.h"
#include "dialects/nn/LibraryStep.h"
#include "dialects/nn/Phase.h"
#include "dialects/nn/Types.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/nn/NNDialect.h.inc"
#include "dialects/nn/NNEnums.h.inc"

#define GET_ATTRDEF_CLASSES
#include "dialects/nn/NNAttrs.h.inc"

#include "dialects/nn/NNInterfaces.h.inc"

#define GET_OP_CLASSES
#include "dialects/nn/NNOps.h.inc"

namespace tpc::nn {

/// Bytes of an op's tensor operands and results at their present shapes.
int64_t memoryBytes(mlir::Operation *op);

/// Its result is its operand's memory under another shape.
bool isView(mlir::Operation *op);
/// A matrix product of the device's library; `op` may be null.
bool isProduct(mlir::Operation *op);

} // namespace tpc::nn
