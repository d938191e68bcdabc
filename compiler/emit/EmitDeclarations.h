//===- EmitDeclarations.h - What a run binds: parameters, states, inputs, scalars ----------===//
#pragma once

#include "compiler/memory/MemoryPlan.h"

namespace tpc {

plan::DType toPlanDType(mlir::Type element);

/// Buffers, arenas without holes, parameters, ties and states of `result`.
void emitMemory(const MemoryPlan &memory, plan::PlanT &result);
void emitParameters(mlir::ModuleOp module, const MemoryPlan &memory, plan::PlanT &result);
/// The inputs and scalars that `entry` reads, in the order of their declaration.
void emitBindings(nn::EntryOp entry, const MemoryPlan &memory, plan::EntryT &result);

} // namespace tpc
