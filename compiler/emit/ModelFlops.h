//===- ModelFlops.h - What a model has to compute ------------------------------------------===//
//
// Utilisation compares a rate with a machine's, and only work that the model needs may count: what
// is computed twice, on pads, or on several ranks does not. By convention that is 6 N + 6 L h T
// operations a token (N weights that multiply, L layers of causal attention over T tokens, h wide):
// a product takes 2 operations a weight and token, and twice as many in its backward pass
// (Kaplan et al., arXiv 2001.08361, section 2.1); attention's scores and sums take 12 L h T
// (Chowdhery et al., PaLM, arXiv 2204.02311, appendix B), of which causal attention needs half.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "dialects/nn/NN.h"

namespace tpc {

/// Of one step on all ranks together: those of the forward pass, and twice as many again if the
/// entry has a backward pass. Each linear counts its weight, so that an embedding counts where it
/// is a head, and only there. `entry` is at level `grad`, where shapes are the model's own.
int64_t modelFlops(nn::EntryOp entry);

} // namespace tpc
