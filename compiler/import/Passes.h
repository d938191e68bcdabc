//===- Passes.h - Passes of level `model` --------------------------------------------------===//
#pragma once

#include "mlir/Pass/Pass.h"

namespace mlir {
class ModuleOp;
}

namespace tpc {

#define GEN_PASS_DECL
#include "compiler/import/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/import/Passes.h.inc"

} // namespace tpc
