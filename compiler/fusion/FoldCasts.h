//===- FoldCasts.h - Roundings that another op makes ----------------------------------------===//
//
// Where a cast stands is decided before; which op executes it is decided here, and no number
// changes by it.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "dialects/nn/NN.h"

namespace tpc {

/// A product whose sum is read by one narrowing cast alone gives its result rounded; the narrowing
/// of a value that was widened is the value itself; a view of a widened value is one of the narrow
/// value, widened: a kernel of its own that only widens would be a pass over memory. For the same
/// reason every op of a kernel widens for itself, so that what is kept between kernels is narrow:
/// the logits, which their gradient then overwrites.
void foldCasts(nn::EntryOp entry);

/// A cast to more bits, which loses nothing.
bool isWidening(nn::CastOp op);

} // namespace tpc
