//===- PlanWriter.h - From a plan in memory to a sealed file ---------------------------------===//
//
// The compiler fills a plan::PlanT and seals it here; so does the text form. One writer means one
// byte layout: equal plans are equal files. Files are written by writeFileAtomically
// (AtomicFile.h).
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/plan/plan_generated.h"
#include "runtime/support/AtomicFile.h"

#include <cstdint>
#include <vector>

namespace tpc {

/// Version of the format that this build reads and writes.
inline constexpr uint32_t kPlanFormatVersion = 4;

/// The bytes of the plan file: format version set, content hash computed ("sealed").
/// `plan` is changed in these two fields only.
std::vector<uint8_t> sealPlan(plan::PlanT &plan);

/// Where the content hash lies in the file, or null if the file has none.
const uint8_t *contentHashField(const plan::Plan &plan);

} // namespace tpc
