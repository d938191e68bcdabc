//===- Program.h - What order and memory need to know of an entry -------------------------===//
//
// From level `fused` on an entry is a list of steps: kernels, library calls and collectives. The
// ops between them do nothing at run time: reads, writes, views and offsets.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/Codegen.h"

#include "llvm/ADT/MapVector.h"

namespace tpc {

/// The value whose bytes `value` is: through views to what a step or a read gave.
mlir::Value rootOf(mlir::Value value);
/// Whether the op becomes an instruction.
bool isStep(mlir::Operation *op);
/// Attribute of a step: the number of its stream; the steps of a stream run in order. None: 0.
inline constexpr llvm::StringLiteral kStreamAttr = "tp.stream";
unsigned streamOf(mlir::Operation *step);
/// The operand in whose bytes the kernel leaves its result `result`, if any.
std::optional<unsigned> inPlaceOperand(mlir::Operation *step, unsigned result);
/// "h.0.mlp: linear", for reports.
std::string stepName(mlir::Operation *step);
/// The symbol that holds the bytes of `symbol`: a tie's target, else itself.
mlir::StringAttr storageSymbol(mlir::Operation *from, mlir::FlatSymbolRefAttr symbol);
/// All ops that use the bytes of `value`, views looked through (steps, writes and the return), each
/// once, in no particular order.
llvm::SmallVector<mlir::Operation *> usersOf(mlir::Value value);

/// Per symbol that an entry writes: the write, and all reads.
struct SymbolAccess {
  nn::WriteOp write;
  llvm::SmallVector<nn::ReadOp> reads;

  /// The ops that use the value from before the write.
  llvm::SmallVector<mlir::Operation *> oldUsers() const;
};
llvm::MapVector<mlir::StringAttr, SymbolAccess> symbolAccesses(nn::EntryOp entry);
/// The symbol whose bytes `value` is, or null if a step computes it.
mlir::StringAttr readSymbol(mlir::Value value);

} // namespace tpc
