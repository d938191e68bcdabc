//===- Notes.h - What a plan says of its own speed -----------------------------------------===//
#pragma once

#include "algebra/Cost.h"
#include "compiler/emit/WaitEdges.h"

#include <optional>
#include <string>

namespace tpc {

/// How much of an entry's collectives runs beside other work, and in which phases it can't.
std::string overlapNote(const std::string &entry, const Timeline &timeline);

/// Of a training step of a transformer: tokens a second, and which part of the machine's flops the
/// model's own are (ModelFlops.h). By predicted time.
std::optional<std::string> utilisationNote(const plan::PlanT &plan, const plan::EntryT &entry,
                                           const Hardware &hardware);

} // namespace tpc
