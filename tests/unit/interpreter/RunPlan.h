//===- RunPlan.h - Compiles models and runs their plans, in one process --------------------===//
#pragma once

#include "compiler/driver/CompileOptions.h"
#include "compiler/interpreter/Interpreter.h"
#include "runtime/plan/PlanFile.h"

namespace tpc::interpreter::test {

struct CompiledPlan {
  PlanFile plan;
  int poisonedPads = 0;
};

/// The plan of a model. Poisoned: of the local program with poisoned pads (PoisonPads.h), as it is
/// once it is proved.
CompiledPlan compilePlan(const std::string &text, const CompileOptions &options,
                         bool poisoned = false);

/// One step of @train on CPU ranks from these values; outputs in order, parameters and states by
/// name.
Outcome runTrain(const PlanFile &plan, const Bindings &bindings);

} // namespace tpc::interpreter::test
