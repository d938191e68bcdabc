//===- Shard.h - Decides and writes the shardings of a module ------------------------------===//
#pragma once

#include "compiler/driver/Pipeline.h"

namespace tpc {

/// Gathers the user's constraints: those of the command line, then those of the model, out of which
/// they are taken.
mlir::LogicalResult takeConstraints(Compilation &compilation);

/// From level `grad` to `sharded`: the solver's decision under the user's constraints, written into
/// types and reshards.
mlir::LogicalResult shard(Compilation &compilation);

} // namespace tpc
