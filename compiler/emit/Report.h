//===- Report.h - What was decided, for people --------------------------------------------===//
#pragma once

#include "compiler/memory/MemoryPlan.h"

namespace tpc {

/// JSON: shardings and paddings of what is declared, collectives by layer, memory by arena and what
/// is live at each entry's peak. Keys are in alphabetical order.
std::string makeReport(mlir::ModuleOp module, const Mesh &mesh, const MemoryPlan &memory,
                       const plan::PlanT &plan);

} // namespace tpc
