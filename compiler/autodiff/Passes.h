//===- Passes.h - The passes that make level `grad` -----------------------------------------===//
#pragma once

#include "mlir/Pass/Pass.h"

namespace tpc {

#define GEN_PASS_DECL
#include "compiler/autodiff/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "compiler/autodiff/Passes.h.inc"

} // namespace tpc
