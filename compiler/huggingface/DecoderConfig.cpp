//===- DecoderConfig.cpp - Reads config.json --------------------------------------------------===//
//
// Names of settings and their defaults are those of the transformers library's GPT2Config,
// LlamaConfig, MistralConfig and Qwen2Config.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/huggingface/DecoderConfig.h"

#include "compiler/support/BoundedJson.h"

#include <cmath>

using namespace tpc;

namespace {

using Object = llvm::json::Object;

// No product of two sizes, times layers and bytes, comes near 2^63, and no published model near
// these. As many layers as `nn.layers` takes.
constexpr int64_t kMostLayers = 10000, kMostFeatures = 1 << 20, kMostRows = 1 << 24;

Status invalid(std::string message, std::string hint = {}) {
  return Status(Code::InvalidInput, std::move(message), std::move(hint));
}

Status unsupported(const std::string &setting, const std::string &supported) {
  return invalid("'" + setting + "' changes what the model computes, and tpc has no form of it",
                 "supported: " + supported);
}

/// Settings of one object, with the kind and range of each checked; the first error is kept.
class Settings {
public:
  explicit Settings(const Object &object) : object_(object) {}

  bool has(const char *key) const {
    const llvm::json::Value *value = object_.get(key);
    return value && value->kind() != llvm::json::Value::Null;
  }
  bool isMissing(const char *key) const { return !object_.get(key); }
  /// A size from 1 to `most`.
  int64_t size(const char *key, int64_t most, std::optional<int64_t> preset = std::nullopt) {
    if (!has(key) && preset)
      return *preset;
    if (isMissing(key))
      fail(std::string("'") + key + "' is missing");
    std::optional<int64_t> value = has(key) ? object_.getInteger(key) : std::nullopt;
    if (!value || *value < 1)
      fail(std::string("'") + key + "' is no positive integer");
    else if (*value > most)
      fail(std::string("'") + key + "' is " + std::to_string(*value) + ", and at most " +
           std::to_string(most) + " is taken");
    else
      return *value;
    return 1;
  }
  double number(const char *key, double preset) {
    if (!has(key))
      return preset;
    std::optional<double> value = object_.getNumber(key);
    if (!value || !std::isfinite(*value) || *value < 0)
      fail(std::string("'") + key + "' is no number of at least 0");
    return value.value_or(preset);
  }
  bool flag(const char *key, bool preset) {
    if (!has(key))
      return preset;
    std::optional<bool> value = object_.getBoolean(key);
    if (!value)
      fail(std::string("'") + key + "' is neither true nor false");
    return value.value_or(preset);
  }
  std::string text(const char *key, const char *preset) {
    if (!has(key))
      return preset;
    std::optional<llvm::StringRef> value = object_.getString(key);
    if (!value)
      fail(std::string("'") + key + "' is no string");
    return value ? value->str() : preset;
  }
  /// Strings, of an array of them; what is none is an empty string.
  std::vector<std::string> texts(const char *key) {
    std::vector<std::string> result;
    if (const llvm::json::Array *array = has(key) ? object_.getArray(key) : nullptr)
      for (const llvm::json::Value &value : *array)
        result.push_back(value.getAsString().value_or("").str());
    return result;
  }
  const Object *object(const char *key) { return has(key) ? object_.getObject(key) : nullptr; }

  void fail(std::string message) {
    if (status_.ok())
      status_ = invalid(std::move(message));
  }
  const Status &status() const { return status_; }

private:
  const Object &object_;
  Status status_;
};

/// What any family may say of itself that makes it another model than a language model in floats.
Status checkKind(Settings &settings) {
  for (const std::string &name : settings.texts("architectures"))
    if (llvm::StringRef rest(name); rest.contains("For") && !rest.ends_with("ForCausalLM"))
      return invalid("'architectures' says " + name +
                         ", which has another head than a language "
                         "model's",
                     "take a checkpoint of a ...ForCausalLM, or write the model in the nn dialect");
  for (const std::string &layer : settings.texts("layer_types"))
    if (layer != "full_attention")
      return unsupported("layer_types: " + layer, "full_attention in every layer");
  if (settings.has("quantization_config"))
    return invalid("'quantization_config' says that the weights are quantized",
                   "take a checkpoint in float16, bfloat16 or float32");
  return Status();
}

Result<DecoderConfig> readGpt2(Settings &settings) {
  DecoderConfig config;
  config.family = DecoderConfig::Family::Gpt2;
  config.vocab = settings.size("vocab_size", kMostRows);
  config.hidden = settings.size("n_embd", kMostFeatures);
  config.layers = settings.size("n_layer", kMostLayers);
  config.heads = config.kvHeads = settings.size("n_head", kMostFeatures);
  config.positions = settings.size("n_positions", kMostRows);
  config.intermediate = settings.size("n_inner", kMostFeatures, 4 * config.hidden);
  config.eps = settings.number("layer_norm_epsilon", 1e-5);
  config.initialRange = settings.number("initializer_range", 0.02);
  config.isTied = settings.flag("tie_word_embeddings", true);
  config.hasQkvBias = config.hasOutputBias = config.hasMlpBias = true;
  config.dropout = std::max({settings.number("resid_pdrop", 0), settings.number("embd_pdrop", 0),
                             settings.number("attn_pdrop", 0)});
  config.headSize = config.hidden / config.heads;
  if (!settings.flag("scale_attn_weights", true))
    return unsupported("scale_attn_weights", "true");
  if (settings.flag("scale_attn_by_inverse_layer_idx", false))
    return unsupported("scale_attn_by_inverse_layer_idx", "false");
  if (settings.flag("add_cross_attention", false))
    return unsupported("add_cross_attention", "false");
  std::string activation = settings.text("activation_function", "gelu_new");
  if (activation != "gelu_new" && activation != "gelu_pytorch_tanh" && activation != "gelu")
    return unsupported("activation_function", "gelu_new, gelu_pytorch_tanh, gelu");
  config.usesTanhGelu = activation != "gelu";
  return config;
}

/// rope_theta, or rope_parameters of newer files; scaled variants are refused.
Status readRope(Settings &settings, DecoderConfig &config) {
  config.ropeTheta = settings.number("rope_theta", 10000);
  for (const char *key : {"rope_scaling", "rope_parameters"}) {
    if (!settings.has(key))
      continue;
    const Object *object = settings.object(key);
    if (!object)
      return invalid(std::string("'") + key + "' is no object");
    Settings rope(*object);
    std::string type = rope.text("rope_type", rope.text("type", "").c_str());
    config.ropeTheta = rope.number("rope_theta", config.ropeTheta);
    double rotated = rope.number("partial_rotary_factor", 1);
    if (!rope.status().ok())
      return rope.status();
    if (!type.empty() && type != "default")
      return unsupported(std::string(key) + ": " + type, "rope without scaling");
    // Without a type, whatever else is said tells of one.
    for (const auto &[name, value] : *object)
      if (type.empty() && name != "rope_theta" && value.kind() != llvm::json::Value::Null)
        return unsupported(std::string(key) + ": " + name.str(), "rope without scaling");
    if (rotated != 1)
      return unsupported(std::string(key) + ": partial_rotary_factor", "1");
  }
  if (settings.flag("rope_interleaved", false))
    return unsupported("rope_interleaved", "false");
  if (settings.number("partial_rotary_factor", 1) != 1)
    return unsupported("partial_rotary_factor", "1");
  if (config.ropeTheta <= 0)
    return invalid("'rope_theta' is not positive");
  return Status();
}

Result<DecoderConfig> readLlama(Settings &settings, const std::string &type) {
  DecoderConfig config;
  config.family = DecoderConfig::Family::Llama;
  config.vocab = settings.size("vocab_size", kMostRows);
  config.hidden = settings.size("hidden_size", kMostFeatures);
  config.layers = settings.size("num_hidden_layers", kMostLayers);
  config.intermediate = settings.size("intermediate_size", kMostFeatures);
  config.heads = settings.size("num_attention_heads", kMostFeatures);
  // What a file does not say is what transformers takes then, and that is not always the same.
  if (type != "llama" && settings.isMissing("num_key_value_heads"))
    settings.fail("'num_key_value_heads' is missing");
  config.kvHeads = settings.size("num_key_value_heads", kMostFeatures, config.heads);
  config.headSize =
      settings.size("head_dim", kMostFeatures, std::max<int64_t>(config.hidden / config.heads, 1));
  config.positions = settings.size("max_position_embeddings", kMostRows);
  config.eps = settings.number("rms_norm_eps", 1e-6);
  config.initialRange = settings.number("initializer_range", 0.02);
  config.isTied = settings.flag("tie_word_embeddings", false);
  bool hasBias = settings.flag("attention_bias", false);
  config.hasQkvBias = hasBias || type == "qwen2";
  config.hasOutputBias = hasBias;
  config.hasMlpBias = settings.flag("mlp_bias", false);
  config.dropout = settings.number("attention_dropout", 0);
  TPC_RETURN_IF_ERROR(readRope(settings, config));
  if (settings.text("hidden_act", "silu") != "silu")
    return unsupported("hidden_act", "silu");
  if (type == "mistral" && settings.isMissing("sliding_window"))
    return invalid("'sliding_window' is missing, and is 4096 then",
                   "supported: full causal attention, \"sliding_window\": null");
  bool usesWindow =
      type == "qwen2" ? settings.flag("use_sliding_window", false) : settings.has("sliding_window");
  if (usesWindow)
    return unsupported("sliding_window", "full causal attention");
  return config;
}

Status checkShape(const DecoderConfig &config) {
  if (config.headSize > kMostFeatures / config.heads)
    return invalid(std::to_string(config.heads) + " heads of " + std::to_string(config.headSize) +
                   " ('num_attention_heads', 'head_dim') are more than " +
                   std::to_string(kMostFeatures) + " features");
  if (config.family == DecoderConfig::Family::Gpt2 && config.hidden % config.heads != 0)
    return invalid("n_embd " + std::to_string(config.hidden) + " is no multiple of n_head " +
                   std::to_string(config.heads));
  if (config.heads % config.kvHeads != 0)
    return invalid(std::to_string(config.heads) + " query heads are no multiple of " +
                   std::to_string(config.kvHeads) + " kv heads");
  if (config.family == DecoderConfig::Family::Llama && config.headSize % 2 != 0)
    return invalid("rope pairs the halves of a head, and the head size " +
                   std::to_string(config.headSize) + " is odd");
  return Status();
}

} // namespace

Result<DecoderConfig> tpc::readDecoderConfig(std::string_view text) {
  llvm::Expected<llvm::json::Value> parsed = parseBoundedJson({text.data(), text.size()});
  if (!parsed)
    return invalid(llvm::toString(parsed.takeError()));
  const Object *object = parsed->getAsObject();
  if (!object)
    return invalid("it holds no JSON object");
  Settings settings(*object);
  std::string type = settings.text("model_type", "");
  bool isLlama = type == "llama" || type == "mistral" || type == "qwen2";
  if (!isLlama && type != "gpt2")
    return invalid("'model_type' is '" + type + "'",
                   "supported: gpt2, llama, mistral, qwen2; write other models in the nn dialect "
                   "(docs/nn.md)");
  TPC_RETURN_IF_ERROR(checkKind(settings));
  Result<DecoderConfig> config = isLlama ? readLlama(settings, type) : readGpt2(settings);
  if (!settings.status().ok())
    return settings.status();
  if (!config.ok())
    return config;
  TPC_RETURN_IF_ERROR(checkShape(*config));
  return config;
}
