//===- GraphEvaluation.h - What a graph means, in float64 ----------------------------------===//
#pragma once

#include "runtime/device/cuda/OpGraph.h"

#include <map>

namespace tpc::test {

/// Evaluates a graph by the definitions of its operations, nothing rounded. `memory`: where each
/// operand begins, and each number. Reads and writes only the elements that the dims and strides of
/// an operand name.
void evaluate(const cuda::OpGraph &graph, const std::map<int64_t, double *> &memory);

} // namespace tpc::test
