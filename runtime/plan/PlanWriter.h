//===- PlanWriter.h - From a plan in memory to a sealed file ---------------------------------===//
//
// The compiler fills a plan::PlanT and writes it here; so does the text form. One writer means one
// byte layout: equal plans are equal files.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/plan/plan_generated.h"
#include "runtime/support/Status.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tpc {

/// Version of the format that this build reads and writes.
inline constexpr uint32_t kPlanFormatVersion = 3;

/// The bytes of the plan file: format version set, content hash computed ("sealed").
/// `plan` is changed in these two fields only.
std::vector<uint8_t> sealPlan(plan::PlanT &plan);

/// Where the content hash lies in the file, or null if the file has none.
const uint8_t *contentHashField(const plan::Plan &plan);

/// Writes a file through a temporary one beside it, so that nobody ever sees half of it.
Status writeFileAtomically(const std::string &path, std::span<const uint8_t> bytes);

/// Whether that could be done, as far as is known before; a file that stands there stays as it is.
Status tryFile(const std::string &path);

} // namespace tpc
