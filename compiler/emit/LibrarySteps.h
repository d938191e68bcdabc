//===- LibrarySteps.h - Products and attention in the terms of a device -------------------===//
#pragma once

#include "compiler/emit/KernelTable.h"
#include "compiler/support/Target.h"
#include "runtime/device/Device.h"

namespace tpc {

/// `op` is of `step`: its operands and result say the dtypes.
GemmShape toShape(mlir::Operation *op, const nn::GemmStep &step);
/// What a product adds to its sums, or null.
mlir::Value biasOf(mlir::Operation *product);
AttentionShape toShape(mlir::Operation *op, const nn::AttentionStep &step);

/// Scratch memory of a step in bytes.
uint64_t workspaceBytes(mlir::Operation *step, const KernelTable &kernels, const Target &target);

} // namespace tpc
