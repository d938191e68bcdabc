//===- ImportTest.cpp - Model files for published checkpoints ---------------------------------===//

#include "compiler/driver/Driver.h"
#include "compiler/driver/Pipeline.h"
#include "compiler/driver/Registration.h"
#include "compiler/huggingface/DecoderModel.h"
#include "compiler/huggingface/ImportCommand.h"
#include "runtime/io/SafetensorsHeader.h"

#include "mlir/Parser/Parser.h"
#include "tests/unit/support/Temporary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>

using namespace mlir;
using namespace tpc;
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
const char *const kTinyGpt2 = R"({"model_type": "gpt2", "n_embd": 8, "n_head": 2, "n_layer": 2,
  "n_positions": 16, "vocab_size": 11})";
const char *const kTinyQwen = R"({"model_type": "qwen2", "hidden_size": 12, "intermediate_size": 20,
  "num_hidden_layers": 2, "num_attention_heads": 6, "num_key_value_heads": 2, "vocab_size": 13,
  "max_position_embeddings": 32, "rope_theta": 1000000.0, "tie_word_embeddings": false})";

class Import : public testing::Test {
protected:
  Import() {
    DialectRegistry registry;
    registerDialects(registry);
    context_.appendDialectRegistry(registry);
    context_.loadAllAvailableDialects();
  }

  std::string checkpoint(const std::string &name) const { return folder_.path(name); }
  std::string output() const { return folder_.path("out.mlir"); }

  void write(const std::string &name, const std::string &config,
             const std::vector<ExpectedTensor> &tensors = {}) {
    std::filesystem::create_directories(checkpoint(name));
    std::ofstream(checkpoint(name) + "/config.json") << config;
    if (tensors.empty())
      return;
    SafetensorsHeader header;
    uint64_t end = 0;
    for (const ExpectedTensor &tensor : tensors) {
      StoredTensor stored{tensor.name, "F32", tensor.shape, end, 0};
      uint64_t bytes = 4;
      for (int64_t extent : tensor.shape)
        bytes *= static_cast<uint64_t>(extent);
      end = stored.end = stored.begin + bytes;
      header.tensors.push_back(stored);
    }
    std::vector<uint8_t> bytes = header.serialise();
    bytes.resize(bytes.size() + end);
    std::ofstream(checkpoint(name) + "/model.safetensors", std::ios::binary)
        .write(reinterpret_cast<const char *>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }

  Status import(const std::string &name) {
    return importCommand(std::vector<std::string>{checkpoint(name), "-o", output()});
  }

  static std::string read(const std::string &path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  /// The module as MLIR prints it; the learning rate, which no checkpoint says, aside.
  std::string canonical(const std::string &path) {
    auto module = parseSourceFile<ModuleOp>(path, &context_);
    EXPECT_TRUE(module) << path;
    return module ? std::regex_replace(textOf(*module), std::regex("nn.scalar @lr[^\n]*\n"), "")
                  : "";
  }

  test::TemporaryFolder folder_;
  MLIRContext context_;
};

std::vector<ExpectedTensor> tensorsOf(const char *config, const std::string &prefix = "") {
  std::vector<ExpectedTensor> tensors = writeDecoderModel(*readDecoderConfig(config), "m").tensors;
  for (ExpectedTensor &tensor : tensors)
    tensor.name = prefix + tensor.name;
  return tensors;
}

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
                                                  folder_.path("out.plan")}),
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
        R"("architectures": ["Qwen2ForCausalLM"])", R"("architectures": null)"})
    EXPECT_TRUE(readDecoderConfig(std::regex_replace(kTinyQwen, std::regex("\\}\\s*$"),
                                                     std::string(", ") + setting + "}"))
                    .ok())
        << setting;
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
