//===- ReshardLowering.h - A reshard as collectives and local slices -----------------------===//
#pragma once

#include "compiler/partition/Pads.h"
#include "dialects/tp/TP.h"

namespace tpc {

/// A local value, and what its pads hold.
struct LocalValue {
  mlir::Value value;
  PadState pads;
};

/// Builds, before `op`, what takes `input` (of sharding `from`) to `to`: one collective or slice
/// per axis whose placement changes, and pads added before or dropped after it.
llvm::FailureOr<LocalValue> lowerReshard(tp::ReshardOp op, LocalValue input, const Sharding &from,
                                         const Sharding &to, const Mesh &mesh);

} // namespace tpc
