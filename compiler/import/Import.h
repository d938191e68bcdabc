//===- Import.h - From a model file to level `model` ---------------------------------------===//
//
// In this order: dims are bound while layers are written once, so that one error stands for all
// layers; layers are unrolled into scopes; scopes become attributes; then the level is checked.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace tpc {

/// Sets the sizes of the named dims, and infers all shapes anew.
mlir::LogicalResult bindDims(mlir::ModuleOp module, const llvm::StringMap<int64_t> &sizes);
/// Infers all result types in entries and layers, in program order, from inputs and parameters.
mlir::LogicalResult inferShapes(mlir::ModuleOp module);
mlir::LogicalResult unrollLayers(mlir::ModuleOp module);
void flattenScopes(mlir::ModuleOp module);
/// Whether the module is a legal `model`; emits what is wrong.
mlir::LogicalResult verifyModel(mlir::ModuleOp module);

} // namespace tpc
