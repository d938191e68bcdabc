//===- BodyCheck.h - Instruction bodies against their operands --------------------------------===//
//
// Shows that a body touches no byte outside its operand slices, and that the access that each
// slice states is the one that the body makes.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/plan/plan_generated.h"
#include "runtime/support/Status.h"

namespace tpc {

/// The FlatBuffer verifier lets any number pass for an enumerator.
template <typename Enum> bool isEnumerator(Enum value, Enum last) { return value <= last; }

/// The slices have been checked against their buffers.
Status checkBody(const plan::Instruction &instruction, const plan::Plan &plan);

} // namespace tpc
