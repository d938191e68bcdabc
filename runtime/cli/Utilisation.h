//===- Utilisation.h - Which part of a machine a step makes use of ---------------------------===//
//
// A plan says what its model has to compute in a step (model_flops of an entry: 6 N + 6 L h T a
// token of a training, compiler/emit/ModelFlops.h) and what the hardware can compute that its
// predictions are for.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/plan/PlanFile.h"

#include <optional>
#include <string>

namespace tpc {

/// Of a step that takes so many seconds on so many devices of that hardware: a number from 0 to 1.
/// Nothing where the plan does not say what it needs.
std::optional<double> utilisationOf(const PlanFile &plan, const plan::Entry &entry, double seconds,
                                    double devices);
/// "35.4% of h200-bf16's 794.5 TFLOP/s", or "".
std::string utilisationText(const PlanFile &plan, const plan::Entry &entry, double seconds,
                            double devices);

} // namespace tpc
