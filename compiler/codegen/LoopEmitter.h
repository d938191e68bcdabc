//===- LoopEmitter.h - Functions that run a body graph over tiles --------------------------===//
//
// A kernel becomes one function over tiles of rows, and a second one if it sums over rows: stage
// one leaves one partial sum per tile in the workspace, stage two adds them in order. Tiles are
// chosen from shapes alone.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/codegen/BodyGraph.h"
#include "compiler/codegen/Codegen.h"

#include "mlir/IR/BuiltinOps.h"

namespace tpc::codegen {

/// Adds the functions of `outline` to `module`, in the dialects func, scf, arith, math and llvm.
void emitFunctions(const BodyGraph &graph, const GeneratedKernel &outline, mlir::ModuleOp module);

} // namespace tpc::codegen
