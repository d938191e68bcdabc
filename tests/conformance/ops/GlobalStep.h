//===- GlobalStep.h - A step before it is split, in float64, with bounds -------------------===//
//
// The interpreter's evaluation of an entry of global shapes, and beside each number how far a plan
// in float32 may be from it: the bounds of `tpc verify` (docs/verify.md), which here grow from op
// to op. They hold for any number of ranks, since they are of sums in any order.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "compiler/interpreter/Interpreter.h"
#include "compiler/verify/EvaluateStep.h"

#include <map>

namespace tpc::conformance {

struct BoundedOutcome {
  std::vector<verify::Bounded> outputs;
  std::map<std::string, verify::Bounded> writes;
};

/// Fails, with an error on the op, where one cannot be evaluated or bounded.
mlir::FailureOr<BoundedOutcome> runBounded(nn::EntryOp entry,
                                           const interpreter::Bindings &bindings);

} // namespace tpc::conformance
