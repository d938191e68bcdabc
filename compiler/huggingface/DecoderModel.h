//===- DecoderModel.h - A decoder as a model file ---------------------------------------------===//
#pragma once

#include "compiler/huggingface/DecoderConfig.h"

#include <string>
#include <vector>

namespace tpc {

/// A tensor that the model reads from a checkpoint, in the checkpoint's own layout.
struct ExpectedTensor {
  std::string name;
  std::vector<int64_t> shape;
};

struct DecoderModel {
  std::string text; ///< of the model file, from `module` on; a comment in front is the caller's
  std::vector<ExpectedTensor> tensors; ///< each once, by name
};

/// Under which GPT-2's files may hold all names; a model says so by `nn.prefix`.
inline constexpr const char *kGpt2Prefix = "transformer.";
/// What GPT-2's files may hold beside the parameters; a model says so by `nn.unused`.
inline constexpr const char *kGpt2Unused[] = {"h.*.attn.bias", "h.*.attn.masked_bias"};

/// `symbol` names the module. Named dims B and T default to 4 and 64, or to the longest sequence.
DecoderModel writeDecoderModel(const DecoderConfig &config, const std::string &symbol);

} // namespace tpc
