//===- WholeProgram.h - The program before and after partitioning, in float64 --------------===//
//
// Checking op by op shows that the plan does what its scheduled program says; this shows that the
// scheduled program, on virtual ranks, says what the global program says on one device. In float64
// any difference above 1e-9 is a bug, not rounding.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/interpreter/Interpreter.h"
#include "runtime/exec/RunSession.h"

#include "mlir/IR/BuiltinOps.h"

namespace tpc::verify {

inline constexpr double kWholeProgramLimit = 1e-9;
/// Elements of parameters and states up to which the comparison is made without being asked for:
/// every value of both programs is kept, in float64.
inline constexpr int64_t kWholeProgramElements = 4'000'000;

/// What the entry will read: parameters, states, inputs and scalars as they are in the buffers now.
Result<interpreter::Bindings> gatherBindings(const RunSession &session, const plan::Entry &entry,
                                             mlir::ModuleOp scheduled);

struct WholeProgramResult {
  double difference = 0; ///< the largest, relative to the largest value of its kind
  std::string where;     ///< "output loss", "@wte"
};

/// Fails with Code::Difference where the programs differ.
Result<WholeProgramResult> compareWholeProgram(mlir::ModuleOp sharded, mlir::ModuleOp scheduled,
                                               const std::string &entry,
                                               const interpreter::Bindings &bindings);

} // namespace tpc::verify
