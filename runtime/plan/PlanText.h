//===- PlanText.h - The text form of a plan ---------------------------------------------------===//
//
// JSON by the names of plan.fbs, with numbers that read back exactly; one line per instruction. It
// round-trips: planFromText(planToText(p)) is p, byte for byte.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace tpc {

/// `bytes` must have passed PlanFile's checks.
std::string planToText(std::span<const uint8_t> bytes);

/// The sealed plan file. What the text says is not checked beyond the schema: load the result.
Result<std::vector<uint8_t>> planFromText(const std::string &text);

} // namespace tpc
