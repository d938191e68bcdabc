//===- Passes.h - From level grad to level sharded -----------------------------------------===//
#pragma once

#include "algebra/Mesh.h"
#include "compiler/sharding/Solver.h"

#include "mlir/Pass/Pass.h"

#include <memory>

namespace tpc {

#define GEN_PASS_DECL
#include "compiler/sharding/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "compiler/sharding/Passes.h.inc"

/// The mesh of a compilation: "dp", if it has several ranks, then "tp".
Mesh makeMesh(int64_t dp, int64_t tp);

} // namespace tpc
