//===- DecoderModel.cpp - Writes GPT-2 and Llama shaped decoders ------------------------------===//
//
// The text is what a person would write: compare models/gpt2-124m.mlir and models/llama-mini.mlir.
//
//===---------------------------------------------------------------------------------------===//
#include "compiler/huggingface/DecoderModel.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>

using namespace tpc;

namespace {

using Shape = std::vector<int64_t>;

/// The shortest decimal that reads back as `value`, as MLIR wants it: with a point.
std::string decimal(double value) {
  bool isPlain = value == 0 || (std::abs(value) >= 1e-3 && std::abs(value) < 1e15);
  char text[32];
  auto [end, error] =
      std::to_chars(text, text + sizeof(text), value,
                    isPlain ? std::chars_format::fixed : std::chars_format::scientific);
  std::string result(text, end);
  if (result.find('.') == std::string::npos)
    result.insert(std::min(result.find('e'), result.size()), ".0");
  return result;
}

std::string typeOf(const Shape &shape, const char *element = "f32") {
  std::string text = "tensor<";
  for (int64_t extent : shape)
    text += std::to_string(extent) + "x";
  return text + element + ">";
}

class Writer {
public:
  explicit Writer(const DecoderConfig &config)
      : config_(config), isGpt2_(config.family == DecoderConfig::Family::Gpt2), batch_(4),
        sequence_(std::min<int64_t>(64, config.positions)) {}

  DecoderModel write(const std::string &symbol) {
    std::string attributes;
    if (isGpt2_)
      attributes = std::string(" attributes {nn.prefix = \"") + kGpt2Prefix +
                   "\", nn.unused = [\"" + kGpt2Unused[0] + "\", \"" + kGpt2Unused[1] + "\"]}";
    open("module @" + symbol + attributes + " {");
    line("nn.dim @B = " + std::to_string(batch_));
    line("nn.dim @T = " + std::to_string(sequence_));
    line();
    line("nn.input @tokens : " + ids() + " dims [\"B\", \"T\"] feed #nn.tokens<>");
    line("nn.input @labels : " + ids() +
         " dims [\"B\", \"T\"] feed #nn.tokens<shift = 1, tail = -100>");
    line("nn.scalar @lr : tensor<f32> = 3.0e-4");
    line();
    if (isGpt2_)
      writeGpt2();
    else
      writeLlama();
    close();
    DecoderModel model{std::move(text_), {}};
    for (auto &[name, shape] : tensors_)
      model.tensors.push_back({name, shape});
    return model;
  }

private:
  // Text.
  void line(const std::string &text = "") {
    text_ += text.empty() ? "\n" : std::string(2 * depth_, ' ') + text + "\n";
  }
  void open(const std::string &text) {
    line(text);
    ++depth_;
  }
  void close() {
    --depth_;
    line("}");
  }

  std::string ids() const { return typeOf({batch_, sequence_}, "i32"); }
  std::string stream(int64_t features) const { return typeOf({batch_, sequence_, features}); }
  std::string headsOf(int64_t heads) const {
    return typeOf({batch_, sequence_, heads, config_.headSize});
  }

  // Parameters.
  std::string normal(double deviation) const {
    return "#nn.init<normal, 0.0, " + decimal(deviation) + ">";
  }
  /// `source` names a stored tensor of shape `stored`; `how` is its slice and transposition.
  void parameter(const std::string &name, const Shape &shape, const std::string &init,
                 const std::string &source, const Shape &stored, const std::string &how = "") {
    line("nn.parameter @" + name + " : " + typeOf(shape) + " init " + init);
    line("    source #nn.source<\"" + source + "\"" + how + ">");
    expect(source, stored);
  }
  void expect(const std::string &source, const Shape &stored) {
    const std::string layer = "{layer}";
    size_t at = source.find(layer);
    if (at == std::string::npos) {
      tensors_[source] = stored;
      return;
    }
    for (int64_t i = 0; i < config_.layers; ++i)
      tensors_[std::string(source).replace(at, layer.size(), std::to_string(i))] = stored;
  }
  void vector(const std::string &name, int64_t size, const char *init, const std::string &source) {
    parameter(name, {size}, std::string("#nn.init<") + init + ">", source, {size});
  }

  // Ops.
  void linear(const std::string &result, const std::string &input, const std::string &parameter,
              int64_t in, int64_t out, bool hasBias) {
    line("%" + result + "w = nn.read @" + parameter + ".weight : " + typeOf({out, in}));
    std::string bias, biasType;
    if (hasBias) {
      line("%" + result + "b = nn.read @" + parameter + ".bias : " + typeOf({out}));
      bias = " bias %" + result + "b";
      biasType = ", " + typeOf({out});
    }
    line("%" + result + " = nn.linear %" + input + ", %" + result + "w" + bias + " : (" +
         stream(in) + ", " + typeOf({out, in}) + biasType + ") -> " + stream(out));
  }
  void norm(const std::string &result, const std::string &input, const std::string &parameter) {
    std::string weight = typeOf({config_.hidden}), type = stream(config_.hidden);
    line("%" + result + "w = nn.read @" + parameter + ".weight : " + weight);
    if (isGpt2_)
      line("%" + result + "b = nn.read @" + parameter + ".bias : " + weight);
    std::string eps = " {eps = " + decimal(config_.eps) + " : f64} : (";
    if (isGpt2_)
      line("%" + result + " = nn.layer_norm %" + input + " weight %" + result + "w bias %" +
           result + "b" + eps + type + ", " + weight + ", " + weight + ") -> " + type);
    else
      line("%" + result + " = nn.rms_norm %" + input + " weight %" + result + "w" + eps + type +
           ", " + weight + ") -> " + type);
  }
  void unary(const std::string &result, const std::string &op, const std::string &input,
             const std::string &type, const std::string &attributes = "") {
    line("%" + result + " = nn." + op + " %" + input + attributes + " : (" + type + ") -> " + type);
  }
  void binary(const std::string &result, const std::string &op, const std::string &a,
              const std::string &b, const std::string &type) {
    line("%" + result + " = nn." + op + " %" + a + ", %" + b + " : (" + type + ", " + type +
         ") -> " + type);
  }
  void yield(const std::string &value, const std::string &type) {
    line("nn.yield %" + value + " : " + type);
    close();
  }

  void splitHeads(const std::string &result, const std::string &input, int64_t count) {
    line("%" + result + " = nn.split_dim %" + input + " dim 2 minor " +
         std::to_string(config_.headSize) + " : (" + stream(count * config_.headSize) + ") -> " +
         headsOf(count));
  }
  void rope(const std::string &result, const std::string &input, int64_t count) {
    unary(result, "rope", input, headsOf(count),
          config_.ropeTheta == 10000 ? "" : " {theta = " + decimal(config_.ropeTheta) + " : f64}");
  }

  /// x + attention(norm(x)), with projections named `attn.q` ... in both families.
  void attention(const std::string &normName) {
    int64_t queries = config_.heads * config_.headSize, keys = config_.kvHeads * config_.headSize;
    open("%a = nn.scope \"attn\" -> " + stream(config_.hidden) + " {");
    norm("n", "x", normName);
    linear("q2", "n", "attn.q", config_.hidden, queries, config_.hasQkvBias);
    linear("k2", "n", "attn.k", config_.hidden, keys, config_.hasQkvBias);
    linear("v2", "n", "attn.v", config_.hidden, keys, config_.hasQkvBias);
    splitHeads(isGpt2_ ? "q" : "q1", "q2", config_.heads);
    splitHeads(isGpt2_ ? "k" : "k1", "k2", config_.kvHeads);
    splitHeads("v", "v2", config_.kvHeads);
    if (!isGpt2_) {
      rope("q", "q1", config_.heads);
      rope("k", "k1", config_.kvHeads);
    }
    line("%o4 = nn.attention %q, %k, %v {causal = true} : (" + headsOf(config_.heads) + ", " +
         headsOf(config_.kvHeads) + ", " + headsOf(config_.kvHeads) + ") -> " +
         headsOf(config_.heads));
    line("%o2 = nn.merge_dims %o4 dim 2 : (" + headsOf(config_.heads) + ") -> " + stream(queries));
    linear("o", "o2", "attn.o", queries, config_.hidden, config_.hasOutputBias);
    yield("o", stream(config_.hidden));
    binary("x1", "add", "x", "a", stream(config_.hidden));
  }

  void openBlock() {
    line();
    open("nn.block (%x: " + stream(config_.hidden) + ") -> " + stream(config_.hidden) + " {");
  }
  void closeBlock() {
    binary("x2", "add", "x1", "m", stream(config_.hidden));
    line("nn.return %x2 : " + stream(config_.hidden));
    close();
    close();
    line();
  }
  void openMlp(const std::string &normName) {
    open("%m = nn.scope \"mlp\" -> " + stream(config_.hidden) + " {");
    norm("n", "x1", normName);
  }

  void head(const std::string &embedding, const std::string &source) {
    if (config_.isTied)
      line("nn.tie @lm_head to @" + embedding + " init #nn.init<zeros>" +
           (isGpt2_ ? " {nn.source = #nn.source<\"" + source + "\">}" : ""));
    else
      parameter("lm_head", {config_.vocab, config_.hidden}, normal(config_.initialRange), source,
                {config_.vocab, config_.hidden});
    line();
  }

  void lookUp(const std::string &result, const std::string &ids, const std::string &table,
              int64_t rows) {
    line("%" + result + " = nn.embedding %" + ids + ", %" + table + " : (" + this->ids() + ", " +
         typeOf({rows, config_.hidden}) + ") -> " + stream(config_.hidden));
  }

  void entry(const std::string &embedding, const std::string &layers, const std::string &lastNorm) {
    std::string logits = stream(config_.vocab);
    open("nn.entry @loss outputs [\"loss\"] {");
    line("%tokens = nn.read @tokens : " + ids());
    open("%x = nn.scope \"embed\" -> " + stream(config_.hidden) + " {");
    line("%w = nn.read @" + embedding + " : " + typeOf({config_.vocab, config_.hidden}));
    if (isGpt2_)
      line("%wpe = nn.read @wpe : " + typeOf({config_.positions, config_.hidden}));
    lookUp("e", "tokens", "w", config_.vocab);
    if (isGpt2_) {
      line("%i = nn.positions %tokens : (" + ids() + ") -> " + ids());
      lookUp("p", "i", "wpe", config_.positions);
      binary("s", "add", "e", "p", stream(config_.hidden));
    }
    yield(isGpt2_ ? "s" : "e", stream(config_.hidden));
    line("%y = nn.apply @" + layers + "(%x) : (" + stream(config_.hidden) + ") -> " +
         stream(config_.hidden));
    open("%logits = nn.scope \"head\" -> " + logits + " {");
    norm("n", "y", lastNorm);
    std::string table = typeOf({config_.vocab, config_.hidden});
    line("%w = nn.read @lm_head : " + table);
    line("%l = nn.linear %n, %w : (" + stream(config_.hidden) + ", " + table + ") -> " + logits);
    yield("l", logits);
    line("%labels = nn.read @labels : " + ids());
    open("%loss = nn.scope \"loss\" -> tensor<f32> {");
    line("%c = nn.cross_entropy %logits, %labels {ignore_index = -100 : i64} : (" + logits + ", " +
         ids() + ") -> tensor<f32>");
    yield("c", "tensor<f32>");
    line("nn.return %loss : tensor<f32>");
    close();
    line();
  }

  void training(const std::string &unregularised) {
    line("nn.training @train of @loss");
    line("    optimizer #nn.adam<lr = @lr, beta1 = 0.9 : f64, beta2 = 0.95 : f64, eps = 1.0e-8 : "
         "f64, weight_decay = 0.1 : f64, decoupled = true>");
    line("    clip_norm 1.0");
    line("    groups [" + unregularised + "]");
  }

  void writeGpt2() {
    int64_t h = config_.hidden, f = config_.intermediate;
    std::string range = normal(config_.initialRange);
    // Residual projections as in the GPT-2 paper: scaled by the number of residual additions.
    std::string residual = normal(config_.initialRange / std::sqrt(2.0 * config_.layers));
    std::string layer = "h.{layer}.";
    parameter("wte", {config_.vocab, h}, range, "wte.weight", {config_.vocab, h});
    parameter("wpe", {config_.positions, h}, range, "wpe.weight", {config_.positions, h});
    line();
    open("nn.layers @h count " + std::to_string(config_.layers) + " {");
    vector("ln_1.weight", h, "ones", layer + "ln_1.weight");
    vector("ln_1.bias", h, "zeros", layer + "ln_1.bias");
    for (int part = 0; part < 3; ++part) {
      std::string name = std::string("attn.") + "qkv"[part];
      std::string slice = " [" + std::to_string(part * h) + ", " + std::to_string(h) + "]";
      parameter(name + ".weight", {h, h}, range, layer + "attn.c_attn.weight", {h, 3 * h},
                ", slice = 1" + slice + ", transpose");
      parameter(name + ".bias", {h}, "#nn.init<zeros>", layer + "attn.c_attn.bias", {3 * h},
                ", slice = 0" + slice);
    }
    parameter("attn.o.weight", {h, h}, residual, layer + "attn.c_proj.weight", {h, h},
              ", transpose");
    vector("attn.o.bias", h, "zeros", layer + "attn.c_proj.bias");
    vector("ln_2.weight", h, "ones", layer + "ln_2.weight");
    vector("ln_2.bias", h, "zeros", layer + "ln_2.bias");
    parameter("mlp.fc.weight", {f, h}, range, layer + "mlp.c_fc.weight", {h, f}, ", transpose");
    vector("mlp.fc.bias", f, "zeros", layer + "mlp.c_fc.bias");
    parameter("mlp.proj.weight", {h, f}, residual, layer + "mlp.c_proj.weight", {f, h},
              ", transpose");
    vector("mlp.proj.bias", h, "zeros", layer + "mlp.c_proj.bias");
    openBlock();
    attention("ln_1");
    openMlp("ln_2");
    linear("u", "n", "mlp.fc", h, f, true);
    unary("g", "gelu", "u", stream(f), config_.usesTanhGelu ? " {tanh}" : "");
    linear("d", "g", "mlp.proj", f, h, true);
    yield("d", stream(h));
    closeBlock();
    vector("ln_f.weight", h, "ones", "ln_f.weight");
    vector("ln_f.bias", h, "zeros", "ln_f.bias");
    head("wte", "lm_head.weight");
    entry("wte", "h", "ln_f");
    training("#nn.group<\"*.bias\", weight_decay = 0.0 : f64>, "
             "#nn.group<\"*ln_*\", weight_decay = 0.0 : f64>");
  }

  void projection(const std::string &name, int64_t out, int64_t in, bool hasBias,
                  const std::string &source) {
    parameter(name + ".weight", {out, in}, normal(config_.initialRange), source + ".weight",
              {out, in});
    if (hasBias)
      vector(name + ".bias", out, "zeros", source + ".bias");
  }

  void writeLlama() {
    int64_t h = config_.hidden, f = config_.intermediate;
    int64_t queries = config_.heads * config_.headSize, keys = config_.kvHeads * config_.headSize;
    const std::string layer = "model.layers.{layer}.";
    parameter("embed_tokens", {config_.vocab, h}, normal(config_.initialRange),
              "model.embed_tokens.weight", {config_.vocab, h});
    line();
    open("nn.layers @layers count " + std::to_string(config_.layers) + " {");
    vector("input_norm.weight", h, "ones", layer + "input_layernorm.weight");
    projection("attn.q", queries, h, config_.hasQkvBias, layer + "self_attn.q_proj");
    projection("attn.k", keys, h, config_.hasQkvBias, layer + "self_attn.k_proj");
    projection("attn.v", keys, h, config_.hasQkvBias, layer + "self_attn.v_proj");
    projection("attn.o", h, queries, config_.hasOutputBias, layer + "self_attn.o_proj");
    vector("post_norm.weight", h, "ones", layer + "post_attention_layernorm.weight");
    projection("mlp.gate", f, h, config_.hasMlpBias, layer + "mlp.gate_proj");
    projection("mlp.up", f, h, config_.hasMlpBias, layer + "mlp.up_proj");
    projection("mlp.down", h, f, config_.hasMlpBias, layer + "mlp.down_proj");
    openBlock();
    attention("input_norm");
    openMlp("post_norm");
    linear("g", "n", "mlp.gate", h, f, config_.hasMlpBias);
    linear("u", "n", "mlp.up", h, f, config_.hasMlpBias);
    unary("s", "silu", "g", stream(f));
    binary("p", "mul", "s", "u", stream(f));
    linear("d", "p", "mlp.down", f, h, config_.hasMlpBias);
    yield("d", stream(h));
    closeBlock();
    vector("norm.weight", h, "ones", "model.norm.weight");
    head("embed_tokens", "lm_head.weight");
    entry("embed_tokens", "layers", "norm");
    bool hasBias = config_.hasQkvBias || config_.hasOutputBias || config_.hasMlpBias;
    training(std::string("#nn.group<\"*norm.weight\", weight_decay = 0.0 : f64>") +
             (hasBias ? ", #nn.group<\"*.bias\", weight_decay = 0.0 : f64>" : ""));
  }

  const DecoderConfig &config_;
  bool isGpt2_;
  int64_t batch_, sequence_;
  std::string text_;
  int depth_ = 0;
  std::map<std::string, Shape> tensors_;
};

} // namespace

DecoderModel tpc::writeDecoderModel(const DecoderConfig &config, const std::string &symbol) {
  return Writer(config).write(symbol);
}
