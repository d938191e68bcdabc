//===- DecoderConfig.h - The shape of a published decoder ------------------------------------===//
//
// What config.json of a Hugging Face checkpoint says of a GPT-2 or Llama shaped decoder. Reading is
// strict where it matters: a setting that changes what the model computes, and that tpc's models do
// not have, is an error that names it; settings of tokenisers and of sampling are passed over.
//
//===---------------------------------------------------------------------------------------===//
#pragma once

#include "runtime/support/Status.h"

#include <cstdint>
#include <string_view>

namespace tpc {

struct DecoderConfig {
  enum class Family {
    Gpt2,  ///< learned positions, LayerNorm, two-layer MLP, matrices stored [in, out]
    Llama, ///< rope, RMSNorm, gated MLP, matrices stored [out, in]
  };
  Family family = Family::Gpt2;
  int64_t vocab = 0, hidden = 0, intermediate = 0, layers = 0;
  int64_t heads = 0, kvHeads = 0, headSize = 0;
  int64_t positions = 0; ///< the longest sequence
  double eps = 0;        ///< of the norms
  double ropeTheta = 10000;
  double initialRange = 0.02; ///< standard deviation of initial weights
  bool isTied = false;        ///< the output head is the embedding
  bool hasQkvBias = false, hasOutputBias = false, hasMlpBias = false;
  bool usesTanhGelu = true; ///< of GPT-2: tanh form, or erf
  double dropout = 0;       ///< the largest of the config; models are written without
};

/// `text` is that of config.json; errors name the setting.
Result<DecoderConfig> readDecoderConfig(std::string_view text);

} // namespace tpc
