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

/// `steps` steps of @train on CPU ranks from these values, the first of which is number 3. Outputs
/// of the last one, in order; parameters and states by name.
Outcome runTrain(const PlanFile &plan, const Bindings &bindings, int64_t steps = 1);

} // namespace tpc::interpreter::test
