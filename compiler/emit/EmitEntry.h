//===- EmitEntry.h - The instructions of one entry ----------------------------------------===//
#pragma once

#include "algebra/Cost.h"
#include "compiler/emit/KernelTable.h"
#include "compiler/memory/MemoryPlan.h"

namespace tpc {

/// The entry without waits, which need the offsets of all buffers, and without its predicted time,
/// which needs the waits. Fails with an emitted error where a step has no form in a plan.
mlir::FailureOr<std::unique_ptr<plan::EntryT>>
emitEntry(nn::EntryOp entry, const MemoryPlan &memory, const KernelTable &kernels, const Mesh &mesh,
          const Hardware &hardware);

} // namespace tpc
