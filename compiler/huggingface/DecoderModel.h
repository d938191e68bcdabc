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

/// `symbol` names the module; `prefix` stands before every name of GPT-2's tensors ("" or
/// "transformer."). Named dims B and T default to 4 and 64, or to the longest sequence.
DecoderModel writeDecoderModel(const DecoderConfig &config, const std::string &symbol,
                               const std::string &prefix);

} // namespace tpc
