//===- ShareMemory.h - Which results are written over which operands -----------------------===//
#pragma once

#include "compiler/schedule/Program.h"

#include "llvm/ADT/DenseMap.h"

#include <memory>

namespace mlir {
class Pass;
}

namespace tpc {

/// The operand that a step overwrites with a result, if any.
using InPlaceOperand = llvm::function_ref<std::optional<unsigned>(mlir::Operation *, unsigned)>;

/// The written values (roots) that are computed right into the buffer of the symbol that they are
/// written to: every other use of the old value lies before the step that computes them, or is that
/// step, which then overwrites what it reads. All other writes are copies.
llvm::DenseMap<mlir::Value, mlir::StringAttr> findDonations(nn::EntryOp entry,
                                                            InPlaceOperand inPlaceOperand);

/// The bytes of operand `operand` are read by no later op, and by `step` through no other operand.
bool isLastUse(mlir::Operation *step, unsigned operand);

/// tpc-share-memory: tells every kernel which results it leaves in the place of an input, which is
/// then one pointer of its function: updates of parameters and states, and inputs that die there.
std::unique_ptr<mlir::Pass> createShareMemoryPass();

} // namespace tpc
