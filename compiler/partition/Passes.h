//===- Passes.h - From level sharded to level local ----------------------------------------===//
#pragma once

#include "mlir/Pass/Pass.h"

namespace tpc {

#define GEN_PASS_DECL
#include "compiler/partition/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "compiler/partition/Passes.h.inc"

} // namespace tpc
