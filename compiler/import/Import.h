//===- Import.h - From a model file to level `model` ---------------------------------------===//
//
// In this order: dims are bound while layers are written once, so that one error stands for all
// layers; layers are unrolled into scopes; scopes become attributes; inputs of ids get
// their bounds; then the level is checked.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"

namespace tpc {

// What models say of the files of a run, as attributes; docs/data.md says what they mean.

/// Of an input that a stream feeds: the stream's bytes are the tokens.
inline constexpr llvm::StringLiteral kBytesAttr = "nn.bytes";
/// Of an input of ids, set by boundIds: how many different ones the model can take, from 0 on.
inline constexpr llvm::StringLiteral kVocabularyAttr = "nn.vocabulary";
/// Of an input of labels, set by boundIds: the one that counts for nothing wherever it is used.
inline constexpr llvm::StringLiteral kIgnoredAttr = "nn.ignored";
/// Of a tie: the #nn.source of the tensor in files that hold the parameter under both names.
inline constexpr llvm::StringLiteral kTieSourceAttr = "nn.source";
/// Of the module: before which prefix files may put the names of sources.
inline constexpr llvm::StringLiteral kPrefixAttr = "nn.prefix";
/// Of the module: patterns of tensors that files may hold and the model does not need.
inline constexpr llvm::StringLiteral kUnusedAttr = "nn.unused";

/// Sets the sizes of the named dims, and infers all shapes anew.
mlir::LogicalResult bindDims(mlir::ModuleOp module, const llvm::StringMap<int64_t> &sizes);
/// Infers all result types in entries and layers, in program order, from inputs and parameters.
mlir::LogicalResult inferShapes(mlir::ModuleOp module);
mlir::LogicalResult unrollLayers(mlir::ModuleOp module);
void flattenScopes(mlir::ModuleOp module);
/// Gives inputs of ids `nn.vocabulary` and `nn.ignored`, which ids the model can take; positions
/// must fit their table.
mlir::LogicalResult boundIds(mlir::ModuleOp module);
/// Whether the module is a legal `model`; emits what is wrong.
mlir::LogicalResult verifyModel(mlir::ModuleOp module);

} // namespace tpc
