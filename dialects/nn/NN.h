//===- NN.h - The nn dialect: its attributes, interfaces and ops --------------------------===//
#pragma once

#include "algebra/Rule.h"
#include "dialects/nn/BodyBuilder.h"
#include "dialects/nn/GradientBuilder.h"
#include "dialects/nn/LibraryStep.h"

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

/// The dotted place of an op in the model ("h.0.mlp"), set by `nn.scope`.
inline constexpr llvm::StringLiteral kScopeAttr = "nn.scope";
/// "forward", "backward" or "update", set at level `grad`.
inline constexpr llvm::StringLiteral kPhaseAttr = "nn.phase";

/// Bytes of an op's tensor operands and results at their present shapes.
int64_t memoryBytes(mlir::Operation *op);

} // namespace tpc::nn
