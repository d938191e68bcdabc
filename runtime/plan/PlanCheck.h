//===- PlanCheck.h - The structure of a plan --------------------------------------------------===//
//
// Everything that can be said of a plan without following values: indices in range, slices inside
// buffers inside arenas, shapes that agree with shardings, bodies that stay inside their operands,
// waits and collectives in order. What follows values is Validator.h.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/plan/plan_generated.h"
#include "runtime/support/Status.h"

namespace tpc {

/// Alignment of every buffer in its arena; kernels load with it.
inline constexpr uint64_t kBufferAlignment = 64;
/// That of a workspace, which cuBLASLt and cuDNN ask for.
inline constexpr uint64_t kWorkspaceAlignment = 256;

/// Ranks of an axis that may share a GPU: what reduces them is one kernel, with a parameter for
/// each input and each result.
inline constexpr int64_t kMostRanksOfAGpu = 64;

/// `plan` has passed the FlatBuffer verifier.
Status checkPlan(const plan::Plan &plan);

/// "instruction 17 'h.0.mlp.fc: linear' (gpt.mlir:12:5)", for messages.
std::string describe(const plan::Instruction &instruction, size_t index);

} // namespace tpc
