//===- Phase.h - Where an op stands in the model and in a step -----------------------------===//
#pragma once

#include "mlir/IR/Operation.h"

#include <cstdint>
#include <optional>

namespace tpc::nn {

/// The dotted place of an op in the model ("h.0.mlp"), set by `nn.scope`.
inline constexpr llvm::StringLiteral kScopeAttr = "nn.scope";
/// "forward", "backward" or "update", set at level `grad`.
inline constexpr llvm::StringLiteral kPhaseAttr = "nn.phase";

enum class Phase : uint8_t { Forward, Backward, Update };

/// As `nn.phase` says it.
llvm::StringRef name(Phase phase);
std::optional<Phase> parsePhase(llvm::StringRef text);

/// None before level `grad`, and of ops inside kernels.
std::optional<Phase> phaseOf(mlir::Operation *op);
void setPhase(mlir::Operation *op, Phase phase);

/// Gives `to` the scope and the phase of `from`, so far as that has them.
void copyPlace(mlir::Operation *from, mlir::Operation *to);

} // namespace tpc::nn
