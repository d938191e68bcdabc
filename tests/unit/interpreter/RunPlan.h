//===- RunPlan.h - Compiles models and runs their plans, in one process --------------------===//
#pragma once

#include "compiler/driver/CompileOptions.h"
#include "compiler/interpreter/Interpreter.h"
#include "runtime/exec/RunSession.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace tpc::interpreter::test {

struct CompiledPlan {
  PlanFile plan;
  mlir::OwningOpRef<mlir::ModuleOp> grad; ///< the program before it is split
  int poisonedPads = 0;
};

/// The plan of a model. Poisoned: of the local program with poisoned pads (PoisonPads.h), as it is
/// once it is proved. Fails, with an error, where the pipeline does.
mlir::FailureOr<CompiledPlan> tryCompilePlan(const std::string &text, const CompileOptions &options,
                                             bool poisoned = false);
/// Of a model that can be compiled.
CompiledPlan compilePlan(const std::string &text, const CompileOptions &options,
                         bool poisoned = false);

/// One device of the CPU for each rank, with one thread.
SessionOptions cpuSession();

/// `steps` steps of an entry from these values, the first of which is number 3. Outputs of the last
/// one, in order; parameters and states by name.
Outcome runEntry(RunSession &session, const std::string &entry, const Bindings &bindings,
                 int64_t steps = 1);
/// Of @train on CPU ranks.
Outcome runTrain(const PlanFile &plan, const Bindings &bindings, int64_t steps = 1);

} // namespace tpc::interpreter::test
