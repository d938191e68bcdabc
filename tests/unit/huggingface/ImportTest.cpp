//===- ImportTest.cpp - Model files for published checkpoints ---------------------------------===//

#include "compiler/driver/Pipeline.h"
#include "compiler/driver/Registration.h"
#include "tests/unit/huggingface/CheckpointFolder.h"

#include "mlir/Parser/Parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

using namespace mlir;
using namespace tpc;
using namespace tpc::test;
using testing::HasSubstr;

namespace {

// Of the published configurations, what tells the shape.
const char *const kGpt2 =
    R"({"model_type": "gpt2", "activation_function": "gelu_new", "n_embd": 768,
  "n_head": 12, "n_layer": 12, "n_positions": 1024, "vocab_size": 50257, "layer_norm_epsilon": 1e-05,
  "initializer_range": 0.02, "resid_pdrop": 0.1, "summary_type": "cls_index",
  "task_specific_params": {"text-generation": {"do_sample": true, "max_length": 50}}})";
const char *const kSmolLm = R"({"model_type": "llama", "hidden_act": "silu", "hidden_size": 576,
  "intermediate_size": 1536, "num_hidden_layers": 30, "num_attention_heads": 9,
  "num_key_value_heads": 3, "max_position_embeddings": 2048, "rms_norm_eps": 1e-05,
  "rope_theta": 10000.0, "rope_scaling": null, "tie_word_embeddings": true, "vocab_size": 49152,
  "attention_bias": false, "initializer_range": 0.02})";
class Import : public testing::Test, protected CheckpointFolder {
protected:
  Import() {
    DialectRegistry registry;
    registerDialects(registry);
    context_.appendDialectRegistry(registry);
    context_.loadAllAvailableDialects();
  }

  /// The module as MLIR prints it; the learning rate, which no checkpoint says, aside.
  std::string canonical(const std::string &path) {
    auto module = parseSourceFile<ModuleOp>(path, &context_);
    EXPECT_TRUE(module) << path;
    return module ? std::regex_replace(textOf(*module), std::regex("nn.scalar @lr[^\n]*\n"), "")
                  : "";
  }

  MLIRContext context_;
};

TEST_F(Import, WritesTheModelsThatComeWithTpc) {
  for (auto [name, config] : {std::pair("gpt2-124m", kGpt2), std::pair("llama-mini", kSmolLm)}) {
    write(name, config);
    Status status = import(name);
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(canonical(output()), canonical(std::string(TPC_MODELS) + "/" + name + ".mlir"))
        << name;
  }
  EXPECT_THAT(tensorsOf(kGpt2), testing::SizeIs(2 + 12 * 12 + 2)) << "c_attn is one tensor";
}

TEST_F(Import, WhatItWritesCompiles) {
  for (const char *config : {kTinyGpt2, kTinyQwen}) {
    write("tiny", config, tensorsOf(config));
    Status status = import("tiny");
    ASSERT_TRUE(status.ok()) << status.message();
    EXPECT_EQ(driverMain(std::vector<std::string>{"compile", output(), "--tp", "2", "-o",
                                                  path("out.plan")}),
              0);
  }
  EXPECT_THAT(read(output()), HasSubstr("theta = 1000000.0"));
  EXPECT_THAT(read(output()), HasSubstr("nn.parameter @attn.q.bias"));
  EXPECT_THAT(read(output()), testing::Not(HasSubstr("nn.parameter @attn.o.bias")));
}

TEST_F(Import, BothFormsOfGpt2NamesAndUnusedTensors) {
  std::vector<ExpectedTensor> tensors = tensorsOf(kTinyGpt2, "transformer.");
  tensors.push_back({"transformer.h.0.attn.bias", {1, 1, 16, 16}});
  tensors.push_back({"lm_head.weight", {11, 8}});
  tensors.push_back({"transformer.h.1.extra", {3}});
  write("tiny", kTinyGpt2, tensors);
  Status status = import("tiny");
  ASSERT_TRUE(status.ok()) << status.message();
  std::string text = read(output());
  EXPECT_THAT(text, HasSubstr("\"h.{layer}.attn.c_attn.weight\", slice = 1 [8, 8]"));
  EXPECT_THAT(text, HasSubstr("--weights model.safetensors --unused 'h.*.extra'\n"));
}

TEST_F(Import, ACheckpointThatDoesNotFitIsAnError) {
  std::vector<ExpectedTensor> tensors = tensorsOf(kTinyGpt2);
  write("short", kTinyGpt2, {tensors.begin() + 1, tensors.end()});
  EXPECT_THAT(import("short").message(), HasSubstr("has no tensor '" + tensors[0].name + "'"));
  tensors[0].shape.back() += 1;
  write("other", kTinyGpt2, tensors);
  EXPECT_THAT(import("other").message(), HasSubstr("tensor '" + tensors[0].name + "' is ["));
  EXPECT_EQ(import("nowhere").code(), Code::InvalidInput);
  EXPECT_FALSE(std::filesystem::exists(output()));
}

TEST(DecoderConfig, SettingsThatChangeTheModelAreRefusedByName) {
  auto with = [](const char *base, const char *setting) {
    return std::regex_replace(base, std::regex("\\}\\s*$"), std::string(", ") + setting + "}");
  };
  const std::pair<const char *, const char *> refused[] = {
      {kGpt2, R"("scale_attn_by_inverse_layer_idx": true)"},
      {kGpt2, R"("scale_attn_weights": false)"},
      {kGpt2, R"("add_cross_attention": true)"},
      {kTinyGpt2, R"("activation_function": "relu")"},
      {kTinyQwen, R"("use_sliding_window": true)"},
      {kTinyQwen, R"("hidden_act": "gelu")"},
      {kTinyQwen, R"("rope_scaling": {"rope_type": "llama3", "factor": 8.0})"},
      {kTinyQwen, R"("rope_scaling": {"factor": 2.0})"},
      {kTinyQwen, R"("rope_scaling": {"type": null, "factor": 2.0})"},
      {kTinyQwen, R"("rope_parameters": {"rope_theta": 5000.0, "factor": 2.0})"},
      {kTinyQwen, R"("rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.5})"},
      {kTinyQwen, R"("rope_interleaved": true)"},
      {kTinyQwen, R"("partial_rotary_factor": 0.5)"},
      {kTinyQwen, R"("rms_norm_eps": "small")"},
      {kTinyQwen, R"("head_dim": 3)"},
      {kTinyGpt2, R"("n_inner": -1)"},
      {kTinyQwen, R"("layer_types": ["full_attention", "sliding_attention"])"},
      {kTinyQwen, R"("quantization_config": {"quant_method": "gptq"})"},
      {kTinyGpt2, R"("architectures": ["GPT2ForSequenceClassification"])"},
  };
  for (auto [base, setting] : refused) {
    Result<DecoderConfig> config = readDecoderConfig(with(base, setting));
    ASSERT_FALSE(config.ok()) << setting;
    std::string key = std::string(setting).substr(1, std::string(setting).find('"', 1) - 1);
    if (key == "use_sliding_window")
      key = "sliding_window";
    if (key != "head_dim") {
      EXPECT_THAT(config.status().message(), HasSubstr(key));
    }
  }
  for (const char *text : {"", "[]", "{", "{}", R"({"model_type": "bert"})", R"({"model_type": 3})",
                           R"({"model_type": "gpt2"})"})
    EXPECT_FALSE(readDecoderConfig(text).ok()) << text;
}

TEST(DecoderConfig, WhatSaysThatNothingIsSpecialIsTaken) {
  for (const char *setting :
       {R"("layer_types": ["full_attention", "full_attention"])", R"("quantization_config": null)",
        R"("architectures": ["Qwen2ForCausalLM"])", R"("architectures": null)",
        R"("rope_scaling": null)", R"("rope_scaling": {"type": "default"})",
        R"("rope_scaling": {"rope_type": "default", "factor": null})",
        R"("rope_parameters": {"rope_theta": 5000.0})"})
    EXPECT_TRUE(readDecoderConfig(std::regex_replace(kTinyQwen, std::regex("\\}\\s*$"),
                                                     std::string(", ") + setting + "}"))
                    .ok())
        << setting;
}

/// Tensors of these sizes would fill the memory, or have more bytes than 64 bits count.
TEST(DecoderConfig, SizesAreBounded) {
  const std::tuple<const char *, const char *, const char *> tooLarge[] = {
      {kTinyGpt2, "n_layer", "1000000000000"},
      {kTinyGpt2, "n_layer", "10001"},
      {kTinyGpt2, "n_embd", "1099511627776"},
      {kTinyGpt2, "n_head", "1e18"},
      {kTinyGpt2, "n_positions", "99999999"},
      {kTinyGpt2, "vocab_size", "99999999"},
      {kTinyQwen, "num_hidden_layers", "10001"},
      {kTinyQwen, "hidden_size", "9999999"},
      {kTinyQwen, "intermediate_size", "9999999"},
      {kTinyQwen, "num_attention_heads", "9999999"},
      {kTinyQwen, "num_key_value_heads", "9999999"},
      {kTinyQwen, "vocab_size", "1e300"},
      {kTinyQwen, "max_position_embeddings", "99999999999999999999"},
  };
  for (auto [base, key, value] : tooLarge) {
    std::string setting = std::string("\"") + key + "\": ";
    std::string config = std::regex_replace(base, std::regex(setting + "\\d+"), setting + value);
    EXPECT_THAT(readDecoderConfig(config).status().message(),
                HasSubstr(std::string("'") + key + "' is "))
        << value;
  }
  for (const char *layers : {"9999", "10000"})
    EXPECT_TRUE(readDecoderConfig(std::regex_replace(kTinyGpt2, std::regex("\"n_layer\": 2"),
                                                     std::string("\"n_layer\": ") + layers))
                    .ok());
  EXPECT_THAT(readDecoderConfig(std::regex_replace(kTinyQwen, std::regex("\\}\\s*$"),
                                                   R"(, "head_dim": 1048576})"))
                  .status()
                  .message(),
              HasSubstr("'head_dim'"));
}

/// LLVM's parser alone would overflow the stack.
TEST(DecoderConfig, DeepNestingIsAnError) {
  std::string deep = "{\"a\": " + std::string(100000, '[') + std::string(100000, ']') + "}";
  EXPECT_THAT(readDecoderConfig(deep).status().message(), HasSubstr("nest more than 100 deep"));
}

/// transformers fills in what is missing, with 4096, 8 and 32.
TEST(DecoderConfig, WhatIsMissingIsNotGuessed) {
  auto without = [](const std::string &base, const std::string &key) {
    return std::regex_replace(base, std::regex("\"" + key + "\": [^,]*, *\\s*"), "");
  };
  std::string mistral = std::regex_replace(kTinyQwen, std::regex("qwen2"), "mistral");
  EXPECT_THAT(readDecoderConfig(mistral).status().message(),
              HasSubstr("'sliding_window' is missing, and is 4096 then"));
  mistral = std::regex_replace(mistral, std::regex("\\{"), "{\"sliding_window\": null, ");
  EXPECT_TRUE(readDecoderConfig(mistral).ok());
  for (const std::string &config : {mistral, std::string(kTinyQwen)})
    EXPECT_EQ(readDecoderConfig(without(config, "num_key_value_heads")).status().message(),
              "'num_key_value_heads' is missing");
  EXPECT_EQ(readDecoderConfig(without(kSmolLm, "num_key_value_heads"))->kvHeads, 9);
  EXPECT_EQ(readDecoderConfig(without(kSmolLm, "hidden_size")).status().message(),
            "'hidden_size' is missing");
}

TEST(DecoderConfig, RopeOfNewerFiles) {
  Result<DecoderConfig> config = readDecoderConfig(
      std::regex_replace(kTinyQwen, std::regex("\"rope_theta\": 1000000.0"),
                         R"("rope_parameters": {"rope_type": "default", "rope_theta": 5000.0})"));
  ASSERT_TRUE(config.ok()) << config.status().message();
  EXPECT_EQ(config->ropeTheta, 5000);
}

} // namespace
