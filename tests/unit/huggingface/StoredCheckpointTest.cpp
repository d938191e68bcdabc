//===- StoredCheckpointTest.cpp - What lies beside config.json --------------------------------===//

#include "tests/unit/huggingface/CheckpointFolder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

using namespace tpc;
using namespace tpc::test;
using testing::HasSubstr;
using testing::Not;

namespace {

class Checkpoint : public testing::Test {
protected:
  /// Imports a checkpoint that holds `more` beside what the model reads.
  Status importWith(const char *config, const ExpectedTensor &more,
                    const std::string &prefix = "") {
    std::filesystem::remove(checkpoints_.output());
    std::vector<ExpectedTensor> tensors = tensorsOf(config, prefix);
    tensors.push_back(more);
    checkpoints_.write("tiny", config, tensors);
    return checkpoints_.import("tiny");
  }
  std::string text() const { return CheckpointFolder::read(checkpoints_.output()); }

  CheckpointFolder checkpoints_;
};

TEST_F(Checkpoint, LayersBehindTheLastAreAnError) {
  Status status = importWith(kTinyLlama, {"model.layers.2.input_layernorm.weight", {12}});
  EXPECT_EQ(status.code(), Code::InvalidInput);
  EXPECT_EQ(status.message(), "the checkpoint has tensor 'model.layers.2.input_layernorm.weight', "
                              "and config.json says 'num_hidden_layers' 2");
  EXPECT_THAT(status.hint(), HasSubstr("config.json"));
  EXPECT_THAT(importWith(kTinyGpt2, {"transformer.h.11.ln_1.bias", {8}}, "transformer.").message(),
              HasSubstr("'h.11.ln_1.bias', and config.json says 'n_layer' 2"));
  EXPECT_FALSE(std::filesystem::exists(checkpoints_.output()));
}

TEST_F(Checkpoint, ParametersThatTheModelHasNotAreAnError) {
  const std::tuple<const char *, const char *, const char *> refused[] = {
      {kTinyLlama, "model.layers.0.self_attn.q_proj.bias", "'attention_bias' false"},
      {kTinyQwen, "model.layers.1.self_attn.o_proj.bias", "'attention_bias' false"},
      {kTinyLlama, "model.layers.0.mlp.up_proj.bias", "'mlp_bias' false"},
      {kTinyLlama, "model.norm.bias", "no such parameter"},
      {kTinyLlama, "lm_head.bias", "no such parameter"},
      {kTinyQwen, "lm_head.bias", "no such parameter"},
      {kTinyLlama, "model.layers.0.self_attn.q_norm.weight", "no such parameter"},
      {kTinyLlama, "model.layers.0.mlp.down_proj.weight_scale", "no such parameter"},
      {kTinyLlama, "model.layers.0.mlp.down_proj.lora_A.default.weight", "no such parameter"},
      {kTinyGpt2, "h.0.crossattention.c_attn.weight", "no such parameter"},
      {kTinyGpt2, "wte.bias", "no such parameter"},
  };
  for (auto [config, tensor, says] : refused) {
    Status status = importWith(config, {tensor, {12}});
    EXPECT_EQ(status.code(), Code::InvalidInput) << tensor;
    EXPECT_THAT(status.message(), HasSubstr(std::string("'") + tensor + "'"));
    EXPECT_THAT(status.message(), HasSubstr(says)) << tensor;
    EXPECT_FALSE(std::filesystem::exists(checkpoints_.output())) << tensor;
  }
}

TEST_F(Checkpoint, WhatComputesNothingMayBeLeftOver) {
  const std::tuple<const char *, const char *, const char *> accepted[] = {
      {kTinyGpt2, "h.0.attn.bias", ""},
      {kTinyGpt2, "h.1.attn.masked_bias", ""},
      {kTinyGpt2, "lm_head.weight", ""},
      {kTinyLlama, "lm_head.weight", " --unused lm_head.weight"},
      {kTinyLlama, "model.layers.0.self_attn.rotary_emb.inv_freq",
       " --unused 'model.layers.*.self_attn.rotary_emb.inv_freq'"},
      {kTinyGpt2, "v_head.it's [1]", R"( --unused 'v_head.it'\''s \[1]')"},
      {kTinyGpt2, "a\nmodule", R"( --unused $'a\012module')"},
  };
  for (auto [config, tensor, unused] : accepted) {
    Status status = importWith(config, {tensor, {3}});
    EXPECT_TRUE(status.ok()) << status.message();
    EXPECT_THAT(text(), HasSubstr(std::string(" --weights model.safetensors") + unused + "\n"));
  }
}

/// `tpc run` reads parameters of no other type, and says so hours later.
TEST_F(Checkpoint, TypesThatAreNoFloatsAreAnError) {
  std::vector<ExpectedTensor> tensors = tensorsOf(kTinyLlama);
  checkpoints_.write("tiny", kTinyLlama);
  for (const char *dtype : {"F32", "F16", "BF16", "F64"}) {
    checkpoints_.writeTensors("tiny/model.safetensors", tensors, dtype);
    EXPECT_TRUE(checkpoints_.import("tiny").ok()) << dtype;
  }
  for (const char *dtype : {"I8", "U8", "I16", "I32", "I64", "BOOL", "F8_E4M3", "F8_E5M2"}) {
    checkpoints_.writeTensors("tiny/model.safetensors", tensors, dtype);
    Status status = checkpoints_.import("tiny");
    EXPECT_EQ(status.code(), Code::InvalidInput) << dtype;
    EXPECT_THAT(status.message(),
                HasSubstr("'" + tensors[0].name + "' of type " + dtype + " does not convert"));
  }
  tensors.insert(tensors.begin(), {"model.layers.0.self_attn.mask", {2}});
  checkpoints_.writeTensors("tiny/model.safetensors", tensors, "BOOL");
  EXPECT_TRUE(checkpoints_.import("tiny").ok()) << "what is not read may have any type";
}

/// The comment of the model says commands that `tpc run` takes: --unused needs --weights, and is
/// about the tensors of that one file.
TEST_F(Checkpoint, CommandsNameTheFileThatHoldsTheModel) {
  std::vector<ExpectedTensor> tensors = tensorsOf(kTinyGpt2);
  checkpoints_.write("tiny", kTinyGpt2, tensors);
  checkpoints_.writeTensors("tiny/adapter_model.safetensors", {{"a.lora_A", {2, 2}}});
  ASSERT_TRUE(checkpoints_.import("tiny").ok());
  EXPECT_THAT(text(), HasSubstr("--steps 20 --weights model.safetensors\n"));

  std::filesystem::remove(checkpoints_.path("tiny/model.safetensors"));
  checkpoints_.writeTensors("tiny/1.safetensors", {tensors.begin(), tensors.begin() + 9});
  checkpoints_.writeTensors("tiny/2.safetensors", {tensors.begin() + 9, tensors.end()});
  ASSERT_TRUE(checkpoints_.import("tiny").ok());
  EXPECT_THAT(text(), HasSubstr("--steps 20\n"));
  EXPECT_THAT(text(), HasSubstr("their index, model.safetensors.index.json, and with it\n"
                                "//   --unused a.lora_A\n"));
  std::filesystem::remove(checkpoints_.path("tiny/adapter_model.safetensors"));
  ASSERT_TRUE(checkpoints_.import("tiny").ok());
  EXPECT_THAT(text(), HasSubstr("--steps 20\n"));
  EXPECT_THAT(
      text(),
      HasSubstr("is in 2 files: give --weights their index, model.safetensors.index.json.\n"));
}

TEST_F(Checkpoint, NamesOfFilesStayOnTheirLine) {
  checkpoints_.write("a\nb", kTinyGpt2);
  std::string output = checkpoints_.path("it's\na.mlir");
  ASSERT_TRUE(checkpoints_.import("a\nb", output).ok());
  std::string written = CheckpointFolder::read(output);
  EXPECT_THAT(written, testing::StartsWith("// a?b, imported: "));
  EXPECT_THAT(written, HasSubstr(R"(tpc compile $'it\047s\012a.mlir' --tp 2)"));
  EXPECT_THAT(written, Not(HasSubstr("\na.mlir")));
}

TEST_F(Checkpoint, WhatIsReadStays) {
  checkpoints_.write("tiny", kTinyGpt2, tensorsOf(kTinyGpt2));
  std::string folder = checkpoints_.path("tiny");
  const std::string index = "model.safetensors.index.json";
  std::ofstream(folder + "/" + index) << "{}";
  std::filesystem::create_symlink(folder + "/config.json", checkpoints_.path("link.mlir"));
  std::filesystem::create_hard_link(folder + "/model.safetensors", checkpoints_.path("hard.mlir"));
  const std::pair<std::string, std::string> targets[] = {
      {folder + "/config.json", "config.json"},
      {folder + "/../tiny/model.safetensors", "model.safetensors"},
      {folder + "/" + index, index},
      {checkpoints_.path("link.mlir"), "config.json"},
      {checkpoints_.path("hard.mlir"), "model.safetensors"},
  };
  for (const auto &[target, file] : targets) {
    std::string before = CheckpointFolder::read(target);
    Status status = checkpoints_.import("tiny", target);
    EXPECT_EQ(status.code(), Code::Usage) << target;
    EXPECT_EQ(status.message(),
              "-o would overwrite '" + target + "', which is " + file + " of the checkpoint");
    EXPECT_EQ(status.hint(), "name another place");
    EXPECT_EQ(CheckpointFolder::read(target), before) << target;
  }
  EXPECT_EQ(driverMain(std::vector<std::string>{"import", folder, "-o", folder + "/config.json"}),
            2);
  EXPECT_TRUE(checkpoints_.import("tiny", folder + "/model.mlir").ok()) << "beside them is a place";
  EXPECT_TRUE(checkpoints_.import("tiny", folder + "/model.mlir").ok()) << "and can be again";
}

TEST_F(Checkpoint, AnOutputHasAName) {
  checkpoints_.write("tiny", kTinyGpt2);
  Status status = checkpoints_.import("tiny", "");
  EXPECT_EQ(status.code(), Code::Usage);
  EXPECT_EQ(status.message(), "-o names no file");
  EXPECT_EQ(status.hint(), "-o MODEL.mlir");
}

} // namespace
