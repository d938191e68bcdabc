//===- Emit.h - From a scheduled program to the plan file ---------------------------------===//
//
// Writes down what the levels before decided: buffers at offsets, instructions in order, kernel
// images, and what a run binds. Every slice names the value that it holds, so that the checks that
// loading makes (runtime/plan) prove the result.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/support/Target.h"

#include "mlir/IR/BuiltinOps.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tpc {

struct EmitOptions {
  Hardware hardware;
  std::string modelName;
  uint64_t modelHash = 0; ///< of what the model's text says
  Target target;
  std::string precision = "f32", commDtype = "f32";
  std::string shardedIr;                          ///< text of level `sharded`
  std::map<std::string, int64_t> modelFlops = {}; ///< of each entry (ModelFlops.h)
  std::vector<std::string> notes;                 ///< choices that a user should know of
};

/// The bytes of the plan file. `module` is at level `scheduled`.
mlir::FailureOr<std::vector<uint8_t>> emitPlan(mlir::ModuleOp module, const EmitOptions &options);

} // namespace tpc
